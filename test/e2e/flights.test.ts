/**
 * @file The main job against other engines: every number that `heddle run examples/flights.ts
 * --json` writes equals plain SQL, pandas or NumPy on the same files (goldens by
 * `generate/flights.py`).
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const golden = JSON.parse(
  readFileSync(join(ROOT, "test/conformance/goldens/flights.json"), "utf8"),
);
const folder = mkdtempSync(join(tmpdir(), "heddle-flights-"));

/** Runs the main job as a user would, from its compiled command, and gives what it printed. */
function run(...args: string[]): string {
  const command = ["lib/cli/main.js", "run", "examples/flights.ts", ...args];
  return execFileSync(process.execPath, command, {
    cwd: ROOT,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 240_000,
  });
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Rows = Record<string, unknown>[];

/** Equal rows in equal order; numbers that are no integers within 1e-9 of their size. */
function expectRows(actual: Rows, expected: Rows): void {
  expect(actual.length).toBe(expected.length);
  const wrong = expected.flatMap((row, i) =>
    Object.entries(row)
      .filter(([name, value]) => !isClose(actual[i]?.[name], value))
      .map(
        ([name, value]) =>
          `row ${i}: ${name} is ${String(actual[i]?.[name])}, not ${String(value)}`,
      ),
  );
  expect(wrong).toEqual([]);
}

function isClose(actual: unknown, expected: unknown): boolean {
  if (typeof actual !== "number" || typeof expected !== "number") return actual === expected;
  if (Number.isInteger(expected)) return actual === expected;
  return Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected));
}

describe("on its own data", () => {
  let printed = "";
  let numbers: Record<string, never> & typeof golden;
  let page = "";

  beforeAll(() => {
    const json = join(folder, "numbers.json");
    printed = run("--json", json, "--out", join(folder, "report"));
    numbers = JSON.parse(readFileSync(json, "utf8"));
    page = readFileSync(join(folder, "report/index.html"), "utf8");
  }, 300_000);

  test("nothing is left out and nothing is unchecked", () => {
    const checked = Object.keys(golden).filter((name) => name !== "madeWith");
    expect(Object.keys(numbers).sort()).toEqual([...checked, "waits"].sort());
  });

  test("frames: totals, origins, routes, days and hours", () => {
    expect(numbers.flights).toBe(golden.flights);
    expectRows(numbers.byOrigin, golden.byOrigin);
    expectRows(numbers.perDay, golden.perDay);
    expectRows(numbers.perHour, golden.perHour);
    const columns = Object.entries(golden.byRoute as Record<string, unknown[]>);
    const routes = columns[0]![1].map((_, i) =>
      Object.fromEntries(columns.map(([name, values]) => [name, values[i]])),
    );
    expectRows(numbers.byRoute, routes);
  });

  test("frames: the worst routes with city names, and quantiles", () => {
    expectRows(numbers.worstRoutes, golden.worstRoutes);
    expectRows(numbers.quantiles, golden.quantiles);
  });

  test("arrays: the histogram is exact, the correlation as close as floats allow", () => {
    expect(numbers.histogram).toEqual(golden.histogram);
    expect(Math.abs(numbers.correlation - golden.correlation)).toBeLessThan(1e-12);
  });

  test("the bag", () => {
    expect(numbers.bag.records).toBe(golden.bag.records);
    expectRows(numbers.bag.byDistance, golden.bag.byDistance);
    expect(numbers.bag.mostDelayed).toEqual(golden.bag.mostDelayed);
  });

  test("pi is NumPy's estimate from the same streams, to the last digit", () => {
    expect(numbers.pi).toEqual(golden.pi);
  });

  test("eight waits of a second ran side by side", () => {
    expect(numbers.waits.waited).toBe(8);
    expect(numbers.waits.seconds).toBeGreaterThan(0.9);
  });

  test("it prints tables", () => {
    expect(printed).toContain("3,000,000 flights");
    expect(printed).toContain("Phoenix");
    expect(printed).toContain("Pi from 100,000,000 points: 3.14");
  });

  test("the page is one file with all plots, and asks no network for anything", () => {
    expect(page.match(/<svg/g)?.length).toBeGreaterThanOrEqual(6);
    expect(page).not.toMatch(/<script|<link|@import|url\(|src=/);
    const addresses = page.match(/https?:[^"'\s<]+/g) ?? [];
    expect(addresses.filter((address) => !address.startsWith("http://www.w3.org/"))).toEqual([]);
  });
});

describe("on the user's own files", () => {
  test("a pattern gives the frames and arrays alone", () => {
    const json = join(folder, "own.json");
    const data = "node_modules/vega-datasets/data/flights-3*.parquet";
    run("--data", data, "--json", json, "--out", join(folder, "own"));
    const numbers = JSON.parse(readFileSync(json, "utf8"));
    expect(Object.keys(numbers)).not.toContain("pi");
    expect(numbers.flights).toBe(golden.flights);
    expectRows(numbers.worstRoutes, golden.worstRoutes);
  }, 300_000);

  test("a pattern without files fails, and says so", () => {
    const failed = (): string => run("--data", join(folder, "none-*.parquet"));
    expect(failed).toThrow(/none-\*\.parquet/);
  }, 60_000);
});
