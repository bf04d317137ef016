// What the page costs in time, in a real Chromium: `cargo xtask page-bench` runs it with the release build.
import { loadavg } from "node:os";
import { stage } from "../page_stories/stage.mjs";
import { keys } from "./keys.mjs";
import { list } from "./list.mjs";
import { visits } from "./visit.mjs";

let well = true;
await stage(async (given) => {
  console.log(`load at the start: ${loadavg()[0].toFixed(2)}`);
  for (const part of [visits, keys, list]) well = (await part(given)) && well;
});
process.exit(well ? 0 : 1);
