/**
 * @file `npm run features`: every behaviour that the project promises (test/features.json), with
 * the tests that show it, and how many are shown, by issue. A test is named "file > describe >
 * test" and must exist; `--run` runs the named files and asks that the tests pass; `--open` lists
 * only what no test shows yet; `--issue N` keeps one issue.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values: flags } = parseArgs({
  options: {
    run: { type: "boolean", default: false },
    open: { type: "boolean", default: false },
    issue: { type: "string" },
  },
});

const rows = JSON.parse(readFileSync(join(root, "test", "features.json"), "utf8"));
const named = [...new Set(rows.flatMap((row) => row.tests))];
const files = [...new Set(named.map((name) => name.split(" > ")[0]))];

function vitest(...args) {
  const script = join(root, "node_modules", "vitest", "vitest.mjs");
  const result = spawnSync(process.execPath, [script, ...args], { cwd: root, encoding: "utf8" });
  if (result.status !== 0 && !flags.run) process.stderr.write(result.stdout + result.stderr);
}

const fullName = (file, name) => `${relative(root, file).replaceAll("\\", "/")} > ${name}`;

const output = join(root, ".cache", "features-tests.json");
mkdirSync(dirname(output), { recursive: true });

/** Names of the tests of some files. */
function listed(files, ...how) {
  if (files.length === 0) return [];
  vitest("list", `--json=${output}`, ...how, ...files);
  const list = JSON.parse(readFileSync(output, "utf8"));
  return list.map(({ file, name }) => fullName(file, name));
}

/** Names of the tests that exist, or, with --run, of those that pass. */
function knownTests() {
  if (files.length === 0) return new Set();
  if (!flags.run) {
    // Most names can be read in the source; only files that compute names need to be loaded.
    const known = new Set(listed(files, "--static-parse"));
    const rest = named.filter((name) => !known.has(name)).map((name) => name.split(" > ")[0]);
    return new Set([...known, ...listed([...new Set(rest)])]);
  }
  vitest("run", "--reporter=json", `--outputFile=${output}`, ...files);
  const { testResults } = JSON.parse(readFileSync(output, "utf8"));
  const passed = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter((test) => test.status === "passed")
      .map((test) => fullName(name, [...test.ancestorTitles, test.title].join(" > "))),
  );
  return new Set(passed);
}

const known = knownTests();
const counts = new Map();
let missing = 0;
for (const { id, issue, what, tests } of rows) {
  const lost = tests.filter((name) => !known.has(name));
  missing += lost.length;
  const isShown = tests.length > 0 && lost.length === 0;
  const where = issue === null ? "later" : `issue ${issue}`;
  const count = counts.get(where) ?? { shown: 0, open: 0 };
  count[isShown ? "shown" : "open"] += 1;
  counts.set(where, count);
  if ((flags.open && isShown) || (flags.issue !== undefined && String(issue) !== flags.issue)) {
    continue;
  }
  process.stdout.write(`${isShown ? "shown" : "open "}  ${id}  ${what}\n`);
  for (const name of tests) {
    process.stdout.write(`                ${lost.includes(name) ? "MISSING " : ""}${name}\n`);
  }
}

process.stdout.write("\n");
for (const [where, { shown, open }] of [...counts].sort()) {
  process.stdout.write(`${where.padEnd(8)}  ${shown} shown, ${open} open\n`);
}
const verb = flags.run ? "do not pass" : "do not exist";
if (missing > 0) process.stdout.write(`${missing} named tests ${verb}\n`);
process.exit(missing === 0 ? 0 : 1);
