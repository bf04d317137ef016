import type { FileInfo } from "tandem-client";

/** A line of the tree. */
export type Row =
  | { kind: "folder"; path: string; name: string; level: number; open: boolean }
  | { kind: "file"; file: FileInfo; path: string; name: string; level: number };

interface Folder {
  folders: Map<string, Folder>;
  files: FileInfo[];
}

/** The lines of a list of files: folders first, and nothing of those that are closed. */
export function rowsOf(files: readonly FileInfo[], closed: ReadonlySet<string>): Row[] {
  const root: Folder = { folders: new Map(), files: [] };
  for (const file of files) {
    let folder = root;
    for (const part of file.path.split("/").slice(0, -1)) {
      const next = folder.folders.get(part) ?? { folders: new Map(), files: [] };
      folder.folders.set(part, next);
      folder = next;
    }
    folder.files.push(file);
  }
  const rows: Row[] = [];
  walk(root, "", 1, closed, rows);
  return rows;
}

function walk(folder: Folder, prefix: string, level: number, closed: ReadonlySet<string>, rows: Row[]): void {
  for (const name of [...folder.folders.keys()].sort(compare)) {
    const path = `${prefix}${name}`;
    const open = !closed.has(path);
    rows.push({ kind: "folder", path, name, level, open });
    if (open) walk(folder.folders.get(name)!, `${path}/`, level + 1, closed, rows);
  }
  const files = folder.files.map((file) => ({ file, name: file.path.slice(prefix.length) }));
  for (const { file, name } of files.sort((a, b) => compare(a.name, b.name))) {
    rows.push({ kind: "file", file, path: file.path, name, level });
  }
}

const compare = new Intl.Collator(undefined, { numeric: true }).compare;
