import { errorOf, type Trouble } from "./errors.js";
import type { Link, LinkEvent, Opening, Whereabouts } from "./link.js";
import type { Change } from "./operations.js";
import { HERE, type PageMessage, type WorkerMessage } from "./worker_protocol.js";

/** How long leaving may take: the worker waits for the last receipts, but not for long. */
const LEAVING = 5_000;

/** The side of a port that a page needs. */
export interface Port {
  postMessage(message: PageMessage): void;
  onmessage: ((event: MessageEvent) => void) | null;
  close(): void;
}

/** A room's session in the worker that all tabs share, as the page sees it. */
export class WorkerLink implements Link {
  readonly #here: ReturnType<typeof setInterval>;
  #left: (() => void) | undefined;
  #leaving: Promise<void> | undefined;
  #over = false;

  constructor(
    private readonly port: Port,
    url: string,
    room: string,
    name: string,
    private readonly tell: (event: LinkEvent) => void,
  ) {
    port.onmessage = ({ data }) => this.#hear(data as WorkerMessage);
    port.postMessage({ kind: "join", url, room, name });
    this.#here = setInterval(() => port.postMessage({ kind: "here" }), HERE);
    globalThis.addEventListener?.("pagehide", this.#hidden);
  }

  open(opening: Opening): void {
    this.#post({ kind: "open", opening });
  }
  close(file: string): void {
    this.#post({ kind: "close", file });
  }
  change(change: Change): void {
    this.#post({ kind: "change", change });
  }
  abandon(file: string, clientId: number): void {
    this.#post({ kind: "abandon", file, clientId });
  }
  show(where: Whereabouts): void {
    this.#post({ kind: "show", where });
  }

  leave(): Promise<void> {
    this.#leaving ??= new Promise((resolve) => {
      if (this.#over) return resolve();
      this.#left = resolve;
      // A worker that has failed does not answer.
      setTimeout(() => this.#end(), LEAVING);
      this.port.postMessage({ kind: "leave" });
    });
    return this.#leaving;
  }

  /** The worker could not be started, or has failed. */
  failed(trouble: Trouble): void {
    if (this.#over) return;
    this.#end();
    this.tell({ kind: "status", status: "ended" });
    this.tell({ kind: "ended", trouble });
    console.error(errorOf(trouble));
  }

  #post(message: PageMessage): void {
    if (!this.#over) this.port.postMessage(message);
  }

  #hear(message: WorkerMessage): void {
    if (message.kind === "event") {
      if (!this.#over) this.tell(message.event);
      if (message.event.kind === "ended") this.#end();
      return;
    }
    this.#end();
    this.#left?.();
  }

  #end(): void {
    this.#over = true;
    this.#left?.();
    clearInterval(this.#here);
    globalThis.removeEventListener?.("pagehide", this.#hidden);
    this.port.close();
  }

  /** The page ends. One that is kept for going back to stays in the room. */
  readonly #hidden = (event: Event) => {
    if (!(event as PageTransitionEvent).persisted) this.#post({ kind: "leave" });
  };
}
