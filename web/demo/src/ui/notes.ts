import { h, iconButton } from "./dom";

/** What a note offers to do. */
export interface Offer {
  label: string;
  /** Returns false to leave the note where it is. */
  act: () => unknown;
}

export interface Note {
  text: string;
  kind?: "plain" | "trouble";
  /** Shown as it is, in full: text that could not be saved. */
  quote?: string;
  offers?: Offer[];
  /** How long it stays, in milliseconds; for ever unless given. */
  stays?: number;
  /** A note of the same name takes its place. */
  name?: string;
}

const place = h("section", { class: "notes", "aria-label": "Messages" });

/** Shows a sentence at the page's foot until it is dismissed. Returns what takes it away. */
export function note({ text, kind = "plain", quote, offers = [], stays, name }: Note): () => void {
  if (!place.isConnected) document.body.append(place);
  if (name) place.querySelector(`[data-name="${name}"]`)?.remove();
  const remove = (): void => card.remove();
  const buttons = offers.map(({ label, act }) =>
    h("button", {
      type: "button",
      class: "quiet",
      text: label,
      on: { click: () => act() === false || remove() },
    }),
  );
  const card = h(
    "div",
    { class: `note ${kind}`, role: kind === "trouble" ? "alert" : "status", "data-name": name },
    h("p", { text }),
    quote !== undefined && h("pre", { text: quote, tabindex: 0, "aria-label": "The text" }),
    buttons.length > 0 && h("div", { class: "offers" }, ...buttons),
    iconButton("close", "Dismiss", remove, { class: "icon dismiss" }),
  );
  place.append(card);
  if (stays) {
    let timer = setTimeout(remove, stays);
    // Whoever reads or reaches for it has the time that it takes.
    card.addEventListener("pointerenter", () => clearTimeout(timer));
    card.addEventListener("focusin", () => clearTimeout(timer));
    card.addEventListener("pointerleave", () => (timer = setTimeout(remove, stays)));
  }
  return remove;
}

/** Takes a named note away. */
export function unnote(name: string): void {
  place.querySelector(`[data-name="${name}"]`)?.remove();
}
