/**
 * Tandem in the browser: join a room, open its files as Yjs documents, bind them to an editor.
 *
 * @packageDocumentation
 */
export { TandemClient, type ClientOptions, type CreateOptions, type JoinOptions } from "./client.js";
export type { Completion, CompletionKind, CompletionRequest, Completions, Ghost } from "./completion.js";
export { TandemError } from "./errors.js";
export { TandemProvider } from "./provider.js";
export type { ProviderEvents, Swap } from "./provider_types.js";
export { Room } from "./room.js";
export { plainText } from "./plain_text.js";
export type { Draft, FileInfo, FileText, Origin, Person, Refusal, RoomEvents, RoomInfo, Status } from "./types.js";
