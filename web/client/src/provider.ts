import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import { AwarenessBridge } from "./awareness_bridge.js";
import { FileDocument } from "./document.js";
import { Emitter } from "./emitter.js";
import { errorOf, type Trouble } from "./errors.js";
import type { Opened, Updated } from "./gen/tandem/v1/collaboration_pb.js";
import type { Host } from "./host.js";
import { Ledger } from "./ledger.js";
import type { Change } from "./operations.js";
import type { ProviderEvents } from "./provider_types.js";
import { Readiness } from "./readiness.js";
import type { Draft, FileInfo, Origin, Status } from "./types.js";

/**
 * Where a provider stands. `lost`: its document has changes that the server will never take; a new document is on its
 * way. `closed`: the file is deleted, can't be opened, or the room is over.
 */
type State = "opening" | "live" | "lost" | "closed" | "destroyed";

/** Reasons for which a server may lack what it had. */
const RESTORED = new Set(["SESSION_UNKNOWN", "BASE_IN_FUTURE"]);

/**
 * One open file as a Yjs document. Events: see {@link ProviderEvents}.
 *
 * Bind an editor to `text` and `awareness` when `synced` is true, and again at every `swap`.
 */
export class TandemProvider extends Emitter<ProviderEvents> {
  readonly #host: Host;
  readonly #id: string;
  #state: State = "opening";
  #document: FileDocument;
  #bridge: AwarenessBridge;
  /** The document that takes the place of a lost one, until the server has filled it. */
  #next: FileDocument | undefined;
  #begun = false;
  #wasLive = false;
  #epoch = 0;
  /** The epoch of the lost document. */
  #lostEpoch = 0;
  #why: Trouble | undefined;
  #ledger = new Ledger();
  /** Changes that were made before the document's epoch was known. */
  #early: Omit<Change, "epoch">[] = [];
  readonly #readiness = new Readiness();
  #applying: bigint | undefined;

  /** @internal Rooms make providers: {@link Room.open}. */
  constructor(host: Host, file: string) {
    super();
    this.#host = host;
    this.#id = file;
    this.#document = this.#newDocument();
    this.#bridge = this.#newBridge();
  }

  /** @internal Opens the file. */
  begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#document.clientId = this.#host.spareId(this.#id) ?? this.#document.clientId;
    this.#open(this.#document);
  }

  /** The document. It is another one after `swap`. */
  get doc(): Y.Doc {
    return this.#document.doc;
  }
  /** The file's text: the root text `t` of `doc`. */
  get text(): Y.Text {
    return this.#document.text;
  }
  /** Cursors. Set `cursor` (CodeMirror) or `selection` (Monaco) of the local state; the bindings do it. */
  get awareness(): Awareness {
    return this.#bridge.awareness;
  }
  /** The file as it is now. */
  get file(): FileInfo {
    return this.#host.fileInfo(this.#id);
  }
  /** How the room's connection is. */
  get status(): Status {
    return this.#host.status;
  }
  /** Whether the document has what the server had when it was last opened. */
  get synced(): boolean {
    return this.#readiness.ready;
  }
  /** Resolves when `synced` is true for the first time; rejects if the file can't be opened. */
  get whenSynced(): Promise<void> {
    return this.#readiness.first;
  }
  /** How many local changes of this file have no receipt yet. */
  get pending(): number {
    return this.#ledger.pending;
  }
  /** Whether the server's log has every local change of this file. */
  get saved(): boolean {
    return this.pending === 0;
  }

  /** Runs `change` and marks what it changes in `text` with how it came to be. */
  as<Result>(origin: Origin, change: () => Result): Result {
    return this.#document.as(origin, change);
  }

  /** Closes the file. What is pending is still sent. */
  destroy(): void {
    if (this.#state === "destroyed") return;
    this.#document.flush();
    // What will not be saved is handed out while somebody may still listen.
    if (this.#state !== "live") this.#giveUp();
    this.#wasLive = this.#state === "live";
    this.#state = "destroyed";
    this.#document.retire();
    this.#next?.retire();
    this.#bridge.destroy();
    this.#host.closed(this);
    this.#host.link.close(this.#id);
    this.forget();
  }

  /** @internal The file is open, anew or again. */
  opened(opened: Opened, clientId: number): void {
    if (clientId === this.#next?.clientId) return this.#swap(this.#next, opened);
    if (clientId !== this.#document.clientId || this.#state === "destroyed" || this.#state === "closed") return;
    this.#epoch = opened.epoch;
    this.#document.apply(opened.update);
    if (this.#state !== "opening") return;
    if (this.#document.clientId !== this.doc.clientID) {
      // What was typed before the text was there has an id of its own, which has to be announced too.
      if (this.#early.length > 0) return this.#announceOwn();
      this.#document.succeed();
      this.#bridge.succeed();
    }
    this.#state = "live";
    for (const change of this.#early.splice(0)) this.#host.link.change({ ...change, epoch: this.#epoch });
    this.#sync(true);
  }

  /** @internal The file can't be opened for this document. */
  unopened(clientId: number, trouble: Trouble): void {
    const next = this.#next;
    if (clientId !== (next ?? this.#document).clientId) return;
    // Another number may be free, and a new document is of any epoch.
    if (trouble.reason === "CLIENT_ID_TAKEN" || trouble.reason === "EPOCH_MISMATCH") {
      if (next) this.#renew();
      else this.#lose(trouble);
      return;
    }
    this.#close(trouble);
    this.#readiness.fail(errorOf(trouble));
    const refusal = { reason: trouble.reason, message: trouble.message, file: this.#id };
    this.#host.refused(refusal);
    this.emit("refused", refusal);
  }

  /** @internal Somebody changed the text. */
  updated(updated: Updated): void {
    if (this.#state !== "live" || updated.epoch !== this.#epoch) return;
    this.#applying = updated.revision;
    this.#document.apply(updated.update);
    this.#applying = undefined;
  }

  /** @internal The revision of what is being applied just now. */
  get applying(): bigint | undefined {
    return this.#applying;
  }

  /** @internal What became of changes. */
  receipt(refs: readonly string[], trouble: Trouble | undefined): void {
    if (trouble) {
      if (this.#ledger.has(refs)) this.#refused(trouble);
    } else if (this.#ledger.receipt(refs)) {
      this.#count();
    }
  }

  /** @internal Nothing of the file is on its way any more: a new document can take the place of the lost one. */
  settled(): void {
    if (this.#state === "lost" && !this.#next) this.#renew();
    if (this.#state === "closed") this.#draftOfAll();
  }

  /** @internal The server starts the file anew. */
  resync(): void {
    const message = "the file was started anew on the server; what was not saved is a draft";
    this.#lose({ reason: "EPOCH_MISMATCH", message, metadata: {}, retryDelay: undefined });
  }

  /** @internal The session is another one: nothing that this document wrote may be sent under it. */
  sessionLost(trouble: Trouble): void {
    if (this.#state === "opening" && this.pending === 0) return this.#begun ? this.#open(this.#document) : undefined;
    if (this.#state === "destroyed") return this.#refused(trouble);
    if (this.#state === "closed") return this.#draftOfAll();
    this.#state = "lost";
    this.#why = trouble;
    this.#lostEpoch ||= this.#epoch;
    this.#sync(false);
    this.#renew();
  }

  /** @internal The file was deleted. */
  deleted(): void {
    const message = "the file was deleted: restore it, or keep the text";
    this.#close({ reason: "FILE_DELETED", message, metadata: {}, retryDelay: undefined });
  }

  /** @internal The file is back. */
  restored(): void {
    if (this.#state !== "closed") return;
    this.#state = "lost";
    this.#renew();
  }

  /** @internal The room is over for this client. */
  ended(trouble: Trouble): void {
    if (this.#state === "destroyed") return this.#refused(trouble);
    if (this.#state !== "closed") this.#why = trouble;
    this.#state = "closed";
    this.#draftOfAll();
    this.#readiness.fail(errorOf(trouble));
  }

  /** @internal People moved. */
  showPeople(): void {
    this.#bridge.show(this.#host.shown(this.#id));
  }

  /** @internal The server has said who one is. */
  introduce(): void {
    this.#bridge.introduce(this.#host.me);
  }

  /** @internal Tells what the room knows first. */
  tell<Name extends keyof ProviderEvents>(name: Name, value: ProviderEvents[Name]): void {
    this.emit(name, value);
  }

  /** @internal The local cursor as the server takes it. */
  localSelection() {
    return this.#bridge.local();
  }

  /** @internal The offset of a relative position, encoded or not, if the document has it. */
  offsetOf(position: Uint8Array | Y.RelativePosition): number | undefined {
    return this.#document.offsetOf(position);
  }

  /** @internal The client id of a document that is closed and saved, for the next one. */
  get spareId(): number | undefined {
    return this.#wasLive && this.saved ? this.#document.clientId : undefined;
  }

  /** @internal The file's id. */
  get fileId(): string {
    return this.#id;
  }

  #newDocument(): FileDocument {
    const begun = () => {
      this.#ledger.begin();
      this.#count();
    };
    const document: FileDocument = new FileDocument((update, origin) => this.#changed(document, update, origin), begun);
    return document;
  }

  #newBridge(): AwarenessBridge {
    return new AwarenessBridge(this.#document.doc, this.#host.me, () => this.#host.moved(this));
  }

  #open(document: FileDocument): void {
    this.#host.link.open({ file: this.#id, clientId: document.clientId, epoch: 0, stateVector: new Uint8Array() });
  }

  #announceOwn(): void {
    this.#document.clientId = this.doc.clientID;
    this.#open(this.#document);
  }

  #changed(document: FileDocument, update: Uint8Array, origin: Origin): void {
    if (document !== this.#document) return;
    const ref = this.#ledger.hand(document.written());
    const change = { file: this.#id, clientId: document.clientId, update, origin, ref };
    // A lost or closed document's changes are never sent; they stay pending until they are a draft.
    if (this.#state === "live") this.#host.link.change({ ...change, epoch: this.#epoch });
    if (this.#state === "opening") this.#early.push(change);
    this.#count();
  }

  #refused(trouble: Trouble): void {
    if (this.#state === "live" || this.#state === "opening") {
      if (trouble.reason === "FILE_DELETED" || trouble.reason === "FILE_NOT_FOUND") this.#close(trouble);
      else this.#lose(trouble);
    } else if (this.#state === "destroyed") {
      this.#wasLive = false;
      this.#why = trouble;
      this.#giveUp();
    }
  }

  /** The document has changes that the server will not take: the next one comes when all is answered. */
  #lose(why: Trouble): void {
    if (this.#state !== "live" && this.#state !== "opening") return;
    this.#state = "lost";
    this.#why = why;
    this.#lostEpoch = this.#epoch;
    this.#sync(false);
    this.#host.link.abandon(this.#id, this.#document.clientId);
  }

  /** Opens the file with a new document. */
  #renew(): void {
    this.#next?.retire();
    this.#next = this.#newDocument();
    this.#open(this.#next);
  }

  /** The new document is filled: it takes the lost one's place. */
  #swap(next: FileDocument, opened: Opened): void {
    const lost = this.#document;
    this.#next = undefined;
    next.apply(opened.update);
    const draft = this.#draft(lost, next, opened.epoch);
    lost.retire();
    this.#bridge.destroy();
    this.#document = next;
    this.#bridge = this.#newBridge();
    this.#epoch = opened.epoch;
    this.#lostEpoch = 0;
    this.#why = undefined;
    this.#ledger = new Ledger();
    this.#state = "live";
    this.showPeople();
    if (draft) this.#hand(draft);
    this.emit("swap", { doc: this.doc, text: this.text, draft });
    this.#sync(true);
    this.#count();
  }

  /** What of a lost document is not saved. */
  #draft(lost: FileDocument, next: FileDocument, epoch: number): Draft | undefined {
    const same = this.#lostEpoch === 0 || this.#lostEpoch === epoch;
    // A server that does not know the session may have come back from a backup that lacks more.
    const lacking = same && RESTORED.has(this.#why?.reason ?? "");
    if (!this.#ledger.undrafted && !lacking) return undefined;
    // In one line of history it can be told exactly; else the texts are all there is.
    const unsaved = same ? lost.hasMoreThan(next) : lost.text.toString() !== next.text.toString();
    return unsaved ? this.#draftOf(lost, next.text.toString()) : undefined;
  }

  #draftOf(document: FileDocument, current: string | undefined): Draft {
    const { reason, message } = this.#why ?? { reason: "INTERNAL", message: "the change was not saved" };
    const [text, unsaved] = [document.text.toString(), document.textOf(this.#ledger.written)];
    return { file: this.#id, path: this.file.path, text, unsaved, current, reason, message };
  }

  #hand(draft: Draft): void {
    this.#ledger.draft();
    this.#host.drafted(draft);
    this.emit("draft", draft);
  }

  /** Nothing of the file comes or goes any more. */
  #close(why: Trouble): void {
    if (this.#state === "closed" || this.#state === "destroyed") return;
    const wasLost = this.#state === "lost";
    this.#next?.retire();
    this.#next = undefined;
    this.#state = "closed";
    this.#why = wasLost ? (this.#why ?? why) : why;
    this.#lostEpoch ||= this.#epoch;
    this.#sync(false);
    this.#host.link.abandon(this.#id, this.#document.clientId);
  }

  /** All that has no receipt will not be saved. */
  #draftOfAll(): void {
    if (this.#ledger.undrafted) this.#hand(this.#draftOf(this.#document, undefined));
  }

  /** Nobody looks at the document any more: what will not be saved is a draft, and no longer pending. */
  #giveUp(): void {
    this.#draftOfAll();
    this.#ledger.clear();
  }

  #sync(synced: boolean): void {
    if (!this.#readiness.become(synced)) return;
    this.emit("synced", synced);
    this.emit("sync", synced);
  }

  #count(): void {
    this.emit("saved", { saved: this.saved, pending: this.pending });
    this.#host.counted();
  }
}
