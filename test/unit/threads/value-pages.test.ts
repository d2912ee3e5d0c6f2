/** @file The pages of values: inline values exactly, places in the heap, pages that come later. */
import { describe, expect, test } from "vitest";
import { makeValuePage, PAGE_SIZE, TAG, ValuePages } from "../../../src/threads/value-pages.ts";

function pages(count = 1): ValuePages {
  const list = new ValuePages(() => {
    throw new Error("no more pages");
  });
  for (let i = 0; i < count; i++) list.add(makeValuePage());
  return list;
}

describe("ValuePages", () => {
  test.each([0, -0, 1.5, Number.NaN, -Infinity, 2 ** 53, true, false, null, undefined])(
    "%s is kept in its page",
    (value) => {
      const list = pages();
      expect(list.setInline(3, value)).toBe(true);
      expect(list.inline(3)).toBe(value);
    },
  );

  test.each(["text", 5n, [1], {}, () => 1, Symbol("s")])("%s is not", (value) => {
    const list = pages();
    expect(list.setInline(3, value)).toBe(false);
    expect(list.tagOf(3)).toBe(TAG.none);
  });

  test("places in the heap reach beyond 4 GiB and many arenas", () => {
    const list = pages();
    list.setHeap(9, TAG.heap, 513, 2 ** 40 + 64);
    expect([list.tagOf(9), list.arenaOf(9), list.wordOf(9)]).toEqual([TAG.heap, 513, 2 ** 40 + 64]);
    list.clear(9);
    expect(list.tagOf(9)).toBe(TAG.none);
  });

  test("neighbours and pages do not touch each other", () => {
    const list = pages(2);
    const ids = [0, 1, PAGE_SIZE - 1, PAGE_SIZE, 2 * PAGE_SIZE - 1];
    for (const id of ids) list.setInline(id, id + 0.5);
    for (const id of ids) list.setHeap(id === 0 ? 2 : id - 1, TAG.error, 1, 64);
    expect(list.inline(PAGE_SIZE)).toBe(PAGE_SIZE + 0.5);
    expect(list.tagOf(PAGE_SIZE - 1)).toBe(TAG.error);
    expect(list.inline(2 * PAGE_SIZE - 1)).toBe(2 * PAGE_SIZE - 0.5);
    expect(list.arenaOf(PAGE_SIZE - 1)).toBe(1);
  });

  test("two who share the pages see the same", () => {
    const [one, two] = [pages(0), pages(0)];
    const buffer = makeValuePage();
    one.add(buffer);
    two.add(buffer);
    one.setInline(5, 42);
    expect(two.inline(5)).toBe(42);
  });

  test("a page that is missing is asked for", () => {
    const asked: number[] = [];
    const list: ValuePages = new ValuePages((index) => {
      asked.push(index);
      list.add(makeValuePage());
    });
    list.setInline(2 * PAGE_SIZE, 1);
    expect(list.count).toBe(3);
    expect(asked).toEqual([2, 2, 2]);
  });
});
