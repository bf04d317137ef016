import type { Shown } from "./awareness_bridge.js";
import type { Link } from "./link.js";
import type { TandemProvider } from "./provider.js";
import type { Draft, FileInfo, Person, Refusal, Status } from "./types.js";

/** What a provider needs of its room. */
export interface Host {
  readonly link: Link;
  readonly status: Status;
  readonly me: Person;
  /** The file as it is now. */
  fileInfo(id: string): FileInfo;
  /** A client id that an earlier document of the file had, and nobody uses any more. */
  spareId(id: string): number | undefined;
  /** Who is to be shown in the file. */
  shown(id: string): Shown[];
  /** `pending` or `saved` changed. */
  counted(): void;
  /** Text that will not be saved. */
  drafted(draft: Draft): void;
  /** The file can't be opened. */
  refused(refusal: Refusal): void;
  /** The local cursor moved in the provider's file. */
  moved(provider: TandemProvider): void;
  /** The provider is no more. */
  closed(provider: TandemProvider): void;
}
