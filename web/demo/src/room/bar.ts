import { drawing, h, iconButton, mark } from "../ui/dom";
import { themeButton } from "../ui/theme";

/** The bar at the top, and the drawer that its button opens where the page is narrow. */
export function bar(go: (path: string) => void, side: HTMLElement, shade: HTMLElement) {
  const title = h("h1", { class: "title", text: "\u00a0" });
  const people = h("div", { class: "people", role: "group", "aria-label": "Who is here" });
  const state = h("div", { class: "state" });
  const share = h(
    "button",
    { type: "button", class: "secondary share", "aria-label": "Share: copy the link of this room" },
    drawing("link"),
    h("span", { text: "Share" }),
  );
  const narrow = matchMedia("(max-width: 720px)");
  const opener = iconButton("files", "Files", () => toggle(!side.classList.contains("open")), {
    class: "icon opener",
    "aria-controls": "side",
    "aria-expanded": "false",
  });

  function toggle(open: boolean): void {
    const drawer = narrow.matches;
    side.classList.toggle("open", drawer && open);
    shade.classList.toggle("open", drawer && open);
    side.inert = drawer && !open;
    opener.setAttribute("aria-expanded", String(drawer && open));
    if (drawer && open) side.querySelector<HTMLElement>("[tabindex='0']")?.focus();
  }
  const close = (): void => {
    const had = side.contains(document.activeElement);
    toggle(false);
    if (had && narrow.matches) opener.focus();
  };
  narrow.addEventListener("change", () => toggle(false));
  shade.addEventListener("click", close);
  side.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && narrow.matches) close();
  });
  toggle(false);

  const home = (event: MouseEvent): void => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go("/");
  };
  const element = h(
    "header",
    { class: "bar" },
    opener,
    h("a", { class: "brand", href: "/", "aria-label": "Tandem, start page", on: { click: home } }, mark()),
    title,
    state,
    people,
    share,
    themeButton(),
  );
  return { element, title, people, state, share, closeSide: close };
}
