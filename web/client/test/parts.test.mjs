// The parts that do no I/O.
import assert from "node:assert/strict";
import { test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import * as Y from "yjs";
import { Backoff } from "../dist/backoff.js";
import { carry } from "../dist/carried.js";
import { Fragments } from "../dist/fragments.js";
import { ServerMessageSchema } from "../dist/gen/tandem/v1/collaboration_pb.js";
import { parts, publishable } from "../dist/messages.js";
import { Operations } from "../dist/operations.js";
import { encodeVector, noteUpdate, noteVector } from "../dist/vector.js";
import { random } from "./support.mjs";

const everything = { isOpen: () => true, isWanted: () => true };
const only = (file) => ({ isOpen: (id) => id === file, isWanted: () => true });

function changes(file, count, origin = "typed") {
  const doc = new Y.Doc();
  const made = [];
  doc.on("update", (update) => made.push({ file, clientId: doc.clientID, epoch: 1, update, origin, ref: `${file}${made.length}` }));
  for (let n = 0; n < count; n += 1) doc.getText("t").insert(n, "x");
  return { doc, made };
}

test("changes that wait go up as one operation a file, and a receipt names them all", () => {
  const operations = new Operations();
  const { doc, made } = changes("a", 5);
  made.forEach((change) => operations.add(change));
  changes("b", 2).made.forEach((change) => operations.add(change));
  const taken = operations.take(everything);
  assert.deepEqual(taken.map(({ opId, file, refs }) => [opId, file, refs.length]), [[1n, "a", 5], [2n, "b", 2]]);
  const merged = new Y.Doc();
  Y.applyUpdate(merged, taken[0].update);
  assert.equal(merged.getText("t").toString(), doc.getText("t").toString());
  assert.equal(operations.empty, false);
  assert.deepEqual(operations.receipt(1n).refs, made.map(({ ref }) => ref));
  assert.equal(operations.receipt(1n), undefined);
  operations.receipt(2n);
  assert.equal(operations.empty, true);
});

test("changes of another origin are an operation of their own", () => {
  const operations = new Operations();
  const { made } = changes("a", 4);
  made[2].origin = "completed";
  made.forEach((change) => operations.add(change));
  assert.deepEqual(operations.take(everything).map(({ origin, refs }) => [origin, refs.length]), [["typed", 2], ["completed", 1], ["typed", 1]]);
});

test("after a cut everything without a receipt goes up again under its number, before anything new", () => {
  const operations = new Operations();
  const [a, b] = [changes("a", 1).made[0], changes("b", 1).made[0]];
  operations.add(a);
  operations.add(b);
  const first = operations.take(everything);
  operations.again();
  operations.add(changes("c", 1).made[0]);
  assert.deepEqual(operations.take(only("c")), [], "a later number would make the earlier void");
  assert.deepEqual(operations.take(only("b")), []);
  assert.deepEqual(operations.take(everything), first);
  assert.deepEqual(operations.take(everything).map(({ opId, file }) => [opId, file]), [[3n, "c"]]);
});

test("a given-up file holds nobody up", () => {
  const operations = new Operations();
  operations.add(changes("a", 1).made[0]);
  operations.add(changes("b", 1).made[0]);
  operations.take(everything);
  operations.again();
  assert.deepEqual(operations.giveUp("a"), ["a0"]);
  assert.deepEqual(operations.take(only("b")).map(({ opId }) => opId), [2n]);
});

test("a large update goes in parts under one number, and a Publish takes only so much", () => {
  const update = new Uint8Array(3 << 20).map((_, at) => at);
  const messages = parts({ opId: 7n, file: "a", epoch: 1, update, origin: "typed", refs: ["r"] });
  assert.deepEqual(messages.map(({ kind }) => kind.value.more), [true, true, true, true, true, false]);
  assert.ok(messages.every(({ kind }) => kind.value.opId === 7n));
  const joined = Buffer.concat(messages.map(({ kind }) => kind.value.update));
  assert.deepEqual(new Uint8Array(joined), update);
  assert.equal(publishable(messages).length, 4);
  assert.equal(messages.length, 2);
});

test("fragments are put together to the message that they are of", () => {
  const whole = create(ServerMessageSchema, { kind: { case: "updated", value: { fileId: "f", update: new Uint8Array(1000).fill(7) } } });
  const bytes = toBinary(ServerMessageSchema, whole);
  const fragments = new Fragments();
  const pieces = [bytes.subarray(0, 400), bytes.subarray(400, 800), bytes.subarray(800)];
  const told = pieces.map((data, n) => fragments.take(create(ServerMessageSchema, { kind: { case: "fragment", value: { data, last: n === 2 } } })));
  assert.deepEqual(told.slice(0, 2), [undefined, undefined]);
  assert.deepEqual(told[2], whole);
  assert.equal(fragments.take(whole), whole);
});

test("waits double, vary, end, and are never shorter than the server asks", () => {
  const least = new Backoff(() => 0);
  const most = new Backoff(() => 0.999);
  assert.deepEqual([least.next(), least.next(), least.next()], [150, 300, 600]);
  for (let n = 0; n < 50; n += 1) assert.ok(most.next() <= 15_000);
  assert.ok(least.next(20_000) >= 20_000);
  least.reset();
  assert.equal(least.next(), 150);
});

test("an offset is carried over changes like a mark at its left neighbour's right side", () => {
  assert.equal(carry(5, [{ insert: "ab" }]), 7);
  assert.equal(carry(5, [{ retain: 5 }, { insert: "ab" }]), 7);
  assert.equal(carry(5, [{ retain: 6 }, { insert: "ab" }]), 5);
  assert.equal(carry(5, [{ retain: 3 }, { delete: 4 }]), 3);
  assert.equal(carry(5, [{ delete: 2 }, { retain: 1 }, { insert: "x" }]), 4);
});

test("a vector of what was sent is what Yjs would say", () => {
  const draw = random(3);
  const doc = new Y.Doc();
  const vector = new Map();
  doc.on("update", (update) => noteUpdate(vector, update));
  for (let n = 0; n < 40; n += 1) {
    const other = new Y.Doc();
    Y.applyUpdate(other, Y.encodeStateAsUpdate(doc));
    other.getText("t").insert(draw(doc.getText("t").length + 1), "text");
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(other, Y.encodeStateVector(doc)));
  }
  assert.deepEqual(Y.decodeStateVector(encodeVector(vector)), Y.decodeStateVector(Y.encodeStateVector(doc)));
  const noted = new Map();
  noteVector(noted, encodeVector(vector));
  assert.deepEqual(noted, vector);
});
