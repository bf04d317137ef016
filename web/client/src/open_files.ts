import type { Opening } from "./link.js";
import { encodeVector, noteUpdate, noteVector, type Vector } from "./vector.js";

interface OpenFile {
  opening: Opening;
  /** What the session has been sent; where the difference starts after a cut. */
  vector: Vector;
  epoch: number;
  /** Asked for on this stream: the client ids of the opens that have no answer, in order. */
  asked: number[];
  open: boolean;
  closing: boolean;
}

/** A session's open files, and what it has of each: enough to open them again after a cut. No I/O happens here. */
export class OpenFiles {
  readonly #files = new Map<string, OpenFile>();
  #unasked: Opening[] = [];

  /** Wants a file open. */
  want(opening: Opening): void {
    const file: OpenFile = { opening, vector: new Map(), epoch: opening.epoch, asked: [], open: false, closing: false };
    if (opening.stateVector.length > 0) noteVector(file.vector, opening.stateVector);
    file.asked = this.#files.get(opening.file)?.asked ?? [];
    this.#files.set(opening.file, file);
    this.#unasked = this.#unasked.filter((other) => other.file !== opening.file);
    this.#unasked.push(opening);
  }

  /** A new stream: all are opened again, from where they stand. */
  again(): void {
    this.#unasked = [];
    for (const file of this.#files.values()) {
      file.open = false;
      file.asked = [];
      this.#unasked.push({ ...file.opening, epoch: file.epoch, stateVector: encodeVector(file.vector) });
    }
  }

  /** The opens to send now. */
  take(): Opening[] {
    const taken = this.#unasked;
    this.#unasked = [];
    for (const opening of taken) this.#files.get(opening.file)?.asked.push(opening.clientId);
    return taken;
  }

  /** Whether the file's updates may go up. */
  isOpen(id: string): boolean {
    const file = this.#files.get(id);
    return file !== undefined && file.open && file.asked.length === 0;
  }

  /** Whether the file is wanted at all. */
  isWanted(id: string): boolean {
    return this.#files.has(id);
  }

  /** An open was answered; the client id that it was for. */
  opened(id: string, epoch: number, update: Uint8Array): number | undefined {
    const file = this.#files.get(id);
    const clientId = file?.asked.shift();
    if (!file || clientId === undefined) return undefined;
    if (clientId === file.opening.clientId) {
      file.open = true;
      file.epoch = epoch;
      noteUpdate(file.vector, update);
    }
    return clientId;
  }

  /** An open was refused; whether it was the one that is wanted. */
  unopened(id: string, clientId: number): boolean {
    const file = this.#files.get(id);
    if (!file) return false;
    file.asked = file.asked.filter((asked) => asked !== clientId);
    if (clientId !== file.opening.clientId) return false;
    this.forget(id);
    return true;
  }

  /** The session has an update of the file: it was sent it, or it is its own and committed. */
  has(id: string, epoch: number, update: Uint8Array): void {
    const file = this.#files.get(id);
    if (file?.open && file.epoch === epoch) noteUpdate(file.vector, update);
  }

  /** Wants a file closed, when it may be. */
  close(id: string): void {
    const file = this.#files.get(id);
    if (file) file.closing = true;
  }

  /** Takes out the files to close, as far as `done` lets go of them. */
  takeClosed(done: (id: string) => boolean): string[] {
    const closed = [...this.#files].filter(([id, file]) => file.closing && file.open && done(id)).map(([id]) => id);
    closed.forEach((id) => this.forget(id));
    return closed;
  }

  /** The file's events have ended. */
  forget(id: string): void {
    this.#files.delete(id);
    this.#unasked = this.#unasked.filter((opening) => opening.file !== id);
  }

  /** The session is lost. */
  clear(): void {
    this.#files.clear();
    this.#unasked = [];
  }
}
