import * as Y from "yjs";
import type { Written } from "./ledger.js";
import { plainText } from "./plain_text.js";
import type { Origin } from "./types.js";

/** The origin of transactions that bring what the server sent. */
const FROM_SERVER = Symbol("tandem");
/** The origin of transactions that take out what the server refuses. */
const TIDYING = Symbol("tidying");

/** A file's Y.Doc: hands out what is changed here, as updates that the server takes. */
export class FileDocument {
  readonly doc = new Y.Doc();
  /** The root text that the server knows. */
  readonly text = this.doc.getText("t");
  /** The client id under which the server lets it write. */
  clientId: number = this.doc.clientID;
  #origin: Origin | undefined;
  /** Since this state there is text that the server refuses; nothing goes out before it is tidied up. */
  #untidySince: Uint8Array | undefined;
  #untidyNow = false;
  /** What was handed out last. */
  #last: Written = { client: 0, from: 0, to: 0 };

  /** `changed` gets each local change; `begun` is told at once that there is one, even if it is handed out later. */
  constructor(
    private readonly changed: (update: Uint8Array, origin: Origin) => void,
    private readonly begun: () => void,
  ) {
    this.text.observe((event) => {
      const inserted = event.transaction.local ? event.delta : [];
      this.#untidyNow ||= inserted.some(({ insert }) => typeof insert === "string" && plainText(insert) !== insert);
    });
    this.doc.on("update", this.#updated);
  }

  /** Takes in what the server sent. */
  apply(update: Uint8Array): void {
    Y.applyUpdate(this.doc, update, FROM_SERVER);
  }

  /**
   * Goes on under an id that an earlier document of this session had, whose changes are all in this one: the server lets
   * a session have only so many. Only while nothing was written here.
   */
  succeed(): void {
    this.doc.clientID = this.clientId;
  }

  /** Marks what `change` changes. */
  as<Result>(origin: Origin, change: () => Result): Result {
    const before = this.#origin;
    this.#origin = origin;
    try {
      return change();
    } finally {
      this.#origin = before;
    }
  }

  /** Where a relative position, encoded or not, is in the text; nothing if it is not there. */
  offsetOf(position: Uint8Array | Y.RelativePosition): number | undefined {
    const relative = position instanceof Uint8Array ? Y.decodeRelativePosition(position) : position;
    const at = Y.createAbsolutePositionFromRelativePosition(relative, this.doc);
    return at?.type === this.text ? at.index : undefined;
  }

  /** Whether this document has changes that the other, of the same line of history, does not have. */
  hasMoreThan(other: FileDocument): boolean {
    const both = new Y.Doc();
    Y.applyUpdate(both, Y.encodeStateAsUpdate(other.doc));
    Y.applyUpdate(both, Y.encodeStateAsUpdate(this.doc));
    return both.getText("t").toString() !== other.text.toString();
  }

  /** What has been written under one's own id since this was last asked. */
  written(): Written {
    const client = this.doc.clientID;
    const from = this.#last.client === client ? this.#last.to : 0;
    return (this.#last = { client, from, to: Y.getState(this.doc.store, client) });
  }

  /** What of these characters is still in the text; what does not stand together is on lines of its own. */
  textOf(written: readonly Written[]): string {
    let found = "";
    let apart = false;
    for (const piece of pieces(this.text)) {
      const mine = written.filter(({ client, from, to }) => client === piece.client && from < piece.to && to > piece.from);
      let at = piece.from;
      for (const { from, to } of mine.sort((a, b) => a.from - b.from)) {
        if (from > at) apart = true;
        if (apart && found) found += "\n";
        apart = false;
        found += piece.text.slice(Math.max(0, from - piece.from), to - piece.from);
        at = to;
      }
      if (at < piece.to) apart = true;
    }
    return found;
  }

  /** Hands out at once what waits for its tidying. */
  flush(): void {
    this.#tidy();
  }

  /** Hands out nothing any more. The document stays readable for editors that are still bound to it. */
  retire(): void {
    this.doc.off("update", this.#updated);
  }

  readonly #updated = (update: Uint8Array, origin: unknown, _doc: Y.Doc, transaction: Y.Transaction) => {
    if (origin === FROM_SERVER || origin === TIDYING) return;
    if (this.#untidyNow) {
      this.#untidyNow = false;
      if (!this.#untidySince) {
        this.#untidySince = Y.encodeStateVector(transaction.beforeState);
        this.begun();
        // Not at once: an editor must not be changed while it changes its text.
        queueMicrotask(() => this.#tidy());
      }
    }
    if (this.#untidySince) return;
    this.begun();
    this.changed(update, this.#origin ?? (origin instanceof Y.UndoManager ? "undone" : "typed"));
  };

  /** Takes out carriage returns and NULs, and hands out all that was changed since before they came. */
  #tidy(): void {
    const since = this.#untidySince;
    if (!since) return;
    this.#untidySince = undefined;
    this.doc.transact(() => {
      const text = this.text.toString();
      const untidy = [...text.matchAll(/\r\n?|\0/g)].reverse();
      for (const { index, 0: found } of untidy) {
        const plain = plainText(found);
        const lead = found === "\r\n" ? "\r" : found;
        this.text.delete(index, lead.length);
        if (found === "\r") this.text.insert(index, plain);
      }
    }, TIDYING);
    this.changed(Y.encodeStateAsUpdate(this.doc, since), "pasted");
  }
}

/** The pieces of a text as Yjs has them: what one client wrote in one go. */
function* pieces(text: Y.Text): Generator<Written & { readonly text: string }> {
  for (let item = text._start; item; item = item.right) {
    if (item.deleted || !(item.content instanceof Y.ContentString)) continue;
    const { client, clock } = item.id;
    yield { client, from: clock, to: clock + item.length, text: item.content.str };
  }
}
