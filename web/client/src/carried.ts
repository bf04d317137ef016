import type * as Y from "yjs";

/** One step of a text's change, as Yjs tells it. */
type Step = { retain?: number; insert?: unknown; delete?: number };

/** Where an offset of the text before a change is after it. What is inserted at the offset comes to stand left of it. */
export function carry(offset: number, delta: readonly Step[]): number {
  let before = 0;
  let after = offset;
  for (const step of delta) {
    if (before > offset) break;
    if (step.retain !== undefined) before += step.retain;
    else if (typeof step.insert === "string") after += step.insert.length;
    else if (step.delete !== undefined) {
      after -= Math.min(step.delete, offset - before);
      before += step.delete;
    }
  }
  return after;
}

/** What a text's followers need of its provider. */
interface Followed {
  readonly text: Y.Text;
  /** The revision of what is being applied just now; nothing while somebody edits here. */
  readonly applying: bigint | undefined;
}

/** Follows a text's changes, so that offsets of before can be carried to now. */
export class Carried {
  #deltas: { revision: bigint | undefined; delta: readonly Step[] }[] = [];
  readonly #text: Y.Text;

  /** From here on changes count. */
  constructor(private readonly followed: Followed) {
    this.#text = followed.text;
    this.#text.observe(this.#changed);
  }

  /** No more changes count. */
  end(): void {
    this.#text.unobserve(this.#changed);
  }

  /** Where an offset is now that is of the beginning, or of a revision since then. */
  offset(offset: number, at = 0n): number {
    const since = this.#deltas.filter(({ revision }) => revision === undefined || revision > at);
    return since.reduce((now, { delta }) => carry(now, delta), offset);
  }

  readonly #changed = (event: Y.YTextEvent) => {
    this.#deltas.push({ revision: this.followed.applying, delta: event.delta as Step[] });
  };
}
