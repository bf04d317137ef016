/** Colours on which white text can be read, apart enough to tell people apart. */
const COLORS = [
  "#2f6fdb",
  "#b3401f",
  "#187a52",
  "#8a3fc0",
  "#a8196a",
  "#7a6200",
  "#0f7489",
  "#c02a3c",
  "#5a5fd0",
  "#4e7a12",
  "#9a4f00",
  "#6b5b73",
] as const;

/** A participant's colours. */
export interface Colors {
  readonly color: string;
  readonly colorLight: string;
}

/**
 * The colours of all who are here: the same for everybody who sees them, and no two alike while there are enough. Each
 * has the colour drawn from the id, or the next one that nobody before them, in the order of ids, has.
 */
export function colorsOf(ids: Iterable<string>): Map<string, Colors> {
  const colors = new Map<string, Colors>();
  let free = new Set<number>();
  for (const id of [...ids].sort()) {
    if (free.size === 0) free = new Set(COLORS.keys());
    let at = drawn(id);
    while (!free.has(at)) at = (at + 1) % COLORS.length;
    free.delete(at);
    const color = COLORS[at] ?? COLORS[0];
    colors.set(id, { color, colorLight: `${color}33` });
  }
  return colors;
}

function drawn(id: string): number {
  let sum = 0;
  for (let at = 0; at < id.length; at += 1) sum = (Math.imul(sum, 31) + id.charCodeAt(at)) >>> 0;
  return sum % COLORS.length;
}
