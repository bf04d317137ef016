import { errorOf, troubleOf } from "./errors.js";
import { sleep } from "./patience.js";

/** How often a call is made at most. */
const TRIES = 4;
/** The first wait between two tries, if the server does not say, in milliseconds. */
const WAIT = 250;
/** How long one try may take. */
export const CALL = 20_000;
/** After these the same call may go well; its request_id makes sure that it is done once. */
const PASSING = new Set(["STORE_UNAVAILABLE", "ROOM_UNAVAILABLE", "SHUTTING_DOWN", "OVERLOADED", "UNREACHABLE"]);

/**
 * Makes a call, again after passing trouble.
 *
 * @throws TandemError
 */
export async function retried<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      const trouble = troubleOf(error);
      if (tries === TRIES || !PASSING.has(trouble.reason)) throw errorOf(trouble);
      await sleep(trouble.retryDelay ?? WAIT * 2 ** tries);
    }
  }
}
