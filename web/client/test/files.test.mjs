import assert from "node:assert/strict";
import { test } from "node:test";
import { agreed, enter, next, open, serverWithRoom, until } from "./support.mjs";

test("a refused change: the document is exchanged, and what was typed is a draft", async (t) => {
  const { server, room } = await serverWithRoom(t);
  const [ada, bob] = [await enter(t, server.url, room, "Ada"), await enter(t, server.url, room, "Bob")];
  const [one, other] = [await open(ada), await open(bob)];
  one.text.insert(0, "0123456789abcdef".repeat(3 << 16));
  await agreed(one, other);
  const { doc } = one;
  const [swap, drafted] = [next(one, "swap"), next(ada, "draft")];
  one.text.insert(0, "0123456789abcdef".repeat(2 << 16));
  one.text.insert(0, "and more ");
  const { draft, text } = await swap;
  assert.equal(draft.reason, "FILE_TOO_LARGE");
  assert.ok(draft.text.startsWith("and more 0123"));
  assert.equal(draft.text.length, 9 + 16 * (5 << 16));
  assert.equal(await drafted, draft);
  assert.notEqual(one.doc, doc);
  assert.equal(text, one.text);
  assert.equal(text.toString(), other.text.toString());
  assert.ok(one.synced && one.saved);
  one.text.insert(0, "short ");
  assert.ok((await agreed(one, other)).startsWith("short 0123"));
});

test("a file that is open can be renamed, deleted and restored", async (t) => {
  const { server, room } = await serverWithRoom(t, [{ path: "main.txt", text: "text\n" }]);
  const [ada, bob] = [await enter(t, server.url, room, "Ada"), await enter(t, server.url, room, "Bob")];
  const [one, other] = [await open(ada), await open(bob)];
  one.text.insert(0, "a");
  await bob.renameFile("main.txt", "src/main.txt");
  one.text.insert(0, "b");
  await until("Ada sees the new path", () => one.file.path === "src/main.txt");
  assert.equal(await agreed(one, other), "batext\n");
  assert.deepEqual(ada.files.map((file) => file.path), ["src/main.txt"]);

  await bob.deleteFile("src/main.txt");
  await until("Ada sees it gone", () => ada.files.length === 0 && one.file.deleted && !one.synced);
  const draft = next(ada, "draft");
  one.text.insert(0, "too late ");
  assert.equal(one.saved, false);
  one.destroy();
  assert.equal((await draft).text, "too late batext\n");
  assert.equal((await draft).reason, "FILE_DELETED");

  const [deleted] = await ada.deletedFiles();
  assert.equal(deleted.path, "src/main.txt");
  const swapped = next(other, "swap");
  await ada.restoreFile(deleted.id, "back.txt");
  assert.equal((await swapped).text.toString(), "batext\n");
  const again = await open(ada, "back.txt");
  again.text.insert(0, "c");
  assert.equal(await agreed(again, other), "cbatext\n");
});

test("a change that meets the file's deletion on the way is a draft", async (t) => {
  const { server, room } = await serverWithRoom(t, [{ path: "main.txt", text: "text\n" }]);
  const ada = await enter(t, server.url, room, "Ada");
  const one = await open(ada);
  const deleted = ada.deleteFile("main.txt");
  const typed = [];
  const drafts = [];
  ada.on("draft", (draft) => drafts.push(draft));
  for (let n = 0; n < 50 && !one.file.deleted; n += 1) {
    one.text.insert(0, `${n};`);
    typed.push(`${n};`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await deleted;
  await until("it is told", () => one.file.deleted && (one.saved || drafts.length > 0));
  if (!one.saved) assert.ok(typed.every((piece) => drafts.at(-1).text.includes(piece)));
});

test("a file can be opened and closed as often as one likes", async (t) => {
  const { server, room } = await serverWithRoom(t);
  const [ada, bob] = [await enter(t, server.url, room, "Ada"), await enter(t, server.url, room, "Bob")];
  const other = await open(bob);
  const me = ada.me.id;
  for (let n = 0; n < 100; n += 1) {
    const provider = ada.open("main.txt");
    // A few type before the text is there.
    if (n % 10 === 9) provider.text.insert(0, `early ${n};`);
    await provider.whenSynced;
    assert.equal(provider.awareness.clientID, provider.doc.clientID);
    provider.text.insert(0, `${n};`);
    provider.destroy();
  }
  const text = await agreed(await open(ada), other);
  for (let n = 0; n < 100; n += 1) assert.ok(text.includes(`;${n};`) || text.startsWith(`${n};`), `${n} in ${text}`);
  assert.equal(ada.me.id, me, "all in one session");
});

test("a file that can't be opened is told", async (t) => {
  const { server, room } = await serverWithRoom(t, [{ path: "main.txt", text: "text\n" }]);
  const [ada, bob] = [await enter(t, server.url, room, "Ada"), await enter(t, server.url, room, "Bob")];
  const { id } = await bob.deleteFile("main.txt");
  const refused = next(ada, "refused");
  const provider = ada.open(id);
  await assert.rejects(provider.whenSynced, { reason: "FILE_DELETED" });
  assert.deepEqual([(await refused).reason, (await refused).file, provider.synced], ["FILE_DELETED", id, false]);
});

test("files are created, read and written through the room", async (t) => {
  const { server, room } = await serverWithRoom(t);
  const [ada, bob] = [await enter(t, server.url, room, "Ada"), await enter(t, server.url, room, "Bob")];
  const made = await ada.createFile("notes/a.md", "one\r\ntwo\r\n");
  await until("Bob sees it", () => bob.files.some((file) => file.id === made.id));
  const { text, revision } = await bob.readFile("notes/a.md");
  assert.equal(text, "one\ntwo\n");
  const provider = await open(ada, "notes/a.md");
  await bob.writeFile("notes/a.md", "one\ntwo\nthree\n", revision);
  await until("Ada sees it", () => provider.text.toString() === "one\ntwo\nthree\n");
  await assert.rejects(ada.createFile("notes/a.md"), { reason: "FILE_EXISTS" });
  assert.throws(() => ada.open("nowhere.txt"), { reason: "FILE_NOT_FOUND" });
});
