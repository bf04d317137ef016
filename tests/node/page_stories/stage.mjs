// What the stories in this folder share: a server of their own, its pages, and a look behind the editor.
import { random, Server } from "../../../web/client/test/support.mjs";
import { Wire } from "../../../web/client/test/wire.mjs";
import { TandemClient } from "../../../web/client/dist/index.js";
import { saved, until, withBrowser } from "../browser.mjs";
import { clients } from "../support.mjs";

export { random, saved, until, withBrowser };

/** A size that a variable gives, for those who want more than the suite's. */
export function size(name, usual) {
  return Number(process.env[name] ?? usual);
}

/** Plays a story with a browser and a server of its own, which it may kill and start again. */
export async function stage(story) {
  const server = await Server.start();
  try {
    await withBrowser(server.url, (given) => story({ ...given, server, wire: () => Wire.to(server.port) }));
  } finally {
    await server.stop();
  }
}

/** Makes a room with these files; `{ id, url }`. */
export async function roomOf(server, files = [{ path: "main.txt", text: "" }]) {
  const { id } = await new TandemClient({ url: server.url, worker: false }).createRoom({ files });
  return { id, url: `${server.url}/r/${id}` };
}

/** Goes to a room and waits until its first file is there. */
export async function enter(page, url) {
  await page.goto(url);
  await page.locator(".cm-content").waitFor();
}

/** What the log has of a file. */
export async function read(server, room, path = "main.txt") {
  let text = "";
  const target = server.url.slice("http://".length);
  const answer = clients(target).files.readFile({ room, file: { case: "path", value: path } });
  for await (const part of answer) text += part.text;
  return text;
}

/** The whole text in a page's editor; what is drawn is only what fits the window. */
export function textOf(page) {
  return page.evaluate(() => document.querySelector(".cm-content")?.cmTile.root.view.state.doc.toString());
}

/** Waits until these pages show the same, saved, and the log has it too; that text. */
export async function agreed(server, room, pages, path = "main.txt") {
  let texts = [];
  for (const page of pages) await saved(page);
  await until("all have the same", async () => {
    texts = [await read(server, room, path), ...(await Promise.all(pages.map(textOf)))];
    return new Set(texts).size === 1 || texts.map((text) => text?.slice(0, 400));
  });
  for (const page of pages) await saved(page);
  return texts[0];
}

/** Fails unless each of these pieces is in the text exactly once. */
export function once(text, pieces, told = "") {
  const wrong = pieces.filter((piece) => text.split(piece).length !== 2);
  if (wrong.length > 0) throw new Error(`${told} not exactly once: ${wrong.slice(0, 10)} in ${text.slice(0, 2000)}`);
}

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
