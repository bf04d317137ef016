import type { LinkEvent, Opening, Whereabouts } from "./link.js";
import type { Change } from "./operations.js";

/** What a page tells the worker, over its port: one port for each room that it has joined. */
export type PageMessage =
  | { readonly kind: "join"; readonly url: string; readonly room: string; readonly name: string }
  | { readonly kind: "open"; readonly opening: Opening }
  | { readonly kind: "close"; readonly file: string }
  | { readonly kind: "change"; readonly change: Change }
  | { readonly kind: "abandon"; readonly file: string; readonly clientId: number }
  | { readonly kind: "show"; readonly where: Whereabouts }
  | { readonly kind: "leave" }
  /** Said now and then: a page that ends can't be relied on to say so. */
  | { readonly kind: "here" };

/** What the worker tells a page. */
export type WorkerMessage = { readonly kind: "event"; readonly event: LinkEvent } | { readonly kind: "left" };

/** How often a page says that it is there, in milliseconds. */
export const HERE = 20_000;
/** A page that has not said so for this long is gone: browsers let hidden pages do things once a minute. */
export const GONE = 150_000;
