import type * as Y from "yjs";
import type { Draft, FileInfo, Refusal, Status } from "./types.js";

/** A file's Y.Doc and Y.Text were exchanged: bind the editor to the new ones. */
export interface Swap {
  /** The new document. */
  readonly doc: Y.Doc;
  /** Its text. */
  readonly text: Y.Text;
  /** What of the old one is not saved, if anything. */
  readonly draft: Draft | undefined;
}

/** What a provider tells: see {@link TandemProvider}. */
export interface ProviderEvents {
  /** The connection's status changed. */
  status: { readonly status: Status };
  /** Whether the document has what the server had when it was opened. */
  synced: boolean;
  /** The same, under the name that y-websocket uses. */
  sync: boolean;
  /** `doc`, `text` and `awareness` were exchanged: bind the editor anew. */
  swap: Swap;
  /** Text that will not be saved. */
  draft: Draft;
  /** `pending` or `saved` changed. */
  saved: { readonly saved: boolean; readonly pending: number };
  /** The file has another path, or was deleted or restored. */
  file: FileInfo;
  /** The server refused to open the file. */
  refused: Refusal;
}
