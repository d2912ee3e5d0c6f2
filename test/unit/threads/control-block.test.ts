/**
 * @file The layout of the shared words: nothing lies on anything else, and nothing beyond the end.
 */
import { expect, test } from "vitest";
import {
  CLAIMS_MAX,
  LEASE_WORDS,
  leaseWord,
  makeControlBlock,
  REPORT_CAPACITY,
  REPORT_WORDS,
  RING_CAPACITY,
  THREAD,
  threadWord,
  WORD,
} from "../../../src/threads/control-block.ts";

/** Every part of a block for `threads` threads: first word and length. */
function parts(threads: number): [string, number, number][] {
  const list: [string, number, number][] = Object.entries(WORD).map(([name, at]) => [name, at, 1]);
  list.push(["ring", leaseWord(0), RING_CAPACITY * LEASE_WORDS]);
  const lengths: Partial<Record<string, number>> = {
    claims: CLAIMS_MAX,
    reports: REPORT_CAPACITY * REPORT_WORDS,
  };
  for (let thread = 0; thread < threads; thread++) {
    for (const [name, at] of Object.entries(THREAD) as [string, number][]) {
      list.push([`${name} of ${thread}`, threadWord(thread) + at, lengths[name] ?? 1]);
    }
  }
  return list;
}

test("parts are disjoint and fill the block to its end", () => {
  const words = makeControlBlock(3).byteLength / 4;
  const ranges = parts(3).sort((a, b) => a[1] - b[1]);
  ranges.forEach(([name, start, length], i) => {
    const next = ranges[i + 1];
    expect(start + length, name).toBeLessThanOrEqual(next === undefined ? words : next[1]);
  });
  const [, start, length] = ranges.at(-1) as [string, number, number];
  expect(start + length).toBe(words);
});

test("the places of the lease ring come round again", () => {
  expect(leaseWord(RING_CAPACITY + 5)).toBe(leaseWord(5));
  expect(leaseWord(1) - leaseWord(0)).toBe(LEASE_WORDS);
  // Counters run over at 2^31; the ring must not jump there.
  expect(leaseWord(0x7fffffff) + LEASE_WORDS).toBe(leaseWord(0) + RING_CAPACITY * LEASE_WORDS);
});
