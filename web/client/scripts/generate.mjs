// Generates src/gen from proto/; with --check it only tells whether src/gen is what proto/ would give.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const home = fileURLToPath(new URL("..", import.meta.url));
const committed = join(home, "src/gen");
const require = createRequire(import.meta.url);
const buf = join(dirname(require.resolve("@bufbuild/buf/package.json")), "bin/buf");
const plugin = dirname(require.resolve("@bufbuild/protoc-gen-es/package.json"));

function files(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  return new Map(names.sort().map((name) => [name.slice(folder.length + 1), readFileSync(name, "utf8")]));
}

/** What proto/ gives, in a folder beside the committed one. */
function generated() {
  const made = mkdtempSync(join(home, "src/.gen-"));
  const PATH = join(plugin, "bin") + delimiter + process.env.PATH;
  const run = spawnSync(process.execPath, [buf, "generate", "--output", made], {
    cwd: home,
    env: { ...process.env, PATH },
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (run.status !== 0) {
    rmSync(made, { recursive: true });
    throw new Error("buf generate failed");
  }
  return made;
}

const made = generated();
if (process.argv.includes("--check")) {
  const [now, wanted] = [files(committed), files(made)];
  rmSync(made, { recursive: true });
  const names = new Set([...now.keys(), ...wanted.keys()]);
  const differing = [...names].filter((name) => now.get(name) !== wanted.get(name));
  if (differing.length) {
    console.error(`src/gen is not what proto/ gives: ${differing.join(", ")}: run npm run generate`);
    process.exit(1);
  }
} else {
  rmSync(committed, { recursive: true, force: true });
  renameSync(made, committed);
}
