import type { LinkEvent } from "./link.js";
import type { TandemProvider } from "./provider.js";

/** A room's open files, and those that are closed and still wait for receipts. */
export class Providers {
  readonly #open = new Map<string, TandemProvider>();
  readonly #closing = new Set<TandemProvider>();
  /** Client ids of documents that are closed and saved, by file. */
  readonly #spareIds = new Map<string, number[]>();

  /** The file's provider, if it is open. */
  get(file: string): TandemProvider | undefined {
    return this.#open.get(file);
  }

  /** All that are open. */
  get open(): TandemProvider[] {
    return [...this.#open.values()];
  }

  /** Those that are closed and not saved, too. */
  get all(): TandemProvider[] {
    return [...this.open, ...this.#closing];
  }

  /**
   * Lets go of what is closed and saved, and begins what waited for that: a session is not sent its own changes, so a
   * document that is opened before they are in the log would lack them.
   */
  settle(): void {
    for (const provider of this.#closing) if (provider.saved) this.#finished(provider);
    const held = new Set([...this.#closing].map((provider) => provider.fileId));
    for (const provider of this.open) if (!held.has(provider.fileId)) provider.begin();
  }

  /** How many changes have no receipt. */
  get pending(): number {
    return this.all.reduce((sum, provider) => sum + provider.pending, 0);
  }

  add(provider: TandemProvider): void {
    this.#open.set(provider.fileId, provider);
    this.settle();
  }

  closed(provider: TandemProvider): void {
    this.#open.delete(provider.fileId);
    if (provider.saved) this.#finished(provider);
    else this.#closing.add(provider);
  }

  /** A client id of the file that nobody uses any more. */
  spareId(file: string): number | undefined {
    return this.#spareIds.get(file)?.pop();
  }

  /** The session is another one: its client ids are not ours. */
  forgetIds(): void {
    this.#spareIds.clear();
  }

  #finished(provider: TandemProvider): void {
    this.#closing.delete(provider);
    const { fileId, spareId } = provider;
    if (spareId !== undefined) this.#spareIds.set(fileId, [...(this.#spareIds.get(fileId) ?? []), spareId]);
  }

  /** What is about one file. */
  hear(event: LinkEvent): void {
    switch (event.kind) {
      case "opened":
        return this.get(event.opened.file?.fileId ?? "")?.opened(event.opened, event.clientId);
      case "unopened":
        return this.get(event.file)?.unopened(event.clientId, event.trouble);
      case "updated":
        return this.get(event.updated.fileId)?.updated(event.updated);
      case "resync":
        return this.get(event.file)?.resync();
      case "settled":
        return this.get(event.file)?.settled();
      case "receipt":
        for (const provider of this.all) {
          if (provider.fileId === event.file) provider.receipt(event.refs, event.trouble);
        }
        return;
      default:
        return;
    }
  }
}
