/** @file A task thread's heap against a control thread that is played by a worker of the test. */
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, test } from "vitest";
import { isHeddleError } from "../../../src/core/errors.ts";
import { createSharedMemory, type WasmMemory } from "../../../src/core/wasm.ts";
import {
  makeControlBlock,
  THREAD,
  threadWord,
  UNIT_BYTES,
} from "../../../src/threads/control-block.ts";
import { REPORT, ReportWriter, readReports } from "../../../src/threads/reports.ts";
import {
  MAIL,
  SLAB_BYTES,
  SLAB_VALUE_BYTES_MAX,
  TaskAllocator,
  ThreadHeap,
} from "../../../src/threads/thread-heap.ts";

/** Answers each request: what was asked goes to `log`, the answer comes from `answers`. */
const CONTROL = `
const { workerData } = require("node:worker_threads");
const { block, at, answers, log } = workerData;
const words = new Int32Array(block);
answers.forEach(([state, arena, unit], i) => {
  while (Atomics.load(words, at.state) !== ${MAIL.asked}) Atomics.wait(words, at.state, Atomics.load(words, at.state), 5);
  new Int32Array(log)[2 * i] = words[at.units];
  new Int32Array(log)[2 * i + 1] = words[at.id];
  words[at.arena] = arena;
  words[at.offset] = unit;
  Atomics.store(words, at.state, state);
  Atomics.notify(words, at.state);
});`;

const workers: Worker[] = [];
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
});

type Answer = readonly [state: number, arena: number, unit: number];

async function heapWith(answers: readonly Answer[], inbox: (heap: ThreadHeap) => void = () => {}) {
  const block = makeControlBlock(2);
  const words = new Int32Array(block);
  const first = threadWord(1);
  const at = {
    state: first + THREAD.mailState,
    units: first + THREAD.mailUnits,
    id: first + THREAD.mailId,
    arena: first + THREAD.mailArena,
    offset: first + THREAD.mailOffset,
  };
  const log = new SharedArrayBuffer(answers.length * 8 + 8);
  const worker = new Worker(CONTROL, { eval: true, workerData: { block, at, answers, log } });
  workers.push(worker);
  await new Promise((resolve) => worker.once("online", resolve));
  const reports = new ReportWriter(words, 1);
  const heap: ThreadHeap = new ThreadHeap(words, 1, reports, 10_000_000, () => inbox(heap));
  const read = (): number[][] => {
    const list: number[][] = [];
    readReports(words, 1, (...report) => list.push(report));
    return list;
  };
  return { heap, read, asked: new Int32Array(log) };
}

const granted = (arena: number, unit: number): Answer => [MAIL.granted, arena, unit];
const refused: Answer = [MAIL.refused, 0, 0];

function arena(): WasmMemory {
  const memory = createSharedMemory(65_536, 16 * 2 ** 20);
  if (memory === undefined) throw new Error("no shared memory");
  return memory;
}

describe("ThreadHeap", () => {
  test("asks in units for its task and gets the extent that it is given", async () => {
    const { heap, asked } = await heapWith([granted(0, 3)]);
    heap.addArena(arena());
    heap.task = 77;
    expect(heap.allocate(1000)).toEqual({ arena: 0, offset: 3 * UNIT_BYTES, bytes: 1024 });
    expect([...asked.subarray(0, 2)]).toEqual([16, 77]);
    expect(heap.usedBytes).toBe(1024);
  });

  test("offsets beyond 2^31 units come out right", async () => {
    const { heap } = await heapWith([granted(0, -2)]);
    heap.addArena(arena());
    expect(heap.allocate(64)?.offset).toBe((2 ** 32 - 2) * UNIT_BYTES);
  });

  test("a refusal is undefined, and an error that says how much there is", async () => {
    const { heap } = await heapWith([refused, refused]);
    heap.addArena(arena());
    expect(heap.allocate(64)).toBeUndefined();
    expect(heap.usedBytes).toBe(0);
    try {
      heap.slabPlace(100);
      expect.unreachable();
    } catch (error) {
      expect(isHeddleError(error, "MemoryLimit")).toBe(true);
      expect((error as Error).message).toContain("10000000");
    }
  });

  test("an arena that is not known yet is read from the inbox", async () => {
    let reads = 0;
    const { heap } = await heapWith([granted(1, 0)], (own) => {
      reads++;
      own.addArena(arena());
    });
    expect(heap.allocate(64)?.arena).toBe(1);
    expect(reads).toBe(2);
  });

  test("an extent given back is reported, one handed over is not", async () => {
    const { heap, read } = await heapWith([granted(0, 4), granted(0, 8)]);
    heap.addArena(arena());
    const [first, second] = [heap.allocate(64)!, heap.allocate(64)!];
    heap.free(first);
    heap.handOver(second);
    expect(read()).toEqual([[REPORT.freeExtent, 0, 4, 0]]);
    expect(heap.usedBytes).toBe(0);
  });

  test("small values share a slab until it is full", async () => {
    const unit = SLAB_BYTES / UNIT_BYTES;
    const { heap, read, asked } = await heapWith([granted(0, 0), granted(0, unit)]);
    heap.addArena(arena());
    expect(heap.slabPlace(1)).toEqual({ arena: 0, offset: 0 });
    expect(heap.slabPlace(65)).toEqual({ arena: 0, offset: 64 });
    expect(heap.slabPlace(64)).toEqual({ arena: 0, offset: 192 });
    const fitting = Math.floor((SLAB_BYTES - 256) / SLAB_VALUE_BYTES_MAX);
    for (let i = 0; i < fitting; i++) heap.slabPlace(SLAB_VALUE_BYTES_MAX);
    expect(heap.slabPlace(SLAB_VALUE_BYTES_MAX)).toEqual({ arena: 0, offset: SLAB_BYTES });
    expect(asked[0]).toBe(unit);
    expect(read()).toEqual([
      [REPORT.openSlab, 0, 0, 0],
      [REPORT.closeSlab, 0, 0, 0],
      [REPORT.openSlab, 0, unit, 0],
    ]);
    expect(heap.usedBytes).toBe(0);
  });

  test("a thread at rest lets go of its slab", async () => {
    const { heap, read } = await heapWith([granted(0, 0)]);
    heap.addArena(arena());
    expect(heap.isHolding).toBe(false);
    heap.slabPlace(1);
    expect(heap.isHolding).toBe(true);
    heap.closeSlab();
    heap.closeSlab();
    expect(heap.isHolding).toBe(false);
    expect(read().map(([kind]) => kind)).toEqual([REPORT.openSlab, REPORT.closeSlab]);
  });
});

test("dead small arrays are collected long before they take what the engine may", () => {
  const block = makeControlBlock(1);
  const words = new Int32Array(block);
  const budgetBytes = 64 * 2 ** 20;
  const heap = new ThreadHeap(words, 0, new ReportWriter(words, 0), budgetBytes, () => undefined);
  const allocator = new TaskAllocator(heap, 1);
  let most = 0;
  for (let i = 0; i < 5000; i++) {
    allocator.allocate(16 * 1024);
    most = Math.max(most, allocator.smallBytes);
  }
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(budgetBytes / 4);
});
