/** Whether a document is there, and a promise of it. */
export class Readiness {
  #ready = false;
  /** Settles at the first time. */
  readonly first: Promise<void>;
  #settle!: { resolve: () => void; reject: (error: Error) => void };

  constructor() {
    this.first = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.first.catch(() => undefined); // whoever does not ask is told by an event
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** Notes how it is now; whether that is news. */
  become(ready: boolean): boolean {
    const news = this.#ready !== ready;
    this.#ready = ready;
    if (ready) this.#settle.resolve();
    return news;
  }

  /** It will not be there. */
  fail(error: Error): void {
    this.#settle.reject(error);
  }
}
