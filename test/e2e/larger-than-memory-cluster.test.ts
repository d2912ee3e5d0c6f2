/**
 * @file The benchmark of data larger than a cluster's memory in small: as much data as both worker
 * processes may take in all, nearly twice what they have for values.
 */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

const script = new URL("../../bench/larger-than-memory-cluster.mjs", import.meta.url).pathname;

test.each([
  ["x + x.T", "192MiB", []],
  // What tasks pull from elsewhere lies outside the values' part until it is in its place.
  ["rechunk", "256MiB", ["--far"]],
  ["bag groupby", "192MiB", []],
  // DuckDB itself takes more of a process. It runs in partitions.
  ["frame join", "288MiB", []],
  ["frame groupby", "288MiB", ["--far"]],
  ["frame sorted groups", "288MiB", []],
  ["frame quantiles", "288MiB", ["--far"]],
])("%s, %s %j", (name, limit, more) => {
  const args = [script, "--case", name, "--limit", limit, "--factor", "1", "--json", ...more];
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    timeout: 500_000,
  });
  const [figures] = JSON.parse(stdout) as unknown[];
  expect(figures, stderr).toMatchObject({ right: true, deaths: 0, leftFiles: 0 });
});
