// What types in a page: it runs there, on the page's own editor.

/**
 * Types an author's part of a recorded session into the page's editor, each edit when its time has come and the page
 * shows what the author saw. Edits are told by characters; `clients` has the Yjs client of each author's page.
 */
export async function type({ steps, clients, start }) {
  const { view } = document.querySelector(".cm-content").cmTile.root;
  const text = view.plugins.map(({ value }) => value?._ytext).find((found) => found);
  const { doc } = text;
  /** In milliseconds: how late the latest edit was, and how long edits waited for what their author had seen, and took. */
  const spent = { late: 0, waited: 0, took: 0 };
  const FRAME = 16;

  const known = ([author, number]) => {
    const last = doc.store.clients.get(clients[author])?.at(-1);
    return last !== undefined && last.id.clock + last.length > number;
  };
  const itemOf = ([author, number]) => {
    const items = doc.store.clients.get(clients[author]);
    let [low, high] = [0, items.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (items[middle].id.clock <= number) low = middle;
      else high = middle - 1;
    }
    return items[low];
  };
  /** How many characters are shown before this one, and whether it is shown itself. */
  const placeOf = (name) => {
    const item = itemOf(name);
    const shown = !item.deleted && item.countable;
    let before = shown ? name[1] - item.id.clock : 0;
    for (let left = item.left; left; left = left.left) if (!left.deleted && left.countable) before += left.length;
    return { before, shown };
  };
  let rested = Date.now();
  const until = async (due) => {
    const wait = start + due - Date.now();
    // Keys that come faster than the page draws are one frame's work; it has other work, too.
    if (wait <= 0 && Date.now() - rested < FRAME) return;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, wait)));
    rested = Date.now();
  };
  const seen = async (names) => {
    const end = Date.now() + 60_000;
    while (!names.every(known)) {
      if (Date.now() > end) throw new Error(`not seen within a minute: ${JSON.stringify(names)}`);
      await new Promise((resolve) => (doc.once("update", resolve), setTimeout(resolve, 1000)));
    }
  };

  for (const { due, after, gone, insert } of steps) {
    await until(due);
    const asked = performance.now();
    await seen(after ? [after, ...gone] : gone);
    const began = performance.now();
    spent.waited += began - asked;
    spent.late = Math.max(spent.late, Date.now() - start - due);
    const last = after && placeOf(after);
    const at = last ? last.before + (last.shown ? 1 : 0) : 0;
    const deleted = gone.map(placeOf).filter(({ shown }) => shown).map(({ before }) => before);
    const changes = deleted.map((from) => ({ from, to: from + 1 }));
    if (insert) changes.push({ from: at, insert });
    const anchor = at - deleted.filter((from) => from < at).length + insert.length;
    view.dispatch({ changes, selection: { anchor }, userEvent: insert ? "input.type" : "delete.backward" });
    spent.took += performance.now() - began;
  }
  return Object.fromEntries(Object.entries(spent).map(([name, milliseconds]) => [name, Math.round(milliseconds)]));
}

/** The Yjs client that the page's document writes as. */
export function clientOf() {
  const { view } = document.querySelector(".cm-content").cmTile.root;
  return view.plugins.map(({ value }) => value?._ytext).find((found) => found).doc.clientID;
}

/** The shown characters as [client, number among the client's, the character], and how many each client has made. */
export function charactersOf() {
  const { view } = document.querySelector(".cm-content").cmTile.root;
  const text = view.plugins.map(({ value }) => value?._ytext).find((found) => found);
  const all = [];
  for (let item = text._start; item; item = item.right) {
    if (item.deleted || !item.countable) continue;
    [...item.content.str].forEach((character, n) => all.push([item.id.client, item.id.clock + n, character]));
  }
  const made = [...text.doc.store.clients].map(([client, items]) => [client, items.at(-1).id.clock + items.at(-1).length]);
  return { all, made };
}
