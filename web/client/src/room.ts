import { Emitter } from "./emitter.js";
import type { CompletionRequest, Completions } from "./completion.js";
import type { TandemProvider } from "./provider.js";
import type { FileInfo, FileText, Person, RoomEvents, Status } from "./types.js";

/** A room that one has joined. Events: see {@link RoomEvents}. */
export class Room extends Emitter<RoomEvents> {
  /** A UUID. */
  readonly id!: string;
  /** The name in links, or empty. */
  readonly slug!: string;
  /** What people call it. */
  readonly title!: string;

  /** How the connection is. */
  get status(): Status {
    throw new Error("to come");
  }
  /** Oneself. */
  get me(): Person {
    throw new Error("to come");
  }
  /** Everybody who is here, oneself first. */
  get people(): readonly Person[] {
    throw new Error("to come");
  }
  /** The room's living files, ordered by path. */
  get files(): readonly FileInfo[] {
    throw new Error("to come");
  }
  /** How many local changes have no receipt yet, over all files. */
  get pending(): number {
    throw new Error("to come");
  }
  /** Whether the server's log has every local change of every file. */
  get saved(): boolean {
    throw new Error("to come");
  }

  /** Opens a file, by its id or path. The same file gives the same provider until that is destroyed. */
  open(_file: string): TandemProvider {
    throw new Error("to come");
  }
  /** Creates a file. */
  createFile(_path: string, _text = ""): Promise<FileInfo> {
    throw new Error("to come");
  }
  /** Gives a file another path; whoever edits it is not disturbed. */
  renameFile(_file: string, _path: string): Promise<FileInfo> {
    throw new Error("to come");
  }
  /** Deletes a file. Its history stays. */
  deleteFile(_file: string): Promise<FileInfo> {
    throw new Error("to come");
  }
  /** Brings a deleted file back, by its id, under its old path or another. */
  restoreFile(_file: string, _path?: string): Promise<FileInfo> {
    throw new Error("to come");
  }
  /** The deleted files, for restoring. */
  deletedFiles(): Promise<readonly FileInfo[]> {
    throw new Error("to come");
  }
  /** Reads a file's committed text, at the head or at a revision. */
  readFile(_file: string, _revision?: bigint): Promise<FileText> {
    throw new Error("to come");
  }
  /** Merges a whole text into a file; `base` is the revision that it was made from. */
  writeFile(_file: string, _text: string, _base: bigint): Promise<FileText["revision"]> {
    throw new Error("to come");
  }
  /** Asks for completions; the parts come as they are ready. Ends early, without an error, when `signal` is aborted. */
  complete(_request: CompletionRequest, _signal?: AbortSignal): AsyncIterable<Completions> {
    throw new Error("to come");
  }
  /** Tells what became of a completion; no text is sent. */
  feedback(_completion: string, _event: "shown" | "accepted" | "accepted_part" | "dismissed", _length?: number): void {
    throw new Error("to come");
  }
  /** Leaves for good: what is pending is sent first, for a short while. */
  leave(): Promise<void> {
    throw new Error("to come");
  }
}
