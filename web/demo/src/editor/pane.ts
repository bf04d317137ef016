import { closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, indentLess, indentMore } from "@codemirror/commands";
import { bracketMatching, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, type Extension, type Transaction } from "@codemirror/state";
import {
  EditorView,
  crosshairCursor,
  drawSelection,
  dropCursor,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  rectangularSelection,
} from "@codemirror/view";
import { plainText, type Origin, type Room, type TandemProvider } from "tandem-client";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import * as Y from "yjs";
import { h } from "../ui/dom";
import { completions } from "./completions";
import { cursors } from "./cursors";
import { ghost, ghostKeys } from "./ghost";
import { language, nameOf } from "./languages";
import { look } from "./look";

/** A file on the screen, in an editor. */
export interface Pane {
  element: HTMLElement;
  /** The file's id. */
  file: string;
  focus(): void;
  /** Brings an offset into view. */
  reveal(offset: number): void;
  /** Puts text where the cursor is. */
  insert(text: string): void;
  /** The file has another path, and perhaps another language. */
  renamed(path: string): void;
  destroy(): void;
}

/** What the editor tells the page. */
export interface PaneEvents {
  /** Where the cursor is, in words. */
  position(text: string): void;
  /** The person themselves did something here. */
  touched(): void;
}

/** Shows an open file. When its document is exchanged, the editor is bound to the new one in place. */
export function pane(room: Room, provider: TandemProvider, events: PaneEvents): Pane {
  const colours = new Compartment();
  let path = provider.file.path;
  let destroyed = false;
  const paint = async (): Promise<void> => {
    const wanted = path;
    const found = await language(wanted);
    if (!destroyed && wanted === path) view.dispatch({ effects: colours.reconfigure(found) });
  };
  const begin = (): EditorState =>
    EditorState.create({
      doc: provider.text.toString(),
      extensions: [
        bound(provider),
        completions(room, provider),
        colours.of([]),
        EditorView.contentAttributes.of({ "aria-label": `Text of ${path}`, tabindex: "0" }),
        EditorView.updateListener.of((update) => {
          if (update.selectionSet || update.docChanged) events.position(position(update.state, path));
          if (update.transactions.some(byHand)) events.touched();
        }),
        common,
      ],
    });
  const view = new EditorView({
    state: begin(),
    dispatchTransactions: (transactions, view) => {
      const origin = originOf(transactions);
      if (origin) provider.as(origin, () => view.update(transactions));
      else view.update(transactions);
    },
  });
  const off = provider.on("swap", () => {
    const { head } = view.state.selection.main;
    view.setState(begin());
    view.dispatch({ selection: { anchor: Math.min(head, view.state.doc.length) } });
    void paint();
  });
  void paint();
  events.position(position(view.state, path));
  return {
    element: h("div", { class: "editor" }, view.dom),
    file: provider.file.id,
    focus: () => view.focus(),
    reveal(offset) {
      const at = Math.min(offset, view.state.doc.length);
      view.dispatch({ effects: EditorView.scrollIntoView(at, { y: "nearest", yMargin: 96 }) });
    },
    insert(text) {
      view.dispatch(view.state.replaceSelection(plainText(text)), { userEvent: "input.paste" });
      view.focus();
    },
    renamed(now) {
      path = now;
      void paint();
      events.position(position(view.state, path));
    },
    destroy() {
      destroyed = true;
      off();
      provider.awareness.setLocalStateField("cursor", null);
      view.destroy();
    },
  };
}

/** What ties the editor to the file's document: its text, its own undoing, other people's cursors. */
function bound(provider: TandemProvider): Extension {
  const undoManager = new Y.UndoManager(provider.text);
  const undoing = yUndoManagerKeymap.map((binding) => ({
    ...binding,
    run: (view: EditorView) => provider.as("undone", () => binding.run?.(view) ?? false),
  }));
  return [
    // Its own cursors need styles in the elements, which the page's policy does not let be.
    yCollab(provider.text, null, { undoManager }),
    cursors(provider),
    keymap.of(undoing),
  ];
}

const common: Extension = [
  EditorView.cspNonce.of(document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ?? ""),
  lineNumbers(),
  highlightActiveLineGutter(),
  highlightSpecialChars(),
  drawSelection(),
  dropCursor(),
  EditorState.allowMultipleSelections.of(true),
  EditorState.tabSize.of(4),
  indentUnit.of("    "),
  indentOnInput(),
  bracketMatching(),
  closeBrackets(),
  rectangularSelection(),
  crosshairCursor(),
  highlightActiveLine(),
  highlightSelectionMatches(),
  search({ top: true }),
  ghost(),
  EditorView.clipboardInputFilter.of((text) => plainText(text)),
  keymap.of([
    ...ghostKeys,
    ...completionKeymap,
    { key: "Tab", run: indentMore, shift: indentLess },
    ...closeBracketsKeymap,
    ...searchKeymap,
    ...foldKeymap,
    ...defaultKeymap,
  ]),
  look,
];

/** What the log is told about how a text came to be. */
function originOf(transactions: readonly Transaction[]): Origin | undefined {
  for (const transaction of transactions) {
    if (!transaction.docChanged) continue;
    if (transaction.isUserEvent("input.paste") || transaction.isUserEvent("input.drop")) return "pasted";
    if (transaction.isUserEvent("input.complete")) return "completed";
  }
  return undefined;
}

/** Whether the person did it, and not somebody else or the page. */
function byHand(transaction: Transaction): boolean {
  return ["input", "delete", "select", "move"].some((event) => transaction.isUserEvent(event));
}

function position(state: EditorState, path: string): string {
  const { main, ranges } = state.selection;
  const line = state.doc.lineAt(main.head);
  const where = `Line ${line.number}, column ${main.head - line.from + 1}`;
  const chosen = ranges.reduce((sum, range) => sum + range.to - range.from, 0);
  return `${chosen > 0 ? `${chosen} selected · ` : ""}${where} · ${nameOf(path)}`;
}
