import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import { Emitter } from "./emitter.js";
import type { ProviderEvents } from "./provider_types.js";
import type { FileInfo, Origin, Status } from "./types.js";

/**
 * One open file as a Yjs document. Events: see {@link ProviderEvents}.
 *
 * Bind an editor to `text` and `awareness` when `synced` is true, and again at every `swap`.
 */
export class TandemProvider extends Emitter<ProviderEvents> {
  /** The document. It is another one after `swap`. */
  get doc(): Y.Doc {
    throw new Error("to come");
  }
  /** The file's text: the root text `t` of `doc`. */
  get text(): Y.Text {
    throw new Error("to come");
  }
  /** Cursors. Set `cursor` (CodeMirror) or `selection` (Monaco) of the local state; the bindings do it. */
  get awareness(): Awareness {
    throw new Error("to come");
  }
  /** The file as it is now. */
  get file(): FileInfo {
    throw new Error("to come");
  }
  /** How the room's connection is. */
  get status(): Status {
    throw new Error("to come");
  }
  /** Whether the document has what the server had when it was last opened. */
  get synced(): boolean {
    throw new Error("to come");
  }
  /** Resolves when `synced` is true for the first time; rejects if the file can't be opened. */
  get whenSynced(): Promise<void> {
    throw new Error("to come");
  }
  /** How many local changes of this file have no receipt yet. */
  get pending(): number {
    throw new Error("to come");
  }
  /** Whether the server's log has every local change of this file. */
  get saved(): boolean {
    throw new Error("to come");
  }
  /** Runs `change` and marks what it changes in `text` with how it came to be. */
  as<Result>(_origin: Origin, _change: () => Result): Result {
    throw new Error("to come");
  }
  /** Closes the file. What is pending is still sent. */
  destroy(): void {
    throw new Error("to come");
  }
}
