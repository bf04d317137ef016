import "../style/room.css";
import "../style/tree.css";
import type { Room } from "tandem-client";
import { client } from "../client";
import type { View } from "../main";
import { h, mark } from "../ui/dom";
import { kept } from "../ui/kept";
import { themeButton } from "../ui/theme";
import { inWords } from "../words";
import { roomView, type RoomView } from "./view";

/** Enters a room: asks for a name if there is none yet, joins, and shows what is there. */
export async function enter(room: string, go: (path: string) => void): Promise<View> {
  document.title = "Tandem";
  // The editor comes while the server answers.
  void import("../editor/pane");
  const element = h("div", { class: "entrance" });
  let joined: Room | undefined;
  let view: RoomView | undefined;
  let left = false;

  const join = async (): Promise<void> => {
    view = roomView(go);
    element.replaceChildren(view.element);
    try {
      joined = await client.join(room, { name: kept.name });
      if (left) return void joined.leave();
      view.begin(joined);
    } catch (error) {
      const missing = (error as { reason?: string }).reason === "ROOM_NOT_FOUND";
      if (missing) kept.forget(location.pathname);
      element.replaceChildren(sorry(missing, inWords(error), () => void join(), go));
    }
  };

  if (kept.name) void join();
  else element.replaceChildren(whoAreYou(room, () => void join(), go));
  return {
    element,
    leave: () => {
      left = true;
      view?.leave();
      void joined?.leave();
    },
  };
}

/** Asks a person who came by a link for a name. */
function whoAreYou(room: string, then: () => void, go: (path: string) => void): HTMLElement {
  const called = h("strong", { text: room });
  client.getRoom(room).then(
    ({ title }) => title && (called.textContent = title),
    // Joining tells what is wrong.
    () => undefined,
  );
  const input = h("input", {
    id: "name",
    required: true,
    maxlength: 64,
    autocomplete: "nickname",
    spellcheck: "false",
    placeholder: "What others see",
    autofocus: true,
  });
  const form = h(
    "form",
    { class: "card" },
    h("h1", { text: "You are invited" }),
    h("p", { class: "lead" }, "to write code together in ", called, "."),
    h("div", { class: "field" }, h("label", { for: "name", text: "Your name" }), input),
    h("button", { class: "primary", text: "Join the room" }),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!input.value.trim()) return input.reportValidity();
    kept.name = input.value.trim();
    then();
    return true;
  });
  queueMicrotask(() => input.focus());
  return page(form, go);
}

/** Says why one is not in the room. */
function sorry(missing: boolean, text: string, again: () => void, go: (path: string) => void): HTMLElement {
  const home = h("button", {
    type: "button",
    class: missing ? "primary" : "secondary",
    text: "To the start page",
    on: { click: () => go("/") },
  });
  const retry = !missing && h("button", { type: "button", class: "primary", text: "Try again", on: { click: again } });
  return page(
    h(
      "div",
      { class: "card", role: "alert" },
      h("h1", { text: missing ? "No such room" : "You are not in yet" }),
      h("p", { class: "lead", text }),
      h("div", { class: "offers" }, retry, home),
    ),
    go,
  );
}

/** A card in the middle of a plain page. */
function page(card: HTMLElement, go: (path: string) => void): HTMLElement {
  const home = (event: MouseEvent): void => {
    event.preventDefault();
    go("/");
  };
  return h(
    "div",
    { class: "start small" },
    h(
      "header",
      {},
      h(
        "a",
        { class: "brand", href: "/", "aria-label": "Tandem, start page", on: { click: home } },
        mark(),
        h("span", { text: "Tandem" }),
      ),
      themeButton(),
    ),
    h("main", {}, card),
  );
}
