import { describe, expect, test } from "vitest";
import * as bag from "../../../src/bag/index.ts";
import { concat, fromDelayed, fromSequence, range, zip } from "../../../src/bag/index.ts";
import type { Collection } from "../../../src/core/collection.ts";
import { isHeddleError } from "../../../src/core/errors.ts";
import { delayed } from "../../../src/delayed/index.ts";
import { optimizeGraph } from "../../../src/optimize/flatten.ts";
import { testHere } from "../../support/here.ts";

const sync = { scheduler: "sync" } as const;

/** Values of a computation, whichever kind of lazy thing it is. */
function valuesOf<T>(lazy: { compute(options: typeof sync): Promise<T> }): Promise<T> {
  return lazy.compute(sync);
}

/** The user's error behind a failed task. */
async function causeOf(promise: Promise<unknown>): Promise<unknown> {
  const error = await promise.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(isHeddleError(error, "TaskFailed")).toBe(true);
  return (error as Error).cause;
}

describe("sources", () => {
  test("a sequence is cut into as many nearly equal partitions as asked for", async () => {
    const numbers = fromSequence([1, 2, 3, 4, 5, 6, 7], { npartitions: 3 });
    expect(numbers.npartitions).toBe(3);
    const sizes = numbers.mapPartitions((items) => [items.length]);
    expect(await valuesOf(sizes)).toEqual([2, 2, 3]);
    expect(await valuesOf(numbers)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test("partitionSize, the default of 100, and no more partitions than items", () => {
    expect(fromSequence("abcdefg", { partitionSize: 3 }).npartitions).toBe(3);
    expect(range(100_000).npartitions).toBe(100);
    expect(fromSequence([1, 2], { npartitions: 9 }).npartitions).toBe(2);
    expect(() => fromSequence([1], { npartitions: 0 })).toThrow("npartitions is 0");
    expect(() => fromSequence([1], { npartitions: 1, partitionSize: 1 })).toThrow("give one");
  });

  test("nothing gives empty results, not errors", async () => {
    const none = fromSequence<number>([]);
    expect(await valuesOf(none.map((x) => x + 1).frequencies())).toEqual([]);
    expect(await valuesOf(none.groupby((x) => x))).toEqual([]);
    expect(await valuesOf(none.sum())).toBe(0);
    expect(await valuesOf(none.count())).toBe(0);
    expect(await valuesOf(none.mean())).toBeNaN();
    expect(await valuesOf(none.topk(3))).toEqual([]);
    expect(await valuesOf(concat<number>([]).groupby((x) => x))).toEqual([]);
    expect(await valuesOf(fromDelayed<number>([]).count())).toBe(0);
    expect(await none.take(3, sync)).toEqual([]);
    expect(await causeOf(valuesOf(none.max()))).toMatchObject({ code: "InvalidArgument" });
    expect(await causeOf(valuesOf(none.fold((a, b) => a + b)))).toMatchObject({
      message: expect.stringContaining("give an initial value"),
    });
  });

  test("fromDelayed takes any lazy iterables as partitions", async () => {
    const parts: Collection<Iterable<number>>[] = range(4, { npartitions: 2 }).toDelayed();
    expect(await valuesOf(fromDelayed(parts))).toEqual([0, 1, 2, 3]);
    expect(() => fromDelayed([[1]] as never)).toThrow("use fromSequence");
  });

  test("equal bags have equal task names; other callbacks have others", () => {
    const name = (factor: number): string | undefined =>
      range(4)
        .map((x) => x * 2 + factor)
        .lower().outputs[0]?.layer.name;
    const other = range(4)
      .map((x) => x * 3)
      .lower().outputs[0]?.layer.name;
    expect(name(1)).toBe(name(1));
    expect(name(1)).not.toBe(other);
  });
});

describe("item by item", () => {
  const people = fromSequence(
    [
      { name: "Ada", year: 1815, tags: ["maths", "poems"] },
      { name: "Grace", year: 1906, tags: ["navy"] },
    ],
    { npartitions: 2 },
  );

  test("pluck takes fields, several fields, positions and defaults", async () => {
    expect(await valuesOf(people.pluck("year"))).toEqual([1815, 1906]);
    expect(await valuesOf(people.pluck(["name", "year"]))).toEqual([
      ["Ada", 1815],
      ["Grace", 1906],
    ]);
    expect(await valuesOf(people.pluck(["name", "year"]).pluck(1))).toEqual([1815, 1906]);
    const some = fromSequence<{ x?: number }>([{ x: 1 }, {}]);
    expect(await valuesOf(some.pluck("x", undefined))).toEqual([1, undefined]);
    expect(await valuesOf(some.pluck("x", -1))).toEqual([1, -1]);
  });

  test("pluck of a missing field names the nearest one", async () => {
    const cause = await causeOf(valuesOf(people.pluck("nam" as "name")));
    expect((cause as Error).message).toContain('did you mean "name"?');
  });

  test("map goes along with other bags, lazy values and plain ones", async () => {
    const a = range(4, { npartitions: 2 });
    const sum = a.map((x, y, total, plus) => x * y + total + plus, a, a.sum(), 100);
    expect(await valuesOf(sum)).toEqual([106, 107, 110, 115]);
    expect(await valuesOf(bag.map((x, y) => x - y, a, a))).toEqual([0, 0, 0, 0]);
  });

  test("bags that go along must match in partitions and items", async () => {
    const a = range(4, { npartitions: 2 });
    const mapped = a.map((x, y) => x + y, range(4, { npartitions: 4 }));
    expect(() => mapped.lower()).toThrow("this one has 2 partitions, but bag 1");
    const short = a.map((x, y) => x + y, range(3, { npartitions: 2 }));
    expect(await causeOf(valuesOf(short))).toMatchObject({ code: "InvalidArgument" });
    expect(await causeOf(valuesOf(zip(a, range(5, { npartitions: 2 }))))).toMatchObject({
      code: "InvalidArgument",
    });
  });

  test("flatMap, flatten, starmap, remove, takeWhile", async () => {
    expect(await valuesOf(people.flatMap((p) => p.tags))).toEqual(["maths", "poems", "navy"]);
    expect(await valuesOf(people.pluck("tags").flatten())).toEqual(["maths", "poems", "navy"]);
    const pairs = zip(range(3), range(3));
    expect(await valuesOf(pairs.starmap((a, b) => a + b))).toEqual([0, 2, 4]);
    expect(await valuesOf(range(5).remove((x) => x % 2 === 0))).toEqual([1, 3]);
    expect(await valuesOf(range(5, { npartitions: 1 }).takeWhile((x) => x < 2))).toEqual([0, 1]);
    expect(await causeOf(valuesOf(range(2).flatMap((x) => x as never)))).toMatchObject({
      message: expect.stringContaining("use map for single values"),
    });
  });

  test("a callback that returns a promise is refused with the way out", async () => {
    const cause = await causeOf(valuesOf(range(2).map(async (x) => x)));
    expect((cause as Error).message).toContain("use mapPartitions");
    const doubled = range(4, { npartitions: 2 }).mapPartitions(async (xs) => xs.map((x) => x * 2));
    expect(await valuesOf(doubled)).toEqual([0, 2, 4, 6]);
    async function* letters(): AsyncGenerator<string> {
      yield "a";
      yield "b";
    }
    expect(await valuesOf(range(1).mapPartitions(letters))).toEqual(["a", "b"]);
    expect(await causeOf(valuesOf(range(1).mapPartitions((() => 7) as never)))).toMatchObject({
      message: expect.stringContaining("return [value]"),
    });
  });

  test("mapPartitions hands over whole arrays, also of bags that go along", async () => {
    const a = range(6, { npartitions: 2 });
    const joined = a.mapPartitions((xs, ys, n) => [xs.length + ys.length + n], a.map(String), 10);
    expect(await valuesOf(joined)).toEqual([16, 16]);
    const parts = a.map((x) => x + 1).toDelayed();
    const last = delayed((xs: number[]) => xs.at(-1));
    expect(await valuesOf(last(parts[1]!))).toBe(6);
    expect(await valuesOf(delayed((xs: number[], n: number) => [n, ...xs])(a, a.count()))).toEqual([
      6, 0, 1, 2, 3, 4, 5,
    ]);
  });

  test("randomSample depends on its state and on nothing else", async () => {
    const sample = range(10_000, { npartitions: 7 }).randomSample(0.25, { randomState: 3 });
    const once = await valuesOf(sample);
    expect(await valuesOf(sample)).toEqual(once);
    expect(once.length).toBeGreaterThan(2300);
    expect(once.length).toBeLessThan(2700);
    const all = range(100);
    expect(await valuesOf(all.randomSample(1))).toEqual(await valuesOf(all));
    expect(await valuesOf(all.randomSample(0))).toEqual([]);
    expect(() => all.randomSample(1.5)).toThrow("from 0 to 1");
  });
});

describe("keys", () => {
  const routes = fromSequence(
    [
      { route: ["SFO", "LAX"], delay: 5 },
      { route: ["LAX", "SFO"], delay: 1 },
      { route: ["SFO", "LAX"], delay: 7 },
    ],
    { npartitions: 3 },
  );

  test("groupby brings equal keys together by value, items in their order", async () => {
    const groups = await valuesOf(routes.groupby("route"));
    expect(groups).toHaveLength(2);
    const lax = groups.find(([key]) => key[0] === "SFO");
    expect(lax?.[1].map((r) => r.delay)).toEqual([5, 7]);
    const two = routes.groupby((r) => r.delay > 2, { npartitions: 2 });
    expect(two.npartitions).toBe(2);
    expect(new Map((await valuesOf(two)).map(([k, v]) => [k, v.length]))).toEqual(
      new Map([
        [true, 2],
        [false, 1],
      ]),
    );
  });

  test("foldby folds within and combines across partitions", async () => {
    const worst = routes.foldby("route", (a, b) => (a.delay >= b.delay ? a : b));
    expect((await valuesOf(worst)).map(([key, r]) => [key.join("-"), r.delay])).toEqual([
      ["SFO-LAX", 7],
      ["LAX-SFO", 1],
    ]);
    const lists = routes.foldby(
      (r) => r.route[0],
      (list: number[], r) => {
        list.push(r.delay);
        return list;
      },
      [],
      { combine: (a, b) => [...a, ...b], splitEvery: 2 },
    );
    expect(await valuesOf(lists)).toEqual([
      ["SFO", [5, 7]],
      ["LAX", [1]],
    ]);
  });

  test("frequencies count, and sort with ties in the order of coming", async () => {
    const words = fromSequence(["b", "a", "b", "c", "a"], { npartitions: 3 });
    expect(await valuesOf(words.frequencies())).toEqual([
      ["b", 2],
      ["a", 2],
      ["c", 1],
    ]);
    const sorted = fromSequence(["c", "b", "a", "b", "a"], { npartitions: 2 });
    expect(await valuesOf(sorted.frequencies({ sort: true }))).toEqual([
      ["b", 2],
      ["a", 2],
      ["c", 1],
    ]);
  });

  test("distinct keeps the first item of each key", async () => {
    expect(await valuesOf(routes.distinct("route").pluck("delay"))).toEqual([5, 1]);
    const points = fromSequence(
      [
        [1, 2],
        [1, 2],
        [2, 1],
      ],
      { npartitions: 3 },
    );
    expect(await valuesOf(points.distinct())).toEqual([
      [1, 2],
      [2, 1],
    ]);
  });

  test("join pairs the other's items with its own, as Dask does", async () => {
    const people = fromSequence(["Alice", "Bob", "Charlie"], { npartitions: 2 });
    const fruit = ["Apple", "Apricot", "Banana"];
    const pairs = [
      ["Apple", "Alice"],
      ["Apricot", "Alice"],
      ["Banana", "Bob"],
    ];
    expect(await valuesOf(people.join(fruit, (x) => x[0]))).toEqual(pairs);
    const lazy = fromSequence(fruit, { npartitions: 1 });
    expect(await valuesOf(people.join(lazy, (x) => x[0]))).toEqual(pairs);
    expect(() => people.join(fromSequence(fruit), 0)).toThrow("use other.repartition(1)");
  });

  test("topk takes the largest, and the first of equals", async () => {
    const pairs = fromSequence(
      [
        ["a", 1],
        ["b", 3],
        ["c", 3],
        ["d", 2],
      ] as [string, number][],
      {
        npartitions: 4,
      },
    );
    expect(await valuesOf(pairs.topk(3, 1))).toEqual([
      ["b", 3],
      ["c", 3],
      ["d", 2],
    ]);
    expect(await valuesOf(range(1000).topk(2, (x) => -x))).toEqual([0, 1]);
    expect(await valuesOf(range(3).topk(0))).toEqual([]);
    expect(() => range(3).topk(-1)).toThrow("topk was given -1");
  });
});

describe("to one value", () => {
  test("fold gives each partition a fresh copy of a mutable start", async () => {
    const push = (list: number[], x: number): number[] => {
      list.push(x);
      return list;
    };
    const fold = range(6, { npartitions: 3 }).fold(push, [], { combine: (a, b) => [...a, ...b] });
    expect(await valuesOf(fold)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await valuesOf(fold)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("fold leaves out empty partitions", async () => {
    const some = range(10, { npartitions: 5 }).filter((x) => x > 7);
    expect(await valuesOf(some.fold((a, b) => a + b))).toBe(17);
  });

  test("min and max of strings and tuples; any and all", async () => {
    const words = fromSequence(["weft", "heddle", "warp"], { npartitions: 2 });
    expect(await valuesOf(words.min())).toBe("heddle");
    expect(await valuesOf(words.max())).toBe("weft");
    expect(await valuesOf(range(3).any())).toBe(true);
    expect(await valuesOf(range(3).all())).toBe(false);
  });

  test("variance does not cancel", async () => {
    const far = range(1000, { npartitions: 7 }).map((x) => 1e9 + (x % 2));
    expect(await valuesOf(far.var())).toBeCloseTo(0.25, 8);
    expect(await valuesOf(far.std({ ddof: 1 }))).toBeCloseTo(Math.sqrt(250 / 999), 8);
    expect(await valuesOf(range(1).var({ ddof: 1 }))).toBeNaN();
  });

  test("items apply functions and become lazy arguments", async () => {
    const total = range(4).sum();
    expect(await valuesOf(total.apply((n) => n * 2))).toBe(12);
    expect(await valuesOf(total.apply(async (n) => `${n}`))).toBe("6");
    expect(await valuesOf(bag.Item.fromDelayed(total))).toBe(6);
  });

  test("splitEvery changes the tree, not the result", async () => {
    const numbers = range(1000, { npartitions: 40 });
    for (const splitEvery of [2, 3, false] as const) {
      expect(await valuesOf(numbers.sum({ splitEvery }))).toBe(499_500);
    }
    expect(() => numbers.sum({ splitEvery: 1 })).toThrow("splitEvery is 1");
    const all = numbers.reduction(
      (xs) => xs.length,
      (ns) => `${ns.length}`,
      { splitEvery: false },
    );
    expect(await valuesOf(all)).toBe("40");
  });
});

describe("to frames", () => {
  test("fields become columns, also of arrays that name them", async () => {
    const records = fromSequence([{ a: 1, b: "x" }, { a: 2 }, { a: 3, b: "z" }], {
      npartitions: 2,
    });
    const df = await records.toDataFrame(sync);
    expect(df.columns).toEqual(["a", "b"]);
    expect(await df.toRecords(sync)).toEqual([
      { a: 1, b: "x" },
      { a: 2, b: null },
      { a: 3, b: "z" },
    ]);
    const words = fromSequence(["b", "a", "b"]).frequencies();
    const counts = await words.toDataFrame({ ...sync, columns: ["word", "n"] });
    expect(await counts.toRecords(sync)).toEqual([
      { word: "b", n: 2 },
      { word: "a", n: 1 },
    ]);
  });

  test("a bag without items needs a schema; items without fields are refused", async () => {
    const none = fromSequence<{ a: number }>([]);
    await expect(none.toDataFrame(sync)).rejects.toThrow("name them by { schema");
    const empty = await none.toDataFrame({ ...sync, schema: { a: "int64" } });
    expect(await empty.toRecords(sync)).toEqual([]);
    const numbers = fromSequence<object>([1 as never]);
    await expect(numbers.toDataFrame(sync)).rejects.toThrow("an item is number");
  });
});

describe("makePeople", () => {
  test("a seed gives the same people, each partition others", async () => {
    const people = bag.makePeople({ npartitions: 3, recordsPerPartition: 20, seed: 4 });
    const once = await valuesOf(people);
    expect(once).toHaveLength(60);
    expect(await valuesOf(people)).toEqual(once);
    expect(new Set(once.map((person) => person.telephone)).size).toBe(60);
    expect(once.every(({ age }) => age >= 16 && age < 96)).toBe(true);
  });
});

describe("shape of the work", () => {
  test("accumulate runs through partitions, with and without a start", async () => {
    const numbers = range(5, { npartitions: 3 });
    expect(await valuesOf(numbers.accumulate((a, b) => a + b))).toEqual([0, 1, 3, 6, 10]);
    expect(await valuesOf(numbers.accumulate((s, x) => `${s}${x}`, ">"))).toEqual([
      ">",
      ">0",
      ">01",
      ">012",
      ">0123",
      ">01234",
    ]);
  });

  testHere("take reads no more than it needs", async () => {
    const seen: number[] = [];
    const watched = range(100, { npartitions: 4 }).map((x) => {
      seen.push(x);
      return x;
    });
    expect(await watched.take(2, sync)).toEqual([0, 1]);
    // The map streams into the take: nobody asks for a third item.
    expect(seen).toEqual([0, 1]);
    expect(await watched.take(30, { ...sync, npartitions: 2 })).toHaveLength(30);
    expect(await valuesOf(watched.take(2, { compute: false }))).toEqual([0, 1]);
    expect(() => watched.take(1, { npartitions: 9 })).toThrow("it may be 1 to 4");
  });

  test("product has a partition for each pair of partitions", async () => {
    const pairs = range(2, { npartitions: 2 }).product(fromSequence(["a", "b"]));
    expect(pairs.npartitions).toBe(4);
    expect(await valuesOf(pairs)).toEqual([
      [0, "a"],
      [0, "b"],
      [1, "a"],
      [1, "b"],
    ]);
  });

  testHere("a persisted bag is used without computing it again", async () => {
    let calls = 0;
    const counted = range(4, { npartitions: 2 }).map((x) => {
      calls++;
      return x;
    });
    const kept = await counted.persist(sync);
    expect(calls).toBe(4);
    expect(await valuesOf(kept.map((x) => x + 1))).toEqual([1, 2, 3, 4]);
    expect(kept.npartitions).toBe(2);
    expect(calls).toBe(4);
  });

  test("building never runs callbacks; printing says how to get the items", () => {
    const bomb = range(3).map(() => {
      throw new Error("ran");
    });
    expect(String(bomb.filter(Boolean).groupby(() => 1))).toContain("await bag.compute()");
  });

  test("the callback's own error is the cause", async () => {
    const bad = range(3).map((x) => {
      if (x === 2) throw new RangeError(`${x} is too large`);
      return x;
    });
    expect(await causeOf(valuesOf(bad))).toEqual(new RangeError("2 is too large"));
  });

  test("a chain of steps is one task per partition", () => {
    const chain = range(100, { npartitions: 5 })
      .map((x) => x + 1)
      .filter((x) => x % 2 === 0)
      .flatMap((x) => [x, x]);
    expect(optimizeGraph(chain.lower().outputs).count).toBe(5);
  });

  test("what comes before and after a groupby is done within its tasks", () => {
    const sizes = range(100, { npartitions: 5 })
      .map((x) => ({ key: x % 7, x }))
      .groupby("key", { npartitions: 3 })
      .map(([key, items]) => [key, items.length]);
    // Five write, one lists what they wrote, three read: no value of another task is ever stored.
    expect(optimizeGraph(sizes.lower().outputs).count).toBe(9);
  });
});

describe("sums and means", () => {
  const message = async (work: Promise<unknown>): Promise<string> =>
    ((await causeOf(work)) as Error).message;

  test("of what is no number are errors that say so", async () => {
    const texts = fromSequence(["a", "b"]) as never as bag.Bag<number>;
    expect(await message(valuesOf(texts.sum()))).toMatch(
      /sum was given text "[ab]".*\.map\(Number\)/,
    );
    expect(await message(valuesOf(texts.mean()))).toMatch(/mean was given text "[ab]"/);
    expect(await message(valuesOf(texts.std()))).toMatch(/var and std was given text "[ab]"/);
    const mixed = fromSequence([1, "a"]) as never as bag.Bag<number>;
    expect(await message(valuesOf(mixed.sum()))).toMatch(/text "a"/);
    const missing = fromSequence([1, null]) as never as bag.Bag<number>;
    expect(await message(valuesOf(missing.mean()))).toMatch(/was given null/);
  });

  test("of bigints and truth values", async () => {
    const large = fromSequence([2n ** 60n, 1n, 5n], { npartitions: 3 });
    expect(await valuesOf(large.sum())).toBe(2n ** 60n + 6n);
    expect(await valuesOf(large.filter((n) => n > 4n).sum())).toBe(2n ** 60n + 5n);
    const truth = fromSequence([true, false, true]) as never as bag.Bag<number>;
    expect(await valuesOf(truth.sum())).toBe(2);
    const mixed = fromSequence([1, 2n]) as never as bag.Bag<number>;
    expect(await message(valuesOf(mixed.sum()))).toMatch(/numbers and bigints/);
  });
});

describe("pluck", () => {
  test("gives an item's own fields and getters, nothing that every object has", async () => {
    const plain = fromSequence<Record<string, unknown>>([{}, { constructor: 1 }]);
    expect(await valuesOf(plain.pluck("constructor", "none"))).toEqual(["none", 1]);
    expect(await valuesOf(plain.pluck("__proto__", "none"))).toEqual(["none", "none"]);
    expect(await valuesOf(fromSequence([new Map([[1, 2]])]).pluck("size"))).toEqual([1]);
    expect(await valuesOf(fromSequence(["abc"]).pluck("length"))).toEqual([3]);
  });

  test("says what there is", async () => {
    const error = await causeOf(valuesOf(fromSequence<{ a?: 1 }>([{ b: 1 } as never]).pluck("a")));
    expect((error as Error).message).toBe(
      'pluck found no "a" in an object with b. ' +
        "Give a default as the second argument for items that lack it.",
    );
  });
});

test("a chain of thousands of steps runs", async () => {
  let numbers = fromSequence([1]);
  for (let i = 0; i < 3_000; i++) numbers = numbers.map((n) => n + 1);
  expect(await valuesOf(numbers)).toEqual([3_001]);
});
