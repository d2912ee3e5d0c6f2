/** @file Dead buffers outside the engine's heap are collected before they are many. */
import { expect, test, vi } from "vitest";
import { OutsideBuffers } from "../../../src/threads/outside-buffers.ts";

const MIB = 2 ** 20;
const bytes = (): number => process.memoryUsage().arrayBuffers;

/** Makes dead buffers; returns the most that there were at a time. */
function litter(count: number, after: (i: number) => void): number {
  let most = 0;
  for (let i = 0; i < count; i++) {
    new Uint8Array(4 * MIB).fill(i);
    after(i);
    most = Math.max(most, bytes());
  }
  return most;
}

test("dead buffers stay below the share of the thread", () => {
  const outside = new OutsideBuffers(8 * MIB);
  outside.collect();
  const before = bytes();
  const most = litter(24, (i) => outside.look(i * 1000));
  expect(most - before).toBeLessThan(20 * MIB);
});

test("it looks now and then, and what is in use does not make it collect again", () => {
  const outside = new OutsideBuffers(8 * MIB);
  const collect = vi.spyOn(outside, "collect");
  outside.look(1000);
  const held = Array.from({ length: 4 }, (_, i) => new Uint8Array(4 * MIB).fill(i));
  outside.look(1001);
  expect(collect).not.toHaveBeenCalled();
  outside.look(2000);
  outside.look(3000);
  expect(collect).toHaveBeenCalledTimes(1);
  expect(held).toHaveLength(4);
});
