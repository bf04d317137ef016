import assert from "node:assert/strict";
import { test } from "node:test";
import * as Y from "yjs";
import { agreed, enter, next, open, serverWithRoom, until } from "./support.mjs";

const at = (provider, index) => Y.createRelativePositionFromTypeIndex(provider.text, index);
const others = ({ awareness }) => [...awareness.getStates()].filter(([id]) => id !== awareness.clientID).map(([, state]) => state);
const index = (provider, position) => Y.createAbsolutePositionFromRelativePosition(position, provider.doc)?.index;

test("cursors go both ways, as CodeMirror and as Monaco have them, and move with the text", async (t) => {
  const { server, room } = await serverWithRoom(t, [{ path: "main.txt", text: "hello world" }]);
  const [ada, bob] = [await enter(t, server.url, room, "Ada"), await enter(t, server.url, room, "Bob")];
  const [one, other] = [await open(ada), await open(bob)];
  one.awareness.setLocalStateField("cursor", { anchor: at(one, 6), head: at(one, 11) });
  const [seen] = await until("Bob sees Ada's cursor", () => others(other).some((state) => state.cursor) && others(other));
  assert.equal(seen.user.name, "Ada");
  assert.match(seen.user.color, /^#[0-9a-f]{6}$/);
  assert.deepEqual([index(other, seen.cursor.anchor), index(other, seen.cursor.head)], [6, 11]);
  assert.deepEqual([index(other, seen.selection.anchor), index(other, seen.selection.head)], [6, 11]);
  other.text.insert(0, "oh, ");
  await agreed(one, other);
  assert.equal(index(other, seen.cursor.anchor), 10);

  other.awareness.setLocalStateField("selection", { anchor: at(other, 0), head: at(other, 2) });
  const [back] = await until("Ada sees Bob's selection", () => others(one).some((state) => state.selection) && others(one));
  assert.deepEqual([back.user.name, index(one, back.selection.anchor), index(one, back.selection.head)], ["Bob", 0, 2]);
  const bobs = ada.people.find((person) => person.name === "Bob");
  assert.deepEqual([bobs.file, bobs.cursor, bobs.me], [one.file.id, { anchor: 0, head: 2 }, false]);
});

test("no two who are here have the same colour, and everybody sees the same ones", async (t) => {
  const { server, room } = await serverWithRoom(t);
  const all = [];
  for (let n = 1; n <= 8; n += 1) all.push(await enter(t, server.url, room, `P${n}`));
  const seen = ({ people }) => JSON.stringify(people.map(({ id, color }) => `${id} ${color}`).sort());
  await until("all see all", () => all.every((one) => one.people.length === all.length));
  assert.equal(new Set(all.map(seen)).size, 1);
  assert.equal(new Set(all[0].people.map(({ color }) => color)).size, all.length);
});

test("who is here, who types, who has gone", async (t) => {
  const { server, room } = await serverWithRoom(t);
  const ada = await enter(t, server.url, room, "Ada");
  assert.deepEqual(ada.people.map(({ name, me, role }) => [name, me, role !== undefined]), [["Ada", true, true]]);
  const came = next(ada, "people");
  const bob = await enter(t, server.url, room, "Bob");
  assert.equal((await came).length, 2);
  assert.deepEqual(bob.people.map((person) => person.name), ["Bob", "Ada"]);
  const [one, other] = [await open(ada), await open(bob)];
  assert.equal(others(one).length, 1);
  other.text.insert(0, "x");
  await until("Bob types", () => ada.people.some((person) => person.name === "Bob" && person.typing));
  await until("Bob has stopped", () => !ada.people.some((person) => person.typing));
  await bob.leave();
  await until("Bob has gone", () => ada.people.length === 1);
  assert.equal(others(one).length, 0);
});

test("a cursor at what was just typed is shown there", async (t) => {
  const { server, room } = await serverWithRoom(t);
  const [ada, bob] = [await enter(t, server.url, room, "Ada"), await enter(t, server.url, room, "Bob")];
  const [one, other] = [await open(ada), await open(bob)];
  for (let n = 1; n <= 30; n += 1) {
    one.text.insert(n - 1, "x");
    one.awareness.setLocalStateField("cursor", { anchor: at(one, n), head: at(one, n) });
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
  await until("Bob sees the cursor at the end", () => others(other).some((state) => state.cursor && index(other, state.cursor.head) === 30));
});
