import type { Room } from "tandem-client";
import { fill, h } from "../ui/dom";
import { note, unnote } from "../ui/notes";
import { say } from "../ui/say";

/** How long a hand must rest until "Saved" stands there again, so that it does not flicker while somebody types. */
const REST = 350;
/** How long a lost connection may take to come back before it is worth a sentence. */
const PATIENCE = 1500;

const LOST =
  "The connection is lost. You can go on: what you type is kept in this window and sent when the connection is back.";

/**
 * Says how the connection is and whether the server has everything. "Saved" goes away with the key that makes it untrue;
 * only its return waits.
 */
export function state(room: Room, place: HTMLElement): () => void {
  const words = h("span", { class: "words" });
  fill(place, h("span", { class: "dot", "aria-hidden": "true" }), words);
  let resting: ReturnType<typeof setTimeout> | undefined;
  let waiting: ReturnType<typeof setTimeout> | undefined;
  let lost = false;

  const write = (kind: string, text: string, meaning: string): void => {
    place.dataset["kind"] = kind;
    place.title = meaning;
    fill(words, text);
  };
  const show = (): void => {
    clearTimeout(resting);
    if (room.status === "ended") return write("trouble", "Ended", "This window is no longer in the room.");
    if (room.status !== "connected") {
      const kept = room.pending > 0 ? `Offline, ${count(room.pending)} not sent` : "Offline";
      const text = room.status === "connecting" && !lost ? "Connecting…" : kept;
      return write(lost ? "trouble" : "busy", text, lost ? LOST : "The server is being reached.");
    }
    if (room.pending > 0 || !room.saved) {
      return write("busy", "Saving…", "The server has not stored the last of your changes yet.");
    }
    const rest = (): void => write("good", "Saved", "The server has stored every change.");
    if (place.dataset["kind"] === "good") rest();
    else resting = setTimeout(() => room.saved && rest(), place.dataset["kind"] === "busy" ? REST : 0);
  };
  const connection = (): void => {
    clearTimeout(waiting);
    if (room.status === "connected") {
      unnote("lost");
      if (lost) say("The connection is back.");
      lost = false;
    } else if (room.status !== "ended" && !lost) {
      waiting = setTimeout(() => {
        lost = true;
        note({ name: "lost", text: LOST });
        show();
      }, PATIENCE);
    }
    show();
  };
  const ends = [room.on("status", connection), room.on("saved", show)];
  connection();
  return () => {
    ends.forEach((end) => end());
    clearTimeout(resting);
    clearTimeout(waiting);
    unnote("lost");
  };
}

function count(changes: number): string {
  return changes === 1 ? "1 change" : `${changes} changes`;
}
