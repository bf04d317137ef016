import type { Trouble } from "./errors.js";
import type { Link, LinkEvent } from "./link.js";
import { claimStream } from "./own_streams.js";
import type { Server } from "./server.js";
import { Session } from "./session.js";
import { USED_UP } from "./shared_rooms.js";
import { WorkerLink, type Port } from "./worker_link.js";

/** Makes the link to a room's session. */
export type Links = (room: string, name: string, tell: (event: LinkEvent) => void) => Promise<Link>;

/** Links that go through the worker that all tabs share. */
export function sharedLinks(url: string): Links | undefined {
  if (typeof SharedWorker === "undefined") return undefined;
  return (room, name, tell) => {
    const worker = new SharedWorker(new URL("./worker.js", import.meta.url), { type: "module", name: "tandem" });
    const link = new WorkerLink(worker.port as unknown as Port, url, room, name, tell);
    const message = "the worker that tabs share could not be started: reload the page";
    worker.onerror = () => link.failed({ reason: "INTERNAL", message, metadata: {}, retryDelay: undefined });
    return Promise.resolve(link);
  };
}

/** Links with a stream of their own. */
export function ownLinks(url: string, server: Server): Links {
  return async (room, name, tell) => {
    const release = await claimStream(url);
    if (!release) return refusedLink(USED_UP, tell);
    return new Session(server, room, name, (event) => {
      if (event.kind === "ended") release();
      tell(event);
    });
  };
}

/** A link that is over before it has begun. */
function refusedLink(trouble: Trouble, tell: (event: LinkEvent) => void): Link {
  const nothing = () => undefined;
  queueMicrotask(() => tell({ kind: "ended", trouble }));
  return { open: nothing, close: nothing, change: nothing, abandon: nothing, show: nothing, leave: () => Promise.resolve() };
}
