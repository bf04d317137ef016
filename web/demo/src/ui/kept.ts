/** What the browser keeps between visits. A browser that keeps nothing only forgets. */
function read(name: string): string {
  try {
    return localStorage.getItem(`tandem.${name}`) ?? "";
  } catch {
    return "";
  }
}

function write(name: string, value: string): void {
  try {
    if (value) localStorage.setItem(`tandem.${name}`, value);
    else localStorage.removeItem(`tandem.${name}`);
  } catch {
    // Nothing is kept then.
  }
}

/** A room that was visited. */
export interface Visited {
  link: string;
  title: string;
}

const ROOMS = 5;

export const kept = {
  get name(): string {
    return read("name");
  },
  set name(value: string) {
    write("name", value);
  },
  set theme(value: string) {
    write("theme", value);
  },
  /** The rooms visited last, the newest first. */
  get rooms(): Visited[] {
    try {
      const rooms: unknown = JSON.parse(read("rooms") || "[]");
      return Array.isArray(rooms) ? rooms.filter(isVisited).slice(0, ROOMS) : [];
    } catch {
      return [];
    }
  },
  visit(room: Visited): void {
    const others = this.rooms.filter((other) => other.link !== room.link);
    write("rooms", JSON.stringify([room, ...others].slice(0, ROOMS)));
  },
  forget(link: string): void {
    write("rooms", JSON.stringify(this.rooms.filter((room) => room.link !== link)));
  },
};

function isVisited(value: unknown): value is Visited {
  const room = value as Partial<Visited> | null;
  return typeof room?.link === "string" && typeof room.title === "string";
}
