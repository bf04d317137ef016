// One provider in a room, driven by lines as tests/node/yjs_peer.mjs tells: peer.mjs HOST:PORT ROOM SEED [PATH]
import { createInterface } from "node:readline";
import * as Y from "yjs";
import { TandemClient } from "../dist/index.js";
import { random, until } from "./support.mjs";

const [target, id, seed, path = "main.txt"] = process.argv.slice(2);
const PIECES = ["a", "bc", "\n", " ", "\u{1f642}", "\u{1f469}\u200d\u{1f4bb}", "e\u0301", "\u00df", "word ", "x = 1\n"];
const draw = random(Number(seed));

const say = (value) => console.log(JSON.stringify(value));
const room = await new TandemClient({ url: `http://${target}`, worker: false }).join(id, { name: `provider ${seed}` });
const provider = room.open(path);
await provider.whenSynced;
const { doc, text } = provider;
provider.on("swap", ({ draft }) => {
  console.error(`provider ${seed}: its document was exchanged: ${draft?.reason}`);
  process.exit(1);
});

/** An index of the text that is not inside a character. */
function place() {
  const shown = text.toString();
  const at = draw(shown.length + 1);
  const before = shown.charCodeAt(at - 1);
  return before >= 0xd800 && before < 0xdc00 ? at - 1 : at;
}

function randomEdit() {
  const [one, other] = [place(), place()].sort((a, b) => a - b);
  if (other > one && other - one < 12 && draw(3) === 0) text.delete(one, other - one);
  else text.insert(one, PIECES[draw(PIECES.length)]);
}

async function quiet() {
  await until("everything has its receipt", () => provider.saved);
  say({ text: text.toString(), state_vector: Buffer.from(Y.encodeStateVector(doc)).toString("base64"), revision: Number(room.revision) });
}

async function obey(line) {
  const [, command, first, rest] = /^(\w+) ?(\S*) ?(.*)$/u.exec(line) ?? [];
  if (command === "quiet") return quiet();
  if (command === "insert") text.insert(Number(first), JSON.parse(rest));
  else if (command === "delete") text.delete(Number(first), Number(rest));
  else if (command === "random") {
    for (let n = Number(first); n > 0; n -= 1) {
      randomEdit();
      if (draw(4) === 0) await new Promise((resolve) => setTimeout(resolve, 1)); // lets others' edits in between
    }
  } else throw new Error(`unknown command: ${line}`);
  say({ ok: true });
}

say({ ready: room.me.id });
for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim()) await obey(line);
}
const last = text.toString();
await room.leave();
say({ text: last });
process.exit(0);
