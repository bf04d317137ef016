import { server } from "./server.js";
import { Session } from "./session.js";
import type { SharedRoom, Tab } from "./shared_room.js";
import { SharedRooms } from "./shared_rooms.js";
import { GONE, type PageMessage, type WorkerMessage } from "./worker_protocol.js";

/** The side of a port that the worker needs. */
export interface HostPort {
  postMessage(message: WorkerMessage): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

/** What runs in the worker: serves each page's ports. */
export class WorkerHost {
  readonly rooms = new SharedRooms((url, room, name) => (tell) => new Session(server(url), room, name, tell));

  /** A page has connected: what comes by the port is one room's. */
  serve(port: HostPort): void {
    const tab: Tab = { tell: (event) => port.postMessage({ kind: "event", event }) };
    let room: SharedRoom | undefined;
    let gone: ReturnType<typeof setTimeout> | undefined;
    const leave = async () => {
      clearTimeout(gone);
      await room?.exit(tab);
      port.postMessage({ kind: "left" });
    };
    port.onmessage = ({ data }) => {
      const message = data as PageMessage;
      clearTimeout(gone);
      if (message.kind === "leave") return void leave();
      if (message.kind === "join") room = this.rooms.join(tab, message.url, message.room, message.name);
      else if (room) obey(room, tab, message);
      if (room) gone = setTimeout(() => void leave(), GONE);
    };
  }
}

function obey(room: SharedRoom, tab: Tab, message: PageMessage): void {
  switch (message.kind) {
    case "open":
      return room.open(tab, message.opening);
    case "close":
      return room.close(tab, message.file);
    case "change":
      return room.change(tab, message.change);
    case "abandon":
      return room.abandon(tab, message.file, message.clientId);
    case "show":
      return room.show(tab, message.where);
    default:
      return;
  }
}
