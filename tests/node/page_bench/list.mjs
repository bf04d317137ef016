// From a key to the list of completions, in one window.
import { enter, pause, random, roomOf } from "../page_stories/stage.mjs";
import { judge, percentile } from "./figures.mjs";
import { watch } from "./watch.mjs";

const TIMES = 100;
const CODE = `import json
from collections import defaultdict


def read_orders(path):
    with open(path) as file:
        return json.load(file)


def total_by_customer(orders):
    totals = defaultdict(float)
    for order in orders:
        totals[order["customer"]] += order["amount"]
    return totals

`;

/** The first letters of words that are in the file, each in a line of its own. */
export async function list({ person, server }) {
  const room = await roomOf(server, [{ path: "orders.py", text: CODE }]);
  const ana = await person("Ana");
  await watch(ana.context);
  await enter(ana.page, room.url);
  await ana.page.locator(".cm-content").focus();
  await ana.page.keyboard.press("Control+End");
  const next = random(11);
  const times = [];
  for (let time = 0; time < TIMES; time += 1) {
    await ana.page.evaluate(() => {
      window.watch.keys.splice(0);
      window.watch.listed = window.watch.list();
    });
    await ana.page.keyboard.press([..."tocrd"][next(5)]);
    times.push(await ana.page.evaluate(async () => (await window.watch.listed) - window.watch.keys[0].at));
    await pause(next(40));
    await ana.page.keyboard.press("Escape");
    await ana.page.keyboard.press("Backspace");
    await ana.page.locator(".cm-tooltip-autocomplete").waitFor({ state: "detached" });
    await pause(80 + next(120));
  }
  console.log(`key to the list, p50 ${percentile(times, 0.5).toFixed(1)} ms, most ${Math.max(...times).toFixed(1)} ms`);
  const well = judge("key to the list, p95", percentile(times, 0.95), 100, "ms");
  await ana.context.close();
  return well;
}
