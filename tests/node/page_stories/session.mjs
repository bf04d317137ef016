// A real session of three authors, typed by three real pages at twenty times its speed.
import { agreed, enter, read, roomOf, saved, size, stage, textOf } from "./stage.mjs";
import { session } from "./trace.mjs";
import { charactersOf, clientOf, type } from "./typist.mjs";

const SPEED = 20;
/** How much of it, in seconds of the play; the whole takes 158. */
const SECONDS = size("TANDEM_SESSION_SECONDS", 12);
const NAMES = ["Ana", "Ben", "Cleo"];

const trace = new URL("../../traces/clownschool_concurrent.json.gz", import.meta.url);
const { steps, characters, edits } = session(trace, SPEED, SECONDS);

await stage(async ({ person, server }) => {
  const room = await roomOf(server);
  const people = [];
  for (const name of NAMES) people.push(await person(name, { cut: true }));
  const pages = people.map(({ page }) => page);
  for (const page of pages) await enter(page, room.url);
  const clients = await Promise.all(pages.map((page) => page.evaluate(clientOf)));

  const start = Date.now() + 500;
  const spent = await Promise.all(pages.map((page, author) => page.evaluate(type, { steps: steps[author], clients, start })));
  const seconds = (Date.now() - start) / 1000;
  const shown = await agreed(server, room.id, pages);
  const settled = (Date.now() - start) / 1000;

  // Every character is there exactly once, unless it was deleted: by its name, in each page.
  const wanted = characters.map(([author, number, character]) => `${clients[author]} ${number} ${character}`).sort();
  const written = steps.map((of) => of.reduce((sum, { insert }) => sum + insert.length, 0));
  for (const [author, page] of pages.entries()) {
    const { all, made } = await page.evaluate(charactersOf);
    const names = all.map((name) => name.join(" ")).sort();
    const doubled = names.filter((name, n) => name === names[n - 1]);
    const lost = new Set(wanted).difference?.(new Set(names)) ?? wanted.filter((name) => !names.includes(name));
    if (names.join() !== wanted.join()) {
      throw new Error(`${NAMES[author]} has ${names.length} of ${wanted.length} characters, lost ${[...lost]}, doubled ${doubled}`);
    }
    for (const [client, count] of made) {
      const other = clients.indexOf(client);
      if (count !== written[other]) throw new Error(`${NAMES[other]} wrote ${written[other]} characters, not ${count}`);
    }
  }
  // Where authors wrote at one place at once, either may come first; but all stands after what it was written after.
  const { all } = await pages[0].evaluate(charactersOf);
  const places = new Map(all.map(([client, number], place) => [`${client} ${number}`, place]));
  for (const [author, of] of steps.entries()) {
    let number = 0;
    for (const { after, insert } of of) {
      const first = places.get(`${clients[author]} ${number}`);
      const before = after && places.get(`${clients[after[0]]} ${after[1]}`);
      if (first < before) throw new Error(`${NAMES[author]}'s character ${number} stands before what it was written after`);
      number += insert.length;
    }
  }

  // What the database has is that, too.
  await server.kill();
  await server.again();
  if ((await read(server, room.id)) !== shown) throw new Error("the database has another text");
  for (const page of pages) {
    await page.locator(".state[data-kind=good]").waitFor();
    await page.reload();
    await enter(page, room.url);
    await saved(page);
    if ((await textOf(page)) !== shown) throw new Error("a page that comes later has another text");
  }
  console.log(JSON.stringify({ edits, characters: shown.length, written, deleted: written.reduce((a, b) => a + b) - shown.length, seconds, settled, spent }));
});
