import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack, type Duration } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema, RetryInfoSchema } from "./gen/google/rpc/error_details_pb.js";
import { StatusSchema, type Status } from "./gen/google/rpc/status_pb.js";

/** An error that the server gave, or the way to it. */
export class TandemError extends Error {
  override readonly name = "TandemError";
  constructor(
    message: string,
    /** A reason of `docs/errors.md`; or `UNREACHABLE`, `CONNECTIONS_USED_UP`, `LEFT`. */
    readonly reason: string,
    /** The error's variables, such as `field` or `head`. */
    readonly metadata: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** What went wrong, as plain data. */
export interface Trouble {
  /** A reason of `docs/errors.md`, or `UNREACHABLE` where nothing of Tandem answered. */
  readonly reason: string;
  /** In words for people. */
  readonly message: string;
  /** The variables. */
  readonly metadata: Readonly<Record<string, string>>;
  /** How long to wait, if the server says so, in milliseconds. */
  readonly retryDelay: number | undefined;
}

/** What a failed call says. */
export function troubleOf(error: unknown): Trouble {
  const failed = ConnectError.from(error);
  const [info] = failed.findDetails(ErrorInfoSchema);
  const [retry] = failed.findDetails(RetryInfoSchema);
  if (info) return trouble(info.reason, failed.rawMessage, info.metadata, retry?.retryDelay);
  // The details of a gRPC-Web trailer that connect-web did not take apart.
  const bytes = failed.metadata.get("grpc-status-details-bin");
  const status = bytes ? statusIn(bytes) : undefined;
  if (status) return troubleIn(status);
  const reason = failed.code === Code.DeadlineExceeded ? "DEADLINE_EXCEEDED" : "UNREACHABLE";
  return trouble(reason, failed.rawMessage || "the server can't be reached", {}, undefined);
}

/** What a `google.rpc.Status` in a message says. */
export function troubleIn(status: Status | undefined): Trouble {
  const info = first(status, (any) => anyUnpack(any, ErrorInfoSchema));
  const retry = first(status, (any) => anyUnpack(any, RetryInfoSchema));
  return trouble(info?.reason ?? "INTERNAL", status?.message ?? "", info?.metadata ?? {}, retry?.retryDelay);
}

/** The trouble as an error to throw. */
export function errorOf(told: Trouble): TandemError {
  return new TandemError(told.message, told.reason, told.metadata);
}

/** A span of time in milliseconds. */
export function milliseconds(span: Duration | undefined): number | undefined {
  return span && Number(span.seconds) * 1000 + span.nanos / 1e6;
}

function trouble(reason: string, message: string, metadata: Record<string, string>, delay: Duration | undefined): Trouble {
  return { reason, message, metadata: { ...metadata }, retryDelay: milliseconds(delay) };
}

function first<Found>(status: Status | undefined, unpack: (any: Status["details"][number]) => Found | undefined) {
  for (const any of status?.details ?? []) {
    const found = unpack(any);
    if (found) return found;
  }
  return undefined;
}

function statusIn(base64: string): Status | undefined {
  try {
    return fromBinary(StatusSchema, Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)));
  } catch {
    return undefined; // somebody between us and the server has cut the header
  }
}
