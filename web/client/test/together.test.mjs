import assert from "node:assert/strict";
import { test } from "node:test";
import { agreed, enter, open, random, serverWithRoom, until } from "./support.mjs";

const SEED = 4;
const PIECES = ["a", "bc", "\n", " ", "\u{1f642}", "\u{1f469}\u200d\u{1f4bb}", "e\u0301", "word ", "x = 1\n"];

/** An index that is not inside a character. */
function place(text, draw) {
  const at = draw(text.length + 1);
  const before = text.charCodeAt(at - 1);
  return before >= 0xd800 && before < 0xdc00 ? at - 1 : at;
}

function edit(provider, draw) {
  const text = provider.text.toString();
  const [one, other] = [place(text, draw), place(text, draw)].sort((a, b) => a - b);
  if (other > one && other - one < 12 && draw(3) === 0) provider.text.delete(one, other - one);
  else provider.text.insert(one, PIECES[draw(PIECES.length)]);
}

test("two who type at once see the same, and so does the server", async (t) => {
  const { server, room } = await serverWithRoom(t);
  const [ada, bob] = await Promise.all([enter(t, server.url, room, "Ada"), enter(t, server.url, room, "Bob")]);
  const providers = await Promise.all([open(ada), open(bob)]);
  const draw = random(SEED);
  for (let round = 0; round < 150; round += 1) {
    for (const provider of providers) edit(provider, draw);
    if (draw(3) === 0) await new Promise((resolve) => setTimeout(resolve, draw(8)));
  }
  const text = await agreed(...providers);
  assert.ok(text.length > 50, `seed ${SEED}`);
  assert.equal((await ada.readFile("main.txt")).text, text, `seed ${SEED}`);
});

test("pending counts what has no receipt, and saved comes when the server has it", async (t) => {
  const { server, room } = await serverWithRoom(t);
  const ada = await enter(t, server.url, room, "Ada");
  const provider = await open(ada);
  assert.deepEqual([provider.pending, provider.saved, ada.pending, ada.saved], [0, true, 0, true]);
  const told = [];
  ada.on("saved", (value) => told.push(value.saved));
  provider.text.insert(0, "one");
  assert.deepEqual([provider.pending, provider.saved, ada.pending, ada.saved], [1, false, 1, false]);
  await until("it is saved", () => ada.saved);
  assert.equal((await ada.readFile("main.txt")).text, "one");
  assert.deepEqual(told, [false, true]);
});

test("a file that is closed at once still saves what was typed", async (t) => {
  const { server, room } = await serverWithRoom(t);
  const ada = await enter(t, server.url, room, "Ada");
  const provider = await open(ada);
  provider.text.insert(0, "last words");
  provider.destroy();
  assert.equal(ada.saved, false);
  await until("it is saved", () => ada.saved);
  assert.equal((await ada.readFile("main.txt")).text, "last words");
  const again = await open(ada);
  again.text.insert(0, "very ");
  again.destroy();
  assert.equal((await open(ada)).text.toString(), "very last words", "opened before that was saved");
});

test("a text of several megabytes goes up in parts and comes down in parts", async (t) => {
  const { server, room } = await serverWithRoom(t);
  const [ada, bob] = [await enter(t, server.url, room, "Ada"), await enter(t, server.url, room, "Bob")];
  const [one, other] = [await open(ada), await open(bob)];
  one.text.insert(0, "0123456789abcdef\n".repeat(150_000));
  const text = await agreed(one, other);
  assert.equal(text.length, 17 * 150_000);
  const late = await open(await enter(t, server.url, room, "Eve"));
  assert.equal(late.text.toString(), text);
});

test("carriage returns and NULs never reach the server, and their text does", async (t) => {
  const { server, room } = await serverWithRoom(t);
  const [ada, bob] = [await enter(t, server.url, room, "Ada"), await enter(t, server.url, room, "Bob")];
  const [one, other] = [await open(ada), await open(bob)];
  one.text.insert(0, "first\r\nsecond\rthird\0\u{1f642}\r\n");
  one.text.insert(0, "zero\n");
  assert.equal(one.saved, false);
  const text = await agreed(one, other);
  assert.equal(text, "zero\nfirst\nsecond\nthird\u{1f642}\n");
  other.text.insert(0, "more ");
  await agreed(one, other);
});

test("an undone change is undone for everybody", async (t) => {
  const { UndoManager } = await import("yjs");
  const { server, room } = await serverWithRoom(t);
  const [ada, bob] = [await enter(t, server.url, room, "Ada"), await enter(t, server.url, room, "Bob")];
  const [one, other] = [await open(ada), await open(bob)];
  const undo = new UndoManager(one.text);
  one.text.insert(0, "mine");
  await agreed(one, other);
  other.text.insert(4, " yours");
  await agreed(one, other);
  undo.undo();
  assert.equal(await agreed(one, other), " yours");
  undo.redo();
  assert.equal(await agreed(one, other), "mine yours");
});

test("what was typed before the file is there is kept", async (t) => {
  const { server, room } = await serverWithRoom(t, [{ path: "main.txt", text: "world" }]);
  const ada = await enter(t, server.url, room, "Ada");
  const provider = ada.open("main.txt");
  provider.text.insert(0, "hello ");
  assert.equal(provider.synced, false);
  await until("it is saved", () => provider.synced && provider.saved);
  const { text } = await ada.readFile("main.txt");
  assert.ok(text.includes("hello ") && text.includes("world"), text);
});

test("completions are of the text as it is shown", async (t) => {
  const { server, room } = await serverWithRoom(t, [{ path: "main.py", text: "total_amount = 1\nprint(total_amount)\n" }]);
  const [ada, bob] = [await enter(t, server.url, room, "Ada"), await enter(t, server.url, room, "Bob")];
  const [one, other] = [await open(ada, "main.py"), await open(bob, "main.py")];
  const at = one.text.length;
  one.text.insert(at, "tot");
  other.text.insert(0, "# \u{1f642}\n");
  const parts = [];
  for await (const part of ada.complete({ provider: one, position: at + 3 })) parts.push(part);
  const last = parts.at(-1);
  assert.equal(last.done, true);
  const [item] = last.items;
  assert.equal(item.insert, "total_amount");
  await agreed(one, other);
  assert.equal(one.text.toString().slice(item.from, item.to), "tot");
  ada.feedback(last.id, "accepted", item.insert.length);
});

test("joining a room that is not there is refused with its reason", async (t) => {
  const { server } = await serverWithRoom(t);
  await assert.rejects(enter(t, server.url, "no-such-room", "Ada"), { name: "TandemError", reason: "ROOM_NOT_FOUND" });
});

