// A real Chromium, and people in it whose every complaint is heard.
import { chromium } from "playwright-core";

/** How long anything may take, in milliseconds, before a story fails. */
export const PATIENCE = 30_000;

/** Reports to the page's console what its policy has stopped. */
function reportViolations() {
  addEventListener("securitypolicyviolation", (event) => {
    console.error(`policy: ${event.violatedDirective} stopped ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
  });
}

/** Starts the browser, runs a story with it, and fails if any page complained. */
export async function withBrowser(base, story) {
  const executablePath = process.env.TANDEM_TEST_CHROMIUM;
  // Tests may run as root, where Chromium's own sandbox does not work.
  const args = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"];
  const browser = await chromium.launch({ executablePath, args });
  const faults = [];
  try {
    await story({
      base,
      person: (name, options) => person(browser, base, name, faults, options),
      tab: (of) => tabOf(of, faults),
    });
  } finally {
    await browser.close();
  }
  if (faults.length > 0) throw new Error(`pages complained:\n${faults.join("\n")}`);
}

/** Somebody with a browser of their own. `asked` is what their page has asked for. */
async function person(browser, usual, name, faults, options = {}) {
  const base = options.base ?? usual;
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options.context });
  context.setDefaultTimeout(PATIENCE);
  await context.addInitScript(reportViolations);
  await context.addInitScript((name) => localStorage.setItem("tandem.name", name), name);
  const somebody = { name, context, base, cut: options.cut, asked: [] };
  return { ...somebody, page: await tabOf(somebody, faults) };
}

/** Another tab of somebody's browser. */
async function tabOf({ name, context, base, cut, asked }, faults) {
  const page = await context.newPage();
  page.on("console", (message) => {
    // A browser itself reports each call that does not get through.
    if (cut && /net::ERR_/.test(message.text())) return;
    if (["error", "warning"].includes(message.type())) faults.push(`${name}: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`${name}: ${error.stack ?? error}`));
  page.on("request", (request) => {
    asked.push(request.url());
    const ours = request.url().startsWith(`${base}/`) || request.url().startsWith("data:");
    if (!ours) faults.push(`${name}: asked for ${request.url()}`);
  });
  return page;
}

/** The text of the file that a page shows. */
export function shown(page) {
  return page.evaluate(() => {
    const lines = [...document.querySelectorAll(".cm-content .cm-line")];
    // What is drawn over the text is not of it.
    return lines
      .map((line) => {
        const copy = line.cloneNode(true);
        copy.querySelectorAll(".cm-caret, .cm-ghost").forEach((drawn) => drawn.remove());
        return copy.textContent.replaceAll("\u2060", "");
      })
      .join("\n");
  });
}

/** Waits until something holds; `what` says what. */
export async function until(what, holds) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const seen = await holds();
    if (seen === true) return;
    if (Date.now() > end) throw new Error(`${what}: still ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Waits until a page says that everything is saved. */
export function saved(page) {
  return page.locator(".state[data-kind=good]").waitFor();
}
