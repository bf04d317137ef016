import type { Room } from "./room.js";
import type { RoomInfo } from "./types.js";

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
  constructor(_options: ClientOptions = {}) {}

  /** Creates a room. */
  createRoom(_options: CreateOptions = {}): Promise<RoomInfo> {
    throw new Error("to come");
  }

  /** A room by its id or slug, without joining it. */
  getRoom(_room: string): Promise<RoomInfo> {
    throw new Error("to come");
  }

  /**
   * Joins a room, by its id or slug. Resolves when the server has let one in.
   *
   * @throws TandemError if the server refuses, or can't be reached.
   */
  join(_room: string, _options: JoinOptions): Promise<Room> {
    throw new Error("to come");
  }
}
