import type { Trouble } from "./errors.js";
import type { LinkEvent } from "./link.js";
import { SharedRoom, type MakeLink, type Tab } from "./shared_room.js";

/** Streams at once where the browser has six connections for a server: the rest is for calls and for loading pages. */
const STREAMS = 4;
/** People of one browser who get a stream of their own in one room before other rooms have theirs. */
const APART = 2;

/** Over TLS browsers speak HTTP/2, which has as many streams as one likes. */
const unlimited = (url: string) => url.startsWith("https:");

/** Why a room can't be joined, in one sentence. */
export const USED_UP: Trouble = {
  reason: "CONNECTIONS_USED_UP",
  message:
    "This browser allows only six connections to a server without TLS, and your other tabs use them: close a tab of another room, or open the server by HTTPS.",
  metadata: {},
  retryDelay: undefined,
};

interface Entry {
  readonly shared: SharedRoom;
  readonly url: string;
  readonly room: string;
  readonly name: string;
}

/**
 * All sessions of a browser. Tabs of one room and one name share a session; tabs of other names get their own while
 * there are connections, and else share the room's.
 */
export class SharedRooms {
  readonly #entries = new Set<Entry>();

  /** `make` makes the session of a room. */
  constructor(private readonly make: (url: string, room: string, name: string) => MakeLink) {}

  /** How many streams there are. */
  get streams(): number {
    return this.#entries.size;
  }

  /** A tab joins a room: by a session that is there, or a new one; or it hears that there are no connections left. */
  join(tab: Tab, url: string, room: string, name: string): SharedRoom | undefined {
    const there = [...this.#entries].filter((entry) => entry.url === url && (entry.room === room || entry.shared.room === room));
    const same = there.find((entry) => entry.name === name);
    const crowded = !unlimited(url) && this.#entries.size >= (there.length > 0 ? APART : STREAMS);
    const entry = same ?? (crowded ? there[0] : this.#begin(url, room, name));
    if (!entry) {
      const ended: LinkEvent[] = [{ kind: "status", status: "ended" }, { kind: "ended", trouble: USED_UP }];
      ended.forEach(tab.tell);
      return undefined;
    }
    entry.shared.enter(tab);
    return entry.shared;
  }

  #begin(url: string, room: string, name: string): Entry {
    const shared = new SharedRoom(this.make(url, room, name), () => this.#entries.delete(entry));
    const entry: Entry = { shared, url, room, name };
    this.#entries.add(entry);
    return entry;
  }
}
