import { describe, expect, test } from "vitest";
import { compareValues } from "../../../src/bag/compare.ts";
import { canonicalKey, hashKey, KEY_HASH_VERSION, KeyMap } from "../../../src/bag/key.ts";

describe("canonical keys", () => {
  test.each([
    [0, -0],
    [Number.NaN, 0 / 0],
    [
      ["SFO", 1],
      ["SFO", 1],
    ],
    [
      { a: 1, b: [2] },
      { b: [2], a: 1 },
    ],
    [new Date(5), new Date(5)],
    [new Set([1, "a"]), new Set(["a", 1])],
    [new Map([[1, 2]]), new Map([[1, 2]])],
    [new Uint8Array([1, 2]), new Uint8Array([1, 2])],
  ])("%o and %o are one key", (a, b) => {
    expect(canonicalKey(a)).toBe(canonicalKey(b));
    expect(hashKey(a)).toBe(hashKey(b));
  });

  test.each([
    [1, "1"],
    [1, 1n],
    [1, true],
    [null, undefined],
    [["ab"], ["a", "b"]],
    [["asb"], ["a", "b"]],
    [[["a"], "b"], [["a", "b"]]],
    [["s1:x"], ["s1:x", ""]],
    [[undefined], []],
    [
      [1, 23],
      [12, 3],
    ],
    [new Uint8Array([1]), new Uint16Array([1])],
    [new Date(5), 5],
    [{ a: 1 }, new Map([["a", 1]])],
  ])("%o and %o are two keys", (a, b) => {
    expect(canonicalKey(a)).not.toBe(canonicalKey(b));
  });

  test("what has no value to compare is refused by its kind", () => {
    class Route {}
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(() => canonicalKey(new Route())).toThrow("an instance of Route");
    expect(() => canonicalKey(() => 1)).toThrow("a function");
    expect(() => canonicalKey(cycle)).toThrow("contains itself");
  });

  test("the hash does not change between versions of Heddle", () => {
    expect(KEY_HASH_VERSION).toBe(1);
    const hashes = ["SFO", "", 1, -1.5, true, null, ["SFO", "LAX"], { a: 1 }].map(hashKey);
    expect(hashes).toMatchInlineSnapshot(`
      [
        2080572622,
        4152288607,
        809607869,
        2938019191,
        2289336383,
        1234930415,
        671950669,
        1913657777,
      ]
    `);
  });

  test("the hash spreads consecutive integers over partitions", () => {
    const counts = new Array<number>(16).fill(0);
    for (let i = 0; i < 16_000; i++) counts[hashKey(i) % 16]!++;
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1150);
  });
});

describe("KeyMap", () => {
  test("keeps the first of equal keys, in the order of coming", () => {
    const map = new KeyMap<unknown, number>();
    for (const key of [["b"], "a", ["b"], 1, "a", -0, 0]) map.entryOr(key, () => 0).value++;
    expect(map.pairs()).toEqual([
      [["b"], 2],
      ["a", 2],
      [1, 1],
      [-0, 2],
    ]);
    expect(map.size).toBe(4);
    expect(map.entry(["c"])).toBeUndefined();
  });
});

describe("order of values", () => {
  test("numbers, with NaN last", () => {
    expect([3, Number.NaN, -1, 0].sort(compareValues)).toEqual([-1, 0, 3, Number.NaN]);
  });

  test("arrays item by item, a prefix first", () => {
    const sorted = [["b"], ["a", 2], ["a"], ["a", 1]].sort(compareValues);
    expect(sorted).toEqual([["a"], ["a", 1], ["a", 2], ["b"]]);
  });

  test("dates, bigints beside numbers, booleans", () => {
    expect(compareValues(new Date(1), new Date(2))).toBeLessThan(0);
    expect(compareValues(2n, 1.5)).toBeGreaterThan(0);
    expect(compareValues(false, true)).toBeLessThan(0);
  });

  test("kinds without a common order are refused", () => {
    expect(() => compareValues(1, "a")).toThrow("number and string have no order");
    expect(() => compareValues({ a: 1 }, { a: 2 })).toThrow("give a key function");
  });
});
