/**
 * Goal: the committed kernels are those of their sources, fit the reserved page, and work above 2
 * GiB.
 */
import { describe, expect, test } from "vitest";
import { isUpToDate, sourceHash } from "../../../../scripts/build-kernels.mjs";
import { createSharedMemory, PAGE_BYTES, type WasmMemory } from "../../../../src/core/wasm.ts";
import { ARENA_RESERVED_BYTES } from "../../../../src/heap/heap.ts";
import * as arrays from "../../../../src/ndarray/library/arrays.generated.ts";
import {
  arrayKernels,
  linalgKernels,
  randomKernels,
} from "../../../../src/ndarray/library/kernels.ts";
import * as linalg from "../../../../src/ndarray/library/linalg.generated.ts";
import { addressOf, emptyArray } from "../../../../src/ndarray/library/operands.ts";
import * as random from "../../../../src/ndarray/library/random.generated.ts";

const FLOAT64 = 10;

function memoryOf(bytes: number): WasmMemory {
  const memory = createSharedMemory(bytes, 2 ** 32);
  if (memory === undefined) throw new Error("no memory");
  return memory;
}

test("generated modules are those of the sources: else npm run build:kernels", () => {
  const hash = sourceHash();
  expect([arrays, linalg, random].map((module) => module.SOURCE_HASH)).toEqual([hash, hash, hash]);
  expect(isUpToDate(hash)).toBe(true);
  expect(isUpToDate(`${hash}0`)).toBe(false);
});

describe("constant tables", () => {
  const PATTERN = 0xa5;
  const written = (bind: (memory: WasmMemory) => unknown): Set<number> => {
    const memory = memoryOf(2 * PAGE_BYTES);
    const bytes = new Uint8Array(memory.buffer).fill(PATTERN);
    bind(memory);
    const changed = new Set<number>();
    bytes.forEach((byte, at) => {
      if (byte !== PATTERN) changed.add(at);
    });
    return changed;
  };

  test("lie within the reserved page and do not overlap", () => {
    const [a, b, c] = [arrayKernels, linalgKernels, randomKernels].map(written) as [
      Set<number>,
      Set<number>,
      Set<number>,
    ];
    expect(c.size).toBeGreaterThan(10_000);
    for (const at of [...a, ...b, ...c]) expect(at).toBeLessThan(ARENA_RESERVED_BYTES);
    expect([...a].filter((at) => b.has(at) || c.has(at))).toEqual([]);
    expect([...b].filter((at) => c.has(at))).toEqual([]);
  });

  test("no array ever lies in the reserved page", () => {
    for (let i = 0; i < 20; i++) {
      expect(addressOf(emptyArray("float64", [i]))).toBeGreaterThanOrEqual(ARENA_RESERVED_BYTES);
    }
  });
});

test("instances are shared per memory, not between memories", () => {
  const [one, other] = [memoryOf(PAGE_BYTES), memoryOf(PAGE_BYTES)];
  expect(arrayKernels(one)).toBe(arrayKernels(one));
  expect(arrayKernels(one)).not.toBe(arrayKernels(other));
});

test("addresses above 2 GiB are unsigned", () => {
  const base = 2 ** 31 + PAGE_BYTES;
  const memory = memoryOf(base + 4 * PAGE_BYTES);
  const n = 1000;
  const values = new Float64Array(memory.buffer, base, n);
  values.forEach((_, i) => {
    values[i] = Math.sin(i * 12.9898) * 43758.5453;
  });
  const expected = [...values].sort((a, b) => a - b);
  arrayKernels(memory).sort(FLOAT64, base, 1, n, base + PAGE_BYTES);
  expect([...values]).toEqual(expected);

  const indices = new Int32Array(memory.buffer, base + 2 * PAGE_BYTES, 3);
  indices.set([999, -1000, 1]);
  const target = base + 3 * PAGE_BYTES;
  arrayKernels(memory).take(base, 1, n, 8, indices.byteOffset, 0, 3, target);
  const taken = new Float64Array(memory.buffer, target, 3);
  expect([...taken]).toEqual([expected[999], expected[0], expected[1]]);
});
