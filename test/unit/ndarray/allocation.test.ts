/** @file Memories that views are recognised by, and that nobody holds any more. */
import { expect, test } from "vitest";
import { createSharedMemory, type WasmMemory } from "../../../src/core/wasm.ts";
import { memoryOf, registerMemory } from "../../../src/ndarray/allocation.ts";
import { collectGarbage } from "../../../src/ndarray/collect-garbage.ts";

function made(): WasmMemory {
  const memory = createSharedMemory(65_536, 2 ** 20);
  if (memory === undefined) throw new Error("no memory");
  registerMemory(memory);
  return memory;
}

test("a buffer leads to its memory, after growing too", () => {
  const memory = made();
  expect(memoryOf(memory.buffer)).toBe(memory);
  memory.grow(1);
  expect(memoryOf(memory.buffer)).toBe(memory);
  expect(memoryOf(new SharedArrayBuffer(8))).toBeUndefined();
  expect(memoryOf(new ArrayBuffer(8))).toBeUndefined();
});

test("a memory that nobody uses any more is given back", async () => {
  const reference = new WeakRef(made());
  for (let i = 0; i < 20 && reference.deref() !== undefined; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    collectGarbage();
  }
  expect(reference.deref()).toBeUndefined();
});
