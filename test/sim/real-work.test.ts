/**
 * @file Real graphs on simulated clusters: whatever goes wrong on the way, the result is that of
 * the calling thread. The suites of the collections run there too (project `on-simulator`).
 */
import { expect, test } from "vitest";
import * as da from "../../src/array/index.ts";
import { fromSequence } from "../../src/bag/index.ts";
import { graphOf } from "../../src/cluster/run-collections.ts";
import { runSync } from "../../src/cluster/sync.ts";
import { config } from "../../src/config/index.ts";
import type { Collection } from "../../src/core/collection.ts";
import { delayed } from "../../src/delayed/index.ts";
import { NDArray } from "../../src/ndarray/index.ts";
import { runSimulated } from "../support/run-simulated.ts";
import { inTier } from "../support/tier.ts";

const SEEDS = inTier(5, 20);
const numbers = Array.from({ length: 60 }, (_, i) => (i * 37) % 61);

async function expectSame(collection: Collection): Promise<void> {
  const lowered = collection.lower();
  const graph = await graphOf(lowered.outputs, {});
  const plain = (values: unknown[]): unknown => {
    const result = lowered.finish(values);
    return result instanceof NDArray ? result.toArray() : result;
  };
  const right = plain(await runSync(graph));
  for (let seed = 1; seed <= SEEDS; seed++) {
    expect(plain(await runSimulated(graph, seed)), `seed ${seed}`).toEqual(right);
  }
}

test("arrays that change their chunks by an exchange", async () => {
  const x = da.arange(0, 144, { chunks: 48 }).reshape([12, 12]);
  await config.with({ "array.rechunk.method": "exchange" }, async () => {
    await expectSame(x.add(x.T).rechunk([12, 3]).cumsum({ axis: 0 }).rechunk([4, 12]));
  });
});

test("items that are grouped", async () => {
  const groups = fromSequence(numbers, { npartitions: 5 }).groupby((i) => i % 7);
  await expectSame(groups.map(([key, items]) => [key, [...items].sort((a, b) => a - b)]));
});

test("a task that throws fails with its error and its key, and leaves nothing behind", async () => {
  const bad = delayed(
    (i: number) => {
      if (i === 3) throw new RangeError("three");
      return i;
    },
    { name: "picky" },
  );
  const total = delayed((...all: number[]) => all.length)(...[1, 2, 3, 4].map((i) => bad(i)));
  const graph = await graphOf(total.lower().outputs, {});
  for (let seed = 1; seed <= SEEDS; seed++) {
    await expect(runSimulated(graph, seed)).rejects.toMatchObject({
      code: "TaskFailed",
      message: expect.stringContaining("picky"),
      cause: expect.objectContaining({ name: "RangeError", message: "three" }),
    });
  }
});
