/** Streams at once of tabs that each have their own; a browser has six connections for a server without TLS. */
const STREAMS = 4;

/**
 * Takes one of the connections that a browser has for streams, where tabs can't share one. Gives the way to hand it back,
 * or nothing if there is none left. Where the browser can't tell, there is always one.
 */
export async function claimStream(url: string): Promise<(() => void) | undefined> {
  const locks = globalThis.navigator?.locks;
  if (!locks || url.startsWith("https:")) return () => undefined;
  for (let slot = 0; slot < STREAMS; slot += 1) {
    const release = await claim(locks, `tandem stream ${slot} ${url}`);
    if (release) return release;
  }
  return undefined;
}

function claim(locks: LockManager, name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve) => {
    void locks.request(name, { ifAvailable: true }, (lock) => {
      if (!lock) return resolve(undefined);
      // Held until it is handed back, or the page ends.
      return new Promise<void>((release) => resolve(release));
    });
  });
}
