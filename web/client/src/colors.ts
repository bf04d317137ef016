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

/** A participant's colour: the same for everybody who sees them. */
export function colorOf(id: string): { color: string; colorLight: string } {
  let sum = 0;
  for (let at = 0; at < id.length; at += 1) sum = (Math.imul(sum, 31) + id.charCodeAt(at)) >>> 0;
  const color = COLORS[sum % COLORS.length] ?? COLORS[0];
  return { color, colorLight: `${color}33` };
}
