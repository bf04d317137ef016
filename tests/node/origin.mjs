// A page of one's own before a server of ours, on one origin, as a web developer's reverse proxy would do it.
import { createReadStream, existsSync } from "node:fs";
import { createServer, request } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = { ".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".ttf": "font/ttf" };

/** Serves the files of a folder, and passes calls on to the server at `target`; the origin, and what ends it. */
export async function oneOrigin(folder, target) {
  const front = createServer((asked, answer) => {
    if (asked.url.startsWith("/tandem.v1.")) return pass(asked, answer, target);
    const { pathname } = new URL(asked.url, "http://page");
    const file = join(folder, normalize(pathname === "/" ? "/index.html" : pathname));
    const type = TYPES[extname(file)];
    // Browsers ask for an icon whether a page has one or not.
    if (!type || !existsSync(file)) return answer.writeHead(pathname === "/favicon.ico" ? 204 : 404).end();
    answer.writeHead(200, { "content-type": type });
    createReadStream(file).pipe(answer);
  });
  await new Promise((resolve) => front.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${front.address().port}`,
    close: () => (front.close(), front.closeAllConnections()),
  };
}

/** Passes a call on as it is, and its answer back while it comes. */
function pass(asked, answer, target) {
  const [host, port] = target.split(":");
  const { method, url: path, headers } = asked;
  const call = request({ host, port, method, path, headers }, (from) => {
    answer.writeHead(from.statusCode, from.headers);
    from.pipe(answer);
    from.on("error", () => answer.destroy());
  });
  call.on("error", () => answer.destroy());
  answer.on("close", () => call.destroy());
  asked.pipe(call);
}
