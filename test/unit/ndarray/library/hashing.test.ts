/**
 * Goal: hashes depend on values only, are fixed for ever (version 1), and group rows stably and
 * evenly.
 */
import { describe, expect, test } from "vitest";
import { groupByHash, hashRows } from "../../../../src/ndarray/library/hashing.ts";
import { NDArray } from "../../../../src/ndarray/ndarray.ts";

function strings(values: readonly string[]): { offsets: Int32Array; bytes: Uint8Array } {
  const encoded = values.map((value) => new TextEncoder().encode(value));
  const offsets = new Int32Array(values.length + 1);
  encoded.forEach((bytes, i) => {
    offsets[i + 1] = (offsets[i] as number) + bytes.length;
  });
  return { offsets, bytes: Uint8Array.from(encoded.flatMap((bytes) => [...bytes])) };
}

function hashes(...columns: Parameters<typeof hashRows>[0]): bigint[] {
  const [first] = columns;
  const rows = first instanceof NDArray ? first.size : (first?.offsets.length ?? 1) - 1;
  return [...hashRows(columns, rows).data];
}

describe("hashRows", () => {
  test("integers of any width, booleans among them, hash alike", () => {
    const wide = hashes(new NDArray([0, 1, 100], { dtype: "int64" }));
    for (const dtype of [
      "int8",
      "uint8",
      "int16",
      "uint16",
      "int32",
      "uint32",
      "uint64",
    ] as const) {
      expect(hashes(new NDArray([0, 1, 100], { dtype }))).toEqual(wide);
    }
    expect(hashes(new NDArray([false, true]))).toEqual(wide.slice(0, 2));
    const minus = hashes(new NDArray([-1], { dtype: "int64" }));
    expect(hashes(new NDArray([-1], { dtype: "int8" }))).toEqual(minus);
  });

  test("floats: one zero, one NaN, float32 as float64", () => {
    const [zero, minusZero, nan, half] = hashes(new NDArray([0, -0, Number.NaN, 0.5]));
    expect(zero).toBe(minusZero);
    const narrow = new NDArray([0, -0, Number.NaN, 0.5], { dtype: "float32" });
    expect(hashes(narrow)).toEqual([zero, zero, nan, half]);
  });

  test("version 1 is fixed: rows must find each other across versions of the package", () => {
    expect(hashes(new NDArray([0, 1, -1], { dtype: "int64" }))).toMatchInlineSnapshot(`
      [
        11286133854226296554n,
        3245455698406765223n,
        6122065473102971202n,
      ]
    `);
    expect(hashes(strings(["", "a", "route SFO-JFK", "é"]))).toMatchInlineSnapshot(`
      [
        11286133854226296554n,
        2837568152733815299n,
        10288580730023259481n,
        12892885075581802611n,
      ]
    `);
  });

  test("several columns: order matters, all of them count", () => {
    const a = new NDArray([1, 2], { dtype: "int32" });
    const b = strings(["x", "x"]);
    const [first, second] = hashes(a, b);
    expect(first).not.toBe(second);
    expect(hashes(b, a)[0]).not.toBe(first);
    expect(hashes(a)[0]).not.toBe(first);
  });

  test("strings that only differ in where they are cut differ", () => {
    const [one, other] = [hashes(strings(["ab", "c"])), hashes(strings(["a", "bc"]))];
    expect(one).not.toEqual(other);
  });

  test("a column of another length is refused", () => {
    expect(() => hashRows([new NDArray([1, 2])], 3)).toThrow(/2 rows was given for a table of 3/);
  });
});

describe("groupByHash", () => {
  test("keeps the order within a destination and loses no row", () => {
    const rows = 10_000;
    const keys = new NDArray(
      Array.from({ length: rows }, (_, i) => i % 997),
      { dtype: "int64" },
    );
    const { counts, order } = groupByHash(hashRows([keys], rows), 7);
    const sizes = counts.toArray() as number[];
    expect(sizes.reduce((a, b) => a + b, 0)).toBe(rows);
    const at = order.toArray() as number[];
    expect([...at].sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, i) => i));
    const where = new Map<number, number>();
    let start = 0;
    sizes.forEach((size, part) => {
      const group = at.slice(start, start + size);
      expect(group).toEqual([...group].sort((a, b) => a - b));
      for (const row of group) {
        const key = row % 997;
        expect(where.get(key) ?? part).toBe(part);
        where.set(key, part);
      }
      start += size;
    });
    for (const size of sizes) expect(Math.abs(size - rows / 7)).toBeLessThan(rows / 28);
  });

  test("one destination, no rows", () => {
    const hashed = hashRows([new NDArray([5, 6], { dtype: "int64" })], 2);
    expect(groupByHash(hashed, 1).order.toArray()).toEqual([0, 1]);
    const none = groupByHash(hashRows([new NDArray([], { dtype: "int64" })], 0), 3);
    expect(none.counts.toArray()).toEqual([0, 0, 0]);
  });
});
