import type { Trouble } from "./errors.js";
import { ParticipantState, type Joined, type Participant, type ParticipantPresence, type Updated } from "./gen/tandem/v1/collaboration_pb.js";
import type { File } from "./gen/tandem/v1/file_pb.js";
import type { Link, LinkEvent, Opening, Whereabouts } from "./link.js";
import type { Change } from "./operations.js";
import type { Status } from "./types.js";

/** One page's place in a shared session. */
export interface Tab {
  readonly tell: (event: LinkEvent) => void;
}

interface TabState {
  readonly id: number;
  /** What it has open, and whether that was answered. */
  readonly files: Map<string, { readonly opening: Opening; answered: boolean }>;
  /** Where its cursor is. */
  where?: Whereabouts;
}

/** Makes the session that the tabs share. */
export type MakeLink = (tell: (event: LinkEvent) => void) => Link;

/**
 * One session that several tabs share. Each tab has its own documents; each hears what happens in the files that it has
 * open, what the other tabs write included: the server does not send a session its own changes.
 */
export class SharedRoom {
  readonly #tabs = new Map<Tab, TabState>();
  readonly #link: Link;
  /** Changes that have no receipt, by their name here. */
  readonly #changes = new Map<string, { tab: Tab; ref: string; change: Change }>();
  #tabCount = 0;
  #status: Status = "connecting";
  #joined: Joined | undefined;
  readonly #participants = new Map<string, Participant>();
  readonly #presences = new Map<string, ParticipantPresence>();
  readonly #files = new Map<string, File>();
  #revision = 0n;

  /** `ended` is told when nobody needs the room any more. */
  constructor(
    make: MakeLink,
    private readonly ended: () => void,
  ) {
    this.#link = make((event) => this.#hear(event));
  }

  /** How many tabs there are. */
  get tabs(): number {
    return this.#tabs.size;
  }

  /** The room's id, once it is known: a room may be joined by its slug too. */
  get room(): string | undefined {
    return this.#joined?.roomId;
  }

  /** A tab comes. */
  enter(tab: Tab): void {
    this.#tabs.set(tab, { id: (this.#tabCount += 1), files: new Map() });
    if (!this.#joined) return;
    tab.tell({ kind: "joined", joined: this.#asOfNow(this.#joined), fresh: true });
    tab.tell({ kind: "status", status: this.#status });
    tab.tell({ kind: "presence", presences: [...this.#presences.values()] });
    this.#tellOfTabs(tab);
  }

  /** A tab goes. The last one ends the session. */
  async exit(tab: Tab): Promise<void> {
    const state = this.#tabs.get(tab);
    if (!state) return;
    for (const file of [...state.files.keys()]) this.close(tab, file);
    this.#tabs.delete(tab);
    this.#all({ kind: "tab", tab: state.id, where: undefined });
    if (this.#tabs.size > 0) return;
    this.ended();
    await this.#link.leave();
  }

  open(tab: Tab, opening: Opening): void {
    this.#tabs.get(tab)?.files.set(opening.file, { opening, answered: false });
    this.#link.open(opening);
  }

  close(tab: Tab, file: string): void {
    this.#tabs.get(tab)?.files.delete(file);
    if (this.#with(file).length === 0) this.#link.close(file);
  }

  change(tab: Tab, change: Change): void {
    // What a tab wrote in a document that is lost, before it heard so, is a draft there.
    if (this.#openingOf(tab, change.file)?.clientId !== change.clientId) return;
    const ref = `${this.#tabs.get(tab)?.id ?? 0}/${change.ref}`;
    this.#changes.set(ref, { tab, ref: change.ref, change });
    this.#link.change({ ...change, ref });
  }

  /** What one tab's refused change has spoiled, all have to start anew: the server takes nothing before. */
  abandon(tab: Tab, file: string, clientId: number): void {
    const epoch = this.#files.get(file)?.epoch ?? 0;
    for (const other of this.#with(file)) if (other !== tab) other.tell({ kind: "resync", file, epoch });
    this.#link.abandon(file, clientId);
  }

  /** A tab's cursor: the server is told of the one that moved last, the other tabs of each. */
  show(tab: Tab, where: Whereabouts): void {
    const state = this.#tabs.get(tab);
    if (!state) return;
    state.where = where;
    for (const other of this.#tabs.keys()) if (other !== tab) other.tell({ kind: "tab", tab: state.id, where });
    this.#link.show(where);
  }

  #hear(event: LinkEvent): void {
    switch (event.kind) {
      case "joined":
        this.#begin(event.joined, event.fresh);
        this.#all(event);
        // The session opens each file for one document; others may still wait for their answer.
        for (const file of this.#files.keys()) this.#askNext(file);
        return;
      case "status":
        this.#status = event.status;
        return this.#all(event);
      case "participant":
        this.#participant(event.participant);
        return this.#all(event);
      case "presence":
        for (const presence of event.presences) this.#presences.set(presence.participantId, presence);
        return this.#all(event);
      case "file":
        if (event.changed.file) this.#files.set(event.changed.file.fileId, event.changed.file);
        return this.#all(event);
      case "revision":
        this.#revision = event.revision;
        return this.#all(event);
      case "ended":
        this.#all(event);
        return this.ended();
      case "cut":
        return this.#all(event);
      default:
        return this.#hearOfFile(event);
    }
  }

  #hearOfFile(event: LinkEvent): void {
    switch (event.kind) {
      case "opened":
        return this.#opened(event);
      case "unopened":
        return this.#unopened(event);
      case "updated":
        return this.#with(event.updated.fileId).forEach((tab) => tab.tell(event));
      case "resync":
      case "settled":
        return this.#with(event.file).forEach((tab) => tab.tell(event));
      case "receipt":
        return this.#receipt(event.file, event.refs, event.trouble);
      default:
        return;
    }
  }

  /** The tab that asked has its file open; what came with it may be news to the others. */
  #opened(event: LinkEvent & { kind: "opened" }): void {
    const { opened, clientId } = event;
    const file = opened.file?.fileId ?? "";
    for (const tab of this.#with(file)) {
      const here = this.#tabs.get(tab)?.files.get(file);
      if (here?.opening.clientId === clientId) {
        here.answered = true;
        tab.tell(event);
      } else tab.tell({ kind: "updated", updated: this.#updatedOf(file, opened.revision, opened.epoch, opened.update) });
    }
    this.#askNext(file);
  }

  /** The file can't be opened for one tab; the others need it as before. */
  #unopened(event: LinkEvent & { kind: "unopened" }): void {
    const { file, clientId } = event;
    const of = this.#with(file).find((tab) => this.#openingOf(tab, file)?.clientId === clientId);
    if (!of) return;
    this.#tabs.get(of)?.files.delete(file);
    of.tell(event);
    const [other] = this.#with(file);
    const opening = other && this.#openingOf(other, file);
    if (opening && opening.clientId !== clientId) this.#link.open(opening);
  }

  /** Opens a file for the next document that waits for it; asking twice does no harm. */
  #askNext(file: string): void {
    const waiting = this.#with(file).map((tab) => this.#tabs.get(tab)?.files.get(file));
    const next = waiting.find((here) => here && !here.answered);
    if (next) this.#link.open(next.opening);
  }

  /** Each tab hears of its own changes; the other tabs get those that are in the log. */
  #receipt(file: string, refs: readonly string[], trouble: Trouble | undefined): void {
    const own = new Map<Tab, string[]>();
    for (const name of refs) {
      const found = this.#changes.get(name);
      if (!found) continue;
      this.#changes.delete(name);
      own.set(found.tab, [...(own.get(found.tab) ?? []), found.ref]);
      if (trouble) continue;
      const { epoch, update } = found.change;
      const updated = this.#updatedOf(file, this.#revision, epoch, update);
      for (const tab of this.#with(file)) if (tab !== found.tab) tab.tell({ kind: "updated", updated });
    }
    for (const [tab, names] of own) tab.tell({ kind: "receipt", file, refs: names, trouble });
  }

  #updatedOf(fileId: string, revision: bigint, epoch: number, update: Uint8Array): Updated {
    const participantId = this.#joined?.participantId ?? "";
    return { $typeName: "tandem.v1.Updated", fileId, revision, epoch, update, participantId, origin: 0 };
  }

  #begin(joined: Joined, fresh: boolean): void {
    this.#joined = joined;
    this.#revision = joined.headRevision;
    this.#participants.clear();
    this.#files.clear();
    for (const participant of joined.participants) this.#participants.set(participant.participantId, participant);
    for (const file of joined.files) this.#files.set(file.fileId, file);
    if (fresh) {
      this.#changes.clear();
      this.#presences.clear();
      // Every tab opens its files anew, with new documents.
      for (const state of this.#tabs.values()) {
        state.files.clear();
        delete state.where;
      }
    }
  }

  #participant(participant: Participant): void {
    const id = participant.participantId;
    if (participant.state === ParticipantState.LEFT) {
      this.#participants.delete(id);
      this.#presences.delete(id);
    } else {
      this.#participants.set(id, participant);
    }
  }

  /** What a tab that comes later needs to know. */
  #asOfNow(joined: Joined): Joined {
    return {
      ...joined,
      participants: [...this.#participants.values()],
      files: [...this.#files.values()].filter((file) => !file.deleted),
      headRevision: this.#revision,
    };
  }

  #with(file: string): Tab[] {
    return [...this.#tabs].filter(([, state]) => state.files.has(file)).map(([tab]) => tab);
  }

  #openingOf(tab: Tab, file: string): Opening | undefined {
    return this.#tabs.get(tab)?.files.get(file)?.opening;
  }

  /** What a tab that comes needs to know of the others' cursors. */
  #tellOfTabs(tab: Tab): void {
    for (const [other, { id, where }] of this.#tabs) if (other !== tab) tab.tell({ kind: "tab", tab: id, where });
  }

  #all(event: LinkEvent): void {
    for (const tab of [...this.#tabs.keys()]) tab.tell(event);
  }
}
