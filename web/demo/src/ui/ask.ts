import { h } from "./dom";

export interface Question {
  title: string;
  /** What happens then, in a sentence. */
  text?: string;
  yes: string;
  dangerous?: boolean;
  /** Asks for a line of text. */
  line?: { label: string; value?: string; hint?: string };
}

/** Asks in a dialog. The line that was asked for, or "" for a plain yes; null for no. */
export function ask({ title, text, yes, dangerous, line }: Question): Promise<string | null> {
  const input = line && h("input", { id: "asked", value: line.value ?? "", autocomplete: "off", spellcheck: "false" });
  const dialog = h(
    "dialog",
    { class: "ask", "aria-labelledby": "ask-title" },
    h(
      "form",
      { method: "dialog" },
      h("h2", { id: "ask-title", text: title }),
      text && h("p", { text }),
      input && h("label", { for: "asked", text: line.label }),
      input,
      line?.hint && h("p", { class: "hint", text: line.hint }),
      h(
        "div",
        { class: "offers" },
        h("button", { type: "button", class: "quiet", text: "Cancel", on: { click: () => dialog.close("no") } }),
        h("button", { class: dangerous ? "primary danger" : "primary", value: "yes", text: yes }),
      ),
    ),
  );
  // The answer is taken here: the page's policy lets no form be sent anywhere.
  dialog.querySelector("form")?.addEventListener("submit", (event) => {
    event.preventDefault();
    dialog.close("yes");
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close("no");
  });
  document.body.append(dialog);
  dialog.showModal();
  if (input) {
    // What is most often changed is chosen: a name, without its folder and its ending.
    const name = input.value.lastIndexOf("/") + 1;
    const ending = input.value.lastIndexOf(".");
    input.focus();
    input.setSelectionRange(name, ending > name ? ending : input.value.length);
  }
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes" ? (input?.value.trim() ?? "") : null);
    });
  });
}
