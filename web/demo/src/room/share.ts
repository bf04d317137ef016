import { note } from "../ui/notes";
import { say } from "../ui/say";

/** Lets a button copy the room's link. */
export function share(button: HTMLButtonElement, path: string): () => void {
  const words = button.querySelector("span");
  let back: ReturnType<typeof setTimeout> | undefined;
  const copy = async (): Promise<void> => {
    const link = `${location.origin}${path}`;
    try {
      await navigator.clipboard.writeText(link);
    } catch {
      // Not allowed, or no secure page: the link is shown, to be copied by hand.
      note({ name: "link", text: "Send this link to whoever should join:", quote: link });
      return;
    }
    say("The link is copied.");
    if (words) words.textContent = "Copied";
    clearTimeout(back);
    back = setTimeout(() => words && (words.textContent = "Share"), 1800);
  };
  const click = (): void => void copy();
  button.addEventListener("click", click);
  return () => {
    clearTimeout(back);
    button.removeEventListener("click", click);
  };
}
