/**
 * @file The WebAssembly back end: runs elementwise kernels and reduction stages on operands of one memory, two loop
 * dimensions per call. What it cannot run (complex and temporal dtypes, operands outside of WebAssembly memory) it
 * leaves to the JavaScript back end by returning false.
 */
import { type DType, itemsizeOf } from "../../../core/dtype.ts";
import type { WasmMemory } from "../../../core/wasm.ts";
import type { Layout } from "../../layout.ts";
import { forEachOuter, type Nest } from "../../loops.ts";
import { allocateStorage, releaseStorage } from "../../storage.ts";
import { fromLiteral, type Kernel, type KernelNode } from "../ir.ts";
import type { Stage } from "../reduce.ts";
import type { ReduceOp } from "../rules.ts";
import type { Access, Mode, Program } from "./emit.ts";
import { type Lane, laneOf, type MachineNode, type MachineOp } from "./machine.ts";
import { accumulating, programFor, type Run, rowShape, type Shape, shapeOf } from "./programs.ts";

/** Rows that are added one after the other before sums are combined pairwise; as `PAIRWISE_BLOCK`. */
const BLOCK_ROWS = 128;
/** Columns added at a time, so that partial sums stay in the first cache. */
const TILE_COLUMNS = 1024;
/** Side of the squares in which transposed operands are walked. */
const TILE = 64;

/** An operand with addresses and strides in bytes; strides by loop dimension. */
interface Operand {
  readonly address: number;
  readonly strides: readonly number[];
  readonly lane: Lane;
}

function operandOf(layout: Layout, strides: readonly number[]): Operand {
  const size = itemsizeOf(layout.dtype);
  return {
    address: layout.storage.values.byteOffset + layout.offset * size,
    strides: strides.map((stride) => stride * size),
    lane: laneOf(layout.dtype) as Lane,
  };
}

function accessOf(operand: Operand, size: number): Access {
  const step = operand.strides.at(-1) as number;
  return step === 0 ? "broadcast" : step === size ? "contiguous" : "strided";
}

/** Memory in which a kernel over these operands can run, if there is one. */
function commonMemory(layouts: readonly Layout[]): WasmMemory | undefined {
  const memory = layouts[0]?.storage.memory;
  return layouts.every((x) => x.storage.memory === memory) ? memory : undefined;
}

/** Run-time values of a kernel's scalars, as the parameters of its program. */
function paramsOf(kernel: Kernel, shape: Shape): (number | bigint)[] {
  return shape.params.map((i) => {
    const node = kernel.nodes[i] as Extract<KernelNode, { kind: "scalar" }>;
    const value = fromLiteral(node.value, node.dtype) as number | bigint;
    return node.dtype === "bool" ? Number(Number(value) !== 0) : value;
  });
}

/** Computes a kernel for every position of a nest (result first, then inputs). */
export function runStoreWasm(kernel: Kernel, nest: Nest, operands: readonly Layout[]): boolean {
  const memory = commonMemory(operands);
  const shape = shapeOf(kernel);
  if (memory === undefined || shape === undefined) return false;
  const params = paramsOf(kernel, shape);
  const all = operands.map((x, k) => operandOf(x, nest.strides[k] as readonly number[]));
  runStore(shape, memory, nest.shape, all, params);
  return true;
}

function runStore(
  shape: Shape,
  memory: WasmMemory,
  lengths: readonly number[],
  operands: readonly Operand[],
  params: readonly (number | bigint)[],
): void {
  const run = bindProgram(shape, memory, "store", operands);
  // Rows and columns: a single dimension is one row.
  const two = lengths.length > 1;
  const [rows, count] = [two ? (lengths.at(-2) as number) : 1, lengths.at(-1) as number];
  const steps = operands.map(({ strides }) => [two ? strides.at(-2) : 0, strides.at(-1)] as number[]);
  const tile = steps.some(isTransposed) && rows >= TILE && count >= TILE ? TILE : 0;
  const nest = { shape: lengths, strides: operands.map((x) => x.strides) };
  const start = operands.map((x) => x.address);
  forEachOuter(nest, two ? 2 : 1, start, (addresses) => {
    if (tile === 0) {
      callRun(run, rows, count, addresses, steps, params);
      return;
    }
    for (let i = 0; i < rows; i += tile) {
      for (let j = 0; j < count; j += tile) {
        const corner = addresses.map((at, k) => {
          const [row, column] = steps[k] as [number, number];
          return at + i * row + j * column;
        });
        callRun(run, Math.min(tile, rows - i), Math.min(tile, count - j), corner, steps, params);
      }
    }
  });
}

/** Whether an operand's neighbours lie along the outer of two dimensions. */
function isTransposed([row, column]: readonly number[]): boolean {
  const size = Math.abs(row as number);
  return size > 0 && size < Math.abs(column as number);
}

function callRun(
  run: Run,
  rows: number,
  count: number,
  addresses: readonly number[],
  steps: readonly (readonly number[])[],
  params: readonly (number | bigint)[],
): void {
  const args: (number | bigint)[] = [rows, count];
  addresses.forEach((address, k) => {
    const [row, column] = steps[k] as readonly [number, number];
    args.push(address, row, column);
  });
  run(...args, ...params);
}

const SIZES: Readonly<Record<Lane, number>> = {
  b: 1, i8: 1, u8: 1, i16: 2, u16: 2, i32: 4, u32: 4, i64: 8, u64: 8, f32: 4, f64: 8,
};

function bindProgram(
  shape: Shape,
  memory: WasmMemory,
  mode: Mode,
  operands: readonly Operand[],
): Run {
  const accesses = operands.map((x) => ({ lane: x.lane, access: accessOf(x, SIZES[x.lane]) }));
  const [result, ...inputs] = accesses as [Program["result"], ...Program["inputs"]];
  // A result that stays in place is written once per element all the same.
  const store = mode === "store" && result.access === "broadcast" ? "strided" : result.access;
  const access = mode === "store" ? store : "contiguous";
  return programFor(shape, memory, mode, inputs, { lane: result.lane, access });
}

/** What a reduction does in a program; the extremes of booleans are tests. */
function modeOf(op: ReduceOp, dtype: DType): Mode | undefined {
  if (op === "argmin" || op === "argmax") return undefined;
  if (dtype !== "bool" || op === "sum" || op === "prod") return op;
  return op === "max" || op === "any" ? "any" : "all";
}

/** Runs one stage of a reduction. */
export function runStageWasm(stage: Stage): boolean {
  const { kernel, inputs, out } = stage;
  const memory = commonMemory([out, ...inputs]);
  const mode = modeOf(stage.op, out.dtype);
  const shape = shapeOf(kernel);
  if (memory === undefined || mode === undefined || shape === undefined) return false;
  const operands = [
    operandOf(out, out.strides),
    ...inputs.map((x, k) => operandOf(x, stage.strides[k] as readonly number[])),
  ];
  const params = paramsOf(kernel, shape);
  if (stage.mode === "inner") runInner(stage, shape, memory, mode, operands, params);
  else runOuter(stage, shape, memory, COMBINE[mode] as MachineOp, operands, params);
  return true;
}

/** Lines along the innermost dimension, one result each. */
function runInner(
  stage: Stage,
  given: Shape,
  memory: WasmMemory,
  wanted: Mode,
  operands: readonly Operand[],
  params: readonly (number | bigint)[],
): void {
  const [shape, mode] = wanted === "sum" ? counting(given) : [given, wanted];
  const run = bindProgram(shape, memory, mode, operands);
  const two = stage.shape.length > 1;
  const rows = two ? (stage.shape.at(-2) as number) : 1;
  const count = stage.shape.at(-1) as number;
  const steps = operands.map(({ strides }) => [two ? strides.at(-2) : 0, strides.at(-1)] as number[]);
  const nest = { shape: stage.shape, strides: operands.map((x) => x.strides) };
  forEachOuter(nest, two ? 2 : 1, operands.map((x) => x.address), (addresses) => {
    callRun(run, rows, count, addresses, steps, params);
  });
}

/** Sums of booleans count them. */
function counting(shape: Shape): readonly [Shape, Mode] {
  const node = shape.machine.nodes[shape.output] as MachineNode;
  const arg = node.args[0] as number;
  const counts = node.op === "convert" && shape.machine.laneOf(arg) === "b";
  if (!counts || !["i64", "u64", "f64"].includes(node.lane)) return [shape, "sum"];
  return [{ ...shape, output: arg, key: `count=${shape.key}` }, "count"];
}

const COMBINE: Readonly<Partial<Record<Mode, MachineOp>>> = {
  sum: "add",
  prod: "mul",
  min: "min",
  max: "max",
  any: "or",
  all: "and",
};

/** Rows added to a row: the reduced dimension is walked outside, the last one inside. */
function runOuter(
  stage: Stage,
  shape: Shape,
  memory: WasmMemory,
  op: MachineOp,
  operands: readonly Operand[],
  params: readonly (number | bigint)[],
): void {
  const rows = new RowSums(stage, shape, op, memory, operands, params);
  // The reduced dimension is taken out of the nest: rows walk it.
  const kept = stage.shape.map((length, d) => (d === stage.dimension ? 1 : length));
  const nest = { shape: kept, strides: operands.map((x) => x.strides) };
  forEachOuter(nest, 1, operands.map((x) => x.address), (addresses) => rows.run(addresses));
  rows.release();
}

/** Adds the rows of one plane, in tiles of columns and blocks of rows. */
class RowSums {
  readonly #rows: number;
  readonly #columns: number;
  readonly #operands: readonly Operand[];
  readonly #params: readonly (number | bigint)[];
  readonly #first: Run;
  readonly #add: Run;
  readonly #rowStrides: readonly number[];
  readonly #pairwise: boolean;
  readonly #scratch: Scratch;

  constructor(
    stage: Stage,
    shape: Shape,
    op: MachineOp,
    memory: WasmMemory,
    operands: readonly Operand[],
    params: readonly (number | bigint)[],
  ) {
    this.#rows = stage.shape[stage.dimension] as number;
    this.#columns = stage.shape.at(-1) as number;
    this.#operands = operands;
    this.#params = params;
    this.#rowStrides = operands.map((x) => x.strides[stage.dimension] as number);
    const result = operands[0] as Operand;
    const ordered = result.lane === "f32" || result.lane === "f64";
    this.#pairwise = ordered && (op === "add" || op === "mul") && this.#rows > BLOCK_ROWS;
    const size = SIZES[result.lane];
    const target = this.#pairwise ? { ...result, strides: [size] } : result;
    const all = [target, ...operands.slice(1)];
    this.#first = bindProgram(shape, memory, "store", all);
    this.#add = bindProgram(accumulating(shape, op), memory, "store", all);
    this.#scratch = new Scratch(stage.out.dtype, memory, op, result, this.#pairwise);
  }

  release(): void {
    this.#scratch.release();
  }

  run(addresses: readonly number[]): void {
    if (!this.#pairwise) {
      this.#block(addresses, 0, this.#rows, this.#columns, undefined);
      return;
    }
    for (let column = 0; column < this.#columns; column += TILE_COLUMNS) {
      const corner = addresses.map((at, k) => at + column * this.#step(k));
      const columns = Math.min(TILE_COLUMNS, this.#columns - column);
      this.#tile(corner, columns);
    }
  }

  /** As a binary counter: two sums of equally many blocks are added as soon as both are there. */
  #tile(corner: readonly number[], columns: number): void {
    const scratch = this.#scratch;
    let level = 0;
    for (let row = 0, block = 1; row < this.#rows; row += BLOCK_ROWS, block++) {
      const rows = Math.min(BLOCK_ROWS, this.#rows - row);
      this.#block(corner, row, rows, columns, scratch.row(level++));
      for (let b = block; b % 2 === 0; b /= 2) scratch.merge(--level, columns);
    }
    while (level > 1) scratch.merge(--level, columns);
    scratch.store(corner[0] as number, columns);
  }

  /** The first row of a block is stored, the others are added to it. */
  #block(
    corner: readonly number[],
    row: number,
    rows: number,
    columns: number,
    target: number | undefined,
  ): void {
    const at = corner.map((address, k) => address + row * (this.#rowStrides[k] as number));
    if (target !== undefined) at[0] = target;
    const steps = this.#operands.map((_, k) => [this.#rowStrides[k] as number, this.#step(k)]);
    steps[0] = [0, target === undefined ? this.#step(0) : 0];
    callRun(this.#first, 1, columns, at, steps, this.#params);
    if (rows === 1) return;
    const next = at.map((address, k) => (k === 0 ? address : address + (this.#rowStrides[k] as number)));
    callRun(this.#add, rows - 1, columns, next, steps, this.#params);
  }

  #step(k: number): number {
    return this.#operands[k]?.strides.at(-1) as number;
  }
}

/** Rows of partial sums: one for each bit of the number of blocks. */
class Scratch {
  readonly #rows: readonly number[];
  readonly #copy: Run | undefined;
  readonly #merge: Run | undefined;
  readonly #step: number;
  readonly #release: () => void;

  constructor(dtype: DType, memory: WasmMemory, op: MachineOp, result: Operand, needed: boolean) {
    const size = itemsizeOf(dtype);
    this.#step = result.strides.at(-1) as number;
    if (!needed) {
      this.#rows = [];
      this.#release = () => undefined;
      return;
    }
    const levels = 32;
    const storage = allocateStorage(dtype, levels * TILE_COLUMNS, memory);
    const start = storage.values.byteOffset;
    this.#rows = Array.from({ length: levels }, (_, i) => start + i * TILE_COLUMNS * size);
    const row = { address: start, strides: [size], lane: result.lane };
    this.#merge = bindProgram(rowShape(result.lane, op), memory, "store", [row, row]);
    this.#copy = bindProgram(rowShape(result.lane), memory, "store", [result, row]);
    this.#release = () => releaseStorage(storage);
  }

  row(level: number): number {
    return this.#rows[level] as number;
  }

  /** Adds the row of `level` to the one before. */
  merge(level: number, columns: number): void {
    const addresses = [this.row(level - 1), this.row(level)];
    callRun(this.#merge as Run, 1, columns, addresses, [[0, 0], [0, 0]], []);
  }

  /** Writes the only row that is left to the result. */
  store(target: number, columns: number): void {
    callRun(this.#copy as Run, 1, columns, [target, this.row(0)], [[0, this.#step], [0, 0]], []);
  }

  release(): void {
    this.#release();
  }
}
