import type { Person, Room } from "tandem-client";
import { fill, h } from "../ui/dom";
import { say } from "../ui/say";
import type { Following } from "./follow";

/** How many faces stand in the bar, where it is wide and where it is narrow; the others are behind a button. */
const FACES = { wide: 5, narrow: 2 };

/** Shows who is here, who types, and lets somebody be followed. */
export function people(room: Room, place: HTMLElement, follow: Following): () => void {
  const everybody = h("div", { class: "everybody", popover: "auto", id: "everybody" });
  const narrow = matchMedia("(max-width: 720px)");
  let before: Map<string, string> | undefined;
  let drawn = "";

  const show = (): void => {
    const here = [...room.people];
    news(here);
    // Presence comes many times a second; most of it changes no face.
    const seen = here.map(({ id, name, color, typing, away, file }) => [id, name, color, typing, away, file]);
    const now = JSON.stringify([seen, follow.whom(), narrow.matches]);
    if (now === drawn) return;
    drawn = now;
    const had = document.activeElement?.getAttribute("data-person");
    const most = narrow.matches ? FACES.narrow : FACES.wide;
    const few = here.length <= most ? here : here.slice(0, most - 1);
    const rest = here.length - few.length;
    fill(
      place,
      ...few.map((person) => face(person)),
      rest > 0 &&
        h("button", {
          type: "button",
          class: "face more",
          popovertarget: "everybody",
          "aria-label": `+${rest}: all ${here.length} people`,
          text: `+${rest}`,
        }),
      everybody,
    );
    fill(everybody, h("h2", { text: `${here.length} here` }), ...here.map((person) => row(person)));
    if (had) place.querySelector<HTMLElement>(`[data-person="${had}"]`)?.focus();
  };

  const news = (here: Person[]): void => {
    const now = new Map(here.map((person) => [person.id, person.name]));
    if (before) {
      for (const [id, name] of now) if (!before.has(id)) say(`${name} is here.`);
      for (const [id, name] of before) if (!now.has(id)) say(`${name} has left.`);
    }
    before = now;
  };

  const button = (person: Person, kind: string): HTMLButtonElement => {
    const followed = follow.whom() === person.id;
    const element = h("button", {
      type: "button",
      class: kind,
      disabled: person.me,
      "data-person": person.id,
      "data-typing": person.typing || undefined,
      "data-away": person.away || undefined,
      "aria-pressed": person.me ? undefined : String(followed),
      "aria-label": about(room, person, followed),
      title: about(room, person, followed),
      on: { click: () => (followed ? follow.stop() : follow.start(person.id)) },
    });
    element.style.setProperty("--who", person.color);
    return element;
  };
  const face = (person: Person): HTMLElement => {
    const element = button(person, "face");
    element.append(h("span", { class: "initial", text: initials(person.name) }), dots());
    return element;
  };
  const row = (person: Person): HTMLElement => {
    const element = button(person, "row");
    element.append(
      h("span", { class: "swatch" }),
      h("span", { class: "name", text: person.me ? `${person.name} (you)` : person.name }),
      h("span", { class: "doing", text: doing(room, person) }),
    );
    return element;
  };

  const ends = [room.on("people", show), room.on("presence", show), room.on("files", show), follow.on(show)];
  narrow.addEventListener("change", show);
  show();
  return () => {
    narrow.removeEventListener("change", show);
    ends.forEach((end) => end());
  };
}

function dots(): HTMLElement {
  return h("span", { class: "typing", "aria-hidden": "true" }, h("i"), h("i"), h("i"));
}

function doing(room: Room, person: Person): string {
  if (person.away) return "away";
  const path = room.files.find((file) => file.id === person.file)?.path;
  if (person.typing) return path ? `types in ${path}` : "types";
  return path ? `in ${path}` : "";
}

function about(room: Room, person: Person, followed: boolean): string {
  if (person.me) return `${person.name} (you)`;
  const what = doing(room, person);
  const who = what ? `${person.name}, ${what}` : person.name;
  return followed ? `Stop following ${who}` : `Follow ${who}`;
}

/** One or two letters for a name. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/u);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters.map((word) => [...(word ?? "")][0] ?? "").join("").toUpperCase() || "?";
}
