// What the page looks like, for people to look at, and whether axe finds fault with it: looks.mjs FOLDER
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import axe from "axe-core";
import { colorsOf } from "../../../web/client/dist/colors.js";
import { atWork, completing, workshop } from "./scene.mjs";
import { stage, until } from "./stage.mjs";

const folder = process.argv[2];
mkdirSync(folder, { recursive: true });

const SCREENS = {
  wide: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
};

const faults = [];

/** Takes a picture of what has come to rest, and lets axe look at the same. */
async function look(page, name) {
  await page.evaluate(() => {
    const moving = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
    return Promise.allSettled(moving.map(({ finished }) => finished));
  });
  await page.screenshot({ path: join(folder, `${name}.png`) });
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => {
    return window.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] });
  });
  for (const { id, help, nodes } of violations) {
    faults.push(`${name}: ${id}: ${help}\n${nodes.map(({ html, failureSummary }) => `  ${html}\n    ${failureSummary}`).join("\n")}`);
  }
}

/** Text of every colour can be read in whatever anybody selects: the pictures show only the colours that were drawn. */
async function selectionsCanBeRead(page, name) {
  const ids = Array.from({ length: 12 }, (_, n) => `${n}`);
  const colors = [...colorsOf(ids).values()].map(({ color }) => color);
  const unreadable = await page.evaluate((colors) => {
    const pencil = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    /** How bright these colours are, laid on each other. */
    const brightness = (...layers) => {
      for (const layer of layers) {
        pencil.fillStyle = layer;
        pencil.fillRect(0, 0, 1, 1);
      }
      const [r, g, b] = [...pencil.getImageData(0, 0, 1, 1).data].map((part) => part / 255);
      const [red, green, blue] = [r, g, b].map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const editor = document.querySelector(".cm-editor");
    const stage = document.body.appendChild(document.createElement("div"));
    stage.className = editor.className;
    const piece = stage.appendChild(document.createElement("span"));
    const card = getComputedStyle(editor).backgroundColor;
    const found = [];
    for (const who of colors) {
      piece.className = "cm-theirs";
      piece.style.setProperty("--who", who);
      const ground = brightness(card, getComputedStyle(piece).backgroundColor);
      for (const kind of ["keyword", "string", "number", "comment", "function", "type", "property", "operator"]) {
        piece.style.color = `var(--code-${kind})`;
        const text = brightness(getComputedStyle(piece).color);
        const contrast = (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
        if (contrast < 4.5) found.push(`${kind} in ${who}: ${contrast.toFixed(2)}`);
      }
    }
    stage.remove();
    return found;
  }, colors);
  faults.push(...unreadable.map((what) => `${name}: ${what}`));
}

/** Whoever comes for the first time, and whoever was here. */
async function start({ person, base, name, context }) {
  const ana = await person("Ana", { context });
  await ana.page.goto(base);
  await ana.page.getByRole("button", { name: "Create a room" }).waitFor();
  await look(ana.page, `start-${name}`);
  await ana.page.goto(`${base}/r/nobody-made-this-room`);
  await ana.page.getByText("No such room").waitFor();
  await look(ana.page, `no-room-${name}`);
  await ana.context.close();
}

/** Whoever comes by a link and has no name yet. */
async function invited({ person, url, name, context }) {
  const eve = await person("", { context });
  await eve.page.goto(url);
  await eve.page.getByText("Friday kata").waitFor();
  await look(eve.page, `invited-${name}`);
  await eve.context.close();
}

/** A room with three people in it, and what opens over it. */
async function room({ person, base, name, context }) {
  const url = await workshop(base);
  await invited({ person, url, name, context });
  const people = await atWork({ person, url, context });
  await completing(people);
  const { page } = people.ana;
  await look(page, `room-${name}`);
  await selectionsCanBeRead(page, `room-${name}`);
  await page.keyboard.press("Escape");
  await page.locator(".cm-ghost").waitFor({ state: "detached" });
  if (name.startsWith("phone")) {
    await page.getByRole("button", { name: "Files" }).click();
    await look(page, `files-${name}`);
  }
  await page.getByRole("treeitem", { name: "bursts.rs" }).hover();
  await page.getByRole("button", { name: "New file" }).click();
  await look(page, `ask-${name}`);
  await page.keyboard.press("Escape");
  await page.getByRole("treeitem", { name: "bursts.rs" }).focus();
  await page.keyboard.press("Delete");
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByText("tests/bursts.rs is deleted.").waitFor();
  if (name.startsWith("phone")) await page.locator(".shade").click({ position: { x: 370, y: 400 } });
  await people.ben.page.close();
  await until("Ben is gone", async () => (await page.locator(".people .face").count()) === 2);
  await page.getByRole("button", { name: /^Follow Carla/ }).click();
  await look(page, `note-${name}`);
  for (const { context } of Object.values(people)) await context.close();
}

await stage(async ({ person, base }) => {
  for (const [screen, shape] of Object.entries(SCREENS)) {
    for (const colorScheme of ["light", "dark"]) {
      const given = { person, base, name: `${screen}-${colorScheme}`, context: { ...shape, colorScheme } };
      await start(given);
      await room(given);
    }
  }
});
if (faults.length > 0) throw new Error(`axe complains:\n${faults.join("\n")}`);
