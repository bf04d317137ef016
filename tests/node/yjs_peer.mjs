// One Yjs client in a room, driven by lines: yjs_peer.mjs HOST:PORT ROOM SEED [PATH]
//
// It answers every line of its input with one line of JSON:
//
//   (at the start)       {"ready": PARTICIPANT}
//   insert INDEX TEXT    {"ok": true}         TEXT is JSON, INDEX counts UTF-16 units
//   delete INDEX COUNT   {"ok": true}
//   random COUNT         {"ok": true}         so many edits of its own choice, by the seed
//   quiet                {"text": ..., "state_vector": BASE64, "revision": ...}   once every edit has its receipt
//   (end of input)       {"text": ...}        and it leaves
//
// What goes wrong ends it with a line on the error output and exit code 1.
import { createInterface } from "node:readline";
import * as Y from "yjs";
import * as tandem from "./support.mjs";

const [target, room, seed, path = "main.txt"] = process.argv.slice(2);
const { collaboration } = tandem.clients(target);
const { Mode, ReceiptState } = tandem.collaboration;
const PRESENCE_MS = 15_000;
const QUIET_MS = 30_000;
const PIECES = ["a", "bc", "\n", " ", "\u{1f642}", "\u{1f469}\u200d\u{1f4bb}", "e\u0301", "\u00df", "word ", "x = 1\n"];

const doc = new Y.Doc();
const shared = doc.getText("t");
const waiting = []; // updates that no Publish has taken yet
const unreceipted = new Set();
let [token, fileId, epoch, revision, opId] = ["", "", 0, 0, 0n];
let publishing = Promise.resolve();
let settled = () => {};
let leaving = false;

const say = (value) => console.log(JSON.stringify(value));
const fail = (why) => {
  console.error(`peer ${seed}: ${why}`);
  process.exit(1);
};

/** Numbers from 0 to below `bound`, the same for the same seed. */
const random = ((state) => (bound) => {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
})(Number(seed));

/** One Publish at a time, so that the order is kept. */
function publish(kinds) {
  const call = () => collaboration.publish({ resumeToken: token, messages: kinds.map((kind) => ({ kind })) });
  publishing = publishing.then(call).catch((error) => fail(`publish: ${error.message}`));
  return publishing;
}

function flush() {
  if (!waiting.length) return;
  const update = Y.mergeUpdates(waiting.splice(0));
  opId += 1n;
  unreceipted.add(opId);
  publish([{ case: "update", value: { opId, file: { case: "fileId", value: fileId }, epoch, update } }]);
}

doc.on("update", (update, origin) => {
  if (origin !== "server") waiting.push(update);
});

const handlers = {
  joined: (joined) => {
    token = joined.resumeToken;
    handlers.participant = joined.participantId;
  },
  opened: (opened) => {
    [fileId, epoch, revision] = [opened.file.fileId, opened.epoch, Number(opened.revision)];
    Y.applyUpdate(doc, opened.update, "server");
    say({ ready: handlers.participant });
  },
  updated: (updated) => {
    revision = Number(updated.revision);
    Y.applyUpdate(doc, updated.update, "server");
  },
  receipt: (receipt) => {
    if (receipt.state !== ReceiptState.COMMITTED) {
      fail(`operation ${receipt.opId} was refused: ${tandem.reasonOf(receipt.error)}, ${receipt.error?.message}`);
    }
    revision = Math.max(revision, Number(receipt.revision));
    unreceipted.delete(receipt.opId);
    if (!unreceipted.size) settled();
  },
  refused: (refused) => fail(`refused: ${tandem.reasonOf(refused.error)}, ${refused.error?.message}`),
  resync: () => fail("resync"),
  goodbye: (goodbye) => fail(`goodbye: ${tandem.reasonOf(goodbye.error)}`),
};

async function receive() {
  const open = { file: { case: "path", value: path }, clientId: doc.clientID };
  const join = { room, name: `yjs ${seed}`, mode: Mode.YJS, open: [open] };
  for await (const { case: kind, value } of tandem.messages(collaboration.subscribe({ join }))) handlers[kind]?.(value);
}

/** An index of the text that is not inside a character. */
function place() {
  const text = shared.toString();
  const at = random(text.length + 1);
  const before = text.charCodeAt(at - 1);
  return before >= 0xd800 && before < 0xdc00 ? at - 1 : at;
}

function randomEdit() {
  const [one, other] = [place(), place()].sort((a, b) => a - b);
  if (other > one && other - one < 12 && random(3) === 0) shared.delete(one, other - one);
  else shared.insert(one, PIECES[random(PIECES.length)]);
}

async function quiet() {
  const late = setTimeout(() => fail(`no receipt for ${[...unreceipted]}`), QUIET_MS);
  while (unreceipted.size) await new Promise((resolve) => (settled = resolve));
  clearTimeout(late);
  const vector = Buffer.from(Y.encodeStateVector(doc)).toString("base64");
  say({ text: shared.toString(), state_vector: vector, revision });
}

async function obey(line) {
  const [, command, first, rest] = /^(\w+) ?(\S*) ?(.*)$/u.exec(line) ?? [];
  if (command === "quiet") return quiet();
  if (command === "insert") shared.insert(Number(first), JSON.parse(rest));
  else if (command === "delete") shared.delete(Number(first), Number(rest));
  else if (command === "random") {
    for (let n = Number(first); n > 0; n -= 1) {
      randomEdit();
      flush();
      if (random(4) === 0) await publishing; // lets others' edits in between
    }
  } else fail(`unknown command: ${line}`);
  flush();
  say({ ok: true });
}

const ended = (why) => leaving || fail(why);
receive().then(() => ended("the stream ended"), (error) => ended(`subscribe: ${error.message}`));
setInterval(() => token && publish([{ case: "presence", value: {} }]), PRESENCE_MS).unref();
for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim()) await obey(line);
}
leaving = true;
await publish([{ case: "leave", value: {} }]);
say({ text: shared.toString() });
process.exit(0);
