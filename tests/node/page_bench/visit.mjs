// A first visit, by a room's link: when one can type, and what came over the wire.
import { pause, roomOf } from "../page_stories/stage.mjs";
import { judge, percentile } from "./figures.mjs";
import { watch } from "./watch.mjs";

const VISITS = 10;
const TEXT = 'fn main() {\n    println!("{}", 6 * 7);\n}\n';

/** Goes to a room in a browser that has nothing of it yet; how long it takes until the editor has text and the focus. */
async function visit(person, base, room) {
  const ana = await person("Ana", { base });
  await watch(ana.context);
  await ana.page.goto(`${base}/r/${room.id}`);
  const time = await ana.page.evaluate(async () => (await window.watch.usable) - performance.timeOrigin);
  return { time, ana };
}

export async function visits({ person, server, wire }) {
  const room = await roomOf(server, [{ path: "main.rs", text: TEXT }]);
  const times = [];
  for (let n = 0; n < VISITS; n += 1) {
    const { time, ana } = await visit(person, server.url, room);
    times.push(time);
    await ana.context.close();
  }
  const way = await wire();
  const { ana } = await visit(person, way.url, room);
  // The language's colours are the last to come.
  await ana.page.locator(".cm-line span[class]").first().waitFor();
  await pause(500);
  const kilobytes = way.bytes / 1024;
  await ana.context.close();
  way.close();
  console.log(`first visit until one can type, fastest ${Math.min(...times).toFixed(0)} ms`);
  return [
    judge("first visit until one can type, p50", percentile(times, 0.5), 1000, "ms"),
    judge("first visit until one can type, slowest", Math.max(...times), 1000, "ms"),
    judge("first visit on the wire", kilobytes, 350, "KB"),
  ].every(Boolean);
}
