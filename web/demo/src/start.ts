import { h, mark } from "./ui/dom";
import { kept } from "./ui/kept";
import { note, unnote } from "./ui/notes";
import { themeButton } from "./ui/theme";
import { picture } from "./start_picture";
import { STARTS, firstFiles } from "./first_files";
import { inWords } from "./words";
import { slugOf } from "./slug";
import type { View } from "./main";

/** The first thing that anybody sees: make a room, or go to one. */
export function startView(go: (path: string) => void): View {
  document.title = "Tandem";
  const name = h("input", {
    id: "name",
    value: kept.name,
    maxlength: 64,
    required: true,
    autocomplete: "nickname",
    spellcheck: "false",
    placeholder: "What others see",
  });
  const element = h(
    "div",
    { class: "start" },
    h(
      "header",
      {},
      h("a", { class: "brand", href: "/", "aria-label": "Tandem, start page" }, mark(), h("span", { text: "Tandem" })),
      themeButton(),
    ),
    h(
      "main",
      {},
      h(
        "section",
        { class: "pitch" },
        h("h1", {}, "Write code together, as\u00a0if at one\u00a0desk."),
        h("p", {
          class: "lead",
          text: "Open a room and send its link. Everybody types in the same files, and every change is stored before anybody else sees it.",
        }),
        h("div", { class: "field" }, h("label", { for: "name", text: "Your name" }), name),
        create(name, go),
        join(name, go),
        recent(go),
      ),
      picture(),
    ),
    h("footer", {}, h("p", { text: "One server, one port. Native clients join the same rooms by gRPC." })),
  );
  // The code of a room is on its way while somebody reads.
  const ahead = (): void => void Promise.all([import("./room/enter"), import("./editor/pane")]);
  if ("requestIdleCallback" in window) requestIdleCallback(ahead, { timeout: 3000 });
  else setTimeout(ahead, 1000);
  return { element, leave: () => unnote("start") };
}

function create(name: HTMLInputElement, go: (path: string) => void): HTMLElement {
  const title = h("input", { id: "title", maxlength: 60, autocomplete: "off", placeholder: "Friday kata" });
  const begin = h("select", { id: "begin" }, ...STARTS.map(({ id, label }) => h("option", { value: id, text: label })));
  const button = h("button", { class: "primary", text: "Create a room" });
  const form = h(
    "form",
    { class: "create", "aria-label": "Create a room" },
    h(
      "div",
      { class: "pair" },
      h("div", { class: "field" }, h("label", { for: "title" }, "Room name ", h("small", { text: "optional" })), title),
      h("div", { class: "field choice" }, h("label", { for: "begin", text: "Begin with" }), begin),
    ),
    button,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!keepName(name)) return;
    void busy(button, "Creating…", async () => {
      const { createRoom } = await import("./client");
      const room = await createRoom(title.value.trim(), firstFiles(begin.value));
      go(`/r/${room.slug || room.id}`);
    });
  });
  return form;
}

function join(name: HTMLInputElement, go: (path: string) => void): HTMLElement {
  const link = h("input", {
    id: "link",
    required: true,
    autocomplete: "off",
    spellcheck: "false",
    placeholder: "Link or name of a room",
  });
  const form = h(
    "form",
    { class: "join", "aria-label": "Join a room" },
    h("label", { for: "link", text: "Or join a room" }),
    h("div", { class: "row" }, link, h("button", { class: "secondary", text: "Join" })),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!keepName(name)) return;
    go(`/r/${encodeURIComponent(roomIn(link.value))}`);
  });
  return form;
}

function recent(go: (path: string) => void): HTMLElement | false {
  const { rooms } = kept;
  if (rooms.length === 0) return false;
  const open = (link: string) => (event: MouseEvent): void => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || !kept.name) return;
    event.preventDefault();
    go(link);
  };
  return h(
    "nav",
    { class: "recent", "aria-label": "Rooms that you were in" },
    h("h2", { text: "Where you were" }),
    h(
      "ul",
      {},
      ...rooms.map(({ link, title }) => h("li", {}, h("a", { href: link, text: title, on: { click: open(link) } }))),
    ),
  );
}

/** A room's id or slug, from itself or from a link to it. */
function roomIn(text: string): string {
  const given = text.trim();
  const match = /\/r\/([^/?#\s]+)/.exec(given);
  if (match?.[1]) return match[1];
  return /^[0-9a-f-]{36}$/i.test(given) ? given : slugOf(given) || given;
}

function keepName(input: HTMLInputElement): boolean {
  const name = input.value.trim();
  if (!name) {
    input.setCustomValidity("Say what others should call you.");
    input.reportValidity();
    input.addEventListener("input", () => input.setCustomValidity(""), { once: true });
    return false;
  }
  kept.name = name;
  return true;
}

/** Does something that takes a moment, and says so in place if it does not work. */
async function busy(button: HTMLButtonElement, words: string, work: () => Promise<void>): Promise<void> {
  const before = button.textContent;
  button.textContent = words;
  button.disabled = true;
  unnote("start");
  try {
    await work();
  } catch (error) {
    note({ name: "start", kind: "trouble", text: inWords(error) });
  } finally {
    button.textContent = before;
    button.disabled = false;
  }
}

