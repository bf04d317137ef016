import { createClient, type Client } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { AutocompleteService } from "./gen/tandem/v1/autocomplete_service_pb.js";
import { CollaborationService } from "./gen/tandem/v1/collaboration_service_pb.js";
import { FileService } from "./gen/tandem/v1/file_service_pb.js";
import { RoomService } from "./gen/tandem/v1/room_service_pb.js";

/** A server's services over gRPC-Web. */
export interface Server {
  readonly rooms: Client<typeof RoomService>;
  readonly files: Client<typeof FileService>;
  readonly collaboration: Client<typeof CollaborationService>;
  readonly autocomplete: Client<typeof AutocompleteService>;
}

/** The services at an address. */
export function server(url: string): Server {
  const transport = createGrpcWebTransport({ baseUrl: url });
  return {
    rooms: createClient(RoomService, transport),
    files: createClient(FileService, transport),
    collaboration: createClient(CollaborationService, transport),
    autocomplete: createClient(AutocompleteService, transport),
  };
}
