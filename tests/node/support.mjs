// Generates the client when it is needed, and what the scripts share.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";

const HERE = fileURLToPath(new URL(".", import.meta.url));

function protoFiles(folder) {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return protoFiles(path);
    return entry.name.endsWith(".proto") ? [path] : [];
  });
}

/** The folder of the generated modules; made by whoever comes first. */
function generated() {
  const hash = createHash("sha256");
  for (const path of [...protoFiles(join(HERE, "../../proto")), ...protoFiles(join(HERE, "../proto"))]) {
    hash.update(readFileSync(path));
  }
  const folder = join(HERE, "target", hash.digest("hex").slice(0, 16));
  if (existsSync(folder)) return folder;
  mkdirSync(join(HERE, "target"), { recursive: true });
  const made = mkdtempSync(join(HERE, "target", "new-"));
  const buf = join(HERE, "node_modules/@bufbuild/buf/bin/buf");
  const PATH = join(HERE, "node_modules/.bin") + delimiter + process.env.PATH;
  const run = spawnSync(process.execPath, [buf, "generate", "--output", made], { cwd: HERE, env: { ...process.env, PATH } });
  if (run.status !== 0) throw new Error(`buf generate: ${run.error ?? run.stderr}`);
  try {
    renameSync(made, folder);
  } catch {
    rmSync(made, { recursive: true }); // another script was faster
  }
  return folder;
}

const folder = generated();
const load = (path) => import(pathToFileURL(join(folder, path)).href);

export const autocomplete = await load("tandem/v1/autocomplete_service_pb.js");
export const collaboration = await load("tandem/v1/collaboration_pb.js");
export const collaborationService = await load("tandem/v1/collaboration_service_pb.js");
export const rooms = await load("tandem/v1/room_service_pb.js");
export const files = await load("tandem/v1/file_service_pb.js");
export const text = await load("tandem/v1/text_pb.js");
const details = await load("google/rpc/error_details_pb.js");
const { StatusSchema } = await load("google/rpc/status_pb.js");

/** Clients of every service over gRPC-Web, HTTP/1.1. */
export function clients(target) {
  const transport = createGrpcWebTransport({ baseUrl: `http://${target}` });
  return {
    rooms: createClient(rooms.RoomService, transport),
    files: createClient(files.FileService, transport),
    collaboration: createClient(collaborationService.CollaborationService, transport),
    autocomplete: createClient(autocomplete.AutocompleteService, transport),
  };
}

/** The ErrorInfo and BadRequest of a ConnectError. */
export function explained(error) {
  const [info] = error.findDetails(details.ErrorInfoSchema);
  const [wrong] = error.findDetails(details.BadRequestSchema);
  return { code: Code[error.code], reason: info?.reason, domain: info?.domain, fields: wrong?.fieldViolations ?? [] };
}

/** The reason in a google.rpc.Status. */
export function reasonOf(status) {
  return status?.details.map((any) => anyUnpack(any, details.ErrorInfoSchema)).find((info) => info)?.reason;
}

/** The reason in the bytes of a grpc-status-details-bin. */
export function reasonIn(bytes) {
  return reasonOf(fromBinary(StatusSchema, bytes));
}

/** What comes down a stream, with fragments joined. */
export async function* messages(stream) {
  let parts = [];
  for await (const { message } of stream) {
    if (message.kind.case !== "fragment") {
      yield message.kind;
      continue;
    }
    parts.push(message.kind.value.data);
    if (message.kind.value.last) {
      yield fromBinary(collaboration.ServerMessageSchema, Buffer.concat(parts)).kind;
      parts = [];
    }
  }
}

export function check(fact, told) {
  if (!fact) throw new Error(typeof told === "string" ? told : JSON.stringify(told, (_, v) => (typeof v === "bigint" ? `${v}` : v)));
}

/** What a call is refused with. */
export async function refusal(call) {
  try {
    await call;
  } catch (error) {
    check(error instanceof ConnectError, `not a ConnectError: ${error}`);
    return explained(error);
  }
  throw new Error("the call was not refused");
}
