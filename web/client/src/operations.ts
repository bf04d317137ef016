import { mergeUpdates } from "yjs";
import type { Origin } from "./types.js";

/** A local change that no Publish has taken yet. */
export interface Change {
  /** The file's id. */
  readonly file: string;
  /** The client id of the document that it was made in. */
  readonly clientId: number;
  /** That document's epoch. */
  readonly epoch: number;
  /** A Yjs update. */
  readonly update: Uint8Array;
  /** How it came to be. */
  readonly origin: Origin;
  /** Names it in its receipt. */
  readonly ref: string;
}

/** One or more changes of a file on their way under one op_id. */
export interface Operation {
  /** Its number in the session. */
  readonly opId: bigint;
  /** The file's id. */
  readonly file: string;
  /** The epoch of its document. */
  readonly epoch: number;
  /** The changes' updates, merged. */
  readonly update: Uint8Array;
  /** How they came to be. */
  readonly origin: Origin;
  /** The changes. */
  readonly refs: readonly string[];
}

/** What is known of a session's files. */
export interface Openness {
  /** Whether the file is open on the stream of now. */
  isOpen(file: string): boolean;
  /** Whether it is, or is to be. */
  isWanted(file: string): boolean;
}

/** Changes are merged up to this many bytes; a single larger one goes alone. */
const MERGED_BYTES = 256 << 10;
/** Operations without a receipt; beyond, changes wait, and are merged meanwhile. The server takes four times as many. */
const IN_FLIGHT = 256;

/** A session's changes: those that wait, and those that have no receipt. No I/O happens here. */
export class Operations {
  #waiting: Change[] = [];
  #unreceipted: Operation[] = [];
  /** How many of `#unreceipted`, from the first on, have gone up on the stream of now. */
  #sent = 0;
  #last = 0n;

  /** Takes a local change in. */
  add(change: Change): void {
    this.#waiting.push(change);
  }

  /** Whether anything waits or has no receipt. */
  get empty(): boolean {
    return this.#waiting.length === 0 && this.#unreceipted.length === 0;
  }

  /** Whether anything of the file has gone up and has no receipt. */
  inFlight(file: string): boolean {
    return this.#unreceipted.some((operation) => operation.file === file);
  }

  /** Whether anything of the file waits or has no receipt. */
  has(file: string): boolean {
    return this.inFlight(file) || this.#waiting.some((change) => change.file === file);
  }

  /** A new stream: everything without a receipt goes up again, under its old number. */
  again(): void {
    this.#sent = 0;
  }

  /**
   * What to send next: old operations first, then what waits, merged by file. Operations are handed out in the order of
   * their numbers.
   */
  take(files: Openness): Operation[] {
    const again = this.#unreceipted.slice(this.#sent);
    if (again.length > 0) {
      // A later number that is committed makes an earlier one void: one that can't go yet holds up all. Of a file that
      // nobody wants open any more the server can still tell what became of an operation.
      const held = again.some(({ file }) => files.isWanted(file) && !files.isOpen(file));
      if (held) return [];
      this.#sent = this.#unreceipted.length;
      return again;
    }
    const taken: Operation[] = [];
    while (this.#unreceipted.length < IN_FLIGHT) {
      const changes = this.#run(files);
      if (changes.length === 0) break;
      const operation = this.#operation(changes);
      taken.push(operation);
      this.#unreceipted.push(operation);
    }
    this.#sent = this.#unreceipted.length;
    return taken;
  }

  /** An operation has its receipt. */
  receipt(opId: bigint): Operation | undefined {
    const at = this.#unreceipted.findIndex((operation) => operation.opId === opId);
    if (at < 0) return undefined;
    if (at < this.#sent) this.#sent -= 1;
    return this.#unreceipted.splice(at, 1)[0];
  }

  /** Takes out what of a file has not gone up, or of one document of it; its refs. */
  abandon(file: string, clientId?: number): string[] {
    const of = (change: Change) => change.file === file && (clientId === undefined || change.clientId === clientId);
    const dropped = this.#waiting.filter(of);
    this.#waiting = this.#waiting.filter((change) => !of(change));
    return dropped.map((change) => change.ref);
  }

  /** Takes out what of a file has no receipt and will get none. */
  giveUp(file: string): string[] {
    const dropped = this.#unreceipted.filter((operation) => operation.file === file);
    this.#sent -= dropped.filter((operation) => this.#unreceipted.indexOf(operation) < this.#sent).length;
    this.#unreceipted = this.#unreceipted.filter((operation) => operation.file !== file);
    return dropped.flatMap((operation) => operation.refs);
  }

  /** The session is lost: nothing of it is ever sent again. */
  clear(): void {
    this.#waiting = [];
    this.#unreceipted = [];
    this.#sent = 0;
    this.#last = 0n;
  }

  /** Takes the changes for one operation out of those that wait: of one document and origin, in order. */
  #run(files: Openness): Change[] {
    const first = this.#waiting.find((change) => files.isOpen(change.file));
    if (!first) return [];
    const run: Change[] = [];
    let bytes = 0;
    for (const change of this.#waiting) {
      if (change.file !== first.file) continue;
      const other = change.clientId !== first.clientId || change.epoch !== first.epoch || change.origin !== first.origin;
      if (other || (run.length > 0 && bytes + change.update.length > MERGED_BYTES)) break;
      run.push(change);
      bytes += change.update.length;
    }
    const taken = new Set(run);
    this.#waiting = this.#waiting.filter((change) => !taken.has(change));
    return run;
  }

  #operation(changes: readonly Change[]): Operation {
    const [first] = changes as [Change];
    this.#last += 1n;
    const update = changes.length === 1 ? first.update : mergeUpdates(changes.map((change) => change.update));
    const { file, epoch, origin } = first;
    return { opId: this.#last, file, epoch, update, origin, refs: changes.map((change) => change.ref) };
  }
}
