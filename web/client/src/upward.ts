import { troubleIn, troubleOf, type Trouble } from "./errors.js";
import { FileChange, ReceiptState, type ClientMessage, type Receipt, type Refused, type ServerMessage } from "./gen/tandem/v1/collaboration_pb.js";
import type { LinkEvent, Opening, Whereabouts } from "./link.js";
import { byId, message, parts, publishable } from "./messages.js";
import { OpenFiles } from "./open_files.js";
import { Operations, type Change } from "./operations.js";
import { sleep } from "./patience.js";
import type { Server } from "./server.js";

/** How long a Publish may take. */
const PUBLISH = 15_000;
/** How long one may take that asks whether the server is still there. */
const PROBE = 4_000;
/** The shortest time between two cursors, in milliseconds: as often as the server tells others. */
const CURSORS_APART = 50;
/** A session that has said nothing for so long says that it is there; the server wants that every 20 seconds. */
const KEEP_ALIVE = 15_000;
/** The server takes the same Publish later: nothing of it was taken in. */
const LATER = new Set(["STORE_UNAVAILABLE", "TOO_MANY_IN_FLIGHT", "OVERLOADED"]);
/** The server says that a message makes no sense. */
const SENSELESS = new Set(["FIELD_INVALID", "FIELD_MISSING", "MESSAGE_EMPTY", "OP_ID_ORDER", "EDIT_TOO_LARGE", "MESSAGE_TOO_LARGE"]);
/** How long to wait then, if the server does not say. */
const LATER_DELAY = 500;

/**
 * The way up of a session: at most one Publish at a time, which takes everything that came meanwhile; and what the
 * server answers to it. Nothing in here survives by luck: what has no receipt goes up again after every cut.
 */
export class Upward {
  readonly #operations = new Operations();
  readonly #files = new OpenFiles();
  readonly #abandoned = new Set<string>();
  /** Messages of operations that have been taken, in order. */
  #outbox: ClientMessage[] = [];
  #where: Whereabouts | undefined;
  #showing = false;
  #shown = 0;
  #token = "";
  #stream: AbortSignal | undefined;
  #pumping = false;
  #probing = false;
  #greeting = false;
  #spoke = 0;
  #keepAlive: ReturnType<typeof setInterval> | undefined;
  #settled: (() => void)[] = [];

  constructor(
    private readonly server: Server,
    private readonly tell: (event: LinkEvent) => void,
    private readonly cut: (trouble: Trouble) => void,
    private readonly went: () => void,
    private readonly renew: () => boolean,
  ) {}

  open(opening: Opening): void {
    this.#abandoned.delete(opening.file);
    this.#files.want(opening);
    this.#soon();
  }

  close(file: string): void {
    this.#files.close(file);
    this.#soon();
  }

  change(change: Change): void {
    this.#operations.add(change);
    this.#soon();
  }

  abandon(file: string, clientId: number): void {
    this.#operations.abandon(file, clientId);
    this.#abandoned.add(file);
    this.#settle(file);
  }

  show(where: Whereabouts): void {
    this.#where = where;
    this.#showing = true;
    this.#soon();
  }

  /** A stream has begun: files are opened again, and what has no receipt goes up again. */
  start(token: string, stream: AbortSignal): void {
    this.#token = token;
    this.#stream = stream;
    this.#outbox = [];
    this.#files.again();
    this.#operations.again();
    this.#showing = this.#where !== undefined;
    this.#keepAlive = setInterval(() => this.#sayHere(), KEEP_ALIVE / 3);
    this.#soon();
  }

  /** The stream has ended. */
  stop(): void {
    this.#stream = undefined;
    clearInterval(this.#keepAlive);
  }

  /** The session is lost: nothing of it is sent again. */
  lose(): void {
    this.#operations.clear();
    this.#files.clear();
    this.#abandoned.clear();
    this.#outbox = [];
    this.#where = undefined;
  }

  /** Asks whether the server is still there; if not, the stream is given up. */
  probe(): void {
    if (!this.#stream) return;
    this.#probing = true;
    this.#greeting = true;
    this.#soon();
  }

  /** Resolves when everything has its receipt. */
  settled(): Promise<void> {
    if (this.#operations.empty) return Promise.resolve();
    return new Promise((resolve) => this.#settled.push(resolve));
  }

  /** Ends the session. */
  async leave(): Promise<void> {
    const messages = [message({ case: "leave", value: {} })];
    await this.server.collaboration.publish({ resumeToken: this.#token, messages }, { timeoutMs: PROBE }).catch(() => undefined);
  }

  /** Takes in what answers something; the revision that the message tells of, if it does. */
  hear({ kind }: ServerMessage): bigint | undefined {
    switch (kind.case) {
      case "opened": {
        const { value } = kind;
        const file = value.file?.fileId ?? "";
        const clientId = this.#files.opened(file, value.epoch, value.update);
        if (clientId !== undefined) this.tell({ kind: "opened", opened: value, clientId });
        this.#soon();
        return value.revision;
      }
      case "receipt":
        this.#receipt(kind.value);
        return kind.value.revision;
      case "refused":
        this.#refused(kind.value);
        return undefined;
      case "updated":
        this.#files.has(kind.value.fileId, kind.value.epoch, kind.value.update);
        return kind.value.revision;
      case "fileChanged":
        if (kind.value.change === FileChange.DELETED) this.#gone(kind.value.file?.fileId ?? "");
        return kind.value.revision;
      case "checkpoint":
        return kind.value.revision;
      default:
        return undefined;
    }
  }

  #receipt(receipt: Receipt): void {
    const operation = this.#operations.receipt(receipt.opId);
    if (!operation) return; // of one that was given up, or the second of one that was sent twice
    const { file, epoch, update, refs } = operation;
    const refused = receipt.state === ReceiptState.REFUSED;
    if (!refused) this.#files.has(file, epoch, update);
    this.tell({ kind: "receipt", file, refs, trouble: refused ? troubleIn(receipt.error) : undefined });
    this.#settle(file);
    this.#soon();
  }

  #refused({ request, error }: Refused): void {
    const trouble = troubleIn(error);
    // A cursor in a place that the server no longer has is not worth a word: the next one is on its way.
    if (request.case !== "open") return;
    const { file, clientId } = request.value;
    const id = file.value ?? "";
    // A session may announce only so many documents; another one begins anew.
    if (trouble.reason === "TOO_MANY_CLIENT_IDS" && this.renew()) return;
    if (this.#files.unopened(id, clientId)) this.#giveUp(id, trouble);
    this.tell({ kind: "unopened", file: id, clientId, trouble });
    this.#soon();
  }

  /** The file's events have ended. What is on its way is still answered. */
  #gone(file: string): void {
    this.#files.forget(file);
    this.#soon();
  }

  /** What of a file can't go up any more. */
  #giveUp(file: string, trouble: Trouble): void {
    const refs = [...this.#operations.giveUp(file), ...this.#operations.abandon(file)];
    this.#outbox = this.#outbox.filter(({ kind }) => kind.case !== "update" || kind.value.file.value !== file);
    if (refs.length > 0) this.tell({ kind: "receipt", file, refs, trouble });
    this.#settle(file);
  }

  #settle(file: string): void {
    if (this.#abandoned.has(file) && !this.#operations.inFlight(file)) {
      this.#abandoned.delete(file);
      this.tell({ kind: "settled", file });
    }
    if (this.#operations.empty) this.#settled.splice(0).forEach((resolve) => resolve());
  }

  #sayHere(): void {
    if (Date.now() - this.#spoke < KEEP_ALIVE) return;
    this.#greeting = true;
    this.#soon();
  }

  /** Sends when the code that runs now is done: what it changes in several steps goes up together. */
  #soon(): void {
    if (this.#pumping || !this.#stream) return;
    this.#pumping = true;
    queueMicrotask(() => void this.#pump());
  }

  async #pump(): Promise<void> {
    for (;;) {
      const stream = this.#stream;
      const messages = stream ? this.#next() : [];
      if (!stream || messages.length === 0) break;
      await this.#publish(messages, stream);
    }
    // Nothing runs between the last look and this: whatever comes later starts the pump again.
    this.#pumping = false;
  }

  async #publish(messages: ClientMessage[], stream: AbortSignal): Promise<void> {
    const probing = this.#probing;
    this.#probing = false;
    while (!stream.aborted && this.#stream === stream) {
      try {
        const timeoutMs = probing ? PROBE : PUBLISH;
        await this.server.collaboration.publish({ resumeToken: this.#token, messages }, { signal: stream, timeoutMs });
        this.#spoke = Date.now();
        this.went();
        return;
      } catch (error) {
        if (stream.aborted) return;
        const trouble = troubleOf(error);
        // Whether anything was taken in is not known, or the server wants a new stream: the stream after this one
        // begins with everything that has no receipt.
        if (!LATER.has(trouble.reason)) return this.#failed(messages, trouble);
        await sleep(trouble.retryDelay ?? LATER_DELAY, stream);
      }
    }
  }

  #failed(messages: readonly ClientMessage[], trouble: Trouble): void {
    if (SENSELESS.has(trouble.reason)) {
      // The server will never take this message: it is not to keep the others from going up.
      const named = /^messages\[(\d+)\]/.exec(trouble.metadata["field"] ?? "");
      const wrong = named ? messages.slice(Number(named[1])).slice(0, 1) : messages;
      for (const { kind } of wrong) {
        if (kind.case === "update") this.#giveUp(kind.value.file.value ?? "", trouble);
        if (kind.case === "presence") this.#where = undefined;
      }
    }
    this.cut(trouble);
  }

  /** What the next Publish takes. */
  #next(): ClientMessage[] {
    if (this.#outbox.length === 0) {
      this.#outbox = this.#operations.take(this.#files).flatMap(parts);
    }
    // Opens first: nothing of their files is in the outbox before they are answered.
    const messages = [...this.#opens(), ...publishable(this.#outbox), ...this.#closes()];
    const presence = this.#presence(messages.length > 0);
    if (presence) messages.push(presence);
    if (this.#greeting && messages.length === 0) messages.push(message({ case: "presence", value: {} }));
    this.#greeting = false;
    return messages;
  }

  #opens(): ClientMessage[] {
    return this.#files.take().map(({ file, clientId, epoch, stateVector }) =>
      message({ case: "open", value: { file: byId(file), clientId, epoch, stateVector } }),
    );
  }

  #closes(): ClientMessage[] {
    const closed = this.#files.takeClosed((file) => !this.#operations.has(file));
    return closed.map((file) => message({ case: "close", value: { file: byId(file) } }));
  }

  #presence(withOthers: boolean): ClientMessage | undefined {
    const where = this.#where;
    if (!this.#showing || !where || !this.#files.isOpen(where.file)) return undefined;
    // A cursor may rest on what has not gone up yet.
    if (this.#outbox.length > 0) return undefined;
    const wait = this.#shown + CURSORS_APART - Date.now();
    if (wait > 0 && !withOthers) {
      setTimeout(() => this.#soon(), wait);
      return undefined;
    }
    this.#showing = false;
    this.#shown = Date.now();
    const selection = where.selection ? ({ case: "relative", value: where.selection } as const) : undefined;
    return message({ case: "presence", value: { file: byId(where.file), ...(selection && { selection }) } });
  }
}
