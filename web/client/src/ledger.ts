let ledgers = 0;

/** Characters of one Yjs client, by their numbers: from `from` to before `to`. */
export interface Written {
  readonly client: number;
  readonly from: number;
  readonly to: number;
}

/** A document's changes that have no receipt yet, by name. No I/O happens here. */
export class Ledger {
  readonly #name = `d${(ledgers += 1)}`;
  #made = 0;
  /** By name: the numbers of the characters that a change has written, from the first to before the last. */
  #open = new Map<string, Written>();
  /** Changes that the document has made and not handed out yet. */
  #begun = 0;
  /** How many changes there were when the last draft was handed out. */
  #drafted = 0;

  /** How many changes have no receipt. */
  get pending(): number {
    return this.#open.size + this.#begun;
  }

  /** Whether there is text that is neither in the log nor in a draft. */
  get undrafted(): boolean {
    return this.pending > 0 && this.#drafted !== this.#made;
  }

  /** A change was made. */
  begin(): void {
    this.#begun += 1;
  }

  /** It was handed out: its name. */
  hand(written: Written): string {
    this.#begun = Math.max(0, this.#begun - 1);
    const ref = `${this.#name}.${(this.#made += 1)}`;
    this.#open.set(ref, written);
    return ref;
  }

  /** What the changes without a receipt have written. */
  get written(): Written[] {
    return [...this.#open.values()];
  }

  /** Whether any of these is of this document and has no receipt. */
  has(refs: readonly string[]): boolean {
    return refs.some((ref) => this.#open.has(ref));
  }

  /** These are in the log; whether any of them was of this document. */
  receipt(refs: readonly string[]): boolean {
    return refs.filter((ref) => this.#open.delete(ref)).length > 0;
  }

  /** What is pending was handed out as a draft. */
  draft(): void {
    this.#drafted = this.#made;
  }

  /** Nothing of it is pending: the document is no more. */
  clear(): void {
    this.#open.clear();
    this.#begun = 0;
  }
}
