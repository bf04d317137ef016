// A way to a server that can be cut, for everybody who came by it, and that counts what comes from there.
import { connect, createServer } from "node:net";

/** A way to a server that can be cut. */
export class Wire {
  #sockets = new Set();
  #open = true;
  #server;
  /** What has come from the server, in bytes, headers included. */
  bytes = 0;

  static async to(port) {
    const wire = new Wire();
    wire.#server = createServer((near) => {
      if (!wire.#open) return near.destroy();
      const far = connect(port, "127.0.0.1");
      far.on("data", (data) => (wire.bytes += data.length));
      for (const [one, other] of [[near, far], [far, near]]) {
        wire.#sockets.add(one);
        one.setNoDelay(true);
        one.on("error", () => undefined);
        one.on("close", () => (wire.#sockets.delete(one), other.destroy()));
        one.pipe(other);
      }
    });
    await new Promise((resolve) => wire.#server.listen(0, "127.0.0.1", resolve));
    return wire;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }
  cut() {
    this.#open = false;
    for (const socket of this.#sockets) socket.destroy();
  }
  heal() {
    this.#open = true;
  }
  close() {
    this.cut();
    this.#server.close();
  }
}
