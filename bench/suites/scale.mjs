/**
 * @file How the scheduler grows: its machine with 1,000 workers and from ten thousand to ten
 * million tasks, every message through the codec and back, in a process of its own
 * (`lib/thousand.mjs`).
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { check } from "../lib/measure.mjs";

const program = fileURLToPath(new URL("../lib/thousand.mjs", import.meta.url));
const COUNTS = [10_000, 100_000, 1_000_000, 10_000_000];
const known = new Map();

/** What a run of so many tasks gives; the figures of one run are taken together. */
function run(shape, count) {
  const key = `${shape} ${count}`;
  if (!known.has(key)) {
    const args = ["--expose-gc", "--max-old-space-size=8192", program, shape, String(count)];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    check(status === 0, stderr);
    known.set(key, JSON.parse(stdout));
  }
  return known.get(key);
}

/** Fixed since the first commit of this file: cases may be added, not changed. */
export const cases = ["map", "graph"].flatMap((shape) =>
  COUNTS.flatMap((count) => {
    const name = `1,000 workers, ${shape} of ${count.toLocaleString("en")}`;
    const once = true;
    return [
      {
        name: `${name}: time`,
        unit: "us/task",
        better: "less",
        run: () => (1e6 * run(shape, count).seconds) / count,
        once,
      },
      {
        name: `${name}: memory`,
        unit: "bytes/task",
        better: "less",
        run: () => run(shape, count).bytesPerTask,
        once,
      },
    ];
  }),
);
