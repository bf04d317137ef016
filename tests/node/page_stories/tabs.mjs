// Ten tabs of one browser in three rooms, on plain HTTP/1.1; and a browser whose tabs can't share their streams.
import { agreed, enter, once, roomOf, saved, stage, textOf, until } from "./stage.mjs";

const USED_UP = "This browser has as many connections to the server open as it allows. Close another tab of this page.";

/** So many tabs of somebody's browser, each in the next of these rooms. */
async function open(somebody, tab, rooms, count) {
  const tabs = [];
  for (let n = 0; n < count; n += 1) {
    const page = n === 0 ? somebody.page : await tab(somebody);
    const room = rooms[n % rooms.length];
    await enter(page, room.url);
    tabs.push({ page, room });
  }
  return tabs;
}

/** Types at the end of what a tab shows. */
async function types(page, piece) {
  await page.bringToFront();
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+End");
  await page.keyboard.insertText(piece);
}

/** Types a piece in each tab, one after the other; all tabs of its room show it. */
async function allLive(server, tabs) {
  for (const [n, { page, room }] of tabs.entries()) {
    await types(page, `<tab ${n}>`);
    for (const other of tabs.filter((tab) => tab.room === room)) {
      await until(`tab ${n} is seen`, async () => (await textOf(other.page)).includes(`<tab ${n}>`) || textOf(other.page));
    }
  }
  for (const room of new Set(tabs.map((tab) => tab.room))) {
    const of = tabs.filter((tab) => tab.room === room);
    const text = await agreed(server, room.id, of.map(({ page }) => page));
    once(text, of.map((tab) => `<tab ${tabs.indexOf(tab)}>`));
  }
}

await stage(async ({ person, tab, server }) => {
  const rooms = [await roomOf(server), await roomOf(server), await roomOf(server)];
  const ana = await person("Ana");
  const tabs = await open(ana, tab, rooms, 10);
  const began = Date.now();
  await allLive(server, tabs);
  const shared = Date.now() - began;
  // A person elsewhere sees one Ana, not four.
  const ben = await person("Ben");
  await enter(ben.page, rooms[0].url);
  await ben.page.getByRole("button", { name: /Ana/ }).waitFor();
  if ((await ben.page.locator(".people .face").count()) !== 2) throw new Error("Ana is more than one person");
  await saved(ben.page);
  await ana.context.close();

  // Without a SharedWorker each tab has a stream of its own, while there are connections.
  const eve = await person("Eve");
  await eve.context.addInitScript(() => delete window.SharedWorker);
  const own = await open(eve, tab, rooms, 4);
  const late = await tab(eve);
  await late.goto(rooms[1].url);
  await late.getByText(USED_UP).waitFor();
  if ((await late.locator(".cm-content").count()) > 0) throw new Error("the fifth tab has an editor all the same");
  for (const [n, { page }] of own.entries()) {
    await types(page, `<own ${n}>`);
    await saved(page);
  }
  // The sentence is true: with one tab less there is room.
  await own[3].page.close();
  await late.getByRole("button", { name: "Try again" }).click();
  await late.locator(".cm-content").waitFor();
  await until("the fifth tab shows the room", async () => (await textOf(late)).includes("<own 1>") || textOf(late));
  console.log(JSON.stringify({ tabs: tabs.length, rooms: rooms.length, typedInAllAfter: shared }));
});
