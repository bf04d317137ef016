import type { FileInfo, Room } from "tandem-client";
import { ask } from "../ui/ask";
import { note } from "../ui/notes";
import { say } from "../ui/say";
import { inWords } from "../words";

/** How long "Undo" is offered after a file was deleted. */
const UNDO = 10_000;

/** What can be done with files, with the questions that it takes. */
export function fileActions(room: Room, open: (file: FileInfo) => void) {
  const tell = (error: unknown): void => void note({ kind: "trouble", text: inWords(error), stays: 10_000 });

  const create = async (folder = ""): Promise<void> => {
    const path = await ask({
      title: "New file",
      yes: "Create",
      line: { label: "Name", value: folder, hint: "A slash makes folders, as in src/main.rs." },
    });
    if (!path) return;
    try {
      open(await room.createFile(path));
      say(`${path} is created.`);
    } catch (error) {
      tell(error);
    }
  };

  const rename = async (file: FileInfo): Promise<void> => {
    const path = await ask({
      title: "Rename the file",
      yes: "Rename",
      line: { label: "New name", value: file.path, hint: "Whoever edits it is not disturbed." },
    });
    if (!path || path === file.path) return;
    try {
      await room.renameFile(file.id, path);
      say(`${file.path} is now ${path}.`);
    } catch (error) {
      tell(error);
    }
  };

  const remove = async (file: FileInfo): Promise<void> => {
    const others = room.people.filter((person) => !person.me && person.file === file.id).map(({ name }) => name);
    const text =
      others.length > 0
        ? `${others.join(" and ")} ${others.length > 1 ? "have" : "has"} it open. It goes away for everybody, and can be brought back.`
        : "It goes away for everybody, and can be brought back.";
    const yes = await ask({ title: `Delete ${file.path}?`, text, yes: "Delete", dangerous: true });
    if (yes === null) return;
    try {
      await room.deleteFile(file.id);
      note({
        text: `${file.path} is deleted.`,
        stays: UNDO,
        offers: [{ label: "Undo", act: () => void restore(file) }],
      });
    } catch (error) {
      tell(error);
    }
  };

  const restore = async (file: FileInfo): Promise<void> => {
    try {
      open(await room.restoreFile(file.id));
      say(`${file.path} is back.`);
    } catch (error) {
      tell(error);
    }
  };

  return {
    create: (folder?: string) => void create(folder),
    rename: (file: FileInfo) => void rename(file),
    remove: (file: FileInfo) => void remove(file),
  };
}
