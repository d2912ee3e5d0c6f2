/**
 * @file What bags are given beside items: keywords in an object where Dask has them, and slips that
 * are told where they are made. Values are those of Dask 2026.8 on the same calls.
 */
import { describe, expect, test } from "vitest";
import {
  concat,
  fromSequence,
  makePeople,
  random,
  range,
  readText,
  zip,
} from "../../../src/bag/index.ts";

const sync = { scheduler: "sync" } as const;
const six = range(6, { npartitions: 3 });

describe("keywords", () => {
  test("a fold takes its initial value as one of its options", async () => {
    const add = (a: number, b: number): number => a + b;
    expect(await six.fold(add, { initial: 10, combine: add }).compute(sync)).toBe(45);
    expect(await six.fold(add, { initial: 10 }).compute(sync)).toBe(45);
    expect(await six.fold(add, 10).compute(sync)).toBe(45);
    expect(await six.fold(add, { splitEvery: 2 }).compute(sync)).toBe(15);
    // An object with other names is a value to start from.
    const count = six.fold((t, _x) => ({ n: t.n + 1 }), { n: 0 }, { combine: sumOf });
    expect(await count.compute(sync)).toEqual({ n: 6 });
  });

  test("foldby combines from combineInitial", async () => {
    const parity = (x: number): string => (x % 2 === 0 ? "even" : "odd");
    const lists = six.foldby(parity, (all: number[], x: number) => [...all, x], {
      initial: [],
      combine: (a: number[], b: number[]) => [...a, ...b],
      combineInitial: [-1],
    });
    expect(await lists.compute(sync)).toEqual([
      ["even", [-1, 0, 2, 4]],
      ["odd", [-1, 1, 3, 5]],
    ]);
    const add = (a: number, b: number): number => a + b;
    const sums = six.foldby(parity, add, 0, { combine: add, combineInitial: 100 });
    expect(await sums.compute(sync)).toEqual([
      ["even", 106],
      ["odd", 109],
    ]);
  });

  test("topk and distinct take their key by name", async () => {
    const near = (x: number): number => -Math.abs(x - 3);
    expect(await six.topk(2, { key: near }).compute(sync)).toEqual([3, 2]);
    expect(await six.topk(2, near).compute(sync)).toEqual([3, 2]);
    expect(await six.distinct({ key: (x) => x % 3 }).compute(sync)).toEqual([0, 1, 2]);
  });

  test("a join takes the other side's key by name", async () => {
    const cities = [
      { code: 1, city: "Bern" },
      { code: 2, city: "Basel" },
    ];
    const joined = six.map((n) => ({ n })).join(cities, "n", { onOther: "code" });
    expect(await joined.compute(sync)).toEqual([
      [{ code: 1, city: "Bern" }, { n: 1 }],
      [{ code: 2, city: "Basel" }, { n: 2 }],
    ]);
  });
});

describe("slips", () => {
  const anything = six as never as Record<string, (...args: unknown[]) => unknown>;
  const call = (name: string, ...args: unknown[]) => [
    `${name}(${args.map(String).join(", ")})`,
    () => anything[name]?.(...args),
  ];

  test.each([
    call("map"),
    call("filter", "x"),
    call("remove", null),
    call("starmap"),
    call("flatMap", 5),
    call("takeWhile"),
    call("mapPartitions"),
    call("accumulate"),
    call("fold"),
    call("reduction", () => 1),
    call("foldby", "x"),
    call("groupby"),
    call("topk", 2, true),
    call("join", []),
    call("product", [1]),
    ["concat", () => concat([1] as never)],
    ["zip", () => zip(1 as never)],
    ["fromSequence", () => fromSequence(5 as never)],
  ] as [string, () => unknown][])("%s is refused when called", (_, wrong) => {
    expect(wrong).toThrow(expect.objectContaining({ code: "InvalidArgument" }));
  });

  test.each([
    ["splitEvery", () => six.sum({ spliteEvery: 2 } as never)],
    ["splitEvery", () => six.fold((a, b) => a + b, 0, { splitEvry: 2 } as never)],
    ["ddof", () => six.std({ dof: 1 } as never)],
    ["sort", () => six.frequencies({ sorted: true } as never)],
    ["npartitions", () => six.groupby((x) => x, { npartition: 2 } as never)],
    ["npartitions", () => range(3, { npartition: 2 } as never)],
    ["npartitions", () => six.take(1, { npartition: 2 } as never)],
    ["key", () => six.topk(2, { keys: "x" } as never)],
    ["onOther", () => six.join([1], (x) => x, { onother: "x" } as never)],
    ["randomState", () => six.randomSample(0.5, { randomstate: 2 } as never)],
    ["randomState", () => random.sample(six, 1, { randomstate: 2 } as never)],
    ["lastEndline", () => six.toTextfiles("x", { lastEndLine: true } as never)],
    ["blocksize", () => readText("package.json", { blockSize: 1 } as never)],
    ["seed", () => makePeople({ sed: 1 } as never)],
  ])("a misspelt option names %s", (name, wrong) => {
    expect(wrong).toThrow(new RegExp(`has no option .*did you mean "${name}"`));
  });

  test("options of toDataFrame", async () => {
    const wrong = six.map((x) => ({ x })).toDataFrame({ column: ["x"] } as never);
    await expect(wrong).rejects.toThrow('did you mean "columns"');
  });
});

function sumOf(a: { n: number }, b: { n: number }): { n: number } {
  return { n: a.n + b.n };
}
