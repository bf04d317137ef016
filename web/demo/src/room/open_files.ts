import type { Room, TandemProvider } from "tandem-client";

/** Files that stay open behind the one that is shown, so that going back to them takes no time. */
const KEPT = 6;

/** Opens files, and keeps those that were shown last. */
export function openFiles(room: Room) {
  const open = new Map<string, TandemProvider>();
  return {
    /** The file, once it has the server's text. */
    async get(id: string): Promise<TandemProvider> {
      const provider = open.get(id) ?? room.open(id);
      open.delete(id);
      open.set(id, provider);
      for (const [other, old] of open) {
        if (open.size <= KEPT) break;
        if (other === id || old.pending > 0) continue;
        open.delete(other);
        old.destroy();
      }
      try {
        if (!provider.synced) await provider.whenSynced;
      } catch (error) {
        open.delete(id);
        provider.destroy();
        throw error;
      }
      return provider;
    },
    /** Lets go of files that are no more; what is not saved of them becomes a draft. */
    keep(living: ReadonlySet<string>): void {
      for (const [id, provider] of open) {
        if (living.has(id)) continue;
        open.delete(id);
        provider.destroy();
      }
    },
    close(): void {
      open.forEach((provider) => provider.destroy());
      open.clear();
    },
  };
}
