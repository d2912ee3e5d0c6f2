/** @file The growable list of ids. */
import { expect, test } from "vitest";
import { IdList } from "../../../src/machine/id-list.ts";

test("keeps what is pushed, in order, beyond its first capacity", () => {
  const list = new IdList();
  for (let i = 0; i < 100; i++) list.push(i * 3);
  expect(list.length).toBe(100);
  expect(list.at(99)).toBe(297);
  expect(list.pop()).toBe(297);
  expect([...list.take()]).toEqual(Array.from({ length: 99 }, (_, i) => i * 3));
});

test("what was taken does not change when the list is filled again", () => {
  const list = new IdList();
  list.push(1);
  const taken = list.take();
  expect(list.length).toBe(0);
  list.push(2);
  expect([...taken]).toEqual([1]);
  expect([...list.take()]).toEqual([2]);
});
