/**
 * @file `npm run bench -- --suite NAME`: runs a suite and its peers side by side, in one run, on
 * this machine. A suite is `bench/suites/NAME.mjs`, whose `cases` each measure one figure; its
 * peers, where there are any, are in `bench/peers/NAME_peers.py`, which prints the same figures
 * measured in Python. With `--json` the result goes to stdout as a list, and nothing else does;
 * with `--save` it also goes to `bench/results/NAME.json`, with the machine, and into the tables of
 * `bench/README.md`.
 *
 * A case is `{ name, unit, better, run, goal?, peers?, once? }`: `better` says whether "more" or
 * "less" is better, `run()` gives one figure, `goal` is what it should reach, `peers` are measured
 * in this process, by name, and with `once` it runs a single time. Each other one runs `--rounds`
 * times (default 5) after one round that warms up, or until `--seconds` (default 4) are over; the
 * median counts. The ratio is how many times better Heddle is
 * than its best peer: below 1 it is a loss, and is shown.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { machineFacts } from "./lib/machine.mjs";
import { measure, measureOnce } from "./lib/measure.mjs";
import { short, writeReadme } from "./lib/tables.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const { values: flags } = parseArgs({
  options: {
    suite: { type: "string" },
    case: { type: "string" },
    json: { type: "boolean", default: false },
    save: { type: "boolean", default: false },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "4" },
    python: { type: "string", default: process.env.HEDDLE_BENCH_PYTHON ?? "python3" },
    "no-peers": { type: "boolean", default: false },
  },
});
const limits = { rounds: Number(flags.rounds), seconds: Number(flags.seconds) };

const suites = readdirSync(join(here, "suites"))
  .filter((name) => name.endsWith(".mjs"))
  .map((name) => name.slice(0, -".mjs".length));

/**
 * Figures of the Python peers: case name to peer name to figure; empty when Python or a package is
 * missing.
 */
function pythonFigures(suite, names, facts) {
  const script = join(here, "peers", `${suite}_peers.py`);
  if (flags["no-peers"] || !existsSync(script)) return {};
  const input = JSON.stringify({ ...limits, facts, cases: names });
  const result = spawnSync(flags.python, [script], {
    input,
    encoding: "utf8",
    maxBuffer: 1 << 26,
    stdio: ["pipe", "pipe", "pipe"],
  });
  if (result.status === 0) return JSON.parse(result.stdout);
  const reason = result.error?.message ?? result.stderr.trim().split("\n").at(-1);
  process.stderr.write(`bench: no peers for ${suite}: ${reason}\n`);
  return {};
}

/** How many times better than the best peer; null without a peer. */
function ratioOf(figure, peers, better) {
  const others = Object.values(peers).filter((value) => Number.isFinite(value));
  if (others.length === 0) return null;
  return better === "more" ? figure / Math.max(...others) : Math.min(...others) / figure;
}

/** Median of each peer that is measured in this process. */
async function ownPeers(peers = {}) {
  const figures = {};
  for (const [peer, run] of Object.entries(peers)) {
    figures[peer] = (await measure(run, limits)).median;
  }
  return figures;
}

async function runSuite(suite) {
  const module = await import(pathToFileURL(join(here, "suites", `${suite}.mjs`)).href);
  const cases = module.cases.filter(
    ({ name }) => flags.case === undefined || name.includes(flags.case),
  );
  const results = [];
  await module.setUp?.();
  for (const { name, unit, better, goal, run, peers, once } of cases) {
    process.stderr.write(`bench: ${suite} / ${name}\n`);
    const { median, ...spread } = await (once === true ? measureOnce(run) : measure(run, limits));
    const from = goal === undefined ? {} : { goal };
    const own = await ownPeers(peers);
    results.push({ suite, case: name, unit, better, ...from, heddle: median, spread, own });
  }
  await module.tearDown?.();
  const names = cases.map(({ name }) => name);
  const python = pythonFigures(suite, names, module.facts ?? {});
  return results.map(({ own, ...result }) => {
    const peers = { ...own, ...python[result.case] };
    return { ...result, peers, ratio: ratioOf(result.heddle, peers, result.better) };
  });
}

function formatTable(results) {
  const rows = results.map(({ suite, case: name, unit, heddle, peers, ratio }) => [
    `${suite} / ${name}`,
    `${short(heddle)} ${unit}`,
    Object.entries(peers)
      .map(([peer, value]) => `${peer} ${short(value)}`)
      .join(", "),
    ratio === null ? "" : `${ratio.toFixed(2)} x`,
  ]);
  const widths = [0, 1, 2].map((i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function save(suite, results) {
  const folder = join(here, "results");
  mkdirSync(folder, { recursive: true });
  const kept = { machine: machineFacts(flags.python), results };
  writeFileSync(join(folder, `${suite}.json`), `${JSON.stringify(kept, null, 2)}\n`);
  writeReadme();
}

const chosen = flags.suite === undefined ? suites : [flags.suite];
const unknown = chosen.find((name) => !suites.includes(name));
if (unknown !== undefined) {
  process.stderr.write(`bench: no suite "${unknown}"; there are: ${suites.join(", ") || "none"}\n`);
  process.exit(2);
}
const all = [];
for (const suite of chosen) {
  const results = await runSuite(suite);
  if (flags.save) save(suite, results);
  all.push(...results);
}
process.stdout.write(
  flags.json ? `${JSON.stringify(all, null, 2)}\n` : `${formatTable(all).join("\n")}\n`,
);
// Engines that a suite left open must not keep the benchmark from ending.
process.exit(0);
