// A recorded session of several authors, with a name for every character: which one of its author's it is.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
// The same one that the client library has: two in one process would be one too many.
import * as Y from "../../../web/node_modules/yjs/dist/yjs.mjs";

/** The text's characters, each as [author, number among the author's, the character]. */
function characters(text) {
  const all = [];
  for (let item = text._start; item; item = item.right) {
    if (item.deleted || !item.countable) continue;
    [...item.content.str].forEach((character, n) => all.push([item.id.client, item.id.clock + n, character]));
  }
  return all;
}

/** The names of the characters from `from` to before `to`. */
function named(text, from, to) {
  const names = [];
  let at = 0;
  for (let item = text._start; item && at < to; item = item.right) {
    if (item.deleted || !item.countable) continue;
    for (let n = Math.max(0, from - at); n < Math.min(item.length, to - at); n += 1) {
      names.push([item.id.client, item.id.clock + n]);
    }
    at += item.length;
  }
  return names;
}

/** Everything that a transaction's author had seen, by its parents, and `has` does not say yet; noted there. */
function unseen(txns, has, parents) {
  const missing = [];
  const look = [...parents];
  while (look.length > 0) {
    const parent = look.pop();
    if (has[parent]) continue;
    has[parent] = true;
    missing.push(parent);
    look.push(...txns[parent].parents);
  }
  return missing.sort((a, b) => a - b);
}

/**
 * The session's first `seconds` at so many times its speed. Each author's document takes in just what the author had
 * seen, as the recording says; so an edit can be told by characters, not by offsets: `after` which one it inserts, and
 * which ones are `gone`. That holds in whatever an author's page shows by then.
 */
export function session(path, speed, seconds) {
  const { txns: all, numAgents, endContent } = JSON.parse(gunzipSync(readFileSync(path)));
  const began = Date.parse(all[0].time);
  const due = (txn) => (Date.parse(txn.time) - began) / speed;
  // What a transaction rests on comes before it in the file, though not always by the clock.
  const after = all.findIndex((txn) => due(txn) > seconds * 1000);
  const txns = after < 0 ? all : all.slice(0, after);
  const docs = Array.from({ length: numAgents }, (_, author) => {
    const doc = new Y.Doc();
    doc.clientID = author;
    return doc;
  });
  const has = docs.map(() => new Array(txns.length).fill(false));
  const steps = docs.map(() => []);
  const made = [];
  for (const [index, txn] of txns.entries()) {
    const { agent } = txn;
    const doc = docs[agent];
    const text = doc.getText("t");
    for (const parent of unseen(txns, has[agent], txn.parents)) made[parent].forEach((update) => Y.applyUpdate(doc, update));
    has[agent][index] = true;
    const updates = [];
    const keep = (update) => updates.push(update);
    doc.on("update", keep);
    for (const [position, deleted, inserted] of txn.patches) {
      const [last] = position > 0 ? named(text, position - 1, position) : [undefined];
      steps[agent].push({ due: due(txn), after: last, gone: named(text, position, position + deleted), insert: inserted });
      doc.transact(() => {
        if (deleted > 0) text.delete(position, deleted);
        if (inserted) text.insert(position, inserted);
      });
    }
    doc.off("update", keep);
    made.push(updates);
  }
  const whole = new Y.Doc();
  for (const update of made.flat()) Y.applyUpdate(whole, update);
  const text = whole.getText("t").toString();
  if (txns === all && text !== endContent) throw new Error("the recording's end is not what its edits make");
  return { steps, characters: characters(whole.getText("t")), edits: steps.flat().length };
}
