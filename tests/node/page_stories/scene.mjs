// A room as it is in the middle of work, for whoever wants to look at the page.
import { TandemClient } from "../../../web/client/dist/index.js";
import { enter, saved, until } from "./stage.mjs";

const LIMITER = `use std::time::{Duration, Instant};

/// Lets a burst of requests through, and then a steady rate.
pub struct TokenBucket {
    capacity: f64,
    tokens: f64,
    refill_rate: f64,
    last_refill: Instant,
}

impl TokenBucket {
    pub fn new(capacity: u32, every: Duration) -> Self {
        let capacity = f64::from(capacity);
        let refill_rate = capacity / every.as_secs_f64();
        Self { capacity, tokens: capacity, refill_rate, last_refill: Instant::now() }
    }

    /// Takes one token, if there is one.
    pub fn try_take(&mut self, now: Instant) -> bool {
        self.refill(now);
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }

    fn refill(&mut self, now: Instant) {
        let elapsed = now.duration_since(self.last_refill);
        let added = elapsed.as_secs_f64() * self.refill_rate;
        self.tokens = (self.tokens + added).min(self.capacity);
        @
    }
}
`;

const FILES = [
  { path: "src/limiter.rs", text: LIMITER.replace("@", "") },
  { path: "src/main.rs", text: "mod limiter;\n\nfn main() {}\n" },
  { path: "tests/bursts.rs", text: "" },
  { path: "Cargo.toml", text: '[package]\nname = "limiter"\n' },
  { path: "README.md", text: "# A token bucket\n" },
];

/** Makes the room; its address. */
export async function workshop(base) {
  const client = new TandemClient({ url: base, worker: false });
  const { id } = await client.createRoom({ title: "Friday kata", files: FILES });
  return `${base}/r/${id}#src/limiter.rs`;
}

/** Puts somebody's cursor behind a piece of the text, or a selection over it. */
export function stand(page, piece, select = false) {
  return page.evaluate(
    ([piece, select]) => {
      const { view } = document.querySelector(".cm-content").cmTile.root;
      const from = view.state.doc.toString().indexOf(piece);
      const head = from + piece.length;
      view.focus();
      view.dispatch({ selection: { anchor: select ? from : head, head }, userEvent: "select" });
    },
    [piece, select],
  );
}

/** Ben stands in a line, Carla has something selected, and Ana is about to complete a name. */
export async function atWork({ person, url, context }) {
  const ana = await person("Ana", { context });
  const [ben, carla] = [await person("Ben"), await person("Carla")];
  for (const { page } of [ana, ben, carla]) await enter(page, url);
  await stand(ben.page, "self.tokens -= 1.0;");
  await stand(carla.page, "Duration", true);
  await stand(ana.page, ".min(self.capacity);\n        ");
  await ana.page.locator(".cm-line span[class]").first().waitFor();
  return { ana, ben, carla };
}

/** Ana types the beginning of a name; what might come next stands there in grey, and the others' names are shown. */
export async function completing({ ana, ben, carla }) {
  await ana.page.keyboard.type("self.las", { delay: 40 });
  await ana.page.locator(".cm-ghost").waitFor();
  await saved(ana.page);
  // A cursor that moves shows whose it is.
  await stand(ben.page, "self.tokens -= 1.");
  await stand(carla.page, "every: Duration", true);
  await ana.page.locator(".cm-theirs", { hasText: "every" }).first().waitFor();
  await until("their names are shown", async () => (await ana.page.locator(".cm-flag:not(.cm-quiet)").count()) === 2);
}
