import { TandemClient, type RoomInfo } from "tandem-client";
import { freeSlug } from "./slug";

/** The page's one way to its server. */
export const client = new TandemClient();

/** Creates a room with a link that can be read aloud. */
export function createRoom(title: string, files: { path: string; text: string }[]): Promise<RoomInfo> {
  const slug = freeSlug(title);
  return client.createRoom({ title: title || slug.slice(0, -5).replace("-", " "), slug, files });
}
