/**
 * @file Running sums and products: every block by itself, then the total of all blocks before it
 * joined to it. The totals form a chain of small tasks, in the order of the axis, so that the
 * result does not depend on who runs them.
 */
import { type DType, type DTypeLike, toDType } from "../../core/dtype.ts";
import type { Arg, Layer } from "../../core/graph.ts";
import { resolveAxis } from "../../core/indexing.ts";
import { reduceSignature } from "../../ndarray/kernels/rules.ts";
import {
  type Blocks,
  blocksOfLayer,
  countUp,
  LayerPlan,
  type Operand,
  pick,
  spread,
} from "../blocks.ts";
import { type Chunks, gridOf } from "../chunks.ts";
import { stridesOf } from "../cut.ts";
import type { Expr } from "../expression.ts";
import { carryNext, carryOn, cumulateBlock, lastOfBlock, passBlock } from "../tasks.ts";
import { call, constant } from "./call.ts";
import { reshape } from "./reshape.ts";

/** Options of running sums and products. */
export interface CumulateOptions {
  /** Default: of the array in C order. */
  readonly axis?: number;
  /** Default that of a sum. */
  readonly dtype?: DTypeLike;
}

/** Which accumulation. */
export type Cumulation = "cumsum" | "cumprod";

/** Running sums or products along an axis. */
export function cumulate(array: Expr, op: Cumulation, options: CumulateOptions = {}): Expr {
  const source = options.axis === undefined ? reshape(array, [-1]) : array;
  const axis = resolveAxis(options.axis ?? 0, source.chunks.length);
  const wanted = options.dtype === undefined ? undefined : (toDType(options.dtype) as DType);
  const dtype = reduceSignature(op === "cumsum" ? "sum" : "prod", source.dtype, wanted).result;
  const { chunks } = source;
  return call(
    { word: op, dtype, chunks, operands: [source], identity: [axis] },
    ([operand], token) => {
      const local = localBlocks(operand as Operand, chunks, op, axis, dtype, token);
      if ((chunks[axis] as readonly number[]).length === 1) return local;
      const carries = carryBlocks(local, op, axis, token);
      return joined(local, carries, op, axis, token);
    },
  );
}

function localBlocks(
  operand: Operand,
  chunks: Chunks,
  op: Cumulation,
  axis: number,
  dtype: DType,
  token: string,
): Blocks {
  const plan = new LayerPlan(gridOf(chunks));
  const args = [constant(op), constant(axis), constant(dtype), plan.operand(operand)];
  const template = { fn: cumulateBlock, args };
  return blocksOfLayer(
    plan.finish({ word: `${op}-local`, token, kind: "blockwise", template }),
    chunks,
  );
}

/**
 * Task `j` along the axis: the total of blocks 0 to `j`, made of that before it and the last slice
 * of block `j`.
 */
function carryBlocks(local: Blocks, op: Cumulation, axis: number, token: string): Blocks {
  const below = gridOf(local.chunks);
  const grid = below.map((count, k) => (k === axis ? count - 1 : count));
  const plan = new LayerPlan(grid);
  const parts = stridesOf(below).map((stride, k) => ({
    axis: k,
    values: countUp(grid[k] as number, 0, stride),
  }));
  const numbers = plan.number(local, pick(local.tasks, spread(grid, 0, parts)));
  const places = countUp(grid[axis] as number);
  const place = spread(grid, 0, [{ axis, values: places }]);
  const first = local.layers.reduce((count, layer) => count + layer.count, 0);
  const stride = stridesOf(grid)[axis] as number;
  const offsets = new Int32Array(plan.count + 1);
  const deps: number[] = [];
  for (let task = 0; task < plan.count; task++) {
    if (place[task] !== 0) deps.push(first + task - stride);
    deps.push(numbers[task] as number);
    offsets[task + 1] = deps.length;
  }
  const name = `${op}-carry`;
  const start = { name, fn: lastOfBlock, args: [constant(axis), dep(0)] };
  const next = { name, fn: carryNext, args: [constant(op), constant(axis), dep(0), dep(1)] };
  const made = plan.finishWith(
    { word: name, token, kind: "reduction", template: start },
    offsets,
    Int32Array.from(deps),
  );
  const layer: Layer = {
    ...made,
    self: true,
    templates: [
      { ...made.templates[0], ...start },
      { ...made.templates[0], ...next },
    ],
    templateOf: Uint16Array.from(place, (at) => (at === 0 ? 0 : 1)),
  };
  const chunks = local.chunks.map((blocks, k) =>
    k === axis ? new Array<number>(blocks.length - 1).fill(1) : blocks,
  );
  return blocksOfLayer(layer, chunks);
}

function dep(index: number): Arg {
  return { kind: "dep", index };
}

/** Every block but the first of its line takes the total of those before it. */
function joined(
  local: Blocks,
  carries: Blocks,
  op: Cumulation,
  axis: number,
  token: string,
): Blocks {
  const grid = gridOf(local.chunks);
  const plan = new LayerPlan(grid);
  const own = plan.number(local);
  const carry = plan.number(carries);
  const strides = stridesOf(gridOf(carries.chunks));
  const parts = strides.map((stride, k) => ({
    axis: k,
    values: countUp(grid[k] as number, k === axis ? -stride : 0, stride),
  }));
  const before = spread(grid, 0, parts);
  const places = countUp(grid[axis] as number);
  const place = spread(grid, 0, [{ axis, values: places }]);
  const offsets = new Int32Array(plan.count + 1);
  const deps: number[] = [];
  for (let task = 0; task < plan.count; task++) {
    deps.push(own[task] as number);
    if (place[task] !== 0) deps.push(carry[before[task] as number] as number);
    offsets[task + 1] = deps.length;
  }
  const first = { name: op, fn: passBlock, args: [dep(0)] };
  const rest = { name: op, fn: carryOn, args: [constant(op), dep(0), dep(1)] };
  const made = plan.finishWith(
    { word: op, token, kind: "blockwise", template: first },
    offsets,
    Int32Array.from(deps),
  );
  const layer: Layer = {
    ...made,
    templates: [
      { ...made.templates[0], ...first },
      { ...made.templates[0], ...rest },
    ],
    templateOf: Uint16Array.from(place, (at) => (at === 0 ? 0 : 1)),
  };
  return blocksOfLayer(layer, local.chunks);
}
