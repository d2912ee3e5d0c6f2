/** Goal: each lease goes to exactly one side, whoever is faster, and none is lost. */
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  makeControlBlock,
  RING_CAPACITY,
  THREAD,
  threadWord,
} from "../../../src/threads/control-block.ts";
import { LeaseReader, LeaseWriter } from "../../../src/threads/lease-ring.ts";

function makeRing(threads: number): {
  writer: LeaseWriter;
  readers: LeaseReader[];
  words: Int32Array;
} {
  const block = makeControlBlock(threads);
  const words = new Int32Array(block);
  const readers = Array.from({ length: threads }, (_, i) => new LeaseReader(words, i));
  return { writer: new LeaseWriter(block), readers, words };
}

describe("one after the other", () => {
  test("leases come in order, with their graphs, and are noted as claims", () => {
    const { writer, readers, words } = makeRing(2);
    for (let id = 0; id < 3; id++) writer.push(id, 10 + id);
    expect(readers[1]!.claim(5)).toBe(true);
    expect([readers[1]!.id, readers[1]!.graph]).toEqual([0, 10]);
    expect(words[threadWord(1) + THREAD.claims + 5]).toBe(0);
    expect(readers[0]!.claim(0)).toBe(true);
    expect([readers[0]!.id, readers[0]!.graph]).toEqual([1, 11]);
    expect(writer.length).toBe(1);
  });

  test("what was taken back is not claimed, and what was claimed is not taken back", () => {
    const { writer, readers } = makeRing(1);
    for (let id = 0; id < 4; id++) writer.push(id, 0);
    readers[0]!.claim(0);
    expect(writer.takeBack(Int32Array.of(0, 2, 9))).toEqual(Int32Array.of(2));
    const rest: number[] = [];
    while (readers[0]!.claim(0)) rest.push(readers[0]!.id);
    expect(rest).toEqual([1, 3]);
    expect(readers[0]!.isEmpty).toBe(true);
  });

  test("a full ring takes no more until a lease is out, also after it has gone round", () => {
    const { writer, readers } = makeRing(1);
    for (let round = 0; round < 2; round++) {
      for (let id = 0; id < RING_CAPACITY; id++) expect(writer.push(id, round)).toBe(true);
      expect(writer.push(7, round)).toBe(false);
      expect(readers[0]!.claim(0)).toBe(true);
      expect(writer.push(RING_CAPACITY, round)).toBe(true);
      let count = 0;
      while (readers[0]!.claim(0)) count++;
      expect([count, readers[0]!.id]).toEqual([RING_CAPACITY, RING_CAPACITY]);
    }
  });

  test("any order of pushing, claiming and taking back gives each lease once", () => {
    const step = fc.oneof(
      fc.constant({ kind: "push" as const }),
      fc.nat(2).map((thread) => ({ kind: "claim" as const, thread })),
      fc.nat(30).map((id) => ({ kind: "takeBack" as const, id })),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { writer, readers } = makeRing(3);
        const got: number[] = [];
        let pushed = 0;
        for (const s of steps) {
          if (s.kind === "push") writer.push(pushed++, 0);
          else if (s.kind === "takeBack") got.push(...writer.takeBack(Int32Array.of(s.id)));
          else if (readers[s.thread]!.claim(0)) got.push(readers[s.thread]!.id);
        }
        while (readers[0]!.claim(0)) got.push(readers[0]!.id);
        expect(got.toSorted((a, b) => a - b)).toEqual(Array.from({ length: pushed }, (_, i) => i));
      }),
    );
  });
});

test("threads that claim while the control thread takes back get each lease once", async () => {
  const total = 20_000;
  const block = makeControlBlock(2);
  const writer = new LeaseWriter(block);
  const module = new URL("../../../dist/threads/lease-ring.js", import.meta.url).href;
  const program = `
    const { parentPort, workerData } = require("node:worker_threads");
    import(workerData.module).then(({ LeaseReader }) => {
      const words = new Int32Array(workerData.block);
      const reader = new LeaseReader(words, workerData.thread);
      const got = [];
      // The end is told by a lease of graph 1.
      for (;;) {
        if (!reader.claim(0)) continue;
        if (reader.graph === 1) break;
        got.push(reader.id);
      }
      parentPort.postMessage(got);
    });`;
  const claimed = [0, 1].map((thread) => {
    const worker = new Worker(program, { eval: true, workerData: { module, block, thread } });
    return new Promise<number[]>((resolve, reject) => {
      worker.once("message", resolve).once("error", reject);
    });
  });
  const back: number[] = [];
  for (let id = 0; id < total; id++) {
    while (!writer.push(id, 0)) await new Promise(setImmediate);
    if (id % 7 === 0) back.push(...writer.takeBack(Int32Array.of(id - 3, id)));
  }
  for (let i = 0; i < 2; i++) while (!writer.push(total, 1)) await new Promise(setImmediate);
  const got = [...(await Promise.all(claimed)).flat(), ...back].toSorted((a, b) => a - b);
  expect(got).toEqual(Array.from({ length: total }, (_, i) => i));
});
