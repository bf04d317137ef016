import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { ClientMessageSchema, type ClientMessage } from "./gen/tandem/v1/collaboration_pb.js";
import { Origin as Declared } from "./gen/tandem/v1/text_pb.js";
import type { Operation } from "./operations.js";
import type { Origin } from "./types.js";

/** One part of an update, in bytes; the server takes a mebibyte. */
const PART_BYTES = 512 << 10;
/** What goes up in one Publish, in bytes; the server reads four mebibytes. */
const PUBLISH_BYTES = 2 << 20;
/** The same in messages. */
const PUBLISH_MESSAGES = 256;

const ORIGINS: Record<Origin, Declared> = {
  typed: Declared.TYPED,
  pasted: Declared.PASTED,
  completed: Declared.COMPLETED,
  undone: Declared.UNDONE,
  agent: Declared.AGENT,
  restored: Declared.RESTORED,
};

/** A message up. */
export function message(kind: MessageInitShape<typeof ClientMessageSchema>["kind"]): ClientMessage {
  return create(ClientMessageSchema, kind ? { kind } : {});
}

/** A file named by its id. */
export function byId(file: string): { case: "fileId"; value: string } {
  return { case: "fileId", value: file };
}

/** An operation as messages: one, or several parts if it is large. */
export function parts(operation: Operation): ClientMessage[] {
  const { update } = operation;
  const count = Math.max(1, Math.ceil(update.length / PART_BYTES));
  return Array.from({ length: count }, (_, part) =>
    message({
      case: "update",
      value: {
        opId: operation.opId,
        file: byId(operation.file),
        epoch: operation.epoch,
        update: update.subarray(part * PART_BYTES, (part + 1) * PART_BYTES),
        more: part + 1 < count,
        origin: ORIGINS[operation.origin],
      },
    }),
  );
}

/** Takes from the front of `messages` what fits into one Publish. */
export function publishable(messages: ClientMessage[]): ClientMessage[] {
  let bytes = 0;
  let count = 0;
  for (const { kind } of messages) {
    bytes += kind.case === "update" ? kind.value.update.length : 0;
    if (count === PUBLISH_MESSAGES || (count > 0 && bytes > PUBLISH_BYTES)) break;
    count += 1;
  }
  return messages.splice(0, count);
}
