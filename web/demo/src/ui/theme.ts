import { drawing, h } from "./dom";
import { kept } from "./kept";

const dark = matchMedia("(prefers-color-scheme: dark)");

/** Whether the page is dark just now. */
export function isDark(): boolean {
  const chosen = document.documentElement.dataset["theme"];
  return chosen ? chosen === "dark" : dark.matches;
}

/** A button that turns light to dark and back. The choice that the system makes anyway is not kept, so that it still follows. */
export function themeButton(): HTMLButtonElement {
  const button = h("button", { type: "button", class: "icon" });
  const show = (): void => {
    const label = isDark() ? "Use light colours" : "Use dark colours";
    button.setAttribute("aria-label", label);
    button.title = label;
    button.replaceChildren(drawing(isDark() ? "sun" : "moon"));
  };
  button.addEventListener("click", () => {
    const wanted = isDark() ? "light" : "dark";
    const systems = dark.matches ? "dark" : "light";
    if (wanted === systems) {
      delete document.documentElement.dataset["theme"];
      kept.theme = "";
    } else {
      document.documentElement.dataset["theme"] = wanted;
      kept.theme = wanted;
    }
    show();
  });
  dark.addEventListener("change", show);
  show();
  return button;
}
