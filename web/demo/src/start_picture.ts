import { h } from "./ui/dom";

/** A piece of code: its class, and its text. */
type Piece = readonly [kind: string, text: string] | string;

const LINES: readonly (readonly Piece[])[] = [
  [["keyword", "def "], ["function", "fizzbuzz"], "(number):"],
  ["    ", ["keyword", "if "], "number % ", ["number", "15"], " == ", ["number", "0"], ":"],
  ["        ", ["keyword", "return "], ["string", '"FizzBuzz"'], ["ana", "Ana"]],
  ["    ", ["keyword", "if "], "number % ", ["number", "3"], " == ", ["number", "0"], ":"],
  ["        ", ["keyword", "return "], ["string", '"Fizz"']],
  ["    ", ["marked", "if number % 5 == 0:"]],
  ["        ", ["keyword", "return "], ["string", '"Bu'], ["ben", "Ben"], ["ghost", 'zz"']],
  ["    ", ["keyword", "return "], ["function", "str"], "(number)"],
];

/** Two people in one file, drawn: what the page is about, at a glance. */
export function picture(): HTMLElement {
  const lines = LINES.map((line) => h("code", { class: "line" }, ...line.map(piece)));
  return h(
    "figure",
    { class: "picture", "aria-hidden": "true" },
    h(
      "div",
      { class: "bar" },
      h("span", { class: "file", text: "fizzbuzz.py" }),
      h("span", { class: "saved", text: "Saved" }),
      h("span", { class: "face ana", text: "A" }),
      h("span", { class: "face ben", text: "B" }),
    ),
    h("pre", {}, ...lines),
  );
}

function piece(piece: Piece): Node {
  if (typeof piece === "string") return document.createTextNode(piece);
  const [kind, text] = piece;
  if (kind === "ana" || kind === "ben") {
    return h("span", { class: `caret ${kind}` }, h("span", { class: "flag", text }));
  }
  return h("span", { class: kind, text });
}
