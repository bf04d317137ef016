/** What an event's listeners get, by the event's name. */
type Listener<Value> = (value: Value) => void;

/** Events by name, typed: the names and values are those of `Events`. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<Listener<never>>>();

  /** Calls `listener` at every such event; the answer ends that. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    listeners.add(listener as Listener<never>);
    this.#listeners.set(name, listeners);
    return () => this.off(name, listener);
  }

  /** Calls `listener` at the next such event only. */
  once<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    const off = this.on(name, (value) => {
      off();
      listener(value);
    });
    return off;
  }

  /** Ends what `on` began. */
  off<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): void {
    this.#listeners.get(name)?.delete(listener as Listener<never>);
  }

  /** Tells all listeners. One that throws is reported and does not keep the others from hearing. */
  protected emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (listener as Listener<Events[Name]>)(value);
      } catch (error) {
        console.error(`tandem: a listener of "${String(name)}" failed`, error);
      }
    }
  }

  /** Forgets all listeners. */
  protected forget(): void {
    this.#listeners.clear();
  }
}
