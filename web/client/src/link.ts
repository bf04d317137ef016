import type { Trouble } from "./errors.js";
import type { FileChanged, Joined, Opened, Participant, ParticipantPresence, Updated } from "./gen/tandem/v1/collaboration_pb.js";
import type { Change } from "./operations.js";
import type { Status } from "./types.js";

/** A file to open, with the document that is to follow it. */
export interface Opening {
  /** The file's id. */
  readonly file: string;
  /** The document's client id. */
  readonly clientId: number;
  /** The epoch of what the document holds; 0 if it is new. */
  readonly epoch: number;
  /** What the document holds, as Yjs encodes a state vector; empty if it is new. */
  readonly stateVector: Uint8Array;
}

/** Where the cursor is. */
export interface Whereabouts {
  /** The id of the file that is looked at. */
  readonly file: string;
  /** The selection, as encoded relative positions. */
  readonly selection: { readonly anchor: Uint8Array; readonly head: Uint8Array } | undefined;
}

/** What a link tells. Plain data only: it must be able to cross from a worker to a page. */
export type LinkEvent =
  | { readonly kind: "status"; readonly status: Status }
  /** A stream has begun. `fresh`: of a new session, so that nothing of an old one counts any more. */
  | { readonly kind: "joined"; readonly joined: Joined; readonly fresh: boolean }
  /** The file is open for the document with this client id, or is so again after a cut. */
  | { readonly kind: "opened"; readonly opened: Opened; readonly clientId: number }
  | { readonly kind: "unopened"; readonly file: string; readonly clientId: number; readonly trouble: Trouble }
  | { readonly kind: "updated"; readonly updated: Updated }
  /** What became of changes; without trouble they are in the log. */
  | { readonly kind: "receipt"; readonly file: string; readonly refs: readonly string[]; readonly trouble: Trouble | undefined }
  /** After `abandon`: nothing of the file is on its way any more. */
  | { readonly kind: "settled"; readonly file: string }
  | { readonly kind: "resync"; readonly file: string; readonly epoch: number }
  | { readonly kind: "presence"; readonly presences: readonly ParticipantPresence[] }
  | { readonly kind: "file"; readonly changed: FileChanged }
  | { readonly kind: "participant"; readonly participant: Participant }
  /** Another tab of the same session shows its cursor; nothing if it is gone. */
  | { readonly kind: "tab"; readonly tab: number; readonly where: Whereabouts | undefined }
  /** Everything up to this revision has come. */
  | { readonly kind: "revision"; readonly revision: bigint }
  /** A stream could not begin, or was cut; the next try follows by itself. */
  | { readonly kind: "cut"; readonly trouble: Trouble }
  /** It is over. */
  | { readonly kind: "ended"; readonly trouble: Trouble };

/** A room's session, in this page or in the worker that all tabs share. */
export interface Link {
  /** Opens a file; answered by `opened` or `unopened`. */
  open(opening: Opening): void;
  /** Closes a file once everything of it has its receipt. */
  close(file: string): void;
  /** Sends a local change. Before its file is open it waits. */
  change(change: Change): void;
  /** Drops what of a document has not gone up, and tells by `settled` when what of its file has is answered. */
  abandon(file: string, clientId: number): void;
  /** Shows where the cursor is. */
  show(where: Whereabouts): void;
  /** Sends what is pending, for a short while, and ends the session. */
  leave(): Promise<void>;
}
