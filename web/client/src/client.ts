import { errorOf, type Trouble } from "./errors.js";
import type { Link, LinkEvent } from "./link.js";
import { ownLinks, sharedLinks, type Links } from "./links.js";
import { CALL, retried } from "./retry.js";
import { Room } from "./room.js";
import { infoOf } from "./room_files.js";
import { server, type Server } from "./server.js";
import type { RoomInfo } from "./types.js";
import { uuid } from "./uuid.js";

/** How long joining goes on trying while the server can't be reached. */
const JOINING = 10_000;

/** How a client reaches its server. */
export interface ClientOptions {
  /** The server's address, such as `https://tandem.example`; the page's own if not said. */
  readonly url?: string;
  /** Whether this browser's tabs share their streams through a SharedWorker; `true` where there is one. */
  readonly worker?: boolean;
}

/** Who joins. */
export interface JoinOptions {
  /** What others see; 1 to 64 characters. Empty: the server makes one up. */
  readonly name: string;
  /** A CSS colour for one's own cursor here; others see the colour that belongs to the participant's id. */
  readonly color?: string;
}

/** What a room begins with. */
export interface CreateOptions {
  /** What people call it. */
  readonly title?: string;
  /** The name in links: 3 to 64 characters of a-z, 0-9 and single hyphens inside. */
  readonly slug?: string;
  /** The first files; without any there is an empty `main.txt`. */
  readonly files?: readonly { readonly path: string; readonly text: string }[];
}

/** A Tandem server, as a page sees it. */
export class TandemClient {
  readonly #server: Server;
  readonly #links: Links;

  constructor(options: ClientOptions = {}) {
    const url = (options.url ?? globalThis.location.origin).replace(/\/$/, "");
    this.#server = server(url);
    const shared = (options.worker ?? true) ? sharedLinks(url) : undefined;
    this.#links = shared ?? ownLinks(url, this.#server);
  }

  /**
   * Creates a room.
   *
   * @throws TandemError
   */
  async createRoom(options: CreateOptions = {}): Promise<RoomInfo> {
    const { title = "", slug = "", files = [] } = options;
    const request = { title, slug, files: [...files], requestId: uuid() };
    const answer = await retried(() => this.#server.rooms.createRoom(request, { timeoutMs: CALL }));
    return { ...roomOf(answer.room), files: answer.files.map(infoOf) };
  }

  /**
   * A room by its id or slug, without joining it.
   *
   * @throws TandemError ROOM_NOT_FOUND
   */
  async getRoom(room: string): Promise<RoomInfo> {
    const answer = await retried(() => this.#server.rooms.getRoom({ room }, { timeoutMs: CALL }));
    return { ...roomOf(answer.room), files: [] };
  }

  /**
   * Joins a room, by its id or slug. Resolves when the server has let one in.
   *
   * @throws TandemError if the server refuses, or can't be reached for a while.
   */
  async join(room: string, options: JoinOptions): Promise<Room> {
    const { title } = await this.getRoom(room);
    return new Promise((resolve, reject) => {
      let joined: Room | undefined;
      let last: Trouble = { reason: "UNREACHABLE", message: "the server can't be reached", metadata: {}, retryDelay: undefined };
      const early: LinkEvent[] = [];
      let link: Link | undefined;
      const late = setTimeout(() => {
        void link?.leave();
        reject(errorOf(last));
      }, JOINING);
      const hear = (event: LinkEvent) => {
        if (joined) return joined.hear(event);
        // A link may speak before it is in our hands.
        if (!link) return void early.push(event);
        if (event.kind === "cut") last = event.trouble;
        if (event.kind !== "joined" && event.kind !== "ended") return;
        clearTimeout(late);
        if (event.kind === "ended") return reject(errorOf(event.trouble));
        joined = new Room(this.#server, link, event.joined, title, options.color);
        resolve(joined);
      };
      void this.#links(room, options.name, hear).then((made) => {
        link = made;
        early.splice(0).forEach(hear);
      });
    });
  }
}

function roomOf(room: { roomId: string; slug: string; title: string } | undefined): Omit<RoomInfo, "files"> {
  return { id: room?.roomId ?? "", slug: room?.slug ?? "", title: room?.title ?? "" };
}
