/**
 * @file Brings the operands of one kernel call into one memory, because a kernel binds one:
 * operands that lie elsewhere (another arena, a small result in the thread's own memory, a plain
 * buffer) are copied into scratch space beside the largest one for this call, and results are
 * copied back.
 */
import { type DType, itemsizeOf, viewOf } from "../../../core/dtype.ts";
import { sizeOfShape } from "../../../core/indexing.ts";
import type { WasmMemory } from "../../../core/wasm.ts";
import { type Block, currentAllocator } from "../../allocation.ts";
import { contiguousStrides, type Layout } from "../../layout.ts";
import { copyElements, copyNest } from "../../nest.ts";
import { Storage } from "../../storage.ts";

/** Operands of a loop nest, the result first, all in `memory`. */
export interface Meeting {
  readonly memory: WasmMemory;
  readonly operands: readonly Layout[];
  /** By operand, along the dimensions of the nest. */
  readonly strides: readonly (readonly number[])[];
  /** Copies the result back and gives the scratch space back. */
  finish(): void;
}

/**
 * Scratch blocks of at least this size are asked for, so that allocators place them like chunks.
 */
const SCRATCH_BYTES_MIN = 128 * 1024;
/** Scratch blocks up to this size are kept for the next call. */
const SCRATCH_BYTES_KEPT = 1024 * 1024;
/**
 * Blocks kept for each memory: a reduction takes one for its operands and, while it has that, one
 * for its partial sums.
 */
const SCRATCH_BLOCKS_KEPT = 2;

const kept = new WeakMap<WasmMemory, Block[]>();

/** Finds a memory in which all operands can meet; undefined when there is none. */
export function meet(
  operands: readonly Layout[],
  shape: readonly number[],
  strides: readonly (readonly number[])[],
): Meeting | undefined {
  const first = operands[0]?.storage.memory;
  if (first !== undefined && operands.every((x) => x.storage.memory === first)) {
    return { memory: first, operands, strides, finish: () => undefined };
  }
  const spans = operands.map((x, k) => spanOf(x.dtype, shape, strides[k] as readonly number[]));
  const scratch = scratchBeside(homesOf(operands, spans), operands, spans);
  if (scratch === undefined) return undefined;
  return moveAll(scratch, operands, shape, strides, spans);
}

/** Bytes that an operand's elements take without repetition, rounded up to whole cache lines. */
function spanOf(dtype: DType, shape: readonly number[], strides: readonly number[]): number {
  const elements = sizeOfShape(shape.filter((_, d) => strides[d] !== 0));
  return Math.ceil((elements * itemsizeOf(dtype)) / 64) * 64;
}

/** The memories of the operands; first the one that holds most of their bytes. */
function homesOf(operands: readonly Layout[], spans: readonly number[]): WasmMemory[] {
  const bytes = new Map<WasmMemory, number>();
  operands.forEach(({ storage: { memory } }, k) => {
    if (memory !== undefined) bytes.set(memory, (bytes.get(memory) ?? 0) + (spans[k] as number));
  });
  return [...bytes.keys()].sort((a, b) => (bytes.get(b) as number) - (bytes.get(a) as number));
}

function bytesElsewhere(
  memory: WasmMemory,
  operands: readonly Layout[],
  spans: readonly number[],
): number {
  return operands.reduce(
    (sum, x, k) => (x.storage.memory === memory ? sum : sum + (spans[k] as number)),
    0,
  );
}

/**
 * Scratch space for the operands that do not lie in its memory: what is kept beside one of them, or
 * a new block beside most of them, or where the allocator has room. (An allocator may place blocks
 * of this size elsewhere than small arrays, whatever it is asked: then the kept block is beside
 * the others.)
 */
function scratchBeside(
  homes: readonly WasmMemory[],
  operands: readonly Layout[],
  spans: readonly number[],
): Block | undefined {
  const isRoomy = (block: Block): boolean =>
    block.bytes >= bytesElsewhere(block.memory, operands, spans);
  for (const home of homes) {
    const block = takeKept(home, bytesElsewhere(home, operands, spans));
    if (block !== undefined) return block;
  }
  let [wanted] = homes;
  for (let attempt = 0; wanted !== undefined && attempt < 2; attempt++) {
    const block = takeScratch(wanted, bytesElsewhere(wanted, operands, spans));
    if (isRoomy(block)) return block;
    returnScratch(block);
    wanted = block.memory;
  }
  return undefined;
}

/** A block of at least `bytes`, in `memory` if the allocator can. */
export function takeScratch(memory: WasmMemory, bytes: number): Block {
  return (
    takeKept(memory, bytes) ??
    currentAllocator().allocate(Math.max(bytes, SCRATCH_BYTES_MIN), memory)
  );
}

/** The smallest kept block that is large enough. */
function takeKept(memory: WasmMemory, bytes: number): Block | undefined {
  const blocks = kept.get(memory) ?? [];
  const at = blocks.findIndex((block) => block.bytes >= bytes);
  return at < 0 ? undefined : blocks.splice(at, 1)[0];
}

/** Gives back the blocks of these memories that are kept for the next call. */
export function dropScratch(memories: readonly WasmMemory[]): void {
  for (const memory of memories) {
    for (const block of kept.get(memory) ?? []) currentAllocator().release?.(block);
    kept.delete(memory);
  }
}

/** Keeps a scratch block for the next call, or gives it or a smaller one back. */
export function returnScratch(block: Block): void {
  const blocks = kept.get(block.memory) ?? [];
  if (block.bytes <= SCRATCH_BYTES_KEPT) blocks.push(block);
  else currentAllocator().release?.(block);
  blocks.sort((a, b) => a.bytes - b.bytes);
  const spare = blocks.length > SCRATCH_BLOCKS_KEPT ? blocks.shift() : undefined;
  if (spare !== undefined) currentAllocator().release?.(spare);
  kept.set(block.memory, blocks);
}

function moveAll(
  scratch: Block,
  operands: readonly Layout[],
  shape: readonly number[],
  strides: readonly (readonly number[])[],
  spans: readonly number[],
): Meeting {
  const { memory } = scratch;
  let used = 0;
  const moved = operands.map((x, k) => {
    const own = strides[k] as readonly number[];
    if (x.storage.memory === memory) return { layout: x, strides: own, source: undefined };
    const lengths = shape.map((length, d) => (own[d] === 0 ? 1 : length));
    const values = viewOf(x.dtype, memory.buffer, scratch.offset + used, sizeOfShape(lengths));
    used += spans[k] as number;
    const there = {
      dtype: x.dtype,
      shape: lengths,
      strides: contiguousStrides(lengths),
      offset: 0,
      storage: new Storage(values, scratch),
    };
    const source = { ...x, shape: lengths, strides: own };
    return { layout: there, strides: there.strides.map((s, d) => (own[d] === 0 ? 0 : s)), source };
  });
  // A result may hold what is to be added to, so it is copied in as well.
  for (const { layout, source } of moved) if (source !== undefined) copyPlainly(layout, source);
  return {
    memory,
    operands: moved.map((x) => x.layout),
    strides: moved.map((x) => x.strides),
    finish: () => {
      const result = moved[0];
      if (result?.source !== undefined) copyPlainly(result.source, result.layout);
      returnScratch(scratch);
    },
  };
}

function copyPlainly(target: Layout, source: Layout): void {
  copyElements(copyNest(target, source), target, source);
}
