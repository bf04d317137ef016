import { fromBinary } from "@bufbuild/protobuf";
import { ServerMessageSchema, type ServerMessage } from "./gen/tandem/v1/collaboration_pb.js";

/** Puts messages together that come in parts. */
export class Fragments {
  #parts: Uint8Array[] = [];

  /** The message, or nothing while parts of it are still to come. */
  take(message: ServerMessage): ServerMessage | undefined {
    if (message.kind.case !== "fragment") return message;
    const { data, last } = message.kind.value;
    this.#parts.push(data);
    if (!last) return undefined;
    const whole = joined(this.#parts);
    this.#parts = [];
    return fromBinary(ServerMessageSchema, whole);
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
