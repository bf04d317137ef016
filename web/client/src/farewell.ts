import { create, toBinary } from "@bufbuild/protobuf";
import { CollaborationService, PublishRequestSchema } from "./gen/tandem/v1/collaboration_service_pb.js";
import { message } from "./messages.js";

/**
 * Ends a session while the page ends: the one request that a browser still sends then. Only for a session without
 * pending changes, which it could overtake. Where it does not get through, the server notices after a while.
 */
export function farewell(url: string, resumeToken: string): void {
  const publish = create(PublishRequestSchema, { resumeToken, messages: [message({ case: "leave", value: {} })] });
  const bytes = toBinary(PublishRequestSchema, publish);
  // One gRPC frame: not compressed, then its length.
  const body = new Uint8Array(5 + bytes.length);
  new DataView(body.buffer).setUint32(1, bytes.length);
  body.set(bytes, 5);
  const { typeName, method } = CollaborationService;
  const headers = { "content-type": "application/grpc-web+proto", "x-grpc-web": "1" };
  fetch(`${url}/${typeName}/${method.publish.name}`, { method: "POST", headers, body, keepalive: true }).catch(() => undefined);
}
