import "./style/tokens.css";
import "./style/base.css";
import "./style/notes.css";
import "./style/start.css";
import { startView } from "./start";

/** A view that is shown: it can be taken away. */
export interface View {
  element: HTMLElement;
  leave?: () => void;
}

const app = document.getElementById("app") as HTMLElement;
let shown: View | undefined;
let address = "";
let turn = 0;

/** Shows what the address says: a room, or the start. */
async function show(): Promise<void> {
  const mine = ++turn;
  address = location.pathname;
  const room = roomOf(location.pathname);
  // The start is small and is there at once; a room brings the editor.
  const view = room ? await (await import("./room/enter")).enter(room, go) : startView(go);
  if (mine !== turn) {
    view.leave?.();
    return;
  }
  shown?.leave?.();
  shown = view;
  app.replaceChildren(view.element);
}

/** Goes to another address of this page. */
export function go(path: string): void {
  history.pushState(null, "", path);
  void show();
}

function roomOf(path: string): string | undefined {
  const match = /^\/r\/([^/]+)\/?$/.exec(path);
  try {
    return match?.[1] && decodeURIComponent(match[1]);
  } catch {
    return undefined;
  }
}

addEventListener("popstate", () => {
  // Another file of the same room is no other view.
  if (location.pathname !== address) void show();
});
void show();
