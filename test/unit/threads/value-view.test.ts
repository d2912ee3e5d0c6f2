/** @file Memories that grow under the threads that read them. */
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { createSharedMemory, PAGE_BYTES, type WasmMemory } from "../../../src/core/wasm.ts";
import { bufferUpTo } from "../../../src/threads/value-view.ts";

/** A memory whose owner has grown it: this thread sees that only when it asks. */
function lagging(seen: number, real: number): WasmMemory & { asked: number } {
  return {
    buffer: new SharedArrayBuffer(seen),
    asked: 0,
    grow(this: { buffer: SharedArrayBuffer; asked: number }, pages: number): number {
      expect(pages).toBe(0);
      this.asked++;
      this.buffer = new SharedArrayBuffer(real);
      return seen;
    },
  };
}

test("a memory that lags is looked at again", () => {
  const memory = lagging(64, 128);
  expect(bufferUpTo(memory, 128).byteLength).toBe(128);
  expect(bufferUpTo(memory, 100).byteLength).toBe(128);
  expect(memory.asked).toBe(1);
});

test("a value beyond the memory's end is a fault", () => {
  expect(() => bufferUpTo(lagging(64, 128), 129)).toThrow(/ends at 128 bytes and a value at 129/);
});

test("threads see the whole of memories that grow while they are sent", async () => {
  const code = `
    const { parentPort, workerData } = require("node:worker_threads");
    let memory;
    import(workerData).then(({ bufferUpTo }) => {
      parentPort.on("message", (message) => {
        if (typeof message !== "number") memory = message;
        else parentPort.postMessage(bufferUpTo(memory, message).byteLength);
      });
      parentPort.postMessage("ready");
    });`;
  const workerData = new URL("../../../dist/threads/value-view.js", import.meta.url).href;
  const workers = [1, 2, 3].map(() => new Worker(code, { eval: true, workerData }));
  const answers = (): Promise<unknown[]> =>
    Promise.all(workers.map((worker) => new Promise((resolve) => worker.once("message", resolve))));
  await answers();
  const end = 17 * PAGE_BYTES;
  for (let i = 0; i < 300; i++) {
    const memory = createSharedMemory(PAGE_BYTES, 64 * PAGE_BYTES) as WasmMemory;
    for (const worker of workers) worker.postMessage(memory);
    for (let wait = 0; wait < i * 300; wait++);
    memory.grow(16);
    for (const worker of workers) worker.postMessage(end);
    expect(await answers()).toEqual([end, end, end]);
  }
  await Promise.all(workers.map((worker) => worker.terminate()));
});
