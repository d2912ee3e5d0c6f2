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
