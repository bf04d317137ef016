// Two people on the page: cursors, a server that is killed, a file that is deleted, an edit that is too large.
import { agreed, enter, once, read, roomOf, saved, stage, textOf, until } from "./stage.mjs";

const caretOf = (page, name) => page.locator(".cm-caret", { has: page.locator(".cm-flag", { hasText: name }) });

/** Where a page draws somebody's caret: its line and how many characters of it stand before. */
function placeOf(page, name) {
  return page.evaluate((name) => {
    const { view } = document.querySelector(".cm-content").cmTile.root;
    const flag = [...document.querySelectorAll(".cm-flag")].find(({ textContent }) => textContent === name);
    return flag ? view.posAtDOM(flag.parentElement) : undefined;
  }, name);
}

/** Somebody who only looks around is seen where they are, by name. */
async function aCursorIsSeen({ ana, ben }) {
  const end = (await textOf(ana.page)).length;
  for (const [key, at] of [["Control+Home", 0], ["ArrowRight", 1], ["ArrowRight", 2], ["Control+End", end], ["ArrowLeft", end - 1]]) {
    await ben.page.keyboard.press(key);
    await until(`Ben is seen at ${at}`, async () => (await placeOf(ana.page, "Ben")) === at || placeOf(ana.page, "Ben"));
  }
  await ben.page.keyboard.press("Shift+Control+Home");
  await ana.page.locator(".cm-theirs").first().waitFor();
  await caretOf(ana.page, "Ben").waitFor({ state: "attached" });
}

/** The server is killed and comes back under both: both go on, and see each other again. */
async function theServerIsKilled({ ana, ben, server, room }) {
  await ben.page.keyboard.press("Control+End");
  await server.kill();
  for (const { name, page } of [ana, ben]) {
    await page.getByText(/^Offline/).waitFor();
    await page.getByText("The connection is lost. You can go on").waitFor();
    await page.locator(".cm-content").click();
    await page.keyboard.press("Control+End");
    await page.keyboard.insertText(`<${name} in the dark>`);
  }
  await server.again();
  const text = await agreed(server, room.id, [ana.page, ben.page]);
  once(text, ["<Ana in the dark>", "<Ben in the dark>"]);
  for (const { page } of [ana, ben]) {
    await page.getByText("The connection is lost. You can go on").waitFor({ state: "detached" });
    if ((await page.locator(".people .face").count()) !== 2) throw new Error("not two are here");
  }
  await ben.page.keyboard.press("Control+Home");
  await until("Ben's cursor is back", async () => (await placeOf(ana.page, "Ben")) === 0 || placeOf(ana.page, "Ben"));
}

/** An edit that the server refuses: the typist is told and has it as a draft, nobody else sees any of it. */
async function anEditIsTooLarge({ ana, ben, server, room }) {
  const before = await agreed(server, room.id, [ana.page, ben.page]);
  await ana.page.evaluate(() => {
    const { view } = document.querySelector(".cm-content").cmTile.root;
    view.dispatch({ changes: { from: 0, insert: "too much ".repeat(500_000) }, userEvent: "input.paste" });
  });
  const note = ana.page.locator(".note.trouble");
  await note.getByText(/^Not saved in main\.txt: .+ Your text is kept here\.$/).waitFor();
  const told = await note.locator("p").textContent();
  if (!(await note.locator("pre").textContent()).startsWith("too much too much")) throw new Error("the draft is not there");
  await note.getByRole("button", { name: "Copy" }).waitFor();
  const after = await agreed(server, room.id, [ana.page, ben.page]);
  if (after !== before) throw new Error(`the text has changed: ${after.slice(0, 200)}`);
  if ((await ben.page.locator(".note").count()) > 0) throw new Error("Ben is told of what is not his");
  await note.getByRole("button", { name: "Dismiss" }).click();
  await ana.page.locator(".cm-content").click();
  await ana.page.keyboard.press("Control+End");
  await ana.page.keyboard.insertText("<small>");
  once(await agreed(server, room.id, [ana.page, ben.page]), ["<small>"]);
  return told;
}

/** A file goes away under somebody who types: what the log does not have, and only that, is offered. */
async function theFileIsDeleted({ ana, ben, server, room, way }) {
  const before = await agreed(server, room.id, [ana.page, ben.page]);
  way.cut();
  await ana.page.getByText(/^Offline/).waitFor();
  await ana.page.locator(".cm-content").click();
  await ana.page.keyboard.press("Control+Home");
  await ana.page.keyboard.insertText("<not saved>");
  await ben.page.getByRole("treeitem", { name: "main.txt" }).focus();
  await ben.page.keyboard.press("Delete");
  await ben.page.getByRole("button", { name: "Delete", exact: true }).click();
  await ben.page.getByText("main.txt is deleted.").waitFor();
  way.heal();
  const note = ana.page.locator(".note.trouble");
  await note.getByText(/^Not saved in main\.txt/).waitFor();
  const told = await note.locator("p").textContent();
  const draft = await note.locator("pre").textContent();
  if (draft !== "<not saved>") throw new Error(`the draft is ${draft}`);
  await note.getByRole("button", { name: "Restore the file" }).click();
  await ana.page.getByText("main.txt is back.").waitFor();
  if ((await read(server, room.id)) !== before) throw new Error("the file is not as it was");
  await ben.page.getByRole("treeitem", { name: "main.txt" }).click();
  await until("Ben has it back", async () => (await textOf(ben.page)) === before || textOf(ben.page));
  return told;
}

await stage(async ({ person, server, wire }) => {
  const room = await roomOf(server, [{ path: "main.txt", text: "one\ntwo\nthree\n" }, { path: "other.txt", text: "" }]);
  const way = await wire();
  const [ana, ben] = [await person("Ana", { base: way.url, cut: true }), await person("Ben", { cut: true })];
  await enter(ana.page, `${way.url}/r/${room.id}`);
  await enter(ben.page, room.url);
  await ana.page.locator(".cm-content").click();
  await ben.page.locator(".cm-content").click();
  const all = { ana, ben, server, room, way };
  await aCursorIsSeen(all);
  await theServerIsKilled(all);
  const tooLarge = await anEditIsTooLarge(all);
  const deleted = await theFileIsDeleted(all);
  await saved(ana.page);
  console.log(JSON.stringify({ tooLarge, deleted }));
  way.close();
});
