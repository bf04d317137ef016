import type { FileInfo, Person } from "tandem-client";
import { fill, h, iconButton } from "../ui/dom";
import { rowsOf, type Row } from "./tree_rows";

/** What the tree lets people do. */
interface Actions {
  open: (file: FileInfo) => void;
  create: (folder?: string) => void;
  rename: (file: FileInfo) => void;
  remove: (file: FileInfo) => void;
}

/** The files at the left: a tree for mouse and keyboard (arrows, Enter, F2, Delete). */
export function tree(place: HTMLElement, actions: Actions) {
  const list = h("ul", { role: "tree", "aria-label": "Files of the room" });
  const add = iconButton("add", "New file", () => actions.create());
  fill(place, h("div", { class: "head" }, h("h2", { text: "Files" }), add), list);
  const closed = new Set<string>();
  let files: readonly FileInfo[] = [];
  let rows: Row[] = [];
  let selected: string | undefined;
  let current = "";
  let drawnDots = "";
  let who = new Map<string, Person[]>();

  const draw = (): void => {
    const had = list.contains(document.activeElement);
    rows = rowsOf(files, closed);
    if (!rows.some((row) => row.path === current)) {
      current = rows.find((row) => row.kind === "file" && row.file.id === selected)?.path ?? rows[0]?.path ?? "";
    }
    fill(list, ...rows.map(line));
    if (had) item(current)?.focus();
  };
  const item = (path: string): HTMLElement | undefined =>
    [...list.querySelectorAll<HTMLElement>("[role=treeitem]")].find((element) => element.dataset["path"] === path);

  const line = (row: Row): HTMLElement => {
    const file = row.kind === "file" ? row.file : undefined;
    const element = h(
      "li",
      {
        role: "treeitem",
        class: row.kind,
        tabindex: row.path === current ? 0 : -1,
        "data-path": row.path,
        "data-level": Math.min(row.level, 8),
        "aria-level": row.level,
        "aria-selected": file ? String(file.id === selected) : undefined,
        "aria-expanded": row.kind === "folder" ? String(row.open) : undefined,
        "aria-keyshortcuts": file ? "F2 Delete" : undefined,
        title: row.path,
        on: {
          click: () => act(row),
          focus: () => (current = row.path),
        },
      },
      h("span", { class: "name", text: row.name }),
      file && h("span", { class: "dots" }, ...(who.get(file.id) ?? []).slice(0, 4).map(dot)),
      file && tools(file),
    );
    return element;
  };
  const tools = (file: FileInfo): HTMLElement => {
    const still = (work: () => void) => (event: MouseEvent): void => {
      event.stopPropagation();
      work();
    };
    return h(
      "span",
      { class: "tools" },
      iconButton("pencil", `Rename ${file.path}`, still(() => actions.rename(file)), { tabindex: -1 }),
      iconButton("bin", `Delete ${file.path}`, still(() => actions.remove(file)), { tabindex: -1 }),
    );
  };
  const act = (row: Row): void => {
    current = row.path;
    if (row.kind === "file") return actions.open(row.file);
    fold(row.path, row.open);
  };
  const fold = (path: string, close: boolean): void => {
    if (close) closed.add(path);
    else closed.delete(path);
    draw();
    item(path)?.focus();
  };
  const go = (row: Row | undefined): void => {
    if (!row) return;
    item(current)?.setAttribute("tabindex", "-1");
    current = row.path;
    const element = item(current);
    element?.setAttribute("tabindex", "0");
    element?.focus();
  };

  list.addEventListener("keydown", (event) => {
    const at = rows.findIndex((row) => row.path === current);
    const row = rows[at];
    if (!row || event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLButtonElement) return;
    const parent = row.path.slice(0, Math.max(row.path.lastIndexOf("/"), 0));
    const done = keys(event.key, row, at, parent);
    if (done) event.preventDefault();
  });
  const keys = (key: string, row: Row, at: number, parent: string): boolean => {
    switch (key) {
      case "ArrowDown":
        go(rows[at + 1]);
        return true;
      case "ArrowUp":
        go(rows[at - 1]);
        return true;
      case "Home":
        go(rows[0]);
        return true;
      case "End":
        go(rows.at(-1));
        return true;
      case "ArrowRight":
        if (row.kind === "folder") row.open ? go(rows[at + 1]) : fold(row.path, false);
        return true;
      case "ArrowLeft":
        if (row.kind === "folder" && row.open) fold(row.path, true);
        else go(rows.find((other) => other.path === parent));
        return true;
      case "Enter":
      case " ":
        act(row);
        return true;
      case "F2":
        if (row.kind === "file") actions.rename(row.file);
        return true;
      case "Delete":
        if (row.kind === "file") actions.remove(row.file);
        return true;
      default:
        return false;
    }
  };

  return {
    files(now: readonly FileInfo[]): void {
      files = now;
      draw();
    },
    select(id: string): void {
      selected = id;
      current = files.find((file) => file.id === id)?.path ?? current;
      const folders = current.split("/").slice(0, -1);
      folders.forEach((_, depth) => closed.delete(folders.slice(0, depth + 1).join("/")));
      draw();
    },
    /** Shows in which files others are. */
    dots(everybody: readonly Person[]): void {
      const others = everybody.filter((person) => !person.me && !person.away && person.file);
      const now = JSON.stringify(others.map(({ id, name, color, file }) => [id, name, color, file]));
      if (now === drawnDots) return;
      drawnDots = now;
      who = new Map();
      for (const person of others) who.set(person.file!, [...(who.get(person.file!) ?? []), person]);
      draw();
    },
  };
}

function dot(person: Person): HTMLElement {
  const element = h("span", { class: "dot", role: "img", "aria-label": `${person.name} is here`, title: person.name });
  element.style.setProperty("--who", person.color);
  return element;
}
