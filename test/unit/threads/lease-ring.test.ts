/**
 * @file The lease ring: every lease is had by exactly one, the thread that claims or the one that
 * takes back.
 */
import { describe, expect, test } from "vitest";
import { Prng } from "../../../src/core/prng.ts";
import {
  makeControlBlock,
  RING_CAPACITY,
  THREAD,
  threadWord,
  WORD,
} from "../../../src/threads/control-block.ts";
import { LeaseReader, LeaseWriter } from "../../../src/threads/lease-ring.ts";

function ring(threads = 2) {
  const block = makeControlBlock(threads);
  const words = new Int32Array(block);
  const readers = Array.from({ length: threads }, (_, i) => new LeaseReader(words, i));
  return { words, writer: new LeaseWriter(block), readers };
}

describe("LeaseWriter and LeaseReader", () => {
  test("leases come out in order, with their graphs, noted as claims", () => {
    const { words, writer, readers } = ring();
    const [first, second] = readers as [LeaseReader, LeaseReader];
    expect(first.isEmpty).toBe(true);
    expect(first.claim(0)).toBe(false);
    writer.push(7, 100);
    writer.push(0, 101);
    expect(writer.length).toBe(2);
    expect(first.claim(3)).toBe(true);
    expect([first.id, first.graph]).toEqual([7, 100]);
    expect(words[threadWord(0) + THREAD.claims + 3]).toBe(7);
    expect(second.claim(0)).toBe(true);
    expect([second.id, second.graph]).toEqual([0, 101]);
    expect(second.claim(1)).toBe(false);
    expect(writer.length).toBe(0);
  });

  test("what was taken back is skipped, and cannot be taken twice", () => {
    const { writer, readers } = ring(1);
    for (let id = 0; id < 5; id++) writer.push(id, 1);
    expect([...writer.takeBack(Int32Array.of(0, 3, 99))]).toEqual([0, 3]);
    expect([...writer.takeBack(Int32Array.of(0, 3))]).toEqual([]);
    const claimed: number[] = [];
    while (readers[0]?.claim(0)) claimed.push(readers[0].id);
    expect(claimed).toEqual([1, 2, 4]);
    expect([...writer.takeBack(Int32Array.of(1))]).toEqual([]);
  });

  test("a full ring refuses, until a place has been emptied", () => {
    const { writer, readers } = ring(1);
    for (let id = 0; id < RING_CAPACITY; id++) expect(writer.push(id, 1)).toBe(true);
    expect(writer.push(1, 1)).toBe(false);
    expect(readers[0]?.claim(0)).toBe(true);
    expect(writer.push(RING_CAPACITY, 1)).toBe(true);
  });

  test("a place that was claimed but not emptied yet is not written over", () => {
    const { words, writer } = ring(1);
    for (let id = 0; id < RING_CAPACITY; id++) writer.push(id, 1);
    // A thread has moved the head and is about to take the lease out.
    words[WORD.ringHead] = 1;
    expect(writer.length).toBe(RING_CAPACITY - 1);
    expect(writer.push(5, 1)).toBe(false);
  });

  test("what a thread had claimed that died before it took it out is not lost", () => {
    const { words, writer, readers } = ring(2);
    for (let id = 0; id < 4; id++) writer.push(id, 1);
    expect(readers[1]?.claim(0)).toBe(true);
    // A thread has moved the head twice, and has noted one of the claims.
    words[WORD.ringHead] = 3;
    words[threadWord(0) + THREAD.claims] = 1;
    words[threadWord(0) + THREAD.claimCount] = 1;
    expect(writer.takeStranded().sort()).toEqual([1, 2]);
    expect(writer.takeStranded()).toEqual([]);
    expect(readers[1]?.claim(1)).toBe(true);
    expect(readers[1]?.id).toBe(3);
    // Their places can be used again.
    for (let id = 0; id < RING_CAPACITY; id++) expect(writer.push(id, 1)).toBe(true);
    expect(writer.takeStranded()).toEqual([]);
    expect(writer.length).toBe(RING_CAPACITY);
  });

  test("a claim is counted before it is taken out, and not if there was nothing", () => {
    const { words, writer, readers } = ring(1);
    const count = threadWord(0) + THREAD.claimCount;
    writer.push(5, 1);
    writer.push(6, 1);
    expect(readers[0]?.claim(0)).toBe(true);
    expect(words[count]).toBe(1);
    writer.takeBack(Int32Array.of(6));
    expect(readers[0]?.claim(1)).toBe(false);
    expect(words[count]).toBe(1);
  });

  test("counters that run over go on", () => {
    const { words, writer, readers } = ring(1);
    words[WORD.ringHead] = 0x7fffffff - 2;
    words[WORD.ringTail] = 0x7fffffff - 2;
    for (let id = 0; id < 6; id++) writer.push(id, 1);
    expect(writer.length).toBe(6);
    expect([...writer.takeBack(Int32Array.of(5))]).toEqual([5]);
    const claimed: number[] = [];
    while (readers[0]?.claim(0)) claimed.push(readers[0].id);
    expect(claimed).toEqual([0, 1, 2, 3, 4]);
    expect(words[WORD.ringTail]).toBe(3);
  });

  test("any interleaving gives each lease to one", () => {
    const prng = new Prng(11);
    const { writer, readers } = ring(2);
    const had = new Map<number, string>();
    const give = (id: number, who: string): void => {
      expect(had.has(id), `${id} went to ${had.get(id)} and to ${who}`).toBe(false);
      had.set(id, who);
    };
    let next = 0;
    for (let i = 0; i < 50_000; i++) {
      const choice = prng.integer(4);
      if (choice < 2 && writer.push(next, 1)) next++;
      else if (choice === 2) {
        const reader = readers[prng.integer(2)] as LeaseReader;
        if (reader.claim(0)) give(reader.id, "a thread");
      } else {
        const ids = Int32Array.from({ length: 3 }, () => Math.max(0, next - prng.integer(50)));
        for (const id of writer.takeBack(ids)) give(id, "the control thread");
      }
    }
    const [reader] = readers as [LeaseReader];
    while (reader.claim(0)) give(reader.id, "a thread");
    expect(had.size).toBe(next);
  });

  test("ringing counts, so that a thread about to sleep notices", () => {
    const { words, writer } = ring(1);
    const before = words[WORD.taskBell] as number;
    writer.ring(3);
    expect(words[WORD.taskBell]).toBe(before + 1);
  });
});
