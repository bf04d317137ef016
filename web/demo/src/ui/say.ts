let last = "";

/** Tells a screen reader; the same sentence twice in a row is said once. */
export function say(sentence: string): void {
  const place = document.getElementById("said");
  if (!place || sentence === last) return;
  last = sentence;
  place.textContent = sentence;
}
