// A real server in a process of its own, and waiting for facts.
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { TandemClient } from "../dist/index.js";

const BINARY = process.env.TANDEM_TEST_BINARY;
/** How long a fact may take to come about. */
export const WAIT = 20_000;

/** Waits until `fact` gives something true; that. */
export async function until(what, fact, most = WAIT) {
  const end = Date.now() + most;
  for (;;) {
    const found = await fact();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${most} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The next event of this name. */
export function next(emitter, name, most = WAIT) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no event "${name}" within ${most} ms`)), most);
    emitter.once(name, (value) => (clearTimeout(late), resolve(value)));
  });
}

/** Numbers from 0 to below `bound`, the same for the same seed. */
export function random(seed) {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

/** A running server, on data of its own. */
export class Server {
  #process;
  #listen = "127.0.0.1:0";
  folder = mkdtempSync(join(tmpdir(), "tandem-web-"));
  #folders = [this.folder];

  static async start() {
    const server = new Server();
    await server.again();
    return server;
  }

  get url() {
    return `http://${this.#listen}`;
  }
  get port() {
    return Number(this.#listen.split(":")[1]);
  }

  /** Starts it, again on the same port. */
  async again() {
    if (!BINARY) throw new Error("TANDEM_TEST_BINARY names the server's binary; `cargo xtask test` sets it");
    const words = ["--listen", this.#listen, "--log", "warn", "--data-dir", this.folder];
    this.#process = spawn(BINARY, words, { cwd: this.folder, env: {}, stdio: ["ignore", "pipe", "inherit"] });
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.ended = ended;
    for await (const line of createInterface({ input: this.#process.stdout })) {
      const at = line.split("http://")[1];
      if (!at) continue;
      this.#listen = at.trim().replace(/\/$/, "");
      this.#process.stdout.resume();
      return;
    }
    throw new Error("the server ended before it listened");
  }

  /** Kills it without a warning. */
  async kill() {
    this.#process.kill("SIGKILL");
    await this.#process.ended;
  }

  /** A copy of the data, as it is while the server is down. */
  copy() {
    const folder = mkdtempSync(join(tmpdir(), "tandem-web-"));
    this.#folders.push(folder);
    cpSync(this.folder, folder, { recursive: true });
    return folder;
  }

  async stop() {
    await this.kill();
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
  }
}

/** Joins a room, and leaves it when the test ends. */
export async function enter(context, url, id, name) {
  const room = await new TandemClient({ url, worker: false }).join(id, { name });
  context.after(() => room.leave());
  return room;
}

/** Opens a file and waits until its text is there. */
export async function open(room, file = "main.txt") {
  const provider = room.open(file);
  await provider.whenSynced;
  return provider;
}

/** A server with a room in it; stopped when the test ends. */
export async function serverWithRoom(context, files = [{ path: "main.txt", text: "" }]) {
  const server = await Server.start();
  context.after(() => server.stop());
  const room = await new TandemClient({ url: server.url, worker: false }).createRoom({ files });
  return { server, room: room.id };
}

/** Waits until all show the same text and have it saved; that text. */
export async function agreed(...providers) {
  const texts = () => providers.map((provider) => provider.text.toString());
  await until("everybody shows the same, saved", () => providers.every((p) => p.saved && p.synced) && new Set(texts()).size === 1);
  return texts()[0];
}
