/**
 * @file What `.ci/run` does: the main job, the quick tests, the static checks, and a sample of the
 * slow tiers. Runs all of it even when something fails, and ends with one line that adds up all
 * tests, examples and steps: "N passed, N failed".
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const reports = join(root, ".cache", "ci");
const MINUTE_MS = 60_000;
/** What is not done by then fails, so that the last line is always written. */
const deadlineMs = Date.now() + 14.5 * MINUTE_MS;

/** Slow tests that run here; `npm run test:full` runs all. */
const SLOW_SAMPLE = [
  "test/e2e/package",
  "test/e2e/bundles",
  "test/e2e/programs",
  "test/e2e/cli",
  "test/e2e/cluster-code",
  "test/e2e/cluster-journal",
  "test/e2e/cluster-rejoin",
  "test/e2e/gangs",
  "test/e2e/flights",
  "test/e2e/jobqueue-slurm.test",
];

let passed = 0;
let failed = 0;
const summary = [];

function record(label, good, bad, startedMs) {
  passed += good;
  failed += bad;
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(0);
  summary.push(
    `${bad === 0 ? "ok    " : "FAILED"} ${seconds.padStart(4)} s  ${label}: ${good} passed, ${bad} failed`,
  );
}

/** Runs a command with its output shown, and bounded in time; true when it succeeds. */
function execute(command, args, minutes) {
  process.stdout.write(`\n==== ${command} ${args.join(" ")}\n`);
  const timeout = Math.min(minutes * MINUTE_MS, deadlineMs - Date.now());
  if (timeout <= 0) return false;
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: "inherit",
    timeout,
    env: { ...process.env, CI: "true" },
    shell: process.platform === "win32",
  });
  return status === 0;
}

/** A command that passes or fails as a whole. */
function step(label, minutes, command, ...args) {
  const started = Date.now();
  const isGood = execute(command, args, minutes);
  record(label, isGood ? 1 : 0, isGood ? 0 : 1, started);
  return isGood;
}

/** A run of vitest: counts its tests. */
function tests(label, minutes, command, ...args) {
  const started = Date.now();
  const report = join(reports, `${label.replaceAll(" ", "-")}.json`);
  rmSync(report, { force: true });
  const flags = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const isGood = execute(command, [...args, ...flags], minutes);
  const counts = existsSync(report) ? JSON.parse(readFileSync(report, "utf8")) : undefined;
  const bad = counts?.numFailedTests ?? 0;
  // A run that dies, or a file that cannot be loaded, fails no test: it counts as one.
  record(label, counts?.numPassedTests ?? 0, isGood ? bad : Math.max(1, bad), started);
}

mkdirSync(reports, { recursive: true });
if (step("set-up", 6, process.execPath, "scripts/setup.mjs")) {
  step("npm start", 4, "npm", "start");
  tests("npm test", 8, "npm", "test", "--");
  step("npm run check", 3, "npm", "run", "check");
  step("examples in documents", 3, process.execPath, "scripts/examples.mjs");
  step("features", 2, process.execPath, "scripts/features.mjs", "--issue", "2");
  if (existsSync(join(root, "dist", "testing", "main.js"))) {
    step("simulation, 200 seeds", 2, "npm", "run", "sim", "--", "--seed", "1", "--count", "200");
  }
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  tests("slow sample", 5, process.execPath, vitest, "run", "--project", "slow", ...SLOW_SAMPLE);
}

process.stdout.write(`\n${summary.join("\n")}\n${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
