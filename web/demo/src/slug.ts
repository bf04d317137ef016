/** A room's name in links, made of its title: small letters, digits and single hyphens; "" if nothing is left. */
export function slugOf(title: string): string {
  const plain = title.normalize("NFKD").toLowerCase();
  const slug = plain.replace(/[\u0300-\u036f]/g, "").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  return slug.slice(0, 48).replace(/-+$/, "");
}

const FIRST = ["amber", "brisk", "calm", "clear", "early", "fair", "gentle", "keen", "light", "mild", "quiet", "swift"];
const SECOND = ["birch", "brook", "cedar", "dune", "fern", "heron", "lark", "maple", "otter", "pine", "reed", "wren"];

function one<Item>(list: readonly Item[]): Item {
  return list[crypto.getRandomValues(new Uint32Array(1))[0]! % list.length]!;
}

/** Four letters or digits that nobody chose. */
function tail(): string {
  return Array.from({ length: 4 }, () => one([..."abcdefghjkmnpqrstuvwxyz23456789"])).join("");
}

/** A slug that hardly anybody has: of the title, or of two words. */
export function freeSlug(title: string): string {
  const stem = slugOf(title);
  return `${stem.length > 1 ? stem : `${one(FIRST)}-${one(SECOND)}`}-${tail()}`;
}
