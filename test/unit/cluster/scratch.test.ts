import { afterEach, expect, test, vi } from "vitest";
import { Scratch } from "../../../src/cluster/scratch.ts";

const MIB = 2 ** 20;
afterEach(() => void vi.useRealTimers());

test("memory is used again for what fits into it, the tightest first", () => {
  const scratch = new Scratch();
  const [large, small] = [scratch.take(4 * MIB), scratch.take(MIB)];
  expect(large.buffer).not.toBe(small.buffer);
  scratch.give(large);
  scratch.give(small);
  expect(scratch.keptBytes).toBe(5 * MIB);
  const again = scratch.take(MIB - 5);
  expect([again.buffer, again.length]).toEqual([small.buffer, MIB - 5]);
  expect(scratch.take(MIB).buffer).toBe(large.buffer);
  expect(scratch.keptBytes).toBe(0);
  scratch.give(again);
  expect(scratch.take(MIB).length).toBe(MIB);
  expect(scratch.take(2 * MIB).length).toBe(2 * MIB);
});

test("little memory is not worth it, and much is not kept", () => {
  const scratch = new Scratch();
  scratch.give(scratch.take(1000));
  expect(scratch.keptBytes).toBe(0);
  scratch.give(new Uint8Array(200 * MIB));
  scratch.give(new Uint8Array(100 * MIB));
  expect(scratch.keptBytes).toBe(200 * MIB);
});

test("it goes back when nobody reads", () => {
  vi.useFakeTimers();
  const scratch = new Scratch();
  scratch.give(scratch.take(MIB));
  vi.advanceTimersByTime(900);
  scratch.give(scratch.take(MIB));
  vi.advanceTimersByTime(900);
  expect(scratch.keptBytes).toBe(MIB);
  vi.advanceTimersByTime(200);
  expect(scratch.keptBytes).toBe(0);
});
