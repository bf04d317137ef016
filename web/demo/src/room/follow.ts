import type { FileInfo, Person, Room } from "tandem-client";
import { fill, h } from "../ui/dom";
import { say } from "../ui/say";

export interface Following {
  /** Who is followed, by id. */
  whom(): string | undefined;
  start(person: string): void;
  stop(): void;
  /** The file that was to be shown is there. */
  arrived(): void;
  /** Ends it for good. */
  end(): void;
  /** Calls back when somebody else, or nobody, is followed. */
  on(changed: () => void): () => void;
}

/** What following needs to do on the screen. */
interface Screen {
  shown: () => string | undefined;
  show: (file: FileInfo) => void;
  reveal: (offset: number) => void;
}

/** Keeps one's view where somebody else's is, until Escape, a key that edits, or their leaving. */
export function following(room: Room, place: HTMLElement, screen: Screen): Following {
  let whom: string | undefined;
  let seen = -1;
  const listeners = new Set<() => void>();

  const changed = (): void => {
    const person = current();
    const desk = place.closest<HTMLElement>(".room");
    desk?.toggleAttribute("data-following", !!person);
    if (person) desk?.style.setProperty("--who", person.color);
    fill(
      place,
      person && h("span", { text: `Following ${person.name}` }),
      person && h("button", { type: "button", class: "quiet", text: "Stop (Esc)", on: { click: () => stop() } }),
    );
    listeners.forEach((listener) => listener());
  };
  const current = (): Person | undefined => room.people.find((person) => person.id === whom);
  const stop = (): void => {
    if (whom === undefined) return;
    whom = undefined;
    changed();
  };
  const look = (): void => {
    if (whom === undefined) return;
    const person = current();
    if (!person) {
      say("The person that you followed has left.");
      return stop();
    }
    const file = room.files.find(({ id }) => id === person.file);
    if (file && file.id !== screen.shown()) {
      seen = -1;
      return screen.show(file);
    }
    const at = person.cursor?.head;
    if (file && at !== undefined && at !== seen) {
      seen = at;
      screen.reveal(at);
    }
  };
  const escape = (event: KeyboardEvent): void => {
    if (event.key === "Escape" && !event.defaultPrevented) stop();
  };
  const ends = [room.on("presence", look), room.on("people", look)];
  addEventListener("keydown", escape);

  return {
    whom: () => whom,
    start(person) {
      whom = person;
      seen = -1;
      const name = current()?.name;
      if (name) say(`You follow ${name}. Escape ends it.`);
      changed();
      look();
    },
    stop,
    arrived() {
      seen = -1;
      look();
    },
    end() {
      stop();
      ends.forEach((end) => end());
      removeEventListener("keydown", escape);
    },
    on(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
