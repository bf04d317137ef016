// A browser's client library over HTTP/1.1, and what a foreign page would try: web.mjs HOST:PORT
import { request } from "node:http";
import * as tandem from "./support.mjs";

const { check, refusal } = tandem;
const target = process.argv[2];
const { rooms, collaboration, autocomplete } = tandem.clients(target);
const UTF16 = tandem.text.PositionUnit.UTF16;
const SECONDS = 30;

async function aSessionOverSubscribeAndPublish() {
  const path = "src/main.rs";
  const first = "fn main() {\n    let counter = \"\u{1f642}\";\n    coun\n}\n";
  const { room, files } = await rooms.createRoom({ title: "from the web", files: [{ path, text: first }] });
  check(room.roomId && files.length === 1 && files[0].path === path, { room, files });

  const abort = new AbortController();
  const join = { room: room.roomId, name: "web", positionUnit: UTF16, open: [{ file: { case: "path", value: path } }] };
  const stream = tandem.messages(collaboration.subscribe({ join }, { signal: abort.signal }));
  const next = async (kind) => {
    for (;;) {
      const { value, done } = await stream.next();
      check(!done, `the stream ended before ${kind}`);
      if (value.case === kind) return value.value;
    }
  };
  const joined = await next("joined");
  check(joined.resumeToken && joined.participants.length === 1, "joined lacks a token or its participant");
  const opened = await next("opened");
  check(opened.text === first, opened.text);

  const offset = first.indexOf("coun\n") + 4;
  const edit = {
    opId: 1n,
    file: { case: "fileId", value: opened.file.fileId },
    baseRevision: opened.revision,
    changes: [{ offset, delete: 0, insert: "t" }],
  };
  const publish = (kind) => collaboration.publish({ resumeToken: joined.resumeToken, messages: [{ kind }] });
  await publish({ case: "edit", value: edit });
  const receipt = await next("receipt");
  check(receipt.opId === 1n && receipt.state === tandem.collaboration.ReceiptState.COMMITTED, receipt);
  const edited = await next("edited");
  check(edited.opId === 1n && edited.revision === receipt.revision && edited.changes[0].offset === offset, edited);

  const inside = { opId: 2n, file: edit.file, baseRevision: edited.revision, changes: [{ offset: first.indexOf("\u{1f642}") + 1, insert: "x" }] };
  await publish({ case: "edit", value: inside });
  const refused = await next("receipt");
  check(tandem.reasonOf(refused.error) === "OFFSET_INSIDE_CHARACTER", refused);

  const answer = await autocomplete.autocomplete({
    target: { case: "roomTarget", value: { room: room.roomId, file: edit.file, cursor: offset + 1 } },
    positionUnit: UTF16,
  });
  check(answer.items[0]?.insertText === "counter" && answer.revision >= edited.revision, answer);
  check(answer.items[0].replace.start === offset - 4 && answer.items[0].replace.end === offset + 1, answer);

  await publish({ case: "leave", value: {} });
  abort.abort();
}

async function completionWithoutARoom() {
  const code = "total = 1\ntotal = 2\nprint(tot";
  const ask = { case: "codeTarget", value: { code, cursor: code.length, language: "python" } };
  const answer = await autocomplete.autocomplete({ target: ask, positionUnit: UTF16 });
  check(answer.items[0]?.insertText === "total" && answer.revision === 0n, answer);
  ask.value.cursor = code.length + 1;
  const refused = await refusal(autocomplete.autocomplete({ target: ask }));
  check(refused.code === "OutOfRange" && refused.reason === "OFFSET_PAST_END", refused);
}

async function wrongCallsSayWhatIsWrong() {
  const missing = await refusal(rooms.getRoom({ room: "nobody-made-this-room" }));
  check(missing.code === "NotFound" && missing.reason === "ROOM_NOT_FOUND" && missing.domain === "tandem.v1", missing);
  const slug = await refusal(rooms.createRoom({ slug: "No Slug!" }));
  check(slug.code === "InvalidArgument" && slug.reason === "SLUG_INVALID", slug);
  check(slug.fields.some(({ field }) => field === "slug"), slug);
  const large = await refusal(rooms.createRoom({ title: "x".repeat(17 << 20) }));
  check(large.code === "ResourceExhausted" && large.reason === "MESSAGE_TOO_LARGE", large);
  const token = await refusal(collaboration.publish({ resumeToken: "made-up", messages: [] }));
  check(token.code === "Unauthenticated" && token.reason === "SESSION_UNKNOWN", token);
  const subscribe = async () => {
    for await (const _ of collaboration.subscribe({ join: { room: "nobody-made-this-room" } }));
  };
  const join = await refusal(subscribe());
  check(join.code === "NotFound" && join.reason === "ROOM_NOT_FOUND", join);
}

/** A call by hand, with any headers: the gRPC status and reason in the answer's headers. */
function byHand(headers) {
  const [host, port] = target.split(":");
  const options = { host, port, method: "POST", path: "/tandem.v1.RoomService/ListRooms", timeout: SECONDS * 1000 };
  return new Promise((resolve, reject) => {
    const call = request({ ...options, headers: { "content-type": "application/grpc-web+proto", ...headers } }, (answer) => {
      answer.resume();
      answer.on("end", () => {
        const bin = answer.headers["grpc-status-details-bin"];
        resolve({
          http: answer.statusCode,
          status: answer.headers["grpc-status"],
          reason: bin && tandem.reasonIn(Buffer.from(bin, "base64")),
          allowed: answer.headers["access-control-allow-origin"],
        });
      });
    });
    call.on("error", reject);
    call.end(Buffer.alloc(5)); // a frame with an empty message
  });
}

async function foreignPagesAreRefused() {
  const origin = await byHand({ origin: "https://elsewhere.example" });
  check(origin.status === "7" && origin.reason === "ORIGIN_REFUSED" && !origin.allowed, origin);
  const host = await byHand({ host: "elsewhere.example" });
  check(host.status === "7" && host.reason === "HOST_REFUSED", host);
  const rebound = await byHand({ host: "elsewhere.example", origin: "http://elsewhere.example" });
  check(rebound.status === "7", rebound);
  const own = await byHand({ origin: `http://${target}` });
  check(own.http === 200 && own.status === undefined, own);
}

const story = [aSessionOverSubscribeAndPublish, completionWithoutARoom, wrongCallsSayWhatIsWrong, foreignPagesAreRefused];
const limit = setTimeout(() => {
  console.error(`not done within ${SECONDS} s`);
  process.exit(1);
}, SECONDS * 1000);
let failed = 0;
for (const part of story) {
  try {
    await part();
    console.log(`${part.name}: well`);
  } catch (error) {
    failed += 1;
    console.error(`${part.name}: ${error.stack}`);
  }
}
clearTimeout(limit);
process.exit(failed ? 1 : 0);
