/** @file The growable list of numbers. */
import { expect, test } from "vitest";
import { FloatList } from "../../../src/machine/float-list.ts";

test("keeps numbers that are no integers, in order, beyond its first capacity", () => {
  const list = new FloatList();
  for (let i = 0; i < 100; i++) list.push(i / 7);
  const taken = list.take();
  list.push(-1);
  expect([...taken]).toEqual(Array.from({ length: 100 }, (_, i) => i / 7));
  expect([...list.take()]).toEqual([-1]);
});
