// From a key in one window to the change seen in another.
import { enter, pause, random, roomOf, until } from "../page_stories/stage.mjs";
import { judge, percentile } from "./figures.mjs";
import { ahead, watch } from "./watch.mjs";

const KEYS = 500;
const WORDS = "the room keeps what people type and shows it to all who are there before anybody asks for more of it".split(" ");

/** Types at a person's pace, some 8 keys a second, in another browser than the one that looks. */
export async function keys({ person, server }) {
  const room = await roomOf(server, [{ path: "main.py", text: "def fizzbuzz(number):\n    return number\n\n" }]);
  const [ana, ben] = [await person("Ana"), await person("Ben")];
  for (const { context, page } of [ana, ben]) {
    await watch(context);
    await enter(page, room.url);
    await page.locator(".cm-content").focus();
    await page.keyboard.press("Control+End");
  }
  const clocks = [await ahead(ana.page), await ahead(ben.page)];
  const between = clocks[1].ahead - clocks[0].ahead;
  console.log(`the windows' clocks differ by ${between.toFixed(2)} ms, give or take ${(clocks[0].wrong + clocks[1].wrong).toFixed(2)}`);

  const first = await ben.page.evaluate(() => {
    window.watch.lengths();
    return document.querySelector(".cm-content").cmTile.root.view.state.doc.length;
  });
  await ana.page.evaluate(() => window.watch.keys.splice(0));
  const next = random(7);
  const text = Array.from({ length: KEYS }, () => WORDS[next(WORDS.length)]).join(" ").slice(0, KEYS);
  for (const key of text) {
    await ana.page.keyboard.press(key === " " ? "Space" : key);
    await pause(60 + next(120));
  }
  await until("the last key is seen", () => ben.page.evaluate((length) => window.watch.found.has(length), first + KEYS));
  const pressed = await ana.page.evaluate(() => window.watch.keys);
  const found = await ben.page.evaluate(() => [...window.watch.found]);
  const times = pressed.map(({ at }, n) => {
    // Where two keys came in one frame, the length after the first was never seen alone.
    const seen = Math.min(...found.filter(([length]) => length >= first + n + 1).map(([, at]) => at));
    return seen - between - at;
  });
  if (times.length !== KEYS) throw new Error(`${times.length} keys were pressed`);
  const well = [
    judge("key to the other window, p50", percentile(times, 0.5), 25, "ms"),
    judge("key to the other window, p95", percentile(times, 0.95), 60, "ms"),
  ];
  console.log(`key to the other window, p99 ${percentile(times, 0.99).toFixed(1)} ms, most ${Math.max(...times).toFixed(1)} ms`);
  await ana.context.close();
  await ben.context.close();
  return well.every(Boolean);
}
