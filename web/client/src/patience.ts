/** Waits, or less if the signal is aborted. */
export function sleep(time: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, time);
    signal?.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}

/** Barks when something that is expected does not come. */
export class Watchdog {
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly bark: () => void) {}

  /** Something has come; the next thing is expected within `time`. */
  expect(time: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.bark, time);
  }

  /** Nothing is expected any more. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}
