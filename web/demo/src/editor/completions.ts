import {
  autocompletion,
  type Completion as Item,
  type CompletionContext,
  type CompletionResult,
  pickedCompletion,
} from "@codemirror/autocomplete";
import type { Extension } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import type { Completion, Completions, Room, TandemProvider } from "tandem-client";
import { type Offered, offer } from "./ghost";

/** The most items that the list shows. */
const ITEMS = 12;

/** Asks the room's server: the same answer brings the list and the grey text. */
export function completions(room: Room, provider: TandemProvider): Extension {
  let asking: AbortController | undefined;

  const source = async (context: CompletionContext): Promise<CompletionResult | null> => {
    asking?.abort();
    const mine = (asking = new AbortController());
    context.addEventListener("abort", () => mine.abort(), { onDocChange: true });
    const character = context.matchBefore(/[^\p{L}\p{N}_\s]$/u);
    const trigger = context.explicit ? "invoked" : character ? "character" : "typed";
    const request = { provider, position: context.pos, trigger, maxItems: ITEMS } as const;
    try {
      const parts = room.complete(request, mine.signal)[Symbol.asyncIterator]();
      const first = await parts.next();
      if (first.done || mine.signal.aborted) return null;
      show(context.view, first.value, context.pos);
      void later(parts, context, mine.signal);
      return list(first.value, context);
    } catch {
      // Completions are a help, not the work: without them one types on.
      return null;
    }
  };

  const show = (view: EditorView | undefined, answer: Completions, at: number): void => {
    // A dispatch from within an update would be one too many.
    queueMicrotask(() => {
      if (!view?.dom.isConnected || view.state.selection.main.head !== at) return;
      const { ghost, id } = answer;
      const value: Offered | undefined = ghost && {
        from: ghost.from,
        to: ghost.to,
        insert: ghost.insert,
        told: (event, length) => room.feedback(id, event, length),
      };
      view.dispatch({ effects: offer.of(value) });
    });
  };

  const later = async (
    parts: AsyncIterator<Completions>,
    context: CompletionContext,
    signal: AbortSignal,
  ): Promise<void> => {
    try {
      for (let part = await parts.next(); !part.done; part = await parts.next()) {
        if (!signal.aborted && part.value.ghost) show(context.view, part.value, context.pos);
      }
    } catch {
      // As above.
    }
  };

  const list = (answer: Completions, context: CompletionContext): CompletionResult | null => {
    // Where no word has begun, a list that nobody asked for would be in the way.
    const begun = context.explicit || context.matchBefore(/[\p{L}\p{N}_$]$|\.$|::$|->$/u);
    if (answer.items.length === 0 || !begun) return null;
    const from = Math.min(...answer.items.map((item) => item.from));
    return { from, to: context.pos, filter: false, options: answer.items.map((item) => option(answer.id, item)) };
  };

  const option = (id: string, item: Completion): Item => ({
    label: item.label,
    detail: item.detail,
    type: item.kind,
    apply(view, completion, _from, to) {
      view.dispatch({
        changes: { from: item.from, to: Math.max(item.to, to), insert: item.insert },
        selection: { anchor: item.from + item.insert.length },
        effects: offer.of(undefined),
        annotations: pickedCompletion.of(completion),
        userEvent: "input.complete",
        scrollIntoView: true,
      });
      room.feedback(id, "accepted", item.insert.length);
    },
  });

  return autocompletion({
    override: [source],
    activateOnTypingDelay: 10,
    interactionDelay: 0,
    // Enter is Enter: an item is taken by Tab, or by Enter once it was chosen.
    selectOnOpen: false,
    // The editor has these keys after those of the grey text, which would not hear of Escape otherwise.
    defaultKeymap: false,
    icons: false,
  });
}
