import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

/** The editor in the page's colours, which turn from light to dark by themselves. */
const shape = EditorView.theme({
  "&": { height: "100%", color: "var(--ink)", backgroundColor: "var(--card)", fontSize: "var(--code-size)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6", overscrollBehavior: "contain" },
  ".cm-content": { padding: "14px 0 40vh", caretColor: "var(--accent)" },
  ".cm-line": { padding: "0 24px 0 6px" },
  ".cm-cursor, .cm-dropCursor": { borderLeft: "2px solid var(--accent)", marginLeft: "-1px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "var(--selection)",
  },
  ".cm-gutters": { backgroundColor: "var(--card)", color: "var(--faint)", border: "none", paddingLeft: "8px" },
  ".cm-lineNumbers .cm-gutterElement": { padding: "0 10px 0 8px", minWidth: "36px" },
  ".cm-activeLine": { backgroundColor: "var(--line-now)" },
  ".cm-activeLineGutter": { backgroundColor: "transparent", color: "var(--soft)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--match)", outline: "none", borderRadius: "2px" },
  "&.cm-focused .cm-nonmatchingBracket": { backgroundColor: "transparent", color: "var(--bad)" },
  ".cm-selectionMatch": { backgroundColor: "var(--match)", borderRadius: "2px" },
  ".cm-searchMatch": { backgroundColor: "var(--found)", borderRadius: "2px" },
  ".cm-searchMatch.cm-searchMatch-selected": { outline: "2px solid var(--accent)" },

  ".cm-theirs": { backgroundColor: "color-mix(in oklab, var(--hue) 16%, transparent)", borderRadius: "2px" },
  ".cm-caret": {
    position: "relative",
    borderLeft: "2px solid var(--hue)",
    marginLeft: "-1px",
    marginRight: "-1px",
    pointerEvents: "none",
  },
  ".cm-caret::before": {
    content: '""',
    position: "absolute",
    left: "-4px",
    top: "-2px",
    width: "6px",
    height: "6px",
    borderRadius: "50%",
    backgroundColor: "var(--hue)",
  },
  ".cm-flag": {
    position: "absolute",
    left: "-2px",
    bottom: "100%",
    marginBottom: "-2px",
    padding: "1px 7px 2px",
    borderRadius: "6px 6px 6px 0",
    fontFamily: "var(--sans)",
    fontSize: "11px",
    fontWeight: "600",
    fontStyle: "normal",
    lineHeight: "15px",
    whiteSpace: "nowrap",
    maxWidth: "18ch",
    overflow: "hidden",
    textOverflow: "ellipsis",
    backgroundColor: "var(--hue)",
    color: "oklch(from var(--hue) clamp(0, (0.62 - l) * 1000, 1) 0 0)",
    zIndex: "5",
    // Nothing is animated before the fading itself: a browser paints every frame of an animation, still or not.
    animation: "cm-flag 0.5s ease-out 2.1s forwards",
  },
  ".cm-flag.cm-quiet": { animation: "none", opacity: "0" },
  // In the first line there is no room above.
  ".cm-line:first-child .cm-flag": { bottom: "auto", top: "100%", borderRadius: "0 6px 6px 6px" },
  "@keyframes cm-flag": { to: { opacity: "0" } },
  ".cm-ghost": { color: "var(--faint)", fontStyle: "italic", pointerEvents: "none" },

  ".cm-tooltip": {
    backgroundColor: "var(--card)",
    border: "1px solid var(--line)",
    borderRadius: "10px",
    boxShadow: "var(--shadow)",
    overflow: "hidden",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "14em", padding: "4px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": {
    display: "flex",
    gap: "16px",
    justifyContent: "space-between",
    padding: "3px 8px",
    borderRadius: "6px",
    lineHeight: "1.5",
  },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-completionDetail": { fontFamily: "var(--sans)", fontStyle: "normal", fontSize: "12px", opacity: "0.75" },

  ".cm-panels": { backgroundColor: "var(--paper)", color: "var(--ink)", fontFamily: "var(--sans)" },
  ".cm-panels.cm-panels-top": { borderBottom: "1px solid var(--line)" },
  ".cm-panel.cm-search": { padding: "8px 12px" },
  ".cm-panel.cm-search label": { fontSize: "13px" },
  ".cm-textfield": {
    backgroundColor: "var(--card)",
    border: "1px solid var(--edge)",
    borderRadius: "6px",
    padding: "4px 8px",
    fontSize: "13px",
  },
  ".cm-button": {
    backgroundImage: "none",
    backgroundColor: "var(--card)",
    border: "1px solid var(--edge)",
    borderRadius: "6px",
    padding: "4px 10px",
    fontSize: "13px",
  },
});

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword, tags.controlKeyword], color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string), tags.regexp, tags.character], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom, tags.constant(tags.name)], color: "var(--code-number)" },
  { tag: [tags.comment, tags.docComment], color: "var(--code-comment)", fontStyle: "italic" },
  {
    tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.macroName],
    color: "var(--code-function)",
  },
  { tag: [tags.function(tags.definition(tags.variableName)), tags.labelName], color: "var(--code-function)" },
  { tag: [tags.typeName, tags.className, tags.namespace, tags.standard(tags.typeName)], color: "var(--code-type)" },
  { tag: [tags.propertyName, tags.attributeName], color: "var(--code-property)" },
  { tag: [tags.tagName, tags.angleBracket], color: "var(--code-keyword)" },
  { tag: [tags.meta, tags.processingInstruction, tags.annotation], color: "var(--soft)" },
  { tag: [tags.operator, tags.punctuation, tags.bracket], color: "var(--code-operator)" },
  { tag: tags.heading, color: "var(--code-keyword)", fontWeight: "700" },
  { tag: tags.strong, fontWeight: "700" },
  { tag: tags.emphasis, fontStyle: "italic" },
  { tag: tags.strikethrough, textDecoration: "line-through" },
  { tag: [tags.link, tags.url], color: "var(--code-function)", textDecoration: "underline" },
  { tag: tags.invalid, color: "var(--bad)" },
]);

export const look: Extension = [shape, syntaxHighlighting(colours)];
