/** The first wait after a cut, in milliseconds. */
const FIRST = 300;
/** The longest wait. */
const LONGEST = 15_000;

/** How long to wait before the next try. */
export class Backoff {
  #tries = 0;

  constructor(private readonly random: () => number = Math.random) {}

  /**
   * The wait in milliseconds: doubling, of random length so that a crowd does not come back at once, and never shorter
   * than what the server asks for.
   */
  next(asked = 0): number {
    const most = Math.min(LONGEST, FIRST * 2 ** this.#tries);
    this.#tries = Math.min(this.#tries + 1, 16);
    const drawn = most / 2 + (this.random() * most) / 2;
    // The server draws its own delays at random; a little on top keeps those together apart who got the same one.
    return Math.max(drawn, asked + this.random() * 100);
  }

  /** It went well. */
  reset(): void {
    this.#tries = 0;
  }
}
