import { afterEach, expect, test } from "vitest";
import { underLimits } from "../../../../src/cluster/limits.ts";
import { config } from "../../../../src/config/config.ts";
import { type DataFrame, readParquet } from "../../../../src/dataframe/index.ts";

const DATA = new URL("../../../../node_modules/vega-datasets/data/", import.meta.url).pathname;
const MIB = 2 ** 20;
const flights = readParquet<{ delay: number; origin: string; destination: string }>(
  `${DATA}flights-3m.parquet`,
);
const joined = flights.merge(flights.rename({ delay: "other" }), { on: ["origin", "destination"] });

/** How the frame's steps are done on so many workers with so much memory each; empty: one query. */
function steps(frame: DataFrame, workerCount: number, memoryMiB: number): string[] {
  const limits = {
    threads: workerCount,
    workerCount,
    memoryLimitBytes: workerCount * memoryMiB * MIB,
  };
  const text = underLimits(limits, () => frame.explain());
  const [, after = ""] = text.split("== Partitions\n");
  return after === "" ? [] : (after.split("\n\n")[0] ?? "").split("\n");
}

afterEach(() => config.set({ "dataframe.fragment": "auto" }));

test("one query where one worker can do it, partitions where it cannot", () => {
  const frame = joined as unknown as DataFrame;
  expect(steps(frame, 2, 4096)).toEqual([]);
  expect(steps(frame, 1, 64)).toEqual([]);
  const many = steps(frame, 2, 128);
  expect(many.at(-1)).toMatch(/^inner join in \d+ partitions, both sides by hash$/);
});

test("what workers will have counts while they are on their way", () => {
  const planned = { threads: 2, workerCount: 2, memoryLimitBytes: 256 * MIB };
  const some = { threads: 1, workerCount: 1, memoryLimitBytes: 128 * MIB, planned };
  const text = underLimits(some, () => joined.explain());
  expect(text).toMatch(/inner join in \d+ partitions, both sides by hash/);
});

test("partitions are of a size with what a process has for the table engine", () => {
  const frame = flights.shuffle("origin") as unknown as DataFrame;
  const count = (memoryMiB: number): number =>
    Number(/in (\d+) partitions, by hash/.exec(steps(frame, 2, memoryMiB).at(-1) ?? "")?.[1]);
  config.set({ "dataframe.fragment": "partitioned" });
  expect(count(192)).toBe(count(176));
  expect(count(512)).toBeLessThan(count(192));
});

test("the configuration decides where it says so", () => {
  const frame = joined as unknown as DataFrame;
  config.set({ "dataframe.fragment": "single" });
  expect(steps(frame, 2, 128)).toEqual([]);
  config.set({ "dataframe.fragment": "partitioned" });
  expect(steps(frame, 1, 4096)).not.toEqual([]);
});

test("a side that takes little goes to all partitions of the other", () => {
  config.set({ "dataframe.fragment": "partitioned" });
  const few = flights.head(10);
  const frame = flights.merge(few, { on: "origin" }) as unknown as DataFrame;
  expect(steps(frame, 2, 1024).at(-1)).toMatch(/^inner join: the right side goes whole to \d+/);
});
