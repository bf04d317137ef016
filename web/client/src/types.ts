/** How a room's connection is: `offline` comes back by itself, `ended` does not. */
export type Status = "connecting" | "connected" | "offline" | "ended";

/** A room, before one has joined it. */
export interface RoomInfo {
  /** A UUID; it never changes. */
  readonly id: string;
  /** The name in links; empty if none was chosen. */
  readonly slug: string;
  /** What people call it. */
  readonly title: string;
  /** Its files, ordered by path, where the call tells them. */
  readonly files: readonly FileInfo[];
}

/** A file of a room. */
export interface FileInfo {
  /** A UUID; it never changes, whatever the path. */
  readonly id: string;
  /** Where it is, such as `src/main.rs`. */
  readonly path: string;
  /** Whether it is deleted; `restoreFile` brings it back. */
  readonly deleted: boolean;
}

/** Somebody in a room: a window or a tab of somebody, to be exact. */
export interface Person {
  /** Public, the same for everybody. */
  readonly id: string;
  /** What they call themselves. */
  readonly name: string;
  /** A CSS colour, the same for everybody who sees them. */
  readonly color: string;
  /** The same, light enough to stand behind text. */
  readonly colorLight: string;
  /** What they may do. */
  readonly role: "viewer" | "editor" | "owner";
  /** Whether it is this window. */
  readonly me: boolean;
  /** Whether they were cut off a moment ago, or are silent. */
  readonly away: boolean;
  /** Whether they edited within the last seconds. */
  readonly typing: boolean;
  /** The id of the file that they look at. */
  readonly file: string | undefined;
  /** Where their cursor is in that file, as UTF-16 offsets of about now; for following them. */
  readonly cursor: { readonly anchor: number; readonly head: number } | undefined;
}

/** What somebody typed and the server does not have and will not get: for them to keep, copy or apply again. */
export interface Draft {
  /** The file's id. */
  readonly file: string;
  /** The file's path. */
  readonly path: string;
  /** The whole text as it was shown, with what is not saved. */
  readonly text: string;
  /** What of it was written here and is not saved; pieces from different places stand on lines of their own. */
  readonly unsaved: string;
  /** The file's text on the server at that time, if it is known. */
  readonly current: string | undefined;
  /** Why it was not saved: a reason of `docs/errors.md`, such as `FILE_DELETED` or `SESSION_UNKNOWN`. */
  readonly reason: string;
  /** The same in words, for people. */
  readonly message: string;
}

/** Something that the server refused, or that could not be done, in words for people. */
export interface Refusal {
  /** A reason of `docs/errors.md`, or `CONNECTIONS_USED_UP`. */
  readonly reason: string;
  /** What is wrong and what to do. */
  readonly message: string;
  /** The file's id, if it is about one. */
  readonly file: string | undefined;
}

/** A file's text at a revision. */
export interface FileText {
  /** The file. */
  readonly file: FileInfo;
  /** The text. */
  readonly text: string;
  /** Its revision; `writeFile` wants it as its base. */
  readonly revision: bigint;
}

/** How a piece of text came to be; it is stored with the change. */
export type Origin = "typed" | "pasted" | "completed" | "undone" | "agent" | "restored";

/** What a room tells: see {@link Room}. */
export interface RoomEvents {
  /** The connection's status changed. */
  status: Status;
  /** Who is here, or something about them, changed. Cursors too; see `presence`. */
  people: readonly Person[];
  /** The files changed. */
  files: readonly FileInfo[];
  /** Somebody's cursor, file or typing changed. */
  presence: readonly Person[];
  /** `pending` or `saved` changed. */
  saved: { readonly saved: boolean; readonly pending: number };
  /** Text that will not be saved. */
  draft: Draft;
  /** The room is over for this client, and why; nothing comes back by itself. */
  ended: Refusal;
  /** The server refused something; the room goes on. */
  refused: Refusal;
}
