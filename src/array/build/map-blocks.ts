/**
 * @file `mapBlocks`: a user's function on every block, with as much as it wants to know about where
 * the block stands.
 */
import type { DType, Scalar } from "../../core/dtype.ts";
import { isScalar } from "../../core/dtype.ts";
import { HeddleError } from "../../core/errors.ts";
import type { Arg, TaskFunction } from "../../core/graph.ts";
import { resolveAxes } from "../../core/indexing.ts";
import type { LayerPlan, Operand } from "../blocks.ts";
import { type Chunks, gridOf, offsetsOf, shapeOf, showChunks } from "../chunks.ts";
import type { Expr } from "../expression.ts";
import { expectBlock, makeBlockInfo } from "../tasks.ts";
import { blockCall, constant, identityOf, nameOf } from "./call.ts";
import { alignTo, unifyChunks } from "./elementwise.ts";

/** Options of `mapBlocks`, normalised. */
export interface MapBlocksParameters {
  readonly dtype: DType;
  /**
   * Block lengths of the result, in full or as one length per axis; default those of the arrays.
   */
  readonly chunks?: readonly (number | readonly number[])[];
  readonly dropAxis?: number | readonly number[];
  readonly newAxis?: number | readonly number[];
  /** Whether the function gets a `BlockInfo` after its blocks. */
  readonly blockInfo?: boolean;
  /** First part of the layer's name; default the function's. */
  readonly name?: string;
  /** Whether equal calls may be run once; default true. */
  readonly pure?: boolean;
}

/**
 * The function applied to blocks that stand at the same place of each array; scalars are passed as
 * they are.
 */
export function mapBlocks(
  fn: TaskFunction,
  args: readonly (Expr | Scalar)[],
  options: MapBlocksParameters,
): Expr {
  const arrays = args.filter((arg): arg is Expr => !isScalar(arg));
  const common = unifyChunks(arrays, "mapBlocks");
  const operands = arrays.map((array) => alignTo(array, common));
  const layout = arrays.length === 0 ? ownLayout(options) : resultLayout(common, options);
  const { dtype, pure } = options;
  const word = options.name ?? nameOf(fn, "map-blocks");
  const identity = [identityOf(fn, pure), args.filter(isScalar), args.map(isScalar), options];
  return blockCall(
    { word, dtype, chunks: layout.chunks, operands, identity },
    {
      fn: expectBlock,
      ...(pure === undefined ? {} : { pure }),
      args: (plan, lowered) => {
        const blocks = blockArgs(plan, lowered, args, gridAxes(common.length, layout.source));
        const info = options.blockInfo === true ? [infoArg(plan, common, layout, dtype)] : [];
        const value: Arg = { kind: "call", fn, args: [...blocks, ...info] };
        return [constant(dtype), plan.shapeArg(layout.chunks), value];
      },
    },
  );
}

/**
 * Chunks of the result, and for each of its axes the axis of the arrays that it came from (-1:
 * new).
 */
interface Layout {
  readonly chunks: Chunks;
  readonly source: readonly number[];
}

function resultLayout(common: Chunks, options: MapBlocksParameters): Layout {
  const dropped =
    options.dropAxis === undefined ? [] : resolveAxes(options.dropAxis, common.length);
  for (const axis of dropped) {
    if ((common[axis] as readonly number[]).length === 1) continue;
    throw new HeddleError(
      "InvalidChunks",
      `mapBlocks cannot drop axis ${axis}, which has ${common[axis]?.length} blocks: rechunk it into one first, ` +
        `rechunk({ ${axis}: -1 })`,
    );
  }
  const kept = common.flatMap((_, axis) => (dropped.includes(axis) ? [] : [axis]));
  const added = options.newAxis === undefined ? [] : [options.newAxis].flat();
  const ndim = kept.length + added.length;
  const places = resolveAxes(added, ndim);
  let next = 0;
  const source = Array.from({ length: ndim }, (_, axis) =>
    places.includes(axis) ? -1 : (kept[next++] as number),
  );
  const own = source.map((axis): readonly number[] =>
    axis === -1 ? [1] : (common[axis] as readonly number[]),
  );
  return { source, chunks: options.chunks === undefined ? own : givenChunks(own, options.chunks) };
}

/** Blocks that are made from nothing: their lengths are given. */
function ownLayout({ chunks = [] }: MapBlocksParameters): Layout {
  const lengths = chunks.map((entry) => (typeof entry === "number" ? [entry] : entry));
  return { source: lengths.map(() => -1), chunks: lengths };
}

function givenChunks(own: Chunks, given: readonly (number | readonly number[])[]): Chunks {
  if (given.length !== own.length) {
    throw new HeddleError(
      "InvalidChunks",
      `mapBlocks: chunks ${showChunks(given)} describe ${given.length} axes, but the result has ${own.length}; ` +
        "say dropAxis or newAxis when the function changes the number of axes",
    );
  }
  return given.map((entry, axis) => {
    const count = (own[axis] as readonly number[]).length;
    if (typeof entry === "number") return new Array<number>(count).fill(entry);
    if (entry.length === count) return entry;
    throw new HeddleError(
      "InvalidChunks",
      `mapBlocks: chunks of axis ${axis} list ${entry.length} blocks, but the arrays have ${count} there`,
    );
  });
}

/**
 * For each axis of the arrays, the axis of the result's grid along which its blocks run (dropped
 * ones have one).
 */
function gridAxes(ndim: number, source: readonly number[]): number[] {
  return Array.from({ length: ndim }, (_, axis) => Math.max(0, source.indexOf(axis)));
}

function blockArgs(
  plan: LayerPlan,
  operands: readonly Operand[],
  args: readonly (Expr | Scalar)[],
  axes: readonly number[],
): Arg[] {
  let next = 0;
  return args.map((arg) => {
    if (isScalar(arg)) return constant(arg);
    return plan.operand(operands[next++] as Operand, axes);
  });
}

/** What a block's function is told: where the block stands, in the arrays and in the result. */
export interface BlockInfo {
  /** Shape of the arrays, and of the result. */
  readonly shape: readonly number[];
  readonly resultShape: readonly number[];
  readonly numChunks: readonly number[];
  /** The block's place in the grid of the result. */
  readonly chunkLocation: readonly number[];
  /** For each axis of the result: first index of the block, and the one after its last. */
  readonly arrayLocation: readonly (readonly [number, number])[];
  readonly chunkShape: readonly number[];
  readonly dtype: DType;
}

function infoArg(plan: LayerPlan, common: Chunks, layout: Layout, dtype: DType): Arg {
  const { chunks } = layout;
  const positions = chunks.map((blocks, axis) =>
    plan.axisLiteral(
      axis,
      blocks.map((_, i) => i),
    ),
  );
  const starts = chunks.map((blocks, axis) =>
    plan.axisLiteral(axis, offsetsOf(blocks).subarray(0, -1)),
  );
  const facts = {
    shape: shapeOf(common.length === 0 ? chunks : common),
    resultShape: shapeOf(chunks),
    numChunks: gridOf(chunks),
    dtype,
  };
  const args: Arg[] = [
    constant(facts),
    { kind: "array", items: positions },
    { kind: "array", items: starts },
    plan.shapeArg(chunks),
  ];
  return { kind: "call", fn: makeBlockInfo, args };
}
