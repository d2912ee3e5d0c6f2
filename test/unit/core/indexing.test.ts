/** Goal: indices mean what they mean in NumPy. Method: slices against Python's own definition. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isHeddleError } from "../../../src/core/errors.ts";
import {
  bindIndex,
  broadcastShapes,
  parseIndex,
  resolveAxes,
  resolveAxis,
  resolveInteger,
  resolveSlice,
  slice,
} from "../../../src/core/indexing.ts";

/** `range(length)[start:stop:step]`, by the words of Python's reference for `slice.indices`. */
function python(start: number | null, stop: number | null, step: number, length: number): number[] {
  const clamp = (value: number): number => {
    const at = value < 0 ? value + length : value;
    if (at < 0) return step < 0 ? -1 : 0;
    return at < length ? at : step < 0 ? length - 1 : length;
  };
  const first = start === null ? (step < 0 ? length - 1 : 0) : clamp(start);
  const end = stop === null ? (step < 0 ? -1 : length) : clamp(stop);
  const taken: number[] = [];
  for (let i = first; step < 0 ? i > end : i < end; i += step) taken.push(i);
  return taken;
}

describe("slices", () => {
  test("take what Python takes", () => {
    const end = fc.option(fc.integer({ min: -12, max: 12 }));
    const step = fc.integer({ min: -4, max: 4 }).filter((n) => n !== 0);
    fc.assert(
      fc.property(end, end, step, fc.nat(9), (start, stop, by, length) => {
        const { start: first, count } = resolveSlice(slice(start, stop, by), length);
        const taken = Array.from({ length: count }, (_, i) => first + i * by);
        expect(taken).toEqual(python(start, stop, by, length));
      }),
      { numRuns: 500 },
    );
  });

  test("are written as in Python", () => {
    expect(parseIndex(["::2, 50:", "-3"])).toEqual([
      slice(null, null, 2),
      slice(50, null),
      { kind: "integer", index: -3 },
    ]);
    expect(parseIndex(["1:-1", slice(4)])).toEqual([slice(1, -1), slice(null, 4)]);
  });

  test("of step zero, of four parts and of words are refused", () => {
    expect(() => resolveSlice(slice(0, 4, 0), 4)).toThrow(/must not be zero/);
    expect(() => parseIndex(["1:2:3:4"])).toThrow(/at most three parts/);
    expect(() => parseIndex(["a:b"])).toThrow(/"a" is not an integer.*slice\(i, j\)/);
    expect(() => parseIndex(["1,,2"])).toThrow(/an item is empty/);
    expect(() => parseIndex([1.5])).toThrow(/must be an integer/);
  });
});

describe("indices that fit a shape", () => {
  test("the ellipsis and missing axes become whole ranges, null a new axis", () => {
    const whole = (axis: number, count: number) => ({
      kind: "range",
      axis,
      start: 0,
      step: 1,
      count,
    });
    expect(bindIndex(parseIndex([-1, "...", null, "1:3"]), [4, 5, 6, 7])).toEqual([
      { kind: "integer", axis: 0, index: 3 },
      whole(1, 5),
      whole(2, 6),
      { kind: "newAxis" },
      { kind: "range", axis: 3, start: 1, step: 1, count: 2 },
    ]);
    expect(bindIndex([], [2, 3])).toEqual([whole(0, 2), whole(1, 3)]);
  });

  test("a mask takes as many axes as it has", () => {
    const mask = [[true]];
    expect(bindIndex(parseIndex([mask, 1]), [2, 3, 4], () => 2)).toEqual([
      { kind: "array", axis: 0, axes: 2, array: mask },
      { kind: "integer", axis: 2, index: 1 },
    ]);
  });

  test("too many indices, two ellipses and positions outside are refused", () => {
    expect(() => bindIndex(parseIndex([1, 2]), [5])).toThrow(/1 dimensions, but 2 were indexed/);
    expect(() => bindIndex(parseIndex(["...", "..."]), [5])).toThrow(/only one ellipsis/);
    expect(() => bindIndex(parseIndex([5]), [5])).toThrow(/Index 5 .* axis 0 .*allowed: -5 to 4/);
    expect(() => resolveInteger(0, 0, 2)).toThrow(/axis 2 of length 0\.$/);
  });
});

describe("axes", () => {
  test("count from either end, once each, in order", () => {
    expect(resolveAxis(-1, 3)).toBe(2);
    expect(resolveAxes([-1, 0], 3)).toEqual([0, 2]);
    expect(resolveAxes(null, 2)).toEqual([0, 1]);
    expect(() => resolveAxes([0, -2], 2)).toThrow(/given twice/);
    expect(() => resolveAxis(2, 2)).toThrow(/allowed: -2 to 1/);
  });
});

describe("broadcasting", () => {
  test.each([
    [
      [[3, 1], [4]],
      [3, 4],
    ],
    [[[], [2]], [2]],
    [[[0], [1]], [0]],
    [
      [[2, 1, 5], [7, 1], [1]],
      [2, 7, 5],
    ],
    [[], []],
  ])("%j gives %j", (shapes, expected) => {
    expect(broadcastShapes(...shapes)).toEqual(expected);
  });

  test("lengths that differ are refused with both shapes", () => {
    let error: unknown;
    try {
      broadcastShapes([2, 3], [2]);
    } catch (caught) {
      error = caught;
    }
    expect(isHeddleError(error, "InvalidShape")).toBe(true);
    expect(String(error)).toContain("[2, 3] and [2]");
  });
});
