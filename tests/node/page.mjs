// Stories of people on the page: page.mjs HOST:PORT STORY
import { Wire } from "../../web/client/test/wire.mjs";
import { saved, shown, until, withBrowser } from "./browser.mjs";

const [target, story] = process.argv.slice(2);
const base = `http://${target}`;

/** Pastes a text into the editor, as the system's clipboard would. */
function paste(page, text) {
  return page.locator(".cm-content").evaluate((content, text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", text);
    content.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, text);
}

/** Ana makes an empty room; the address of it. */
async function madeBy({ page }, begin = "empty") {
  await page.goto(base);
  await page.getByLabel("Begin with").selectOption(begin);
  await page.getByRole("button", { name: "Create a room" }).click();
  await page.locator(".cm-content").waitFor();
  return page.url();
}

const stories = {
  /** Everything that a first visit takes comes from this server, is small, and is there soon. */
  async "first-visit"({ person }) {
    const ana = await person("Ana");
    const sizes = await ana.context.newCDPSession(ana.page);
    await sizes.send("Network.enable");
    let bytes = 0;
    sizes.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
    const room = await madeBy(ana, "rust");
    await ana.page.locator(".cm-line span[class]").first().waitFor();
    await ana.page.waitForLoadState("networkidle").catch(() => undefined);
    const first = bytes;
    const start = Date.now();
    await ana.page.goto(room);
    await ana.page.reload();
    await ana.page.locator(".cm-content").waitFor();
    const milliseconds = Date.now() - start;
    console.log(JSON.stringify({ first, milliseconds }));
    if (first > 350 * 1024) throw new Error(`the first visit takes ${first} bytes`);
    if (first < 50 * 1024) throw new Error(`only ${first} bytes were counted`);
  },

  /** Two people type in one line at the same time, and both see both. */
  async "one-line"({ person }) {
    const [ana, ben] = [await person("Ana"), await person("Ben")];
    const room = await madeBy(ana);
    await ben.page.goto(room);
    await ben.page.locator(".cm-content").waitFor();
    await ana.page.locator(".cm-content").click();
    await ana.page.keyboard.type("[]");
    await until("Ben sees the brackets", async () => (await shown(ben.page)) === "[]" || shown(ben.page));
    await ana.page.keyboard.press("Home");
    await ben.page.locator(".cm-content").click();
    await ben.page.keyboard.press("End");
    const [hers, his] = ["one two three four five ", " six seven eight nine ten"];
    await Promise.all([
      ana.page.keyboard.type(hers, { delay: 15 }),
      ben.page.keyboard.type(his, { delay: 15 }),
    ]);
    const text = `${hers}[]${his}`;
    for (const { name, page } of [ana, ben]) {
      await until(`${name} sees both`, async () => (await shown(page)) === text || shown(page));
      await saved(page);
    }
    await ana.page.locator(".cm-flag", { hasText: "Ben" }).waitFor({ state: "attached" });
    await ben.page.locator(".cm-flag", { hasText: "Ana" }).waitFor({ state: "attached" });
  },

  /** A file is renamed while somebody else types in it; a deleted one comes back. */
  async files({ person }) {
    const [ana, ben] = [await person("Ana"), await person("Ben")];
    const room = await madeBy(ana);
    await ben.page.goto(room);
    await ben.page.locator(".cm-content").click();
    const typing = ben.page.keyboard.type("it goes on while the name changes", { delay: 15 });
    await ana.page.getByRole("treeitem", { name: "main.txt" }).focus();
    await ana.page.keyboard.press("F2");
    await ana.page.getByLabel("New name").fill("notes/diary.md");
    await ana.page.keyboard.press("Enter");
    await ben.page.getByRole("treeitem", { name: "diary.md" }).waitFor();
    await typing;
    await until("Ana sees it", async () => (await shown(ana.page)).startsWith("it goes on while the name changes") || shown(ana.page));

    await ana.page.getByRole("treeitem", { name: "diary.md" }).focus();
    await ana.page.keyboard.press("Delete");
    await ana.page.getByRole("button", { name: "Delete", exact: true }).click();
    await ben.page.getByText("There is no file open.").waitFor();
    await ana.page.getByRole("button", { name: "Undo" }).click();
    await ben.page.getByRole("treeitem", { name: "diary.md" }).click();
    await until("it is back", async () => (await shown(ben.page)) === "it goes on while the name changes" || shown(ben.page));
  },

  /** A page that is offline for a while says so, goes on, and loses nothing. */
  async offline({ person }) {
    const way = await Wire.to(target.split(":")[1]);
    const [ana, ben] = [await person("Ana", { base: way.url, cut: true }), await person("Ben")];
    const room = await madeBy(ben);
    await ana.page.goto(room.replace(base, way.url));
    await ana.page.locator(".cm-content").click();
    await ana.page.keyboard.type("middle");
    await until("Ben sees it", async () => (await shown(ben.page)) === "middle" || shown(ben.page));
    way.cut();
    await ana.page.keyboard.press("Home");
    await ana.page.keyboard.type("before ");
    await ana.page.getByText(/^Offline, \d+ changes? not sent$/).waitFor();
    await ana.page.getByText("The connection is lost. You can go on").waitFor();
    await ben.page.locator(".cm-content").click();
    await ben.page.keyboard.press("End");
    await ben.page.keyboard.type(" after");
    await saved(ben.page);
    way.heal();
    for (const { name, page } of [ana, ben]) {
      await until(`${name} sees both`, async () => (await shown(page)) === "before middle after" || shown(page));
      await saved(page);
    }
    await ana.page.getByText("The connection is lost. You can go on").waitFor({ state: "detached" });
    way.close();
  },

  /** Whatever is pasted is text with plain line ends, for everybody. */
  async pastes({ person }) {
    const [ana, ben] = [await person("Ana"), await person("Ben")];
    const room = await madeBy(ana);
    await ben.page.goto(room);
    await ana.page.locator(".cm-content").click();
    await paste(ana.page, "one\r\ntwo\rthree \u{1f469}\u200d\u{1f4bb} \u{1f642}\u0000 e\u0301\n");
    const text = "one\ntwo\nthree \u{1f469}\u200d\u{1f4bb} \u{1f642} e\u0301\n";
    for (const { name, page } of [ana, ben]) {
      await until(`${name} sees it`, async () => (await shown(page)) === text || shown(page));
      await saved(page);
    }
  },

  /** Whoever follows somebody sees the file and the place where they are. */
  async follow({ person }) {
    const [ana, ben] = [await person("Ana"), await person("Ben")];
    const room = await madeBy(ana, "python");
    await ben.page.goto(room);
    await ben.page.locator(".cm-content").waitFor();
    await ben.page.getByRole("button", { name: /^Follow Ana/ }).click();
    await ben.page.getByText("Following Ana").waitFor();
    await ana.page.getByRole("treeitem", { name: "welcome.md" }).click();
    await until("Ben is where Ana is", async () => (await shown(ben.page)).startsWith("# Welcome") || shown(ben.page));
    await ben.page.keyboard.press("Escape");
    await ben.page.getByText("Following Ana").waitFor({ state: "detached" });
  },

  /** What comes next is offered as a list and as grey text; Tab takes it, Escape dismisses it. */
  async completions({ person }) {
    const ana = await person("Ana");
    await madeBy(ana, "python");
    await ana.page.locator(".cm-content").click();
    await ana.page.keyboard.press("Control+End");
    await ana.page.keyboard.type("fizz");
    const list = ana.page.locator(".cm-tooltip-autocomplete");
    await list.getByText("fizzbuzz").first().waitFor();
    await ana.page.keyboard.press("Escape");
    await list.waitFor({ state: "detached" });
    await ana.page.keyboard.type("b");
    await list.waitFor();
    await ana.page.keyboard.press("Tab");
    await until("it is taken", async () => /\nfizzbuzz/.test(await shown(ana.page)) || shown(ana.page));
    await saved(ana.page);
  },
};

await withBrowser(base, stories[story]);
