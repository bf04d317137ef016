import { errorOf, troubleOf } from "./errors.js";
import type { CompletionRequest, Completions } from "./completion.js";
import { Carried } from "./carried.js";
import {
  CompletionKind,
  CompletionSource,
  CompletionTrigger,
  FeedbackEvent as Declared,
  type AutocompleteResponse,
  type CompletionItem,
  type Ghost,
  type TextRange,
} from "./gen/tandem/v1/autocomplete_service_pb.js";
import { PositionUnit } from "./gen/tandem/v1/text_pb.js";
import { byId } from "./messages.js";
import { sleep } from "./patience.js";
import type { Server } from "./server.js";

/** How long a completion waits until the server has what was just typed. */
const SAVED = 1_000;
/**
 * How long an answer waits for the changes that it is of: they mostly come before it, and those of other files never
 * come.
 */
const CAUGHT_UP = 25;
/** How often it looks, in milliseconds. */
const LOOK = 2;

/** What became of a completion. */
export type FeedbackEvent = "shown" | "accepted" | "accepted_part" | "dismissed";

const TRIGGERS = {
  typed: CompletionTrigger.TYPED,
  invoked: CompletionTrigger.INVOKED,
  character: CompletionTrigger.CHARACTER,
} as const;

const KINDS = {
  [CompletionKind.UNSPECIFIED]: "text",
  [CompletionKind.TEXT]: "text",
  [CompletionKind.KEYWORD]: "keyword",
  [CompletionKind.FUNCTION]: "function",
  [CompletionKind.VARIABLE]: "variable",
  [CompletionKind.TYPE]: "type",
  [CompletionKind.SNIPPET]: "snippet",
} as const;

const EVENTS = {
  shown: Declared.SHOWN,
  accepted: Declared.ACCEPTED,
  accepted_part: Declared.ACCEPTED_PART,
  dismissed: Declared.DISMISSED,
} as const;

/** Carries an offset of the answer's text to the text of now. */
type Offset = (at: number) => number;

/** What of a room completions need. */
interface Place {
  readonly id: string;
  readonly revision: bigint;
}

/** An event as the server takes it. */
export function feedbackOf(completionId: string, event: FeedbackEvent, acceptedLength: number) {
  return { completionId, event: EVENTS[event], acceptedLength };
}

/** Asks for completions in the text as it is shown, and carries what they say to the text as it is then. */
export async function* completions(
  server: Server,
  room: Place,
  request: CompletionRequest,
  signal?: AbortSignal,
): AsyncGenerator<Completions> {
  const cursor = await committedCursor(request, signal);
  if (cursor === undefined) return;
  const carried = new Carried(request.provider);
  try {
    const call = { request: wished(room, request, cursor), modelDeadlineMs: request.modelDeadline ?? 0 };
    let shown: Completions | undefined;
    let offset: Offset = (at) => at;
    for await (const { part } of server.autocomplete.streamAutocomplete(call, signal ? { signal } : {})) {
      if (part.case === "answer") {
        const { revision } = part.value;
        await until(() => room.revision >= revision, CAUGHT_UP, signal);
        offset = (at) => carried.offset(at, revision);
        shown = answered(part.value, offset);
      } else if (part.case === "ghost" && shown) {
        shown = { ...shown, ghost: ghosted(part.value, offset) };
      } else if (part.case === "done" && shown) {
        shown = { ...shown, done: true };
      }
      if (signal?.aborted) return;
      if (shown) yield shown;
    }
  } catch (error) {
    if (!signal?.aborted) throw errorOf(troubleOf(error));
  } finally {
    carried.end();
  }
}

/** The cursor, once the server has the text that it stands in; nothing if that takes too long. */
async function committedCursor({ provider, position }: CompletionRequest, signal?: AbortSignal) {
  const follow = new Carried(provider);
  await until(() => provider.saved && provider.synced, SAVED, signal);
  follow.end();
  if (!provider.saved || signal?.aborted) return undefined;
  return typeof position === "number" ? follow.offset(position) : provider.offsetOf(position);
}

/** Waits for a fact, for a while. */
async function until(fact: () => boolean, most: number, signal?: AbortSignal): Promise<void> {
  const end = Date.now() + most;
  while (!fact() && !signal?.aborted && Date.now() < end) await sleep(LOOK, signal);
}

function wished(room: Place, request: CompletionRequest, cursor: number) {
  const { provider, trigger = "typed", maxItems = 0, selectedLabel = "" } = request;
  const { revision } = room;
  const value = { room: room.id, file: byId(provider.file.id), cursor, revision };
  return {
    target: { case: "roomTarget", value } as const,
    positionUnit: PositionUnit.UTF16,
    maxItems,
    trigger: TRIGGERS[trigger],
    selectedLabel,
  };
}

function answered({ completionId, items, ghost }: AutocompleteResponse, offset: Offset): Completions {
  return {
    id: completionId,
    items: items.map((item) => itemOf(item, offset)),
    ghost: ghosted(ghost, offset),
    done: false,
  };
}

function itemOf(item: CompletionItem, offset: Offset): Completions["items"][number] {
  const { label, detail, score, insertText: insert } = item;
  return { label, kind: KINDS[item.kind], ...rangeOf(item.replace, offset), insert, score, detail, source: sourceOf(item.source) };
}

function ghosted(ghost: Ghost | undefined, offset: Offset): Completions["ghost"] {
  if (!ghost) return undefined;
  const { text: insert, firstWordLength: firstWord, confidence } = ghost;
  return { ...rangeOf(ghost.replace, offset), insert, firstWord, source: sourceOf(ghost.source), confidence };
}

function rangeOf(range: TextRange | undefined, offset: Offset): { from: number; to: number } {
  return { from: offset(range?.start ?? 0), to: offset(range?.end ?? 0) };
}

function sourceOf(source: CompletionSource): "embedded" | "model" {
  return source === CompletionSource.MODEL ? "model" : "embedded";
}
