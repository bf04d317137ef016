// Percentiles, and whether they are within what is wanted.

/** The value below which this part of all values lies (nearest rank). */
export function percentile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(Math.ceil(part * sorted.length) - 1, 0)];
}

/** A line for the reader: what was measured, what is wanted; whether it holds. */
export function judge(what, measured, wanted, unit) {
  const well = measured <= wanted;
  console.log(`${what}: ${measured.toFixed(1)} ${unit} (wanted: at most ${wanted} ${unit})${well ? "" : " ABOVE"}`);
  return well;
}
