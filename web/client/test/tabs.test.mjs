// Tabs that share a session through the worker: here the worker's code runs in this process, behind real ports.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as Y from "yjs";
import { TandemClient } from "../dist/index.js";
import { WorkerHost } from "../dist/worker_host.js";
import { agreed, next, open, serverWithRoom, until } from "./support.mjs";
import { Wire } from "./wire.mjs";

/** Tabs of one browser: every `SharedWorker` is the same one. */
function browser(t) {
  const host = new WorkerHost();
  const ports = [];
  globalThis.SharedWorker = class {
    constructor() {
      const { port1, port2 } = new MessageChannel();
      host.serve(port2);
      ports.push(port1, port2);
      this.port = port1;
    }
  };
  const tabs = [];
  t.after(async () => {
    await Promise.all(tabs.map((joined) => joined.leave()));
    delete globalThis.SharedWorker;
    ports.forEach((port) => port.close());
  });
  const tab = async (url, room, name) => {
    const joined = await new TandemClient({ url }).join(room, { name });
    tabs.push(joined);
    return joined;
  };
  return { host, tab };
}

test("ten tabs in three rooms are three sessions, and all are live", async (t) => {
  const { server, room } = await serverWithRoom(t);
  const client = new TandemClient({ url: server.url, worker: false });
  const rooms = [room, (await client.createRoom()).id, (await client.createRoom()).id];
  const { host, tab } = browser(t);
  const tabs = [];
  for (let n = 0; n < 10; n += 1) tabs.push(await tab(server.url, rooms[n % 3], "Ada"));
  assert.equal(host.rooms.streams, 3);
  const providers = await Promise.all(tabs.map((joined) => open(joined)));
  providers.forEach((provider, n) => provider.text.insert(0, `tab ${n};`));
  for (let r = 0; r < 3; r += 1) {
    const text = await agreed(...providers.filter((_, n) => n % 3 === r));
    for (let n = r; n < 10; n += 3) assert.equal(text.split(`tab ${n};`).length, 2, text);
  }
});

test("a tab that comes late sees what is there, and what the others write", async (t) => {
  const { server, room } = await serverWithRoom(t);
  const { tab } = browser(t);
  const first = await tab(server.url, room, "Ada");
  const one = await open(first);
  one.text.insert(0, "first ");
  await agreed(one);
  const second = await tab(server.url, room, "Ada");
  const other = await open(second);
  assert.equal(other.text.toString(), "first ");
  other.text.insert(6, "second ");
  one.text.insert(0, "zero ");
  assert.equal(await agreed(one, other), "zero first second ");
  await first.leave();
  other.text.insert(0, "still ");
  await agreed(other);
  assert.equal((await second.readFile("main.txt")).text, "still zero first second ");
});

test("tabs survive a cut together", async (t) => {
  const { server, room } = await serverWithRoom(t);
  const wire = await Wire.to(server.port);
  t.after(() => wire.close());
  const { tab } = browser(t);
  const tabs = [await tab(wire.url, room, "Ada"), await tab(wire.url, room, "Ada")];
  const providers = await Promise.all(tabs.map((joined) => open(joined)));
  wire.cut();
  await until("both are offline", () => tabs.every((joined) => joined.status === "offline"));
  providers.forEach((provider, n) => provider.text.insert(0, `offline ${n};`));
  wire.heal();
  const text = await agreed(...providers);
  for (const n of [0, 1]) assert.ok(text.includes(`offline ${n};`), text);
});

test("one tab's refused change is its draft, and the others go on", async (t) => {
  const { server, room } = await serverWithRoom(t);
  const { tab } = browser(t);
  const [first, second] = [await tab(server.url, room, "Ada"), await tab(server.url, room, "Ada")];
  const [one, other] = [await open(first), await open(second)];
  other.text.insert(0, "kept ");
  await agreed(one, other);
  const swap = next(one, "swap");
  one.text.insert(0, "0123456789abcdef".repeat(5 << 16));
  const { draft } = await swap;
  assert.equal(draft.reason, "FILE_TOO_LARGE");
  await until("the other has a new document too", () => other.synced);
  other.text.insert(0, "well ");
  one.text.insert(0, "all ");
  const text = await agreed(one, other);
  assert.ok(text.includes("well ") && text.includes("all ") && text.includes("kept "), text);
});

test("tabs can come and go as often as they like", async (t) => {
  const { server, room } = await serverWithRoom(t);
  const { tab } = browser(t);
  const stays = await tab(server.url, room, "Ada");
  const one = await open(stays);
  for (let n = 0; n < 75; n += 1) {
    const other = await tab(server.url, room, "Ada");
    const provider = await open(other);
    provider.text.insert(0, `${n};`);
    await until("it is saved", () => other.saved);
    await other.leave();
  }
  one.text.insert(0, "end;");
  await until("it is saved", () => one.saved && one.synced);
  const { text } = await stays.readFile("main.txt");
  assert.equal(text, `end;${Array.from({ length: 75 }, (_, n) => `${74 - n};`).join("")}`);
  await until("the tab that stays shows it", () => one.text.toString() === text);
});

test("people of other names have their own session, until the connections are used up", async (t) => {
  const { server, room } = await serverWithRoom(t);
  const client = new TandemClient({ url: server.url, worker: false });
  const rooms = [room];
  for (let n = 0; n < 4; n += 1) rooms.push((await client.createRoom()).id);
  const { host, tab } = browser(t);
  const ada = await tab(server.url, rooms[0], "Ada");
  await tab(server.url, rooms[0], "Bob");
  await until("they see each other", () => ada.people.length === 2);
  const eve = await tab(server.url, rooms[0], "Eve");
  assert.equal(host.rooms.streams, 2);
  assert.equal(eve.people.length, 2, "the third shares a session of the room");
  await tab(server.url, rooms[1], "Ada");
  await tab(server.url, rooms[2], "Ada");
  await assert.rejects(tab(server.url, rooms[3], "Ada"), { reason: "CONNECTIONS_USED_UP" });
});

test("one's cursor in another tab is shown, in its own place, and goes with the tab", async (t) => {
  const { server, room } = await serverWithRoom(t, [{ path: "main.txt", text: "hello world" }]);
  const { tab } = browser(t);
  const at = (provider, index) => Y.createRelativePositionFromTypeIndex(provider.text, index);
  const seen = (provider) =>
    [...provider.awareness.getStates()]
      .filter(([id, state]) => id !== provider.awareness.clientID && state.cursor)
      .map(([, { user, cursor }]) => [user.name, Y.createAbsolutePositionFromRelativePosition(cursor.head, provider.doc)?.index]);
  const point = (provider, index) => provider.awareness.setLocalStateField("cursor", { anchor: at(provider, index), head: at(provider, index) });
  const shows = (provider, ...all) =>
    until(`it shows ${JSON.stringify(all)}`, () => JSON.stringify(seen(provider).sort()) === JSON.stringify(all));

  const first = await tab(server.url, room, "Ada");
  const one = await open(first);
  point(one, 2);
  const second = await tab(server.url, room, "Ada");
  const other = await open(second);
  await shows(other, ["Ada", 2]);
  point(other, 7);
  await shows(one, ["Ada", 7]);
  point(one, 3);
  await shows(other, ["Ada", 3]);
  assert.deepEqual(first.people.map(({ name, me }) => [name, me]), [["Ada", true]], "two tabs are one person");
  await second.leave();
  await shows(one);
});
