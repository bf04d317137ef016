import { create } from "@bufbuild/protobuf";
import { Backoff } from "./backoff.js";
import { milliseconds, troubleIn, troubleOf, type Trouble } from "./errors.js";
import { Fragments } from "./fragments.js";
import { JoinSchema, Mode, type Goodbye, type Joined, type ServerMessage } from "./gen/tandem/v1/collaboration_pb.js";
import { PositionUnit } from "./gen/tandem/v1/text_pb.js";
import type { Link, LinkEvent, Opening, Whereabouts } from "./link.js";
import { sleep, Watchdog } from "./patience.js";
import type { Change } from "./operations.js";
import type { Server } from "./server.js";
import type { Status } from "./types.js";
import { Upward } from "./upward.js";
import { downward } from "./downward.js";

/** A stream on which nothing has come for so long is dead: the server says something every 15 seconds. */
const SILENCE = 40_000;
/** How long a stream may take to begin. */
const BEGIN = 20_000;
/** A stream that lasted so long was a good one. */
const STEADY = 3_000;
/** A session is not given up for a new one more often. */
const RENEWALS_APART = 60_000;
/** How long leaving waits for receipts. */
const LAST_RECEIPTS = 2_000;

/** After these nothing is to be gained by coming back. */
const FINAL = new Set([
  "REPLACED",
  "ROOM_DELETED",
  "ROOM_NOT_FOUND",
  "HOST_REFUSED",
  "ORIGIN_REFUSED",
  "FIELD_MISSING",
  "FIELD_INVALID",
  "METHOD_UNKNOWN",
]);

/**
 * A session and its streams: joins, comes back after cuts, and loses nothing on the way. What goes up is the business of
 * {@link Upward}.
 */
export class Session implements Link {
  readonly #up: Upward;
  readonly #backoff = new Backoff();
  #status: Status = "connecting";
  #token = "";
  #seen = 0n;
  #stream: AbortController | undefined;
  #wait: AbortController | undefined;
  #leaving = false;
  #renewed = 0;
  #joined = false;

  /** Joins at once. Everything that comes of it is told to `tell`. */
  constructor(
    private readonly server: Server,
    private readonly room: string,
    private readonly name: string,
    private readonly tell: (event: LinkEvent) => void,
  ) {
    const went = () => this.#backoff.reset();
    this.#up = new Upward(server, tell, (trouble) => this.#cut(trouble), went, () => this.#renew());
    globalThis.addEventListener?.("online", this.#online);
    globalThis.addEventListener?.("offline", this.#offline);
    void this.#run();
  }

  open(opening: Opening): void {
    this.#up.open(opening);
  }
  close(file: string): void {
    this.#up.close(file);
  }
  change(change: Change): void {
    this.#up.change(change);
  }
  abandon(file: string, clientId: number): void {
    this.#up.abandon(file, clientId);
  }
  show(where: Whereabouts): void {
    this.#up.show(where);
  }

  async leave(): Promise<void> {
    if (this.#leaving) return;
    this.#leaving = true;
    if (this.#status === "connected") {
      await Promise.race([this.#up.settled(), sleep(LAST_RECEIPTS)]);
      await this.#up.leave();
    }
    this.#end({ reason: "LEFT", message: "you have left the room", metadata: {}, retryDelay: undefined });
  }

  /** One stream after the other, until it is over. */
  async #run(): Promise<void> {
    for (;;) {
      const began = Date.now();
      const trouble = await this.#follow();
      if (Date.now() - began > STEADY) this.#backoff.reset();
      this.#up.stop();
      if (this.#status === "ended") return;
      if (this.#leaving || FINAL.has(trouble.reason)) return this.#end(trouble);
      // A head that the server does not know is not that of the room that this session knows.
      if (this.#token && (trouble.reason === "SESSION_UNKNOWN" || trouble.reason === "BASE_IN_FUTURE")) this.#lose();
      this.#become(this.#joined ? "offline" : "connecting");
      this.tell({ kind: "cut", trouble });
      this.#wait = new AbortController();
      await sleep(this.#backoff.next(trouble.retryDelay), this.#wait.signal);
      if (this.#leaving) return;
    }
  }

  /** Follows one stream to its end; why it ended. */
  async #follow(): Promise<Trouble> {
    const stream = new AbortController();
    this.#stream = stream;
    const watchdog = new Watchdog(() => stream.abort(cutOff("nothing has come from the server for too long")));
    const fragments = new Fragments();
    let goodbye: Trouble | undefined;
    try {
      watchdog.expect(BEGIN);
      for await (const { message } of this.server.collaboration.subscribe({ join: this.#join() }, { signal: stream.signal })) {
        watchdog.expect(SILENCE);
        const whole = message && fragments.take(message);
        if (whole?.kind.case === "goodbye") goodbye = parting(whole.kind.value);
        else if (whole) this.#hear(whole, stream);
      }
      return goodbye ?? cutOff("the stream ended");
    } catch (error) {
      if (stream.signal.aborted) return stream.signal.reason as Trouble;
      return goodbye ?? troubleOf(error);
    } finally {
      watchdog.stop();
      // Frees the connection, whatever ended the loop.
      if (!stream.signal.aborted) stream.abort(cutOff("the stream ended"));
    }
  }

  #join() {
    if (this.#token) return create(JoinSchema, { resumeToken: this.#token, lastRevision: this.#seen });
    const { room, name } = this;
    return create(JoinSchema, { room, name, mode: Mode.YJS, positionUnit: PositionUnit.UTF16 });
  }

  #hear(message: ServerMessage, stream: AbortController): void {
    if (message.kind.case === "joined") return this.#begin(message.kind.value, stream);
    // Told before the change counts as saved: an offset in the text as it is then is of that revision.
    if (message.kind.case === "receipt") this.#saw(message.kind.value.revision);
    const revision = this.#up.hear(message) ?? 0n;
    for (const event of downward(message)) this.tell(event);
    this.#saw(revision);
  }

  /** Everything up to a revision has come. */
  #saw(revision: bigint): void {
    if (revision <= this.#seen) return;
    this.#seen = revision;
    this.tell({ kind: "revision", revision });
  }

  #begin(joined: Joined, stream: AbortController): void {
    const fresh = this.#token === "";
    this.#token = joined.resumeToken;
    if (fresh) this.#seen = joined.headRevision;
    this.#joined = true;
    this.#status = "connected";
    // The token is the session; pages have no use for it.
    this.tell({ kind: "joined", joined: { ...joined, resumeToken: "" }, fresh });
    this.tell({ kind: "status", status: "connected" });
    this.#up.start(joined.resumeToken, stream.signal);
  }

  /** Drops the stream of now, to come back: what ended a call need not end the session. */
  #cut(trouble: Trouble): void {
    const reason = trouble.reason === "SESSION_UNKNOWN" ? trouble.reason : "UNREACHABLE";
    this.#stream?.abort({ ...trouble, reason });
  }

  /** Goes on with a new session, once what is on its way is answered; not over and over again. */
  #renew(): boolean {
    if (Date.now() - this.#renewed < RENEWALS_APART) return false;
    this.#renewed = Date.now();
    const ended = { ...cutOff("the session has announced as many documents as it may"), reason: "SESSION_UNKNOWN" };
    void Promise.race([this.#up.settled(), sleep(LAST_RECEIPTS)])
      .then(() => this.#up.leave())
      .then(() => this.#cut(ended));
    return true;
  }

  #lose(): void {
    this.#token = "";
    this.#seen = 0n;
    this.#up.lose();
  }

  #become(status: Status): void {
    if (this.#status === status) return;
    this.#status = status;
    this.tell({ kind: "status", status });
  }

  #end(trouble: Trouble): void {
    if (this.#status === "ended") return;
    this.#become("ended");
    this.tell({ kind: "ended", trouble });
    globalThis.removeEventListener?.("online", this.#online);
    globalThis.removeEventListener?.("offline", this.#offline);
    this.#cut(trouble);
    this.#wait?.abort();
  }

  /** The network is back: no need to wait any longer. */
  readonly #online = () => {
    this.#wait?.abort();
    this.#up.probe();
  };

  /** The network may be gone, or just one that is not needed: a loopback server is still there. */
  readonly #offline = () => this.#up.probe();
}

function cutOff(message: string): Trouble {
  return { reason: "UNREACHABLE", message, metadata: {}, retryDelay: undefined };
}

function parting(goodbye: Goodbye): Trouble {
  const trouble = troubleIn(goodbye.error);
  return { ...trouble, retryDelay: milliseconds(goodbye.retryDelay) ?? trouble.retryDelay };
}
