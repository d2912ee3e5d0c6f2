/** @file Writes the tables of `bench/README.md` from the results that are kept. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

const RESULTS = new URL("../results/", import.meta.url);
const README = new URL("../README.md", import.meta.url);
const BEGIN = "<!-- tables: npm run bench -- --save -->";
const END = "<!-- end of tables -->";

/** Four significant digits. */
export function short(value) {
  return Number.isFinite(value) ? Number(value.toPrecision(4)).toLocaleString("en-US") : value;
}

/** Replaces what stands between the two marks of the README. */
export function writeReadme() {
  const text = readFileSync(README, "utf8");
  const [before, after] = [text.split(BEGIN)[0], text.split(END)[1]];
  const tables = readdirSync(RESULTS)
    .filter((name) => name.endsWith(".json"))
    .map((name) => [
      name.slice(0, -".json".length),
      JSON.parse(readFileSync(new URL(name, RESULTS))),
    ])
    // Other programs keep their results here, too, in forms of their own.
    .filter(([, kept]) => Array.isArray(kept.results))
    .map(([suite, kept]) => tableOf(suite, kept));
  writeFileSync(README, `${before}${BEGIN}\n\n${tables.join("\n")}\n${END}${after}`);
}

function tableOf(suite, { machine, results }) {
  const peers = [...new Set(results.flatMap((result) => Object.keys(result.peers)))];
  const head = ["case", "unit", "Heddle", "spread", "goal", ...peers, "ratio"];
  const { cpu, cores, memoryGiB, versions } = machine;
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `## ${suite}`,
    "",
    `${cores} cores of ${cpu}, ${memoryGiB} GiB; ${named.join(", ")}.`,
    "",
    row(head),
    row(head.map(() => "---")),
    ...results.map((result) => row(cellsOf(result, peers))),
    "",
  ].join("\n");
}

function cellsOf({ case: name, unit, better, heddle, spread, goal, peers, ratio }, names) {
  const missed = goal !== undefined && (better === "more" ? heddle < goal : heddle > goal);
  return [
    name,
    unit,
    short(heddle),
    `${short(spread.low)} - ${short(spread.high)}`,
    goal === undefined
      ? ""
      : `${better === "more" ? ">=" : "<="} ${short(goal)}${missed ? " (missed)" : ""}`,
    ...names.map((peer) => (peers[peer] === undefined ? "" : short(peers[peer]))),
    ratio === null ? "" : `${ratio.toFixed(2)}${ratio < 1 ? " (loss)" : ""}`,
  ];
}

const row = (cells) => `| ${cells.join(" | ")} |`;
