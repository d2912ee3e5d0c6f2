/**
 * @file `npm run check`: everything that can be said about the code without running it. All steps
 * run even when one fails, so that one call shows all there is to mend; the last lines are a
 * summary with the time of each.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name, file) => join(root, "node_modules", name, file);

/** What a step is called, what to do when it fails, and the arguments for node. */
const STEPS = [
  { name: "setup and compile", advice: "", args: ["scripts/setup.mjs", "--quiet"] },
  {
    name: "generated kernels are up to date",
    advice: "npm run build:kernels",
    args: ["scripts/build-kernels.mjs", "--check"],
  },
  {
    name: "biome",
    advice: "npm run fix",
    args: [bin("@biomejs/biome", "bin/biome"), "ci", "--max-diagnostics=50", "."],
  },
  {
    name: "types of tests and examples",
    advice: "",
    args: [bin("typescript", "bin/tsc"), "-p", "tsconfig.test.json"],
  },
  {
    name: "knip (unused files, exports, packages)",
    advice: "delete it, or stop exporting it",
    args: [bin("knip", "bin/knip.js"), "--no-progress"],
  },
  {
    name: "tidy (project rules)",
    advice: "see CONTRIBUTING.md",
    args: [bin("vitest", "vitest.mjs"), "run", "--project", "quick", "test/tidy.test.ts"],
  },
  {
    name: "examples in documents",
    advice: "",
    args: ["scripts/examples.mjs", "--check"],
  },
];

const results = [];
for (const { name, advice, args } of STEPS) {
  process.stdout.write(`\n== ${name}\n`);
  const started = Date.now();
  const isMissing = !existsSync(join(root, args[0])) && !existsSync(args[0]);
  const { status } = isMissing
    ? { status: 1 }
    : spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
  if (isMissing) process.stdout.write(`${args[0]} does not exist\n`);
  results.push({ name, advice, status, seconds: (Date.now() - started) / 1000 });
}

process.stdout.write("\n");
for (const { name, advice, status, seconds } of results) {
  const verdict = status === 0 ? "ok    " : "FAILED";
  const hint = status !== 0 && advice !== "" ? `   (${advice})` : "";
  process.stdout.write(`${verdict} ${seconds.toFixed(1).padStart(6)} s  ${name}${hint}\n`);
}
const failed = results.filter((result) => result.status !== 0).length;
process.stdout.write(
  failed === 0 ? "check passed\n" : `check: ${failed} of ${results.length} failed\n`,
);
process.exit(failed === 0 ? 0 : 1);
