import type { Shown } from "./awareness_bridge.js";
import { completions, feedbackOf, type FeedbackEvent } from "./completing.js";
import type { CompletionRequest, Completions } from "./completion.js";
import { Emitter } from "./emitter.js";
import { TandemError, type Trouble } from "./errors.js";
import { FileChange, type FileChanged, type Joined } from "./gen/tandem/v1/collaboration_pb.js";
import type { Link, LinkEvent, Whereabouts } from "./link.js";
import { People } from "./presence.js";
import type { Host } from "./host.js";
import { TandemProvider } from "./provider.js";
import { Providers } from "./providers.js";
import { infoOf, RoomFiles } from "./room_files.js";
import type { Server } from "./server.js";
import type { Draft, FileInfo, FileText, Person, RoomEvents, Status } from "./types.js";

/** A room that one has joined. Events: see {@link RoomEvents}. */
export class Room extends Emitter<RoomEvents> {
  /** A UUID. */
  readonly id: string;
  /** The name in links, or empty. */
  readonly slug: string;
  /** What people call it. */
  readonly title: string;

  readonly #server: Server;
  readonly #link: Link;
  readonly #calls: RoomFiles;
  readonly #color: string | undefined;
  readonly #people = new People();
  /** All that are known, deleted ones too. */
  readonly #files = new Map<string, FileInfo>();
  readonly #providers = new Providers();
  /** Where one's own cursors in other tabs of the session are. */
  readonly #tabs = new Map<number, Whereabouts>();
  #status: Status = "connected";
  #revision = 0n;
  #lastCut: Trouble | undefined;
  #told = { saved: true, pending: 0 };

  /** @internal Clients make rooms: {@link TandemClient.join}. */
  constructor(server: Server, link: Link, joined: Joined, title: string, color: string | undefined) {
    super();
    this.id = joined.roomId;
    this.slug = joined.slug;
    this.title = title;
    this.#server = server;
    this.#link = link;
    this.#calls = new RoomFiles(server, joined.roomId);
    this.#color = color;
    this.#begin(joined);
  }

  /** How the connection is. */
  get status(): Status {
    return this.#status;
  }
  /** Oneself. */
  get me(): Person {
    const me = this.people.find((person) => person.me);
    if (!me) throw new TandemError("you are not in the room any more", "LEFT");
    return me;
  }
  /** Everybody who is here, oneself first. */
  get people(): readonly Person[] {
    return this.#people.list((file, position) => this.#providers.get(file)?.offsetOf(position));
  }
  /** The room's living files, ordered by path. */
  get files(): readonly FileInfo[] {
    const living = [...this.#files.values()].filter((file) => !file.deleted);
    return living.sort((a, b) => (a.path < b.path ? -1 : 1));
  }
  /** How many local changes have no receipt yet, over all files. */
  get pending(): number {
    return this.#providers.pending;
  }
  /** Whether the server's log has every local change of every file. */
  get saved(): boolean {
    return this.pending === 0;
  }
  /** The newest revision of which everything has come. */
  get revision(): bigint {
    return this.#revision;
  }

  /**
   * Opens a file, by its id or path. The same file gives the same provider until that is destroyed.
   *
   * @throws TandemError FILE_NOT_FOUND
   */
  open(file: string): TandemProvider {
    const { id } = this.#find(file);
    const there = this.#providers.get(id);
    if (there) return there;
    const provider = new TandemProvider(this.#host(), id);
    this.#providers.add(provider);
    provider.showPeople();
    return provider;
  }

  /** Creates a file. */
  async createFile(path: string, text = ""): Promise<FileInfo> {
    return this.#note(await this.#calls.create(path, text));
  }
  /** Gives a file another path; whoever edits it is not disturbed. */
  async renameFile(file: string, path: string): Promise<FileInfo> {
    return this.#note(await this.#calls.rename(this.#find(file).id, path));
  }
  /** Deletes a file. Its history stays. */
  async deleteFile(file: string): Promise<FileInfo> {
    return this.#note(await this.#calls.delete(this.#find(file).id));
  }
  /** Brings a deleted file back, by its id, under its old path or another. */
  async restoreFile(file: string, path = ""): Promise<FileInfo> {
    return this.#note(await this.#calls.restore(file, path));
  }
  /** The deleted files, for restoring. */
  deletedFiles(): Promise<readonly FileInfo[]> {
    return this.#calls.deleted();
  }
  /** Reads a file's committed text, at the head or at a revision. */
  readFile(file: string, revision?: bigint): Promise<FileText> {
    return this.#calls.read(this.#find(file).id, revision);
  }
  /** Merges a whole text into a file; `base` is the revision that it was made from. Gives the write's revision. */
  writeFile(file: string, text: string, base: bigint): Promise<bigint> {
    return this.#calls.write(this.#find(file).id, text, base);
  }

  /** Asks for completions; the parts come as they are ready. Ends early, without an error, when `signal` is aborted. */
  complete(request: CompletionRequest, signal?: AbortSignal): AsyncIterable<Completions> {
    return completions(this.#server, this, request, signal);
  }
  /** Tells what became of a completion; no text is sent. */
  feedback(completion: string, event: FeedbackEvent, length = 0): void {
    const events = [feedbackOf(completion, event, length)];
    this.#server.autocomplete.sendFeedback({ events }).catch(() => undefined); // nobody misses one
  }

  /** Leaves for good: what is pending is sent first, for a short while. */
  async leave(): Promise<void> {
    await this.#link.leave();
    for (const provider of this.#providers.open) provider.destroy();
  }

  /** @internal What the link tells. */
  hear(event: LinkEvent): void {
    switch (event.kind) {
      case "status":
        return this.#become(event.status);
      case "joined":
        this.#begin(event.joined);
        if (event.fresh) this.#lose();
        return this.#tellEverything();
      case "cut":
        this.#lastCut = event.trouble;
        return;
      case "ended":
        return this.#end(event.trouble);
      case "participant":
        this.#people.participant(event.participant);
        return this.#tellPeople();
      case "presence":
        for (const presence of event.presences) this.#people.presence(presence);
        return this.#tellPeople();
      case "tab":
        if (event.where) this.#tabs.set(event.tab, event.where);
        else this.#tabs.delete(event.tab);
        return this.#showPeople();
      case "file":
        return this.#fileChanged(event.changed);
      case "revision":
        this.#revision = event.revision > this.#revision ? event.revision : this.#revision;
        return;
      default:
        this.#providers.hear(event);
        return this.#counted();
    }
  }

  #begin(joined: Joined): void {
    this.#people.begin(joined.participantId, joined.participants, this.#color);
    const living = new Set(joined.files.map((file) => file.fileId));
    for (const file of [...this.#files.values()]) if (!living.has(file.id)) this.#note({ ...file, deleted: true });
    for (const file of joined.files) {
      this.#note(infoOf(file));
      this.#providers.get(file.fileId)?.restored();
    }
    this.#revision = joined.headRevision;
  }

  /** The session is another one: the documents of the old one are drafts at most. */
  #lose(): void {
    const told = this.#lastCut ?? { reason: "SESSION_UNKNOWN", message: "", metadata: {}, retryDelay: undefined };
    const message = "the server does not know this session any more: what was not saved is a draft";
    const trouble = { ...told, message };
    this.#providers.forgetIds();
    this.#tabs.clear();
    for (const provider of this.#providers.all) {
      provider.introduce();
      provider.sessionLost(trouble);
    }
    this.#counted();
  }

  #end(trouble: Trouble): void {
    for (const provider of this.#providers.all) provider.ended(trouble);
    if (trouble.reason !== "LEFT") this.emit("ended", { reason: trouble.reason, message: trouble.message, file: undefined });
  }

  #become(status: Status): void {
    if (this.#status === status) return;
    this.#status = status;
    this.emit("status", status);
    for (const provider of this.#providers.open) provider.tell("status", { status });
  }

  #fileChanged({ file, change }: FileChanged): void {
    const info = this.#note(infoOf(file));
    const provider = this.#providers.get(info.id);
    if (change === FileChange.DELETED) provider?.deleted();
    if (change === FileChange.RESTORED) provider?.restored();
  }

  /** What a call answered may come before the event, or after it. */
  #note(file: FileInfo): FileInfo {
    const before = this.#files.get(file.id);
    this.#files.set(file.id, file);
    if (before?.path !== file.path || before.deleted !== file.deleted) {
      this.emit("files", this.files);
      this.#providers.get(file.id)?.tell("file", file);
    }
    return file;
  }

  #find(file: string): FileInfo {
    const found = this.#files.get(file) ?? this.files.find(({ path }) => path === file);
    if (!found) throw new TandemError(`the room has no file ${file}: see its files`, "FILE_NOT_FOUND", { file });
    return found;
  }

  #tellEverything(): void {
    this.emit("files", this.files);
    this.#tellPeople();
  }

  #tellPeople(): void {
    const people = this.people;
    this.emit("people", people);
    this.emit("presence", people);
    this.#showPeople();
  }

  #showPeople(): void {
    for (const provider of this.#providers.open) provider.showPeople();
  }

  #counted(): void {
    this.#providers.settle();
    const { saved, pending } = this;
    if (saved === this.#told.saved && pending === this.#told.pending) return;
    this.#told = { saved, pending };
    this.emit("saved", this.#told);
  }

  #shown(file: string): Shown[] {
    const others = this.people.filter((person) => !person.me);
    const { me } = this;
    return [
      ...others.map((person) => ({ person, selection: this.#people.selection(person.id, file) })),
      ...[...this.#tabs].map(([tab, where]) => ({
        person: { ...me, id: `${me.id}/${tab}`, me: false },
        selection: where.file === file ? where.selection : undefined,
      })),
    ];
  }

  #moved(provider: TandemProvider): void {
    const selection = provider.localSelection();
    this.#link.show({ file: provider.fileId, selection });
  }

  #host(): Host {
    const status = () => this.#status;
    const me = () => this.me;
    return {
      link: this.#link,
      get status() {
        return status();
      },
      get me() {
        return me();
      },
      fileInfo: (id) => this.#files.get(id) ?? { id, path: "", deleted: true },
      spareId: (id) => this.#providers.spareId(id),
      shown: (id) => this.#shown(id),
      counted: () => this.#counted(),
      drafted: (draft: Draft) => this.emit("draft", draft),
      refused: (refusal) => this.emit("refused", refusal),
      moved: (provider) => this.#moved(provider),
      closed: (provider) => this.#providers.closed(provider),
    };
  }
}
