// Somebody without a mouse: makes a room, a file, types, leaves the editor, and reaches every control, always seeing where they are.
import { read, saved, stage, textOf, until } from "./stage.mjs";

/** What has the focus, by its name; fails where one could not see it. */
async function focused(page) {
  const { name, seen } = await page.evaluate(() => {
    const element = document.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    const { width, height, right, bottom } = element.getBoundingClientRect();
    const outlined = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
    // In the editor it is the caret that shows the focus.
    const caret = element.closest(".cm-editor")?.querySelector(".cm-cursor-primary, .cm-cursor");
    return {
      name: element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent.trim() ?? element.textContent.trim(),
      seen: width > 0 && height > 0 && right > 0 && bottom > 0 && (outlined || !!caret),
    };
  });
  if (!seen) throw new Error(`nobody can see that "${name}" has the focus`);
  return name;
}

/** Presses Tab until something of this name has the focus; the names on the way. */
async function tabTo(page, wanted, key = "Tab") {
  const way = [];
  for (let presses = 0; presses < 20; presses += 1) {
    // In the editor Tab is a key like others, unless Escape came before it.
    if (way.at(-1)?.startsWith("Text of ")) await page.keyboard.press("Escape");
    await page.keyboard.press(key);
    way.push(await focused(page));
    if (way.at(-1).startsWith(wanted)) return way;
  }
  throw new Error(`"${wanted}" is not reached: ${way.join(" > ")}`);
}

async function makesARoom({ page, base }) {
  await page.goto(base);
  await page.getByRole("button", { name: "Create a room" }).waitFor();
  const way = [...(await tabTo(page, "Your name")), ...(await tabTo(page, "Room name"))];
  await page.keyboard.type("Keys only");
  way.push(...(await tabTo(page, "Begin with")));
  await page.keyboard.press("End");
  way.push(...(await tabTo(page, "Create a room")));
  await page.keyboard.press("Enter");
  await page.locator(".cm-content").waitFor();
  await until("the editor has the focus", () => page.evaluate(() => document.activeElement.matches(".cm-content")));
  return way;
}

/** Escape and then Tab leaves the editor; Shift+Tab goes on to the files. */
async function makesAFile({ page }) {
  await page.keyboard.type("one");
  await page.keyboard.press("Escape");
  const way = await tabTo(page, "New file", "Shift+Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  if ((await focused(page)) !== "Name") throw new Error("the dialog does not begin with the name");
  await page.keyboard.type("src/notes.md");
  await page.keyboard.press("Enter");
  await page.getByRole("treeitem", { name: "notes.md" }).waitFor();
  await until("the new file is shown", async () => (await textOf(page)) === "");
  await until("the editor has the focus", () => page.evaluate(() => document.activeElement.matches(".cm-content")));
  await page.keyboard.type("two");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Control+Home");
  await page.keyboard.type("one ");
  return way;
}

/** In the tree: arrows, Enter, F2, Delete; what has the focus stays in it. */
async function mindsTheTree({ page }) {
  await page.keyboard.press("Escape");
  await tabTo(page, "notes.md", "Shift+Tab");
  await page.keyboard.press("F2");
  await page.getByLabel("New name").waitFor();
  await page.keyboard.type("plan");
  await page.keyboard.press("Enter");
  await page.getByRole("treeitem", { name: "plan.md" }).waitFor();
  await until("the tree has the focus again", async () => (await focused(page)).startsWith("plan.md") || focused(page));
  await page.keyboard.press("ArrowLeft");
  await until("the folder has the focus", async () => (await focused(page)) === "src" || focused(page));
  await page.keyboard.press("ArrowLeft");
  await page.getByRole("treeitem", { name: "plan.md" }).waitFor({ state: "detached" });
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Delete");
  await page.getByRole("dialog").waitFor();
  await tabTo(page, "Delete");
  await page.keyboard.press("Enter");
  await page.getByText("src/plan.md is deleted.").waitFor();
  await until("the tree still has the focus", async () => (await focused(page)).startsWith("main.txt") || focused(page));
}

/** From the page's beginning, each control comes in its turn, as it stands on the screen. */
async function reachesEverything({ page }) {
  await page.locator(".brand").focus();
  const way = [await focused(page), ...(await tabTo(page, "Undo"))];
  const order = ["Tandem, start page", "Follow Ben", "Share", "Use dark colours", "New file", "main.txt", "Text of main.txt", "Undo"];
  const found = order.map((name) => way.findIndex((reached) => reached.startsWith(name)));
  if (found.includes(-1) || found.some((at, n) => at < (found[n - 1] ?? 0))) throw new Error(`the way is ${way.join(" > ")}`);
  return way;
}

await stage(async ({ person, base, server }) => {
  const [ana, ben] = [await person("Ana"), await person("Ben")];
  const { page } = ana;
  const made = await makesARoom({ page, base });
  const room = page.url();
  const way = await makesAFile({ page });
  const id = decodeURIComponent(new URL(room).pathname.slice("/r/".length));
  await saved(page);
  await until("the server has it", async () => (await read(server, id, "src/notes.md")).startsWith("one ") || read(server, id, "src/notes.md"));
  await mindsTheTree({ page });
  await ben.page.goto(room);
  await page.getByRole("button", { name: /^Follow Ben/ }).waitFor();
  const all = await reachesEverything({ page });
  await page.keyboard.press("Enter");
  await page.getByRole("treeitem", { name: "plan.md" }).waitFor();
  await tabTo(page, "Follow Ben", "Shift+Tab");
  await page.keyboard.press("Enter");
  await page.getByText("Following Ben").waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("Following Ben").waitFor({ state: "detached" });
  console.log([made, way, all].map((names) => names.join(" > ")).join("\n"));
});
