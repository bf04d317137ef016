import type { Draft, Room } from "tandem-client";
import type { Pane } from "../editor/pane";
import { note } from "../ui/notes";
import { sentence } from "../words";

/** The most of a draft that is shown; all of it is copied. */
const SHOWN = 4000;

/** Offers text that the server will not store: to copy, or to put in again. */
export function rescue(room: Room, draft: Draft, pane: () => Pane | undefined): void {
  // Where the server's text is not known, as that of a deleted file, all that was written here can be told.
  const lost = draft.current === undefined ? draft.unsaved : added(draft.current, draft.text);
  if (!lost) return;
  const living = room.files.some(({ id }) => id === draft.file);
  const here = living && pane()?.file === draft.file;
  note({
    name: `draft ${draft.file}`,
    kind: "trouble",
    text: `Not saved in ${draft.path}: ${sentence(draft.message)} Your text is kept here.`,
    quote: lost.length > SHOWN ? `${lost.slice(0, SHOWN)}…` : lost,
    offers: [
      { label: "Copy", act: () => copy(lost) },
      ...(here ? [{ label: "Insert at the cursor", act: () => pane()?.insert(lost) }] : []),
      ...(living ? [] : [{ label: "Restore the file", act: () => restore(room, draft, lost) }]),
    ],
  });
}

function copy(text: string): false {
  void navigator.clipboard.writeText(text);
  return false;
}

async function restore(room: Room, draft: Draft, text: string): Promise<void> {
  try {
    await room.restoreFile(draft.file);
    note({ text: `${draft.path} is back.`, quote: text, offers: [{ label: "Copy", act: () => copy(text) }] });
  } catch (error) {
    note({ kind: "trouble", text: sentence((error as Error).message), quote: text });
  }
}

/** What the one text has between the beginning and the end that both have. */
function added(before: string, after: string): string {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start++;
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before.at(-1 - end) === after.at(-1 - end)) end++;
  return after.slice(start, after.length - end);
}
