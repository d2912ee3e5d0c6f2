/** @file Arithmetic of one axis against doing it element by element. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  blockAt,
  commonBlocks,
  isSplit,
  overlapAxis,
  sliceAxis,
  takeAxis,
} from "../../../src/array/axis-plans.ts";
import { offsetsOf, sum } from "../../../src/array/chunks.ts";

const blockLists = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 6 });

/** Every element of an axis as its index, block by block. */
function elements(blocks: readonly number[]): number[][] {
  const offsets = offsetsOf(blocks);
  return blocks.map((length, i) => Array.from({ length }, (_, k) => (offsets[i] as number) + k));
}

/** A random cut of an axis of a given length. */
function cutAt(length: number, marks: readonly number[]): number[] {
  const ends = [...new Set([0, ...marks.map((mark) => mark % (length + 1)), length])];
  ends.sort((a, b) => a - b);
  return ends.length === 1 ? [0] : ends.slice(1).map((end, i) => end - (ends[i] as number));
}

describe("sliceAxis", () => {
  test("its parts, read one after the other, are the slice", () => {
    fc.assert(
      fc.property(
        blockLists,
        fc.nat(30),
        fc.nat(30),
        fc.constantFrom(-3, -2, -1, 1, 2, 3, 7),
        (blocks, a, n, step) => {
          const length = sum(blocks);
          const start = length === 0 ? 0 : a % length;
          const most =
            length === 0
              ? 0
              : step > 0
                ? Math.ceil((length - start) / step)
                : Math.floor(start / -step) + 1;
          const count = Math.min(n, most);
          const parts = sliceAxis(blocks, { start, count, step });
          const all = elements(blocks);
          const read = parts.blocks.flatMap((size, i) =>
            Array.from(
              { length: size },
              (_, k) => all[parts.source[i] as number]?.[(parts.start[i] as number) + k * step],
            ),
          );
          expect(read).toEqual(Array.from({ length: count }, (_, k) => start + k * step));
          expect(parts.blocks.length).toBeGreaterThan(0);
          if (count > 0) expect(parts.blocks).not.toContain(0);
        },
      ),
    );
  });
});

describe("overlapAxis", () => {
  test("boxes of old blocks, entered at their start, hold the new blocks", () => {
    fc.assert(
      fc.property(blockLists, fc.array(fc.nat(40), { maxLength: 5 }), (blocks, marks) => {
        const wanted = cutAt(sum(blocks), marks);
        const { first, count, start } = overlapAxis(blocks, wanted);
        const all = elements(blocks);
        const next = elements(wanted);
        wanted.forEach((length, i) => {
          const box = all
            .slice(first[i] as number, (first[i] as number) + (count[i] as number))
            .flat();
          expect(box.slice(start[i] as number, (start[i] as number) + length)).toEqual(next[i]);
        });
      }),
    );
  });

  test("cutting finer only splits, and back only joins", () => {
    expect(isSplit(overlapAxis([4, 4], [2, 2, 1, 3]))).toBe(true);
    expect(isSplit(overlapAxis([2, 2, 1, 3], [4, 4]))).toBe(false);
    expect(Array.from(overlapAxis([2, 2, 1, 3], [4, 4]).count)).toEqual([2, 2]);
  });
});

describe("takeAxis", () => {
  test("pieces, read one after the other, are the elements asked for", () => {
    fc.assert(
      fc.property(blockLists, fc.array(fc.nat(100), { maxLength: 12 }), (blocks, picks) => {
        const length = sum(blocks);
        fc.pre(length > 0);
        const indices = picks.map((pick) => pick % length);
        const all = elements(blocks);
        const read = takeAxis(blocks, indices).flatMap(({ sources, which, at }) =>
          Array.from(at, (index, k) => all[sources[which[k] as number] as number]?.[index]),
        );
        expect(read).toEqual(indices);
      }),
    );
  });

  test("ascending positions need one block each", () => {
    const pieces = takeAxis([3, 3, 3], [0, 2, 4, 4, 8]);
    expect(pieces.map(({ sources }) => sources)).toEqual([[0], [1], [2]]);
  });
});

describe("commonBlocks", () => {
  test("is the coarsest cut that has every boundary", () => {
    expect(
      commonBlocks([
        [5, 2, 3],
        [2, 3, 5],
      ]),
    ).toEqual([2, 3, 2, 3]);
    expect(commonBlocks([[10], [4, 6]])).toEqual([4, 6]);
    expect(commonBlocks([[10], [10]])).toEqual([10]);
    expect(
      commonBlocks([
        [4, 4],
        [3, 3],
      ]),
    ).toBeNull();
  });

  test("blocks of unknown length meet only themselves", () => {
    expect(
      commonBlocks([
        [Number.NaN, Number.NaN],
        [Number.NaN, Number.NaN],
      ]),
    ).toEqual([Number.NaN, Number.NaN]);
    expect(
      commonBlocks([
        [Number.NaN, Number.NaN],
        [2, 2, 1],
      ]),
    ).toBeNull();
  });
});

test("blockAt skips empty blocks", () => {
  const offsets = offsetsOf([0, 3, 0, 0, 2]);
  expect([0, 2, 3, 4].map((index) => blockAt(offsets, index))).toEqual([1, 1, 4, 4]);
});
