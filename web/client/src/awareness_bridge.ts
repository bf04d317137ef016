import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import type { Selection } from "./presence.js";
import type { Person } from "./types.js";

/** Somebody as an awareness state: what y-codemirror.next (`cursor`) and y-monaco (`selection`) look at. */
interface RemoteState {
  user: { id: string; name: string; color: string; colorLight: string };
  cursor?: { anchor: Y.RelativePosition; head: Y.RelativePosition };
  selection?: { anchor: Y.RelativePosition; head: Y.RelativePosition };
}

/** Somebody, and where their cursor is in this file. */
export interface Shown {
  readonly person: Person;
  readonly selection: Selection | undefined;
}

/** Makes an Awareness out of the server's presence, and the server's presence out of the Awareness' local state. */
export class AwarenessBridge {
  readonly awareness: Awareness;
  #shown = new Map<number, string>();

  /** `moved` is told when the local cursor has moved. */
  constructor(doc: Y.Doc, me: Person, moved: () => void) {
    this.awareness = new Awareness(doc);
    this.awareness.setLocalState({ user: user(me) });
    this.awareness.on("change", (_changes: unknown, origin: unknown) => {
      if (origin === "local") moved();
    });
  }

  /** The local cursor, as the server takes it. */
  local(): { anchor: Uint8Array; head: Uint8Array } | undefined {
    const state = this.awareness.getLocalState() ?? {};
    const at = state["cursor"] ?? state["selection"];
    if (!at?.anchor || !at?.head) return undefined;
    const encode = (position: unknown) => Y.encodeRelativePosition(Y.createRelativePositionFromJSON(position));
    return { anchor: encode(at.anchor), head: encode(at.head) };
  }

  /** Oneself, when the server has said who that is. */
  introduce(me: Person): void {
    this.awareness.setLocalStateField("user", user(me));
  }

  /** The document goes on under another id: oneself is the same. */
  succeed(): void {
    const { awareness } = this;
    const { states, meta, clientID, doc } = awareness;
    const [state, told] = [states.get(clientID), meta.get(clientID)];
    states.delete(clientID);
    meta.delete(clientID);
    awareness.clientID = doc.clientID;
    if (told) meta.set(doc.clientID, told);
    if (state) states.set(doc.clientID, state);
  }

  /** Shows these people and nobody else. */
  show(people: readonly Shown[]): void {
    const { states, meta, clientID } = this.awareness;
    const changes = { added: [] as number[], updated: [] as number[], removed: [] as number[] };
    const seen = new Map<number, string>();
    for (const { person, selection } of people) {
      const id = numberOf(person.id, clientID);
      const state = stateOf(person, selection);
      const text = JSON.stringify(state);
      seen.set(id, text);
      if (this.#shown.get(id) === text) continue;
      (states.has(id) ? changes.updated : changes.added).push(id);
      states.set(id, state);
      // The server says when somebody is gone: nobody is to time out here.
      meta.set(id, { clock: (meta.get(id)?.clock ?? 0) + 1, lastUpdated: Infinity });
    }
    for (const id of this.#shown.keys()) {
      if (seen.has(id)) continue;
      changes.removed.push(id);
      states.delete(id);
    }
    this.#shown = seen;
    if (changes.added.length + changes.updated.length + changes.removed.length === 0) return;
    this.awareness.emit("change", [changes, "tandem"]);
    this.awareness.emit("update", [changes, "tandem"]);
  }

  /** Ends it, timers and all. */
  destroy(): void {
    this.awareness.destroy();
  }
}

function user({ id, name, color, colorLight }: Person): RemoteState["user"] {
  return { id, name, color, colorLight };
}

function stateOf(person: Person, selection: Selection | undefined): RemoteState {
  if (!selection) return { user: user(person) };
  const at = { anchor: Y.decodeRelativePosition(selection.anchor), head: Y.decodeRelativePosition(selection.head) };
  return { user: user(person), cursor: at, selection: at };
}

/** A number for a participant, as Awareness wants one: drawn from the id, never one's own. */
export function numberOf(id: string, own: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193) >>> 0;
  return hash === own ? (hash + 1) >>> 0 : hash;
}
