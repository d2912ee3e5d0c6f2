/**
 * @file The WebAssembly back end: runs elementwise kernels and reduction stages on operands of one
 * memory, two loop dimensions per call. What it cannot run (complex dtypes, operands
 * outside of WebAssembly memory) it leaves to the JavaScript back end by returning false.
 */
import { type DType, itemsizeOf } from "../../../core/dtype.ts";
import type { WasmMemory } from "../../../core/wasm.ts";
import type { Layout } from "../../layout.ts";
import { forEachOuter, type Nest } from "../../nest.ts";
import { fromLiteral, type Kernel, type KernelNode } from "../ir.ts";
import type { Stage } from "../reduce.ts";
import type { ReduceOp } from "../rules.ts";
import type { Access, Mode, Program } from "./emit.ts";
import { type Lane, laneOf, type MachineNode, type MachineOp } from "./machine.ts";
import { meet, returnScratch, takeScratch } from "./meeting.ts";
import { accumulating, programFor, type Run, rowShape, type Shape, shapeOf } from "./programs.ts";

/**
 * Rows that are added one after the other before sums are combined pairwise; as `PAIRWISE_BLOCK`.
 */
const BLOCK_ROWS = 128;
/** Columns added at a time, so that partial sums stay in the first cache. */
const TILE_COLUMNS = 1024;
/** Scratch for partial sums: a row of a tile for every bit of the number of blocks. */
const SCRATCH_BYTES = 32 * TILE_COLUMNS * 8;
/**
 * Rows added per pass over the sums, for expressions of at most so many nodes: the sums are read
 * and written less often, and memory is read in several places at a time. Rows that follow each
 * other in memory are added one by one all the same: the processor reads ahead over their ends.
 */
const ROWS_AT_ONCE: readonly { readonly nodes: number; readonly rows: number }[] = [
  { nodes: 2, rows: 8 },
  { nodes: 12, rows: 4 },
];
/**
 * Side of the squares in which transposed operands are walked: smaller ones break up what is read
 * from memory.
 */
const TILE = 256;

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
  const shape = shapeOf(kernel);
  if (shape === undefined) return false;
  const meeting = meet(operands, nest.shape, nest.strides);
  if (meeting === undefined) return false;
  const params = paramsOf(kernel, shape);
  const all = meeting.operands.map((x, k) => operandOf(x, meeting.strides[k] as readonly number[]));
  runStore(shape, meeting.memory, nest.shape, all, params);
  meeting.finish();
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
  const steps = operands.map(
    ({ strides }) => [two ? strides.at(-2) : 0, strides.at(-1)] as number[],
  );
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
  b: 1,
  i8: 1,
  u8: 1,
  i16: 2,
  u16: 2,
  i32: 4,
  u32: 4,
  i64: 8,
  u64: 8,
  f32: 4,
  f64: 8,
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
  const mode = modeOf(stage.op, out.dtype);
  const shape = shapeOf(kernel);
  if (mode === undefined || shape === undefined) return false;
  const meeting = meet([out, ...inputs], stage.shape, [out.strides, ...stage.strides]);
  if (meeting === undefined) return false;
  const { memory } = meeting;
  const all = meeting.operands.map((x, k) => operandOf(x, meeting.strides[k] as readonly number[]));
  const params = paramsOf(kernel, shape);
  let done = true;
  if (stage.mode === "inner") runInner(stage, shape, memory, mode, all, params);
  else done = runOuter(stage, shape, memory, COMBINE[mode] as MachineOp, all, params);
  meeting.finish();
  return done;
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
  const steps = operands.map(
    ({ strides }) => [two ? strides.at(-2) : 0, strides.at(-1)] as number[],
  );
  const nest = { shape: stage.shape, strides: operands.map((x) => x.strides) };
  forEachOuter(
    nest,
    two ? 2 : 1,
    operands.map((x) => x.address),
    (addresses) => {
      callRun(run, rows, count, addresses, steps, params);
    },
  );
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
): boolean {
  const { lane } = operands[0] as Operand;
  const rows = stage.shape[stage.dimension] as number;
  const ordered = (lane === "f32" || lane === "f64") && (op === "add" || op === "mul");
  const scratch = ordered && rows > BLOCK_ROWS ? takeScratch(memory, SCRATCH_BYTES) : undefined;
  if (scratch !== undefined && scratch.memory !== memory) {
    returnScratch(scratch);
    return false;
  }
  const sums = new RowSums(stage, shape, op, memory, operands, params, scratch?.offset);
  // The reduced dimension is taken out of the nest: rows walk it.
  const kept = stage.shape.map((length, d) => (d === stage.dimension ? 1 : length));
  const nest = { shape: kept, strides: operands.map((x) => x.strides) };
  forEachOuter(
    nest,
    1,
    operands.map((x) => x.address),
    (addresses) => sums.run(addresses),
  );
  if (scratch !== undefined) returnScratch(scratch);
  return true;
}

/**
 * Adds the rows of one plane: directly to the result, or in tiles of columns and blocks of rows by
 * way of scratch.
 */
class RowSums {
  readonly #rows: number;
  readonly #columns: number;
  readonly #params: readonly (number | bigint)[];
  readonly #first: Run;
  readonly #addOne: Run;
  readonly #addMany: Run | undefined;
  readonly #rowsAtOnce: number;
  /** Bytes from row to row and from column to column, by operand. */
  readonly #steps: readonly (readonly [number, number])[];
  readonly #scratch: ScratchRows | undefined;

  constructor(
    stage: Stage,
    shape: Shape,
    op: MachineOp,
    memory: WasmMemory,
    operands: readonly Operand[],
    params: readonly (number | bigint)[],
    scratchStart: number | undefined,
  ) {
    const [result, ...inputs] = operands as [Operand, ...Operand[]];
    this.#rows = stage.shape[stage.dimension] as number;
    this.#columns = stage.shape.at(-1) as number;
    this.#params = params;
    this.#steps = operands.map(
      ({ strides }) => [strides[stage.dimension], strides.at(-1)] as [number, number],
    );
    const inPlace = scratchStart === undefined;
    const target = inPlace ? result : { ...result, strides: [SIZES[result.lane]] };
    const bind = (of: Shape, rows: number): Run =>
      bindProgram(of, memory, "store", [target, ...new Array(rows).fill(inputs).flat()]);
    this.#first = bind(shape, 1);
    this.#addOne = bind(accumulating(shape, op, inputs.length, 1), 1);
    const { length } = shape.machine.nodes;
    const many = this.#isOneStream()
      ? undefined
      : ROWS_AT_ONCE.find(({ nodes }) => length <= nodes)?.rows;
    this.#rowsAtOnce = many ?? 1;
    if (many !== undefined)
      this.#addMany = bind(accumulating(shape, op, inputs.length, many), many);
    if (!inPlace) this.#scratch = new ScratchRows(scratchStart, memory, op, result);
  }

  /** Whether each row begins where the one before ends, or is the same one. */
  #isOneStream(): boolean {
    return (
      this.#columns <= TILE_COLUMNS &&
      this.#steps.slice(1).every(([row, column]) => row === 0 || row === this.#columns * column)
    );
  }

  run(addresses: readonly number[]): void {
    if (this.#scratch === undefined) {
      this.#block(addresses, 0, this.#rows, this.#columns);
      return;
    }
    for (let column = 0; column < this.#columns; column += TILE_COLUMNS) {
      const corner = addresses.map((at, k) => at + column * this.#step(k)[1]);
      this.#tile(corner, Math.min(TILE_COLUMNS, this.#columns - column), this.#scratch);
    }
  }

  /** As a binary counter: two sums of equally many blocks are added as soon as both are there. */
  #tile(corner: readonly number[], columns: number, scratch: ScratchRows): void {
    let level = 0;
    for (let row = 0, block = 1; row < this.#rows; row += BLOCK_ROWS, block++) {
      const rows = Math.min(BLOCK_ROWS, this.#rows - row);
      this.#block(corner, row, rows, columns, scratch.row(level++));
      for (let b = block; b % 2 === 0; b /= 2) scratch.merge(--level, columns);
    }
    while (level > 1) scratch.merge(--level, columns);
    scratch.store(corner[0] as number, columns);
  }

  /**
   * The first row of a block is stored (to `target`, or the result), the others are added to it.
   */
  #block(
    corner: readonly number[],
    row: number,
    rows: number,
    columns: number,
    target?: number,
  ): void {
    const [result, ...inputs] = corner as [number, ...number[]];
    const place = target ?? result;
    const placeStep = [0, target === undefined ? this.#step(0)[1] : 0] as const;
    const inputSteps = this.#steps.slice(1);
    const addressesAt = (first: number): number[] =>
      inputs.map((at, k) => at + first * this.#step(k + 1)[0]);
    const steps = [placeStep, ...inputSteps];
    callRun(this.#first, 1, columns, [place, ...addressesAt(row)], steps, this.#params);
    let next = row + 1;
    const end = row + rows;
    const many = this.#rowsAtOnce;
    const groups = this.#addMany === undefined ? 0 : Math.floor((end - next) / many);
    if (groups > 0) {
      const lines = Array.from({ length: many }, (_, i) => addressesAt(next + i)).flat();
      const wide = inputSteps.map(([r, c]) => [r * many, c] as const);
      const wideSteps = [placeStep, ...new Array(many).fill(wide).flat()];
      callRun(this.#addMany as Run, groups, columns, [place, ...lines], wideSteps, this.#params);
      next += groups * many;
    }
    if (next === end) return;
    callRun(this.#addOne, end - next, columns, [place, ...addressesAt(next)], steps, this.#params);
  }

  #step(k: number): readonly [number, number] {
    return this.#steps[k] as readonly [number, number];
  }
}

/** Rows of partial sums: one for each bit of the number of blocks. */
class ScratchRows {
  readonly #start: number;
  readonly #rowBytes: number;
  readonly #copy: Run;
  readonly #merge: Run;
  readonly #step: number;

  constructor(start: number, memory: WasmMemory, op: MachineOp, result: Operand) {
    const size = SIZES[result.lane];
    this.#start = start;
    this.#rowBytes = TILE_COLUMNS * size;
    this.#step = result.strides.at(-1) as number;
    const row = { address: start, strides: [size], lane: result.lane };
    this.#merge = bindProgram(rowShape(result.lane, op), memory, "store", [row, row]);
    this.#copy = bindProgram(rowShape(result.lane), memory, "store", [result, row]);
  }

  row(level: number): number {
    return this.#start + level * this.#rowBytes;
  }

  /** Adds the row of `level` to the one before. */
  merge(level: number, columns: number): void {
    const addresses = [this.row(level - 1), this.row(level)];
    callRun(
      this.#merge,
      1,
      columns,
      addresses,
      [
        [0, 0],
        [0, 0],
      ],
      [],
    );
  }

  /** Writes the only row that is left to the result. */
  store(target: number, columns: number): void {
    callRun(
      this.#copy,
      1,
      columns,
      [target, this.row(0)],
      [
        [0, this.#step],
        [0, 0],
      ],
      [],
    );
  }
}
