import { expect, test } from "vitest";
import { concat, fromSequence, random, range } from "../../../src/bag/index.ts";

const sync = { scheduler: "sync" } as const;

test("a sample has different items, and the same ones for the same state", async () => {
  const population = range(100, { npartitions: 7 });
  const sample = random.sample(population, 20, { randomState: 1 });
  const items = await sample.compute(sync);
  expect(new Set(items).size).toBe(20);
  expect(items.every((x) => x >= 0 && x < 100)).toBe(true);
  expect(await sample.compute(sync)).toEqual(items);
  expect(await random.sample(population, 20, { randomState: 2 }).compute(sync)).not.toEqual(items);
  const all = await random.sample(population, 100).compute(sync);
  expect(all.toSorted((a, b) => a - b)).toEqual(await population.compute(sync));
});

test("every item is as likely as any other, whatever the partitions", async () => {
  // One large and several small partitions: an item must not gain by lying in a small one.
  const items = fromSequence([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const uneven = items.filter((x) => x < 7).repartition(1);
  const population = concat([uneven, items.filter((x) => x >= 7)]);
  const counts = { sample: new Array<number>(10).fill(0), choices: new Array<number>(10).fill(0) };
  for (let randomState = 0; randomState < 400; randomState++) {
    const sampled = await random.sample(population, 2, { randomState }).compute(sync);
    for (const x of sampled) counts.sample[x]!++;
    const chosen = await random.choices(population, 2, { randomState }).compute(sync);
    for (const x of chosen) counts.choices[x]!++;
  }
  // 80 expected each, with a deviation of 8 to 8.5.
  for (const count of [...counts.sample, ...counts.choices]) {
    expect(count).toBeGreaterThan(45);
    expect(count).toBeLessThan(115);
  }
});

test("choices may repeat, samples may not be larger than the bag", async () => {
  expect(await random.choices(range(1), 5).compute(sync)).toEqual([0, 0, 0, 0, 0]);
  const cause = (promise: Promise<unknown>): Promise<unknown> =>
    promise.catch((error: unknown) => (error as Error).cause);
  expect(await cause(random.sample(range(3), 4).compute(sync))).toMatchObject({
    message: expect.stringContaining("a bag of 3"),
  });
  expect(await cause(random.choices(range(0), 1).compute(sync))).toMatchObject({
    code: "InvalidArgument",
  });
  expect(await random.sample(range(0), 0).compute(sync)).toEqual([]);
});
