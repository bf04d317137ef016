import {
  acceptCompletion,
  completionStatus,
  moveCompletionSelection,
  selectedCompletionIndex,
} from "@codemirror/autocomplete";
import {
  EditorSelection,
  type EditorState,
  type Extension,
  StateEffect,
  StateField,
  type Transaction,
} from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, type KeyBinding, WidgetType } from "@codemirror/view";

/** Text that is offered at the cursor, greyed. */
export interface Offered {
  /** What it replaces ends at the cursor. */
  from: number;
  to: number;
  insert: string;
  /** Tells what became of it. */
  told?: (event: "accepted" | "dismissed", length: number) => void;
}

/** Offers a text, or takes the offer back. */
export const offer = StateEffect.define<Offered | undefined>();

const offered = StateField.define<Offered | undefined>({
  create: () => undefined,
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(offer)) return effect.value;
    if (!value || (!transaction.docChanged && !transaction.selection)) return value;
    return typedAlong(value, transaction.state) ?? moved(value, transaction);
  },
});

/** The offer, if what was typed since is how it begins. */
function typedAlong(value: Offered, state: EditorState): Offered | undefined {
  const { main } = state.selection;
  const typed = main.empty && main.head >= value.from ? state.sliceDoc(value.from, main.head) : "";
  const goesOn = typed.length < value.insert.length && value.insert.startsWith(typed) && main.head >= value.to;
  return goesOn && typed ? { ...value, to: main.head } : undefined;
}

/** The offer, carried over somebody else's change. */
function moved(value: Offered, { changes, state, docChanged }: Transaction): Offered | undefined {
  if (!docChanged) return undefined;
  const [from, to] = [changes.mapPos(value.from), changes.mapPos(value.to)];
  const stays = state.selection.main.empty && state.selection.main.head === to && to - from === value.to - value.from;
  return stays ? { ...value, from, to } : undefined;
}

/** What of the offer is not there yet; nothing if it does not go on from what is. */
function rest(state: EditorState): string | undefined {
  const value = state.field(offered, false);
  const { main } = state.selection;
  if (!value || !main.empty || main.head !== value.to) return undefined;
  const there = state.sliceDoc(value.from, value.to);
  return value.insert.startsWith(there) ? value.insert.slice(there.length) || undefined : undefined;
}

class Ghost extends WidgetType {
  constructor(readonly text: string) {
    super();
  }

  override eq(other: Ghost): boolean {
    return other.text === this.text;
  }

  override toDOM(): HTMLElement {
    const ghost = document.createElement("span");
    ghost.className = "cm-ghost";
    ghost.textContent = this.text;
    ghost.setAttribute("aria-label", `Suggestion: ${this.text}. Tab takes it.`);
    return ghost;
  }
}

const shown = EditorView.decorations.compute([offered, "selection", "doc"], (state): DecorationSet => {
  const text = rest(state);
  if (!text) return Decoration.none;
  return Decoration.set(Decoration.widget({ widget: new Ghost(text), side: 1 }).range(state.selection.main.head));
});

/** Shows what is offered. */
export function ghost(): Extension {
  return [offered, shown];
}

function take(view: EditorView): boolean {
  const text = rest(view.state);
  const value = view.state.field(offered, false);
  if (!text || !value) return false;
  const { head } = view.state.selection.main;
  view.dispatch({
    changes: { from: head, insert: text },
    selection: EditorSelection.cursor(head + text.length),
    effects: offer.of(undefined),
    userEvent: "input.complete",
    scrollIntoView: true,
  });
  value.told?.("accepted", text.length);
  return true;
}

/** Takes the list's first item, or the chosen one. */
function takeFromList(view: EditorView): boolean {
  if (completionStatus(view.state) !== "active") return false;
  if (selectedCompletionIndex(view.state) === null) moveCompletionSelection(true)(view);
  return acceptCompletion(view);
}

/** How long after Escape the Tab key leaves the editor, in milliseconds. */
const LEAVING = 2000;

function dismiss(view: EditorView): boolean {
  const value = view.state.field(offered, false);
  if (!rest(view.state) || !value) {
    // Nothing is there to dismiss, even if something has been asked for: Tab goes to the page's next control.
    if (completionStatus(view.state) !== "active") view.setTabFocusMode(LEAVING);
    return false;
  }
  view.dispatch({ effects: offer.of(undefined) });
  value.told?.("dismissed", 0);
  // The list, if there is one, goes with the same key.
  return false;
}

/** Tab takes what is offered, Escape dismisses it. */
export const ghostKeys: KeyBinding[] = [
  { key: "Tab", run: (view) => take(view) || takeFromList(view) },
  { key: "Escape", run: dismiss },
];
