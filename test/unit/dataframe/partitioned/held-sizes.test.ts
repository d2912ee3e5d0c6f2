import { expect, test } from "vitest";
import { underLimits } from "../../../../src/cluster/limits.ts";
import { type Collection, CollectionBase } from "../../../../src/core/collection.ts";
import type { Layer } from "../../../../src/core/graph.ts";
import { type DataFrame, fromDelayed } from "../../../../src/dataframe/index.ts";

const MIB = 2 ** 20;

/** What stands for a future of a table: the engine says what it takes, or does not know. */
function future(answer: () => Promise<number | undefined>): Collection {
  return futures(1, answer)[0] as Collection;
}

/** Futures of one map: the engine says what they take together. */
function futures(count: number, answer: () => Promise<number | undefined>): Collection[] {
  const layer: Layer = {
    name: "future-0123456789abcdef",
    kind: "data",
    count,
    templates: [],
    inputs: [],
    depOffsets: new Int32Array(count + 1),
    deps: new Int32Array(0),
    columns: [],
    held: { engine: {}, ids: new Int32Array(count), measure: answer },
  };
  class Given extends CollectionBase implements Collection {
    readonly #index: number;

    constructor(index: number) {
      super();
      this.#index = index;
    }

    lower(): ReturnType<Collection["lower"]> {
      return {
        outputs: [{ layer, index: this.#index }],
        finish: ([value]) => value,
        rebuild: () => this,
      };
    }
  }
  return Array.from({ length: count }, (_, index) => new Given(index));
}

/** Whether a grouping of the frame goes into partitions, on two workers of 512 MiB each. */
async function isCut(frame: DataFrame<{ k: number }>, workerCount = 2): Promise<boolean> {
  const limits = { threads: 2, workerCount, memoryLimitBytes: workerCount * 512 * MIB };
  const groups = frame.groupby("k").size();
  await underLimits(limits, () => groups.prepare());
  return underLimits(limits, () => groups.explain()).includes("== Partitions");
}

const of = (...parts: Collection[]) =>
  fromDelayed<{ k: number }>(parts, { schema: { k: "int64" } });

test("futures count with what the engine says that they take", async () => {
  expect(await isCut(of(future(async () => 400 * MIB)))).toBe(true);
  expect(await isCut(of(future(async () => 4000)))).toBe(false);
  const many = Array.from({ length: 20 }, () => future(async () => MIB));
  expect(await isCut(of(...many))).toBe(false);
  expect(await isCut(of(...futures(20, async () => 20 * MIB)))).toBe(false);
  expect(await isCut(of(...futures(20, async () => 400 * MIB)))).toBe(true);
});

test("partitions whose size is not known are thought to be of a usual one", async () => {
  const unknown = () => future(async () => undefined);
  const refused = () => future(async () => await Promise.reject(new Error("closed")));
  expect(await isCut(of(unknown()))).toBe(false);
  expect(await isCut(of(...Array.from({ length: 5 }, unknown)))).toBe(true);
  expect(await isCut(of(...Array.from({ length: 5 }, refused)))).toBe(true);
});

test("the engine is asked once, and only where the answer matters", async () => {
  let asked = 0;
  const one = future(async () => {
    asked++;
    return 4000;
  });
  await isCut(of(one), 1);
  expect(asked).toBe(0);
  const frame = of(one);
  await isCut(frame);
  await isCut(frame);
  expect(asked).toBe(1);
});
