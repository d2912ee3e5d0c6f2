/** @file The queue from whose middle things are taken. */
import { expect, test } from "vitest";
import { Fifo } from "../../../../src/machine/coordination/fifo.ts";

test("keeps order when things are taken from anywhere and put in front", () => {
  const fifo = new Fifo<number>();
  const nodes = [1, 2, 3, 4].map((value) => fifo.push(value));
  fifo.remove(nodes[1]!);
  fifo.remove(nodes[1]!);
  fifo.remove(nodes[3]!);
  fifo.unshift(0);
  expect([[...fifo], fifo.length, fifo.first]).toEqual([[0, 1, 3], 3, 0]);
  fifo.push(5);
  expect([fifo.shift(), fifo.shift(), fifo.shift(), fifo.shift(), fifo.shift()]).toEqual([
    0,
    1,
    3,
    5,
    undefined,
  ]);
  fifo.remove(nodes[0]!);
  expect([fifo.length, fifo.first, [...fifo]]).toEqual([0, undefined, []]);
  fifo.unshift(9);
  expect([...fifo]).toEqual([9]);
});
