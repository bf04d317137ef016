import assert from "node:assert/strict";
import { test } from "node:test";
import { agreed, enter, next, open, random, serverWithRoom, until } from "./support.mjs";
import { Wire } from "./wire.mjs";

const SEED = Number(process.env.TANDEM_SEED ?? 11);
const KILLS = Number(process.env.TANDEM_KILLS ?? 8);

test("what both type while one is cut off is there once, for both", async (t) => {
  const { server, room } = await serverWithRoom(t, [{ path: "main.txt", text: "base\n" }]);
  const wire = await Wire.to(server.port);
  t.after(() => wire.close());
  const [ada, bob] = [await enter(t, wire.url, room, "Ada"), await enter(t, server.url, room, "Bob")];
  const [one, other] = [await open(ada), await open(bob)];
  wire.cut();
  await until("Ada is offline", () => ada.status === "offline");
  for (let n = 0; n < 200; n += 1) {
    one.text.insert(one.text.length, `a${n};`);
    other.text.insert(0, `b${n};`);
  }
  assert.equal(one.saved, false);
  wire.heal();
  const text = await agreed(one, other);
  for (let n = 0; n < 200; n += 1) {
    for (const piece of [`a${n};`, `b${n};`]) assert.equal(text.split(piece).length, 2, `${piece} once`);
  }
  assert.equal(ada.status, "connected");
  assert.equal((await bob.readFile("main.txt")).text, text);
});

test("a cut in the middle of typing loses nothing and doubles nothing", async (t) => {
  const { server, room } = await serverWithRoom(t);
  const wire = await Wire.to(server.port);
  t.after(() => wire.close());
  const [ada, bob] = [await enter(t, wire.url, room, "Ada"), await enter(t, server.url, room, "Bob")];
  const [one, other] = [await open(ada), await open(bob)];
  const draw = random(SEED);
  for (let n = 0; n < 300; n += 1) {
    one.text.insert(one.text.length, `a${n};`);
    if (n % 60 === 30) {
      wire.cut();
      wire.heal();
    }
    if (draw(2) === 0) await new Promise((resolve) => setTimeout(resolve, draw(6)));
  }
  const text = await agreed(one, other);
  assert.equal(text, Array.from({ length: 300 }, (_, n) => `a${n};`).join(""), `seed ${SEED}`);
});

test("an update in parts that is cut in the middle arrives once", async (t) => {
  const { server, room } = await serverWithRoom(t);
  const wire = await Wire.to(server.port);
  t.after(() => wire.close());
  const [ada, bob] = [await enter(t, wire.url, room, "Ada"), await enter(t, server.url, room, "Bob")];
  const [one, other] = [await open(ada), await open(bob)];
  one.text.insert(0, "0123456789abcdef\n".repeat(200_000));
  await new Promise((resolve) => setTimeout(resolve, 20));
  wire.cut();
  await until("Ada is offline", () => ada.status === "offline");
  wire.heal();
  assert.equal((await agreed(one, other)).length, 17 * 200_000);
});

test("kills of the server in the middle of typing: nothing saved is lost, nothing is doubled", async (t) => {
  const { server, room } = await serverWithRoom(t);
  const [ada, bob] = [await enter(t, server.url, room, "Ada"), await enter(t, server.url, room, "Bob")];
  const people = [await open(ada), await open(bob)];
  const draw = random(SEED);
  let typed = 0;
  let typing = true;
  /** What the server had said was saved. */
  const saved = new Map(people.map((provider) => [provider, 0]));
  const written = new Map(people.map((provider) => [provider, []]));
  const types = (async () => {
    while (typing) {
      const provider = people[draw(2)];
      const piece = `<${(typed += 1)}>`;
      provider.text.insert(draw(2) * provider.text.length, piece);
      written.get(provider).push(piece);
      await new Promise((resolve) => setTimeout(resolve, draw(6)));
    }
  })();
  for (const provider of people) {
    provider.on("saved", (told) => told.saved && saved.set(provider, written.get(provider).length));
  }
  for (let kill = 0; kill < KILLS; kill += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100 + draw(300)));
    const claimed = people.flatMap((provider) => written.get(provider).slice(0, saved.get(provider)));
    await server.kill();
    await server.again();
    const { text } = await (await enter(t, server.url, room, "Judge")).readFile("main.txt");
    for (const piece of claimed) assert.ok(text.includes(piece), `seed ${SEED}: ${piece} was saved, and the log lacks it`);
    await until("both are back", () => ada.status === "connected" && bob.status === "connected");
  }
  typing = false;
  await types;
  const text = await agreed(...people);
  for (const piece of people.flatMap((provider) => written.get(provider))) {
    assert.equal(text.split(piece).length, 2, `seed ${SEED}: ${piece} is there once`);
  }
});

test("a server that does not know the session any more: what was not saved is a draft, and one goes on", async (t) => {
  const { server, room } = await serverWithRoom(t, [{ path: "main.txt", text: "base\n" }]);
  await server.kill();
  const before = server.copy();
  await server.again();
  const ada = await enter(t, server.url, room, "Ada");
  const provider = await open(ada);
  const { doc } = provider;
  await server.kill();
  server.folder = before;
  provider.text.insert(0, "unsaved ");
  const swap = next(provider, "swap");
  await server.again();
  const { draft, text } = await swap;
  assert.equal(draft.text, "unsaved base\n");
  assert.equal(draft.unsaved, "unsaved ");
  assert.equal(draft.reason, "SESSION_UNKNOWN");
  assert.equal(text.toString(), "base\n");
  assert.notEqual(provider.doc, doc);
  assert.ok(provider.saved);
  provider.text.insert(0, "again ");
  await until("it is saved", () => provider.saved);
  assert.equal((await ada.readFile("main.txt")).text, "again base\n");
});

test("one who comes back from a deleted room is told, and keeps the text", async (t) => {
  const { server, room } = await serverWithRoom(t, [{ path: "main.txt", text: "base\n" }]);
  const wire = await Wire.to(server.port);
  t.after(() => wire.close());
  const ada = await enter(t, wire.url, room, "Ada");
  const provider = await open(ada);
  wire.cut();
  await until("Ada is offline", () => ada.status === "offline");
  provider.text.insert(0, "unsaved ");
  await server.kill();
  const { Server } = await import("./support.mjs");
  const other = await Server.start();
  t.after(() => other.stop());
  server.folder = other.folder;
  await other.kill();
  const [ended, draft] = [next(ada, "ended"), next(ada, "draft")];
  await server.again();
  wire.heal();
  assert.equal((await draft).text, "unsaved base\n");
  assert.match((await ended).reason, /^(ROOM_NOT_FOUND|SESSION_UNKNOWN)$/);
  assert.equal(ada.status, "ended");
});
