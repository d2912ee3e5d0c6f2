import { describe, expect, test } from "vitest";
import { isHashable, rowHashes } from "../../../../src/dataframe/partitioned/row-hash.ts";
import { columnOf } from "../../../../src/table/build.ts";

function hashes(values: readonly unknown[], type: string): number[] {
  return [...rowHashes([columnOf("k", values, type)], values.length)];
}

describe("equal values have equal hashes", () => {
  test("whole numbers of every width, signed or not", () => {
    const [wide] = [hashes([-5, 0, 7, 300], "BIGINT")];
    expect(hashes([-5, 0, 7, 300], "INTEGER")).toEqual(wide);
    expect(hashes([-5, 0, 7, 300], "SMALLINT")).toEqual(wide);
    expect(hashes([0, 7], "UTINYINT")).toEqual(wide?.slice(1, 3));
    expect(hashes([4_000_000_000], "UINTEGER")).toEqual(hashes([4_000_000_000], "BIGINT"));
  });

  test("floats of both widths, both zeros and every NaN", () => {
    expect(hashes([0.5, -2], "FLOAT")).toEqual(hashes([0.5, -2], "DOUBLE"));
    const [zero, minus, nan, other] = hashes([0, -0, Number.NaN, 0 / 0], "DOUBLE");
    expect(minus).toBe(zero);
    expect(other).toBe(nan);
  });

  test("slices and nulls, wherever they lie", () => {
    const values = ["a", null, "long enough for no short path", "a", "", null];
    const column = columnOf("k", values, "VARCHAR");
    const whole = rowHashes([column], values.length);
    expect([...rowHashes([column.slice(1, 5)], 4)]).toEqual([...whole.slice(1, 5)]);
    expect(whole[5]).toBe(whole[1]);
    expect(whole[4]).not.toBe(whole[1]);
  });
});

test("different values mostly differ, in every part of the hash", () => {
  const rows = 10_000;
  const columns = [
    columnOf(
      "a",
      Array.from({ length: rows }, (_, i) => i % 100),
      "INTEGER",
    ),
    columnOf(
      "b",
      Array.from({ length: rows }, (_, i) => `key ${Math.floor(i / 100)}`),
      "VARCHAR",
    ),
  ];
  const all = rowHashes(columns, rows);
  expect(new Set(all).size).toBeGreaterThan(rows - 50);
  const counts = new Int32Array(16);
  for (const hash of all) counts[(hash >>> 0) % 16]!++;
  expect(Math.min(...counts)).toBeGreaterThan((rows / 16) * 0.85);
  expect(Math.max(...counts)).toBeLessThan((rows / 16) * 1.15);
});

test("the columns' order counts", () => {
  const [a, b] = [columnOf("a", [1], "INTEGER"), columnOf("b", [2], "INTEGER")];
  expect(rowHashes([a, b], 1)[0]).not.toBe(rowHashes([b, a], 1)[0]);
});

test("types whose bytes do not tell equality are left to the engine", () => {
  expect(isHashable("INTERVAL")).toBe(false);
  expect(isHashable("STRUCT(a INTEGER)")).toBe(false);
  expect(isHashable("DECIMAL(18,2)")).toBe(true);
});
