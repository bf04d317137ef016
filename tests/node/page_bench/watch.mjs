// What runs in the pages: it notes when keys go down and when what they did can be seen.
//
// Times are `performance.timeOrigin + performance.now()`: milliseconds on the machine's wall clock, so that two windows
// can be compared. A thing counts as seen in the first task after the frame that paints it: `requestAnimationFrame` runs
// before a frame is painted, and a message sent from there arrives after it.

/** Installs `window.watch` in every page of a browser's context. */
export function watch(context) {
  return context.addInitScript(() => {
    const now = () => performance.timeOrigin + performance.now();
    const channel = new MessageChannel();
    const waiting = [];
    channel.port1.onmessage = () => waiting.splice(0).forEach((done) => done(now()));
    const seen = () =>
      new Promise((resolve) => {
        requestAnimationFrame(() => {
          waiting.push(resolve);
          channel.port2.postMessage(null);
        });
      });
    const view = () => document.querySelector(".cm-content")?.cmTile.root.view;
    const keys = [];
    // The event's own time is that of the press, before the page had the time to hear of it.
    addEventListener("keydown", ({ key, timeStamp }) => keys.push({ key, at: performance.timeOrigin + timeStamp }), true);

    /** Notes when each length of the text was first seen. */
    const lengths = () => {
      const found = new Map();
      const look = async () => {
        const { length } = view().state.doc;
        const at = await seen();
        if (!found.has(length)) found.set(length, at);
      };
      new MutationObserver(look).observe(document.querySelector(".cm-content"), {
        childList: true,
        characterData: true,
        subtree: true,
      });
      window.watch.found = found;
    };

    /** When the first frame was painted in which `holds`. */
    const when = async (holds) => {
      for (;;) {
        const at = await seen();
        if (holds()) return at;
      }
    };

    const listShown = () => {
      const box = document.querySelector(".cm-tooltip-autocomplete li")?.getBoundingClientRect();
      return !!box && box.height > 0 && box.top >= 0 && box.bottom <= innerHeight;
    };
    const usable = () => {
      const content = document.querySelector(".cm-content[contenteditable=true]");
      return !!content && content === document.activeElement && content.textContent.length > 0;
    };
    window.watch = { now, keys, lengths, list: () => when(listShown), usable: when(usable) };
  });
}

/** How far a page's clock is ahead of this process's, in milliseconds; the best of many looks, and what it may be wrong by. */
export async function ahead(page) {
  let best;
  for (let look = 0; look < 200; look += 1) {
    const before = performance.timeOrigin + performance.now();
    const there = await page.evaluate(() => window.watch.now());
    const after = performance.timeOrigin + performance.now();
    const wrong = (after - before) / 2;
    if (!best || wrong < best.wrong) best = { ahead: there - (before + after) / 2, wrong };
  }
  return best;
}
