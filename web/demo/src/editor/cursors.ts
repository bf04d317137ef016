import { Annotation, type Extension, type Range, RangeSet } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  EditorView,
  ViewPlugin,
  type ViewUpdate,
  WidgetType,
} from "@codemirror/view";
import type { TandemProvider } from "tandem-client";
import * as Y from "yjs";

/** What stands in somebody's state, as editors of the Yjs family write it. */
interface Seen {
  user?: { name?: string; color?: string };
  cursor?: { anchor: unknown; head: unknown } | null;
}

const moved = Annotation.define<true>();

/** Shows where others are and tells them where one is oneself. */
export function cursors(provider: TandemProvider): Extension {
  const { awareness, doc, text } = provider;

  class Cursors {
    decorations: DecorationSet = RangeSet.empty;
    /** How often each person's cursor has moved: a name shows for a while after that. */
    readonly #moves = new Map<number, { at: string; count: number }>();
    readonly #view: EditorView;
    #begun = false;

    constructor(view: EditorView) {
      this.#view = view;
      awareness.on("change", this.#changed);
      this.#publish(view);
      this.decorations = this.#draw(view);
      this.#begun = true;
    }

    update(update: ViewUpdate): void {
      if (update.docChanged || update.selectionSet || update.focusChanged) this.#publish(update.view);
      if (update.docChanged || update.transactions.some((transaction) => transaction.annotation(moved))) {
        this.decorations = this.#draw(update.view);
      }
    }

    destroy(): void {
      awareness.off("change", this.#changed);
    }

    readonly #changed = ({ added, updated, removed }: Record<"added" | "updated" | "removed", number[]>): void => {
      const others = [...added, ...updated, ...removed].some((id) => id !== doc.clientID);
      if (others) this.#view.dispatch({ annotations: moved.of(true) });
    };

    /** Positions in the document's own terms, which stay true whatever others type. */
    #publish(view: EditorView): void {
      const local = awareness.getLocalState() as Seen | null;
      if (!local || !view.hasFocus) return;
      const { anchor, head } = view.state.selection.main;
      const cursor = { anchor: relative(anchor), head: relative(head) };
      if (same(local.cursor?.anchor, cursor.anchor) && same(local.cursor?.head, cursor.head)) return;
      awareness.setLocalStateField("cursor", cursor);
    }

    #draw(view: EditorView): DecorationSet {
      const drawn: Range<Decoration>[] = [];
      for (const [id, state] of awareness.getStates() as Map<number, Seen>) {
        if (id === doc.clientID || !state.cursor) continue;
        const anchor = absolute(state.cursor.anchor);
        const head = absolute(state.cursor.head);
        if (anchor === undefined || head === undefined) continue;
        const { name = "Somebody", color = "#888888" } = state.user ?? {};
        const most = view.state.doc.length;
        const [from, to] = [Math.min(anchor, head, most), Math.min(Math.max(anchor, head), most)];
        if (from < to) drawn.push(selection(color).range(from, to));
        const caret = new Caret(name, color, this.#count(id, JSON.stringify(state.cursor.head)));
        drawn.push(Decoration.widget({ widget: caret, side: head < anchor ? 1 : -1 }).range(Math.min(head, most)));
      }
      return Decoration.set(drawn, true);
    }

    /** 0 for those who were here first and have not moved: their names are no news. */
    #count(id: number, at: string): number {
      const last = this.#moves.get(id);
      const count = last ? last.count + (last.at === at ? 0 : 1) : this.#begun ? 1 : 0;
      this.#moves.set(id, { at, count });
      return count;
    }
  }

  function relative(offset: number): Y.RelativePosition {
    return Y.createRelativePositionFromTypeIndex(text, offset);
  }

  function absolute(position: unknown): number | undefined {
    try {
      const parsed = Y.createRelativePositionFromJSON(position);
      const found = Y.createAbsolutePositionFromRelativePosition(parsed, doc);
      return found?.type === text ? found.index : undefined;
    } catch {
      // What another program put there need not be a position.
      return undefined;
    }
  }

  return ViewPlugin.fromClass(Cursors, { decorations: (cursors) => cursors.decorations });
}

function same(one: unknown, other: Y.RelativePosition): boolean {
  return !!one && Y.compareRelativePositions(Y.createRelativePositionFromJSON(one), other);
}

function selection(color: string): Decoration {
  return Decoration.mark({ class: "cm-theirs", attributes: { style: `--who: ${plain(color)}` } });
}

/** A colour, and nothing else that a style could hold. */
function plain(color: string): string {
  return /^[#a-z0-9(),.%\s/-]+$/i.test(color) ? color : "#888888";
}

/** Somebody's caret, and their name while it is news. */
class Caret extends WidgetType {
  constructor(
    readonly name: string,
    readonly color: string,
    readonly count: number,
  ) {
    super();
  }

  override eq(other: Caret): boolean {
    return other.name === this.name && other.color === this.color && other.count === this.count;
  }

  override toDOM(): HTMLElement {
    const caret = document.createElement("span");
    caret.className = "cm-caret";
    caret.style.setProperty("--who", this.color);
    caret.setAttribute("aria-hidden", "true");
    const flag = caret.appendChild(document.createElement("span"));
    flag.className = this.count > 0 ? "cm-flag" : "cm-flag cm-quiet";
    flag.textContent = this.name;
    // The zero-width characters keep the line's height and let the caret stand at a line's end.
    caret.prepend("\u2060");
    caret.append("\u2060");
    return caret;
  }

  override get estimatedHeight(): number {
    return -1;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}
