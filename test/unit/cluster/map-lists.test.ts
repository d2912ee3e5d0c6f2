/** @file Lists of arguments are read as far as the shortest goes, and no further. */
import { expect, test } from "vitest";
import { zipped } from "../../../src/cluster/map-lists.ts";

/** Counts without end, and what was read and whether it was told of the end. */
function counting(): Iterable<number> & { read: number; isClosed: boolean } {
  const counter = {
    read: 0,
    isClosed: false,
    *[Symbol.iterator](): Generator<number> {
      try {
        while (counter.read < 1000) yield counter.read++;
        throw new Error("read on and on");
      } finally {
        counter.isClosed = true;
      }
    },
  };
  return counter;
}

test("an endless list gives as many elements as the shortest has", () => {
  const [first, last] = [counting(), counting()];
  expect(zipped([first, ["a", "b"], last, new Set([1, 2, 3])])).toEqual({
    lists: [
      [0, 1],
      ["a", "b"],
      [0, 1],
      [1, 2],
    ],
    count: 2,
  });
  expect([first, last].map(({ read, isClosed }) => [read, isClosed])).toEqual([
    [2, true],
    [2, true],
  ]);
});

test("lists whose lengths are not known are read side by side", () => {
  const endless = counting();
  const three = [7, 8, 9].values();
  expect(zipped([endless, three])).toEqual({
    lists: [
      [0, 1, 2],
      [7, 8, 9],
    ],
    count: 3,
  });
  expect(endless).toMatchObject({ read: 4, isClosed: true });
});

test("arrays are cut to what is used, and taken as they are where that is all", () => {
  const [short, long] = [
    [1, 2],
    [1, 2, 3],
  ];
  const { lists } = zipped([short, long, "héy𝄞"]);
  expect(lists[0]).toBe(short);
  expect(lists.slice(1)).toEqual([
    [1, 2],
    ["h", "é"],
  ]);
  expect(zipped([counting(), []])).toEqual({ lists: [[], []], count: 0 });
});

test("a list that fails ends the others", () => {
  const endless = counting();
  const failing = (function* (): Generator<number> {
    yield 1;
    throw new Error("no more");
  })();
  expect(() => zipped([endless, failing])).toThrow("no more");
  expect(endless.isClosed).toBe(true);
});
