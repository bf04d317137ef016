import type * as Y from "yjs";
import type { TandemProvider } from "./provider.js";

/** What one completion is asked for. */
export interface CompletionRequest {
  /** The open file. */
  readonly provider: TandemProvider;
  /** The cursor: an offset in UTF-16 units, as JavaScript counts, or a relative position. */
  readonly position: number | Y.RelativePosition;
  /** Why it is asked for; `typed` if not said. */
  readonly trigger?: "typed" | "invoked" | "character";
  /** How many items at most; 20 if not said. */
  readonly maxItems?: number;
  /** The item that an open list has selected: a ghost text must extend it. */
  readonly selectedLabel?: string;
  /** How long a model may take, in milliseconds; 2,000 if not said. */
  readonly modelDeadline?: number;
}

/** What kind of thing a completion is. */
export type CompletionKind = "text" | "keyword" | "function" | "variable" | "type" | "snippet";

/** One completion. Offsets are of the document as it is when the answer is handed out. */
export interface Completion {
  /** What to show. */
  readonly label: string;
  /** What kind of thing it is. */
  readonly kind: CompletionKind;
  /** Where what it replaces begins. */
  readonly from: number;
  /** Where that ends. */
  readonly to: number;
  /** What to put there. */
  readonly insert: string;
  /** Higher is better; comparable within one answer. */
  readonly score: number;
  /** Where it is from, for people. */
  readonly detail: string;
  /** Who made it. */
  readonly source: "embedded" | "model";
}

/** Text shown greyed at the cursor. */
export interface Ghost {
  /** Where what it replaces begins. */
  readonly from: number;
  /** Where that ends. */
  readonly to: number;
  /** What to put there. */
  readonly insert: string;
  /** The length of its first word, in UTF-16 units: for taking one word at a time. */
  readonly firstWord: number;
  /** Who made it. */
  readonly source: "embedded" | "model";
  /** From 0 to 1. */
  readonly confidence: number;
}

/** A part of an answer: the first has the items, later ones a better ghost text. */
export interface Completions {
  /** Names the answer in feedback. */
  readonly id: string;
  /** The items, best first. */
  readonly items: readonly Completion[];
  /** The ghost text, if one is likely enough. */
  readonly ghost: Ghost | undefined;
  /** Whether nothing more comes. */
  readonly done: boolean;
}
