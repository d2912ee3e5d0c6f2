/**
 * @file `npm run bench -- --suite NAME`: runs a suite and its peers side by side, in one run, on
 * this machine. A suite is `bench/suites/NAME.mjs`, whose `cases` each measure one figure; its
 * peer, where there is one, is `bench/peers/NAME.py`, which prints the same figures measured in
 * Python. With `--json` the result goes to stdout as a list, and nothing else does.
 *
 * A case is `{ name, unit, better, run }`: `better` says whether "more" or "less" is better,
 * `run()` gives one figure. It runs `--rounds` times (default 5) after one round that warms up; the
 * median counts. The ratio is how many times better Heddle is than its best peer: below 1 it is a
 * loss, and is shown.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const here = dirname(fileURLToPath(import.meta.url));
const { values: flags } = parseArgs({
  options: {
    suite: { type: "string" },
    case: { type: "string" },
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "5" },
    python: { type: "string", default: process.env.HEDDLE_BENCH_PYTHON ?? "python3" },
    "no-peers": { type: "boolean", default: false },
  },
});

const suites = readdirSync(join(here, "suites"))
  .filter((name) => name.endsWith(".mjs"))
  .map((name) => name.slice(0, -".mjs".length));

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Figures of the peers: case name to peer name to figure; empty when Python or a package is
 * missing.
 */
function peerFigures(suite, names) {
  const script = join(here, "peers", `${suite}.py`);
  if (flags["no-peers"] || !existsSync(script)) return {};
  const result = spawnSync(flags.python, [script, "--rounds", flags.rounds, ...names], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
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

async function runSuite(suite) {
  const module = await import(pathToFileURL(join(here, "suites", `${suite}.mjs`)).href);
  const cases = module.cases.filter(
    ({ name }) => flags.case === undefined || name.includes(flags.case),
  );
  const results = [];
  await module.setUp?.();
  for (const { name, unit, better, run } of cases) {
    process.stderr.write(`bench: ${suite} / ${name}\n`);
    await run();
    const figures = [];
    for (let round = 0; round < Number(flags.rounds); round++) figures.push(await run());
    results.push({ suite, case: name, unit, better, heddle: median(figures) });
  }
  await module.tearDown?.();
  const peers = peerFigures(
    suite,
    cases.map(({ name }) => name),
  );
  return results.map(({ better, ...result }) => {
    const own = peers[result.case] ?? {};
    return { ...result, peers: own, ratio: ratioOf(result.heddle, own, better) };
  });
}

/** Four significant digits. */
const short = (value) => (Number.isFinite(value) ? Number(value.toPrecision(4)) : value);

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

const chosen = flags.suite === undefined ? suites : [flags.suite];
const unknown = chosen.find((name) => !suites.includes(name));
if (unknown !== undefined) {
  process.stderr.write(`bench: no suite "${unknown}"; there are: ${suites.join(", ") || "none"}\n`);
  process.exit(2);
}
const results = [];
for (const suite of chosen) results.push(...(await runSuite(suite)));
process.stdout.write(
  flags.json ? `${JSON.stringify(results, null, 2)}\n` : `${formatTable(results).join("\n")}\n`,
);
// Engines that a suite left open must not keep the benchmark from ending.
process.exit(0);
