// The server is killed at random moments under two pages: "Saved" is never shown for what the log does not have.
import { agreed, enter, once, pause, random, read, roomOf, saved, size, stage } from "./stage.mjs";

const SEED = size("TANDEM_SEED", 5);
const KILLS = size("TANDEM_PAGE_KILLS", 4);

/** In the page: types in bursts until it is stopped, and notes how much was typed whenever "Saved" stands there. */
function begin({ letter, seed }) {
  const { view } = document.querySelector(".cm-content").cmTile.root;
  const state = document.querySelector(".state");
  const note = (window.noted = { typed: 0, claimed: 0, claims: 0, lies: 0, stop: undefined });
  let random = seed;
  const draw = (bound) => (random = (Math.imul(random, 1103515245) + 12345) >>> 0) % bound;
  new MutationObserver(() => {
    if (state.dataset.kind !== "good") return;
    note.claimed = note.typed;
    note.claims += 1;
  }).observe(state, { attributes: true, childList: true, subtree: true });
  let going = true;
  const done = (async () => {
    while (going) {
      for (let left = 1 + draw(12); left > 0 && going; left -= 1) {
        const at = draw(2) * view.state.doc.length;
        view.dispatch({ changes: { from: at, insert: `<${letter}${note.typed}>` }, userEvent: "input.type" });
        note.typed += 1;
        // The mark goes away with the key that makes it untrue.
        if (state.dataset.kind === "good") note.lies += 1;
        await new Promise((resolve) => setTimeout(resolve, draw(25)));
      }
      // "Saved" comes back only when a hand rests.
      await new Promise((resolve) => setTimeout(resolve, 100 + draw(700)));
    }
  })();
  note.stop = () => ((going = false), done);
}

const noted = (page) => page.evaluate(() => ({ ...window.noted, stop: undefined }));

await stage(async ({ person, server }) => {
  const room = await roomOf(server);
  const people = [await person("Ana", { cut: true }), await person("Ben", { cut: true })];
  const letters = ["a", "b"];
  for (const { page } of people) await enter(page, room.url);
  for (const [n, { page }] of people.entries()) await page.evaluate(begin, { letter: letters[n], seed: SEED + n });
  const draw = random(SEED);
  let checked = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    await pause(300 + draw(1500));
    await server.kill();
    const claims = await Promise.all(people.map(({ page }) => noted(page)));
    await server.again();
    const text = await read(server, room.id);
    for (const [n, { claimed }] of claims.entries()) {
      const pieces = Array.from({ length: claimed }, (_, number) => `<${letters[n]}${number}>`);
      once(text, pieces, `seed ${SEED}, kill ${kill}: marked as saved,`);
      checked += claimed;
    }
    for (const { page } of people) await page.locator(".state[data-kind=trouble]").waitFor({ state: "detached" });
  }
  for (const { page } of people) await page.evaluate(() => window.noted.stop());
  const text = await agreed(server, room.id, people.map(({ page }) => page));
  const ends = await Promise.all(people.map(({ page }) => noted(page)));
  const pieces = ends.flatMap(({ typed }, n) => Array.from({ length: typed }, (_, number) => `<${letters[n]}${number}>`));
  once(text, pieces, `seed ${SEED}:`);
  if (text.length !== pieces.join("").length) throw new Error(`seed ${SEED}: more than was typed`);
  if (ends.some(({ lies }) => lies > 0)) throw new Error(`seed ${SEED}: "Saved" stood there with an unsaved edit`);
  const marks = ends.reduce((sum, { claims }) => sum + claims, 0);
  if (marks < KILLS) throw new Error(`seed ${SEED}: "Saved" came only ${marks} times`);
  console.log(JSON.stringify({ seed: SEED, kills: KILLS, typed: ends.map(({ typed }) => typed), marks, checked }));
  for (const { page } of people) await saved(page);
});
