// The examples of web/client/README.md, as written: bundled as a reader would, and used by two: readme.mjs EDITOR
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { TandemClient } from "../../../web/client/dist/index.js";
import { oneOrigin } from "../origin.mjs";
import { read, stage, textOf, until } from "./stage.mjs";

const [editor] = process.argv.slice(2);
const NODE = fileURLToPath(new URL("..", import.meta.url));
const CLIENT = fileURLToPath(new URL("../../../web/client", import.meta.url));
const README = readFileSync(join(CLIENT, "README.md"), "utf8");

/** What is asked of each editor. */
const EDITORS = {
  codemirror: { field: ".cm-content", text: textOf, cursor: ".cm-ySelectionCaret" },
  monaco: {
    field: ".native-edit-context",
    text: (page) => page.locator(".view-lines").evaluate((lines) => lines.textContent.replaceAll("\u00a0", " ")),
    cursor: ".yRemoteSelectionHead",
  },
};

/** The block of the README with this tag, without a character changed. */
function block(tag) {
  const found = README.split(`\`\`\`${tag}\n`)[1]?.split("\n```")[0];
  if (!found) throw new Error(`web/client/README.md has no block "${tag}"`);
  return found;
}

/** The versions that the README tells to install are those that are installed here. */
function versionsAreTrue() {
  const { devDependencies } = JSON.parse(readFileSync(join(NODE, "package.json"), "utf8"));
  const told = [...README.matchAll(/`npm install ([^`]+)`/g)].flatMap(([, words]) => words.split(" "));
  for (const [name, version] of told.map((word) => word.split("@")).filter((parts) => parts.length === 2)) {
    if (devDependencies[name] !== version) throw new Error(`the README has ${name} ${version}, not ${devDependencies[name]}`);
  }
}

/** Runs a program that has to succeed; what it told. */
function run(program, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${error ?? stderr}`);
  return stdout.trim();
}

/** A project with the example in it and the client as npm would deliver it, bundled; its folder. */
async function bundled(folder) {
  const installed = join(folder, "node_modules/tandem-client");
  mkdirSync(installed, { recursive: true });
  const packed = run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], CLIENT);
  run("tar", ["-xzf", join(folder, packed), "-C", installed, "--strip-components=1"]);
  const style = editor === "monaco" ? block("css monaco") : "";
  const page = `<!doctype html><title>Mine</title><style>${style}</style><div id="editor"></div>`;
  writeFileSync(join(folder, "index.html"), `${page}<script type="module" src="/main.js"></script>`);
  writeFileSync(join(folder, "main.js"), block(`js ${editor}`));
  await build({ root: folder, configFile: false, logLevel: "warn", build: { chunkSizeWarningLimit: 10_000 } });
  return join(folder, "dist");
}

/** Two people type in the page that the example makes, and each sees the text and the cursor of the other. */
async function twoUseIt({ person, server, url }) {
  await new TandemClient({ url: server.url, worker: false }).createRoom({ slug: "kata", files: [{ path: "main.txt", text: "[]" }] });
  const { field, text, cursor } = EDITORS[editor];
  const two = [await person("Ada", { base: url }), await person("Ada's other browser", { base: url })];
  for (const { page } of two) {
    await page.goto(url);
    await until("the text is there", async () => (await page.locator(field).count()) > 0 && (await text(page)) === "[]");
    await page.locator(field).focus();
  }
  await two[0].page.keyboard.press("Control+Home");
  await two[1].page.keyboard.press("Control+End");
  await Promise.all([
    two[0].page.keyboard.type("one two three ", { delay: 15 }),
    two[1].page.keyboard.type(" four five six", { delay: 15 }),
  ]);
  for (const { name, page } of two) {
    await until(`${name} sees both`, async () => (await text(page)) === "one two three [] four five six" || text(page));
    await page.locator(cursor).first().waitFor();
  }
  await until("the server has it", async () => (await read(server, "kata")) === "one two three [] four five six");
}

versionsAreTrue();
mkdirSync(join(NODE, "target"), { recursive: true });
const folder = mkdtempSync(join(NODE, "target", `readme-${editor}-`));
try {
  const dist = await bundled(folder);
  await stage(async ({ person, server }) => {
    const { url, close } = await oneOrigin(dist, server.url.slice("http://".length));
    await twoUseIt({ person, server, url });
    close();
  });
} finally {
  rmSync(folder, { recursive: true });
}
