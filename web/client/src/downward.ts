import type { ServerMessage } from "./gen/tandem/v1/collaboration_pb.js";
import type { LinkEvent } from "./link.js";

/** What a message tells of the room as it is; messages that answer what went up are not told here. */
export function downward({ kind }: ServerMessage): LinkEvent[] {
  switch (kind.case) {
    case "updated":
      return [{ kind: "updated", updated: kind.value }];
    case "presenceChanged":
      return [{ kind: "presence", presences: kind.value.presences }];
    case "fileChanged":
      return [{ kind: "file", changed: kind.value }];
    case "participantChanged":
      return kind.value.participant ? [{ kind: "participant", participant: kind.value.participant }] : [];
    case "resync":
      return [{ kind: "resync", file: kind.value.fileId, epoch: kind.value.epoch }];
    default:
      return [];
  }
}
