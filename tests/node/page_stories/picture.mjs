// The picture of the page in the README: picture.mjs FILE, as `cargo xtask page-picture` runs it.
import { statSync } from "node:fs";
import { atWork, completing, workshop } from "./scene.mjs";
import { stage, until } from "./stage.mjs";

const [file] = process.argv.slice(2);
/** The most that a picture may take of whoever clones the repository. */
const BYTES = 150 * 1024;

await stage(async ({ person, base }) => {
  const context = { viewport: { width: 1120, height: 880 }, colorScheme: "light" };
  const people = await atWork({ person, url: await workshop(base), context });
  await completing(people);
  const blink = () => getComputedStyle(document.querySelector(".cm-cursorLayer")).opacity;
  await until("her own caret is shown", async () => (await people.ana.page.evaluate(blink)) === "1");
  await people.ana.page.screenshot({ path: file });
  const { size } = statSync(file);
  if (size > BYTES) throw new Error(`${file} has ${size} bytes`);
});
