import type { Draft, FileInfo, Room } from "tandem-client";
import type { Pane } from "../editor/pane";
import { fill, h } from "../ui/dom";
import { kept } from "../ui/kept";
import { note } from "../ui/notes";
import { say } from "../ui/say";
import { inWords } from "../words";
import { bar } from "./bar";
import { rescue } from "./drafts";
import { fileActions } from "./files";
import { following } from "./follow";
import { openFiles } from "./open_files";
import { people } from "./people";
import { share } from "./share";
import { state } from "./state";
import { tree } from "./tree";

/** A room on the screen. */
export interface RoomView {
  element: HTMLElement;
  /** The room is joined: show what is in it. */
  begin(room: Room): void;
  leave(): void;
}

/** Lays a room out at once, empty; `begin` brings it to life without moving anything. */
export function roomView(go: (path: string) => void): RoomView {
  const place = h("div", { class: "place" }, h("p", { class: "wait", text: "Opening the room…" }));
  const foot = h("footer", { class: "foot" });
  const side = h("nav", { class: "side", id: "side", "aria-label": "Files" });
  const shade = h("div", { class: "shade" });
  const top = bar(go, side, shade);
  const element = h(
    "div",
    { class: "room" },
    top.element,
    side,
    shade,
    h("main", { class: "desk" }, place),
    foot,
  );
  const endings: (() => void)[] = [];
  return {
    element,
    begin: (room) => endings.push(live(room, { top, side, place, foot })),
    leave: () => endings.splice(0).forEach((end) => end()),
  };
}

interface Parts {
  top: ReturnType<typeof bar>;
  side: HTMLElement;
  place: HTMLElement;
  foot: HTMLElement;
}

/** Connects a joined room with what is on the screen; the answer undoes that. */
function live(room: Room, { top, side, place, foot }: Parts): () => void {
  const { pathname } = location;
  kept.visit({ link: pathname, title: room.title || room.slug || "A room" });
  top.title.textContent = room.title || room.slug || "Room";
  const open = openFiles(room);
  const where = h("span", { class: "where" });
  const what = h("span", { class: "what" });
  const leash = h("span", { class: "leash" });
  fill(foot, what, leash, where);
  let pane: Pane | undefined;
  let shown: FileInfo | undefined;
  let turn = 0;

  const show = async (file: FileInfo, focus = false): Promise<void> => {
    const mine = ++turn;
    shown = file;
    list.select(file.id);
    title(room, file);
    history.replaceState(null, "", `${pathname}#${encodeURI(file.path)}`);
    top.closeSide();
    const { pane: makePane } = await import("../editor/pane");
    try {
      const provider = await open.get(file.id);
      if (mine !== turn) return;
      pane?.destroy();
      pane = makePane(room, provider, { position: (text) => fill(where, text), touched: () => follow.stop() });
      place.replaceChildren(pane.element);
      fill(what, file.path);
      if (focus) pane.focus();
      follow.arrived();
    } catch (error) {
      if (mine === turn) place.replaceChildren(h("p", { class: "wait", text: inWords(error) }));
    }
  };
  const nothing = (): void => {
    turn++;
    pane?.destroy();
    pane = shown = undefined;
    fill(what);
    fill(where);
    place.replaceChildren(
      h("p", { class: "wait" }, "There is no file open. ", h("br"), "Choose one at the left, or create one."),
    );
  };

  const actions = fileActions(room, (file) => void show(file, true));
  const list = tree(side, { open: (file) => void show(file, true), ...actions });
  const follow = following(room, leash, {
    shown: () => shown?.id,
    show: (file) => void show(file),
    reveal: (offset) => pane?.reveal(offset),
  });
  const ends = [
    people(room, top.people, follow),
    state(room, top.state),
    share(top.share, pathname),
    room.on("files", (files) => filesChanged(files)),
    room.on("presence", (everybody) => list.dots(everybody)),
    room.on("people", (everybody) => list.dots(everybody)),
    room.on("draft", (draft: Draft) => rescue(room, draft, () => pane)),
    room.on("refused", (refusal) => note({ kind: "trouble", text: inWords(refusal), stays: 12_000 })),
    room.on("ended", (refusal) => note({ name: "ended", kind: "trouble", text: inWords(refusal) })),
  ];

  function filesChanged(files: readonly FileInfo[]): void {
    list.files(files);
    const now = files.find((file) => file.id === shown?.id);
    if (shown && !now) {
      // Nobody is to type into what is no more.
      pane?.destroy();
      pane = undefined;
    }
    open.keep(new Set(files.map(({ id }) => id)));
    if (!shown) return;
    if (!now) {
      say(`${shown.path} was deleted.`);
      const next = files[0];
      if (next) void show(next);
      else nothing();
    } else if (now.path !== shown.path) {
      shown = now;
      pane?.renamed(now.path);
      title(room, now);
      fill(what, now.path);
      history.replaceState(null, "", `${pathname}#${encodeURI(now.path)}`);
    }
  }

  const guard = (event: BeforeUnloadEvent): void => {
    if (room.pending > 0) event.preventDefault();
  };
  addEventListener("beforeunload", guard);
  list.files(room.files);
  list.dots(room.people);
  const wanted = decodeURI(location.hash.slice(1));
  const first = room.files.find((file) => file.path === wanted) ?? room.files[0];
  if (first) void show(first, matchMedia("(pointer: fine)").matches);
  else nothing();
  say(`You are in ${room.title || room.slug}.`);

  return () => {
    turn++;
    removeEventListener("beforeunload", guard);
    ends.forEach((end) => end());
    follow.end();
    pane?.destroy();
    open.close();
  };
}

function title(room: Room, file: FileInfo): void {
  const name = file.path.split("/").at(-1) ?? file.path;
  document.title = `${name} · ${room.title || room.slug || "Tandem"}`;
}
