// One page is offline for a while, and two people go on typing.
import { agreed, enter, once, pause, roomOf, saved, size, stage, textOf, until } from "./stage.mjs";

const CHANGES = 200;
const SECONDS = size("TANDEM_OFFLINE_SECONDS", 3);

/** Types so many changes in about the given time, each one key's worth, at the end that is one's own. */
async function types(page, letter, key, seconds) {
  const pieces = [];
  const began = Date.now();
  for (let n = 0; n < CHANGES; n += 1) {
    await page.keyboard.press(key);
    const piece = `<${letter}${n}>`;
    await page.keyboard.insertText(piece);
    pieces.push(piece);
    await pause(began + (seconds * 1000 * (n + 1)) / CHANGES - Date.now());
  }
  return pieces;
}

await stage(async ({ person, server, wire }) => {
  const room = await roomOf(server, [{ path: "main.txt", text: "middle" }]);
  const way = await wire();
  const [ana, ben] = [await person("Ana", { base: way.url, cut: true }), await person("Ben")];
  await enter(ana.page, `${way.url}/r/${room.id}`);
  await enter(ben.page, room.url);
  for (const { page } of [ana, ben]) await page.locator(".cm-content").click();

  const cut = Date.now();
  way.cut();
  await ana.page.getByText(/^Offline/).waitFor();
  const [hers, his] = await Promise.all([
    types(ana.page, "a", "Control+Home", SECONDS),
    types(ben.page, "b", "Control+End", SECONDS),
  ]);
  await ana.page.getByText(`Offline, ${CHANGES} changes not sent`).waitFor();
  await saved(ben.page);
  const bens = await textOf(ben.page);
  if (hers.some((piece) => bens.includes(piece))) throw new Error("Ana was not offline");
  await pause(cut + SECONDS * 1000 - Date.now());
  const seconds = (Date.now() - cut) / 1000;

  const back = Date.now();
  way.heal();
  const text = await agreed(server, room.id, [ana.page, ben.page]);
  once(text, [...hers, "middle", ...his]);
  if (text.length !== [...hers, "middle", ...his].join("").length) throw new Error(`more than was typed: ${text}`);
  await until("nothing is offline", async () => (await ana.page.getByText(/^Offline/).count()) === 0);
  console.log(JSON.stringify({ seconds, changes: [hers.length, his.length], equalAfter: (Date.now() - back) / 1000 }));
  way.close();
});
