/** @file Bags against plain arrays: any items, cut any way, give what the array gives. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Bag, concat, fromSequence, zip } from "../../src/bag/index.ts";
import { BlockScanner, findCuts } from "../../src/bag/json-scan.ts";
import { canonicalKey } from "../../src/bag/key.ts";

const sync = { scheduler: "sync" } as const;
const numbers = fc.array(fc.integer({ min: -50, max: 50 }), { maxLength: 40 });
const cut = fc.integer({ min: 1, max: 9 });

/** Checks an operation on bags against the same on arrays, for any items and partitions. */
function check<R>(
  onBag: (bag: Bag<number>) => { compute(options: typeof sync): Promise<R> },
  onArray: (items: number[]) => R,
): Promise<void> {
  const property = fc.asyncProperty(numbers, cut, async (items, npartitions) => {
    const bag = fromSequence(items, { npartitions });
    expect(await onBag(bag).compute(sync)).toEqual(onArray(items));
  });
  return fc.assert(property, { numRuns: 60 });
}

const isOdd = (x: number): boolean => Math.abs(x) % 2 === 1;

/** Items by key, in the order of first coming. */
function group(items: readonly number[], key: (x: number) => unknown): [unknown, number[]][] {
  const groups = new Map<string, [unknown, number[]]>();
  for (const x of items) {
    const text = canonicalKey(key(x));
    if (!groups.has(text)) groups.set(text, [key(x), []]);
    groups.get(text)![1].push(x);
  }
  return [...groups.values()];
}

test("map, filter, remove, flatMap in a chain", async () => {
  await check(
    (bag) =>
      bag
        .map((x) => x + 1)
        .filter(isOdd)
        .flatMap((x) => [x, -x])
        .remove((x) => x > 10),
    (items) =>
      items
        .map((x) => x + 1)
        .filter(isOdd)
        .flatMap((x) => [x, -x])
        .filter((x) => !(x > 10)),
  );
});

test("pluck, starmap, zip", async () => {
  await check(
    (bag) => zip(bag, bag.map(String)).pluck(1),
    (items) => items.map(String),
  );
  await check(
    (bag) => zip(bag, bag).starmap((a, b) => a * b),
    (items) => items.map((x) => x * x),
  );
});

test("repartition and concat keep items and order", async () => {
  const property = fc.asyncProperty(numbers, cut, cut, async (items, a, b) => {
    const bag = fromSequence(items, { npartitions: a });
    const again = bag.repartition(b);
    expect(again.npartitions).toBe(b);
    expect(await again.compute(sync)).toEqual(items);
    expect(await concat([bag, again]).compute(sync)).toEqual([...items, ...items]);
  });
  await fc.assert(property, { numRuns: 60 });
});

test("sum, count, min, max, any, all, fold", async () => {
  await check(
    (bag) => bag.sum(),
    (items) => items.reduce((a, b) => a + b, 0),
  );
  await check(
    (bag) => bag.count(),
    (items) => items.length,
  );
  await check(
    (bag) => bag.any(),
    (items) => items.some(Boolean),
  );
  await check(
    (bag) => bag.all(),
    (items) => items.every(Boolean),
  );
  await check(
    (bag) => bag.map((x) => x + 100).fold(Math.max, 0),
    (items) => items.reduce((a, b) => Math.max(a, b + 100), 0),
  );
  await check(
    (bag) => concat([bag, fromSequence([0])]).min(),
    (items) => Math.min(0, ...items),
  );
  await check(
    (bag) => concat([bag, fromSequence([0])]).max(),
    (items) => Math.max(0, ...items),
  );
});

test("mean, var and std", async () => {
  const mean = (items: number[]): number => items.reduce((a, b) => a + b, 0) / items.length;
  await check((bag) => bag.mean(), mean);
  const property = fc.asyncProperty(numbers, cut, async (items, npartitions) => {
    const m = mean(items);
    const expected = items.reduce((s, x) => s + (x - m) ** 2, 0) / items.length;
    const bag = fromSequence(items, { npartitions });
    if (items.length === 0) expect(await bag.var().compute(sync)).toBeNaN();
    else {
      expect(await bag.var().compute(sync)).toBeCloseTo(expected, 8);
      expect(await bag.std().compute(sync)).toBeCloseTo(Math.sqrt(expected), 8);
    }
  });
  await fc.assert(property, { numRuns: 60 });
});

test("frequencies, distinct, topk", async () => {
  await check(
    (bag) => bag.map((x) => [x % 5]).frequencies({ splitEvery: 2 }),
    (items) => group(items, (x) => [x % 5]).map(([key, xs]) => [key as number[], xs.length]),
  );
  await check(
    (bag) => bag.distinct(),
    (items) => [...new Set(items)],
  );
  await check(
    (bag) => bag.topk(3, (x) => x % 7),
    (items) => items.toSorted((a, b) => (b % 7) - (a % 7)).slice(0, 3),
  );
});

test("groupby and foldby", async () => {
  const byKey = (x: number): unknown => ({ rest: x % 4, odd: isOdd(x) });
  const property = fc.asyncProperty(numbers, cut, cut, async (items, a, b) => {
    const bag = fromSequence(items, { npartitions: a });
    const sorted = (pairs: [unknown, unknown][]): [unknown, unknown][] =>
      pairs.toSorted(([x], [y]) => (canonicalKey(x) < canonicalKey(y) ? -1 : 1));
    const grouped = await bag.groupby(byKey, { npartitions: b }).compute(sync);
    const expected = group(items, byKey);
    expect(sorted(grouped)).toEqual(sorted(expected));
    const sums = await bag.foldby(byKey, (x, y) => x + y, 0, { splitEvery: 2 }).compute(sync);
    expect(sums).toEqual(expected.map(([key, xs]) => [key, xs.reduce((x, y) => x + y, 0)]));
  });
  await fc.assert(property, { numRuns: 60 });
});

test("accumulate", async () => {
  await check(
    (bag) => bag.accumulate((total, x) => total + x, 5),
    (items) => [5, ...items.map((_, i) => items.slice(0, i + 1).reduce((a, b) => a + b, 5))],
  );
});

test("product and join", async () => {
  await check(
    (bag) => bag.filter((x) => x > 40).product(fromSequence([1, 2, 3], { npartitions: 1 })),
    (items) =>
      items.filter((x) => x > 40).flatMap((x) => [1, 2, 3].map((y): [number, number] => [x, y])),
  );
  await check(
    (bag) => bag.join([1, 11, 2], (x) => x % 10),
    (items) =>
      items.flatMap((x) =>
        [1, 11, 2].filter((y) => y % 10 === x % 10).map((y): [number, number] => [y, x]),
      ),
  );
});

test("take", async () => {
  const property = fc.asyncProperty(numbers, cut, fc.nat(50), async (items, npartitions, k) => {
    const bag = fromSequence(items, { npartitions });
    expect(await bag.take(k, { ...sync, npartitions: -1 })).toEqual(items.slice(0, k));
  });
  await fc.assert(property, { numRuns: 60 });
});

test("keys: equal text exactly for equal values", () => {
  const key = fc.anything({ withDate: true, withMap: true, withSet: true, withBigInt: true });
  fc.assert(
    fc.property(key, key, (a, b) => {
      expect(canonicalKey(a)).toBe(canonicalKey(structuredClone(a)));
      if (canonicalKey(a) !== canonicalKey(b)) return;
      expect(normal(a)).toEqual(normal(b));
    }),
    { numRuns: 500 },
  );
});

/**
 * A value as text of another kind than the canonical key: with -0 as 0 and unordered things in
 * order.
 */
function normal(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from(value, normal);
  if (value instanceof Map)
    return [
      "map",
      ...[...value]
        .map(normal)
        .map((x) => JSON.stringify(x))
        .sort(),
    ];
  if (
    typeof value === "object" &&
    value !== null &&
    Object.getPrototypeOf(value) === Object.prototype
  ) {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, normal(v)]));
  }
  return typeof value === "bigint" ? `${value}n` : value === 0 ? 0 : value;
}

test("a JSON array cut into any blocks has its commas where the parser sees them", () => {
  const blocks = fc.tuple(
    fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 8 }),
    fc.integer({ min: 1, max: 20 }),
  );
  fc.assert(
    fc.property(blocks, ([values, size]) => {
      const bytes = Buffer.from(JSON.stringify(values));
      const scans = [];
      for (let at = 0; at < bytes.length; at += size) {
        let backslashes = 0;
        while (at > backslashes && bytes[at - backslashes - 1] === 0x5c) backslashes++;
        const scanner = new BlockScanner(at, backslashes % 2 === 1);
        scanner.push(bytes.subarray(at, at + size));
        scans.push(scanner.finish());
      }
      const commas: number[] = [];
      let end = 1;
      for (const value of values.slice(0, -1)) {
        end += Buffer.byteLength(JSON.stringify(value));
        commas.push(end++);
      }
      const expected = scans.map(
        (_, i) => commas.find((at) => at >= i * size && at < (i + 1) * size) ?? -1,
      );
      expect(findCuts(scans)).toEqual({ commas: expected, depth: 0, inString: false });
    }),
    { numRuns: 300 },
  );
});
