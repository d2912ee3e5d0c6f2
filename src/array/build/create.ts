/**
 * @file Arrays from nothing or from data: sources whose blocks are made where they are needed.
 */

import { type Collection, isCollection } from "../../core/collection.ts";
import { type DType, isInteger, itemsizeOf, promoteScalar, type Scalar } from "../../core/dtype.ts";
import { HeddleError } from "../../core/errors.ts";
import type { TaskFunction } from "../../core/graph.ts";
import { isSingleTask, type SingleTask, TASK } from "../../core/single-task.ts";
import type { NDArray } from "../../ndarray/ndarray.ts";
import { type Blocks, blocksOfLayer, LayerPlan } from "../blocks.ts";
import { type Chunks, gridOf, offsetsOf, product, show } from "../chunks.ts";
import { type Cut, chunksOfCut } from "../cut.ts";
import type { CallExpr, Expr } from "../expression.ts";
import { advance } from "../grid.ts";
import { type ChunksInput, normalizeChunks } from "../normalize-chunks.ts";
import {
  arangeBlock,
  diagonalBlock,
  expectBlock,
  fullBlock,
  functionBlock,
  part,
  passBlock,
} from "../tasks.ts";
import { blockCall, call, constant, identityOf, nameOf } from "./call.ts";
import { checkInteger } from "./errors.ts";

/** What every creating function takes. */
export interface BuildOptions {
  readonly dtype: DType;
  /** Default "auto". */
  readonly chunks?: ChunksInput;
}

/** Checks a shape given by a user, and cuts it. */
export function chunksFor(shape: readonly number[], options: BuildOptions): Chunks {
  const bad = shape.find((length) => !(Number.isSafeInteger(length) && length >= 0));
  if (bad !== undefined) {
    throw new HeddleError(
      "InvalidShape",
      `a length of the shape ${show(shape)} is ${String(bad)}: lengths are integers from 0 on`,
      { fields: { shape } },
    );
  }
  return normalizeChunks(options.chunks ?? "auto", shape, { itemBytes: itemsizeOf(options.dtype) });
}

/** Every element the same value. */
export function full(shape: readonly number[], value: Scalar, options: BuildOptions): CallExpr {
  if (isInteger(options.dtype)) promoteScalar(options.dtype, value);
  return fullIn(chunksFor(shape, options), value, options.dtype);
}

/** Every element the same value, in given chunks; any view of it is another one. */
export function fullIn(chunks: Chunks, value: Scalar, dtype: DType): CallExpr {
  const word = value === 0 ? "zeros" : value === 1 ? "ones" : "full";
  const source = blockCall(
    { word, dtype, chunks, identity: [value] },
    { fn: fullBlock, args: (plan) => [plan.shapeArg(chunks), constant(dtype), constant(value)] },
  );
  return { ...source, fill: value, cutBy: (cut: Cut) => fullIn(chunksOfCut(cut), value, dtype) };
}

/** Evenly spaced values: element `i` is `start + i * step`. */
export function progression(
  start: number,
  step: number,
  count: number,
  options: BuildOptions & { readonly word: string; readonly last?: number },
): Expr {
  const chunks = chunksFor([count], options);
  const { word, dtype, last } = options;
  const source = blockCall(
    { word, dtype, chunks, identity: [start, step, last, count] },
    {
      fn: arangeBlock,
      args: (plan) => {
        const blocks = chunks[0] as readonly number[];
        const first = plan.axisLiteral(0, offsetsOf(blocks).subarray(0, -1));
        const span = constant({ start, step, dtype, last: last ?? null, count });
        return [span, first, plan.axisLiteral(0, blocks)];
      },
    },
  );
  return source;
}

/** Ones on the `k`-th diagonal, zeros elsewhere. */
export function eye(rows: number, columns: number, k: number, options: BuildOptions): Expr {
  checkInteger("the diagonal k", k);
  const chunks = chunksFor([rows, columns], options);
  return blockCall(
    { word: "eye", dtype: options.dtype, chunks, identity: [k] },
    {
      fn: diagonalBlock,
      args: (plan) => {
        const [down, across] = chunks.map(offsetsOf) as [Float64Array, Float64Array];
        const first = plan.axisLiteral(0, down.subarray(0, -1));
        const second = plan.axisLiteral(1, across.subarray(0, -1));
        return [plan.shapeArg(chunks), constant(options.dtype), constant(k), first, second];
      },
    },
  );
}

/** A local array cut into blocks; it is not copied until the graph leaves the caller. */
export function fromLocal(array: NDArray, chunks: ChunksInput): Expr {
  const cut = normalizeChunks(chunks, array.shape, { itemBytes: itemsizeOf(array.dtype) });
  return call(
    { word: "array", dtype: array.dtype, chunks: cut, identity: [contentOf(array)] },
    (_, token) => {
      const plan = new LayerPlan(gridOf(cut));
      const block = plan.value(localBlocks(array, cut));
      const template = { fn: passBlock, args: [block] };
      return blocksOfLayer(plan.finish({ word: "array", token, kind: "data", template }), cut);
    },
  );
}

/** What a local array contains, for tokens: its elements in C order. */
function contentOf(array: NDArray): unknown[] {
  const flat = array.isContiguous ? array : array.copy();
  const { data, offset, size, dtype } = flat;
  const slots = Math.round((size * itemsizeOf(dtype)) / data.BYTES_PER_ELEMENT);
  const start = size === 0 ? 0 : (offset * slots) / size;
  return [dtype, array.shape, data.slice(start, start + slots)];
}

function localBlocks(array: NDArray, chunks: Chunks): NDArray[] {
  const grid = gridOf(chunks);
  const starts = chunks.map(offsetsOf);
  const cell = new Array<number>(grid.length).fill(0);
  return Array.from({ length: product(grid) }, () => {
    const from = cell.map((at, axis) => (starts[axis] as Float64Array)[at] as number);
    const shape = cell.map((at, axis) => (chunks[axis] as readonly number[])[at] as number);
    advance(cell, grid);
    return part(array, from, shape);
  });
}

/** Blocks that a function of coordinates makes: it gets one array of indices per axis. */
export function fromFunction(
  fn: TaskFunction,
  shape: readonly number[],
  options: BuildOptions,
): Expr {
  const chunks = chunksFor(shape, options);
  return blockCall(
    { word: nameOf(fn, "fromfunction"), dtype: options.dtype, chunks, identity: [identityOf(fn)] },
    {
      fn: expectBlock,
      args: (plan) => {
        const starts = chunks.map((blocks, axis) =>
          plan.axisLiteral(axis, offsetsOf(blocks).subarray(0, -1)),
        );
        const own = plan.shapeArg(chunks);
        const indices = chunks.map((_, axis) => ({
          kind: "call" as const,
          fn: functionBlock,
          args: [{ kind: "array" as const, items: starts }, own, constant(axis)],
        }));
        return [constant(options.dtype), own, { kind: "call", fn, args: indices }];
      },
    },
  );
}

/**
 * One block out of a lazy value (a delayed call, a future): the task must give an array of this
 * shape.
 */
export function fromLazy(
  value: Collection | SingleTask,
  shape: readonly number[],
  dtype: DType,
): Expr {
  const chunks = shape.map((length) => [length]);
  if (!isSingleTask(value) && !isCollection(value)) {
    throw new HeddleError(
      "InvalidArgument",
      `fromDelayed takes a delayed value or a future, not ${typeof value}; for data use fromArray`,
    );
  }
  return call({ word: "delayed", dtype, chunks, identity: [value] }, (_, token): Blocks => {
    const [output] = isSingleTask(value) ? [value[TASK]()] : value.lower().outputs;
    if (output === undefined) {
      throw new HeddleError("InvalidArgument", "fromDelayed needs a lazy value of one task");
    }
    const plan = new LayerPlan(chunks.map(() => 1));
    const below = { chunks, layers: [output.layer], tasks: Int32Array.of(output.index) };
    const template = {
      fn: expectBlock,
      args: [constant(dtype), constant(shape), plan.dep(plan.number(below))],
    };
    const layer = plan.finish({ word: "from-value", token, kind: "blockwise", template });
    return blocksOfLayer(layer, chunks);
  });
}

/** Blocks that are tasks already: what `persist` and `partitions` give back. */
export function fromBlocks(blocks: Blocks, dtype: DType, identity: readonly unknown[]): Expr {
  return call({ word: "blocks", dtype, chunks: blocks.chunks, identity }, () => blocks);
}
