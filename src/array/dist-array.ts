/**
 * @file `DistArray`, the lazy array: a grid of blocks, each a local array, that exist only when
 * something is computed. The class wraps an expression; building, simplifying and lowering are in
 * files of their own.
 */

import { type ComputeOptions, computeAll, persistAll } from "../cluster/compute.ts";
import { type PackedCollection, packOutputs, registerCollection } from "../codec/collections.ts";
import { COLLECTION, type Collection, type Lowered } from "../core/collection.ts";
import {
  type DType,
  type DTypeLike,
  isScalar,
  itemsizeOf,
  type ResolveDType,
  type Scalar,
} from "../core/dtype.ts";
import { HeddleError } from "../core/errors.ts";
import type { TaskFunction, TaskRef } from "../core/graph.ts";
import { type IndexArg, resolveAxis } from "../core/indexing.ts";
import { refuseArithmetic } from "../core/no-arithmetic.ts";
import { checkOptionNames } from "../core/options.ts";
import { DISPLAY, inspectAsText } from "../core/symbols.ts";
import { type Drawing, type VisualizeOptions, visualize } from "../delayed/visualize.ts";
import { GraphView } from "../diagnostics/graph-view.ts";
import { referToAll } from "../functions/index.ts";
import type { NDArray } from "../ndarray/ndarray.ts";
import { claim } from "./annotations.ts";
import { readIndexArray, toExpr } from "./arguments.ts";
import { ArrayReductions } from "./array-reductions.ts";
import type { ArrayArg, BigComputed, Computed, Operand, Rank } from "./array-types.ts";
import { assembleLocal, blocksOfRefs, Gathering, refsOf } from "./assemble.ts";
import {
  type BlockInfo,
  type BlockResult,
  type MapBlocksOptions,
  mapParameters,
  type WithBlockInfo,
} from "./block-types.ts";
import type { Blocks } from "./blocks.ts";
import { fromBlocks } from "./build/create.ts";
import { cumulate } from "./build/cumulate.ts";
import { index } from "./build/indexing.ts";
import { mapBlocks } from "./build/map-blocks.ts";
import { dot, matmul } from "./build/matmul.ts";
import { pickBlocks } from "./build/pick.ts";
import { rechunk } from "./build/rechunk.ts";
import { reshape } from "./build/reshape.ts";
import { broadcastTo, expandDims, flip, squeeze, transpose } from "./build/shape.ts";
import { withKnownChunks } from "./chunk-sizes.ts";
import { type Chunks, gridOf, product } from "./chunks.ts";
import { delayedBlocks, type NestedDelayed } from "./delayed-blocks.ts";
import * as self from "./dist-array.ts";
import { type Expr, shapeOfExpr, tokenOf } from "./expression.ts";
import { lowerAll } from "./lower.ts";
import type { ChunksInput } from "./normalize-chunks.ts";
import { arrayHtml, arrayText, type GraphFacts, graphFacts } from "./repr.ts";
import { checkResultSize } from "./result-size.ts";
import { arraySettings } from "./settings.ts";

/**
 * An array index: integers, slices, null, "...", arrays of integers or booleans, lazy ones too.
 */
export type DistIndex = IndexArg<NDArray | DistArray<DType, Rank>>;

/** Whether one part of an index surely leaves an axis: a slice, a new axis, an array. */
type LeavesAxis<A> = A extends string
  ? A extends `${string}:${string}`
    ? true
    : false
  : A extends number | DistArray<DType, "scalar">
    ? false
    : true;

/**
 * The rank of an indexed array. Integers drop axes, and how many there were no type says: such an
 * index may leave an array or a plain value.
 */
export type IndexRank<I extends readonly DistIndex[]> =
  true extends LeavesAxis<I[number]> ? "array" : Rank;

/**
 * A lazy n-dimensional array.
 *
 * @example
 * import * as da from "heddle/array";
 * const x = da.ones([100, 100], { chunks: 10 });
 * console.log(await x.add(x.T).sum().compute()); // 20000
 */
export class DistArray<out D extends DType = DType, out K extends Rank = "array">
  extends ArrayReductions<D, K>
  implements Collection<Computed<D, K>>
{
  readonly expr: Expr;
  /** The tasks, and the limits of the engine that they were planned for. */
  #lowered: { readonly blocks: Blocks; readonly limits: string } | undefined;

  /** Made by the functions of `heddle/array`. */
  constructor(expr: Expr) {
    super();
    claim(expr);
    this.expr = expr;
  }

  get dtype(): D {
    return this.expr.dtype as D;
  }

  /** Length of each axis; NaN where a mask has left it unknown. */
  get shape(): readonly number[] {
    return shapeOfExpr(this.expr);
  }

  /** Block lengths along each axis. */
  get chunks(): Chunks {
    return this.expr.chunks;
  }

  /** Shape of the largest block. */
  get chunksize(): readonly number[] {
    return this.chunks.map((blocks) => blocks.reduce((a, b) => Math.max(a, b), 0));
  }

  /** Number of blocks along each axis. */
  get numblocks(): readonly number[] {
    return gridOf(this.chunks);
  }

  /** Number of blocks. */
  get npartitions(): number {
    return product(this.numblocks);
  }

  get ndim(): number {
    return this.chunks.length;
  }

  /** Number of elements. */
  get size(): number {
    return product(this.shape);
  }

  get itemsize(): number {
    return itemsizeOf(this.dtype);
  }

  /** Bytes of all elements. */
  get nbytes(): number {
    return this.size * this.itemsize;
  }

  /** Length of the first axis. */
  get length(): number {
    const [length] = this.shape;
    if (length === undefined) {
      throw new HeddleError(
        "InvalidShape",
        "an array without axes has no length; use size, or compute()",
      );
    }
    return length;
  }

  /** The name of the array's tasks: equal work has equal names. */
  get name(): string {
    const { expr } = this;
    const word = expr.kind === "call" || expr.kind === "elementwise" ? expr.word : expr.kind;
    return `${word}-${tokenOf(expr)}`;
  }

  /** The array with its axes reversed. */
  get T(): DistArray<D, K> {
    return this.transpose();
  }

  /**
   * Blocks by their place in the grid: `x.blocks.at(0, 1)`, `x.blocks.at("::2", -1)`. The result is
   * an array of those blocks. Integers keep their axis, as in Dask.
   */
  get blocks(): { at(...index: readonly (number | string | readonly number[])[]): DistArray<D> } {
    return { at: (...places) => this.wrap(pickBlocks(this.expr, places)) };
  }

  /** The same as `blocks`. */
  get partitions(): {
    at(...index: readonly (number | string | readonly number[])[]): DistArray<D>;
  } {
    return this.blocks;
  }

  /**
   * The elements that an index selects: integers (which drop their axis), slices, null for a new
   * axis, `"..."`, one array of integers or booleans, lazy positions (of one axis, or none), or a
   * lazy mask (whose result has unknown block lengths).
   *
   * @example
   * import * as da from "heddle/array";
   * const x = da.arange(12, { chunks: 4 }).reshape([3, 4]);
   * console.log((await x.at("::2, 1:").compute()).toArray()); // [ [ 1, 2, 3 ], [ 9, 10, 11 ] ]
   */
  at<const I extends readonly DistIndex[]>(...args: I): DistArray<D, IndexRank<I>> {
    return this.wrap(index(this.expr, args, readIndexArray));
  }

  /** Axes in another order, as a list or one by one; default reversed. */
  transpose(axes?: number | readonly number[], ...more: readonly number[]): DistArray<D, K> {
    return this.wrap(transpose(this.expr, typeof axes === "number" ? [axes, ...more] : axes));
  }

  /** Two axes exchanged. */
  swapaxes(a: number, b: number): DistArray<D, K> {
    const order = this.chunks.map((_, i) => i);
    const [i, j] = [resolveAxis(a, this.ndim), resolveAxis(b, this.ndim)];
    [order[i], order[j]] = [j, i];
    return this.transpose(order);
  }

  /**
   * The same elements in C order under another shape, given as a list or one by one; one length may
   * be -1.
   */
  reshape(shape: number | readonly number[], ...more: readonly number[]): DistArray<D> {
    return this.wrap(reshape(this.expr, typeof shape === "number" ? [shape, ...more] : shape));
  }

  /** All elements in C order as one axis. */
  ravel(): DistArray<D> {
    return this.reshape([-1]);
  }

  /** The same as `ravel`. */
  flatten(): DistArray<D> {
    return this.ravel();
  }

  /** Without axes of length 1: all of them, or the given ones. */
  squeeze(axis?: number | readonly number[]): DistArray<D, Rank> {
    return this.wrap(squeeze(this.expr, axis));
  }

  /** New axes of length 1 at the given positions of the result. */
  expandDims(axis: number | readonly number[]): DistArray<D> {
    return this.wrap(expandDims(this.expr, axis));
  }

  /** The array repeated along axes of length 1 and new leading axes. */
  broadcastTo(shape: number | readonly number[]): DistArray<D> {
    return this.wrap(broadcastTo(this.expr, typeof shape === "number" ? [shape] : shape));
  }

  /** The elements in the other order, along all axes or the given ones. */
  flip(axis?: number | readonly number[] | null): DistArray<D> {
    return this.wrap(flip(this.expr, axis));
  }

  /**
   * The same elements in other blocks, in any form that `chunks` takes; axes that an object leaves
   * out, and null in a list, keep theirs.
   */
  rechunk(
    chunks: ChunksInput,
    options: { readonly blockSizeLimitBytes?: number } = {},
  ): DistArray<D, K> {
    checkOptionNames("rechunk", options, ["blockSizeLimitBytes"]);
    return this.wrap(rechunk(this.expr, chunks, options.blockSizeLimitBytes));
  }

  /** Matrix product, as `@` of NumPy. */
  matmul(other: ArrayArg): DistArray<D, Rank> {
    return this.wrap(matmul(this.expr, toExpr(other)));
  }

  /** Dot product, as `numpy.dot`: of vectors a plain value, of matrices their product. */
  dot(other: ArrayArg): DistArray<D, Rank> {
    return this.wrap(dot(this.expr, toExpr(other)));
  }

  /** Running sums along an axis. */
  cumsum(options: { readonly axis?: number; readonly dtype?: DTypeLike } = {}): DistArray<DType> {
    checkOptionNames("cumsum", options, ["axis", "dtype"]);
    return this.wrap(cumulate(this.expr, "cumsum", options));
  }

  /** Running products along an axis. */
  cumprod(options: { readonly axis?: number; readonly dtype?: DTypeLike } = {}): DistArray<DType> {
    checkOptionNames("cumprod", options, ["axis", "dtype"]);
    return this.wrap(cumulate(this.expr, "cumprod", options));
  }

  /** Lowered once for an engine: expressions never change. */
  #blocks(): Blocks {
    const { memoryBytes, threads } = arraySettings();
    const limits = `${memoryBytes}/${threads}`;
    if (this.#lowered?.limits !== limits) {
      const [blocks] = lowerAll([this.expr]) as [Blocks];
      this.#lowered = { blocks, limits };
    }
    return this.#lowered.blocks;
  }

  /** The tasks that hold the blocks; called once per computation. */
  lower(): Lowered<Computed<D, K>> {
    const { chunks, dtype } = this.expr;
    const gathering = new Gathering(chunks);
    return {
      outputs: refsOf(this.#blocks()),
      receive: (index, value) => gathering.receive(index, value),
      finish: (values) => gathering.finish(values) as Computed<D, K>,
      finishTask: { fn: assembleLocal, args: [chunks] },
      rebuild: (outputs) => new DistArray<D, K>(ofTasks(outputs, chunks, dtype)),
    };
  }

  /**
   * Computes the array: a local array, or a plain value when it has no axes. A plain 64-bit integer
   * beyond 2^53 needs `{ int64: "bigint" }`.
   *
   * Errors: `TaskFailed` with the cause when a block's function throws; `MemoryLimit` when the
   * whole array is larger than the machine's memory. For large results see also `persist`.
   */
  compute(options: ComputeOptions & { readonly int64: "bigint" }): Promise<BigComputed<D, K>>;
  compute(options?: ComputeOptions): Promise<Computed<D, K>>;
  async compute(options: ComputeOptions & { readonly int64?: "bigint" } = {}): Promise<unknown> {
    const { int64, ...rest } = options;
    checkResultSize(this.nbytes);
    const [value] = await computeAll([int64 === "bigint" ? this.#withBigints() : this], rest);
    return value;
  }

  /** The same array, whose plain value is a bigint where it has 64 bits. */
  #withBigints(): Collection {
    const { chunks } = this.expr;
    if (chunks.length > 0) return this;
    const finish = (values: readonly unknown[]): unknown =>
      assembleLocal(values as readonly NDArray[], chunks, { int64: "bigint" });
    return { [COLLECTION]: true, lower: () => ({ ...this.lower(), finish }) };
  }

  /**
   * Starts the work and gives the same array over blocks that the engine keeps: for what is used
   * again, and for what is too large to be in one piece.
   */
  async persist(options: ComputeOptions = {}): Promise<DistArray<D, K>> {
    const [held] = await persistAll([this], options);
    return held as unknown as DistArray<D, K>;
  }

  /** What would run: layers as text and HTML. */
  get graph(): GraphView {
    return new GraphView([this]);
  }

  /** Draws the graph; see `visualize`. */
  async visualize(options: VisualizeOptions | string = {}): Promise<Drawing> {
    return await visualize(this, options);
  }

  /** The blocks as delayed values, nested as the grid is. */
  toDelayed(): NestedDelayed<D> {
    return delayedBlocks<D>(refsOf(this.#blocks()), this.numblocks);
  }

  /**
   * The same array with all block lengths known: runs what decides them (masks), and nothing else.
   */
  async computeChunkSizes(options: ComputeOptions = {}): Promise<DistArray<D, K>> {
    return this.wrap(await withKnownChunks(this.expr, options));
  }

  /**
   * A function applied to every block (for several arrays, see `da.mapBlocks`). The function gets a
   * local array and returns one (or a number, or nested lists).
   *
   * @example
   * import * as da from "heddle/array";
   * import { sqrt } from "heddle/ndarray";
   * const x = da.ones([4, 4], { chunks: 2 });
   * console.log(await x.mapBlocks((block) => sqrt(block)).sum().compute()); // 16
   */
  mapBlocks<T extends DTypeLike = D>(
    fn: (block: NDArray<D>, info: BlockInfo) => BlockResult,
    options: WithBlockInfo<T>,
  ): DistArray<ResolveDType<T>>;
  mapBlocks<T extends DTypeLike = D>(
    fn: (block: NDArray<D>) => BlockResult,
    options?: MapBlocksOptions<T>,
  ): DistArray<ResolveDType<T>>;
  mapBlocks(
    fn: (block: NDArray<D>, info: BlockInfo) => BlockResult,
    options?: MapBlocksOptions,
  ): unknown {
    return this.wrap(
      mapBlocks(fn as TaskFunction, [this.expr], mapParameters(options, [this.dtype])),
    );
  }

  /** How many layers and tasks computing the array takes, before optimisation. */
  get graphFacts(): GraphFacts {
    return graphFacts(this.#blocks());
  }

  /** The four facts of an array as a table, for the array and for its largest block. */
  override toString(): string {
    return arrayText(this);
  }

  /** The table and a drawing of the blocks as HTML. */
  toHTML(): string {
    return arrayHtml(this);
  }

  /** A lazy array is not a promise: `await x` gives `x` back, `await x.compute()` its value. */
  toJSON(): unknown {
    return { type: "DistArray", dtype: this.dtype, shape: this.shape, chunks: this.chunks };
  }

  protected override wrap<E extends DType, L extends Rank>(expr: Expr): DistArray<E, L> {
    return new DistArray<E, L>(expr);
  }

  protected override argument(value: Operand): Expr | Scalar {
    return isScalar(value) ? value : toExpr(value);
  }
}

inspectAsText(DistArray.prototype);
refuseArithmetic(
  DistArray.prototype,
  "a lazy array",
  "write x.add(1) for x + 1, x.gt(1) for x > 1, x.negative() for -x",
);

/** The array whose blocks are what these tasks give. */
function ofTasks(outputs: readonly TaskRef[], chunks: Chunks, dtype: DType): Expr {
  const [first] = outputs;
  const identity = ["held", first?.layer.name, outputs.map(({ index }) => index)];
  return fromBlocks(blocksOfRefs(outputs, chunks), dtype, identity);
}

/** What an array is beside its tasks. */
interface ArrayFacts {
  readonly chunks: Chunks;
  readonly dtype: DType;
}

/** An array as plain data. */
export function packArray(x: DistArray<DType, Rank>): PackedCollection<ArrayFacts> {
  return { outputs: packOutputs(x), facts: { chunks: x.chunks, dtype: x.dtype } };
}

/** The array that was packed. */
export function unpackArray({ outputs, facts }: PackedCollection<ArrayFacts>): DistArray {
  return new DistArray(ofTasks(outputs, facts.chunks, facts.dtype));
}

registerCollection("DistArray", DistArray, packArray, unpackArray);

// What notebooks that run JavaScript show.
Object.defineProperty(DistArray.prototype, DISPLAY, {
  value(this: DistArray): Readonly<Record<string, string>> {
    return { "text/html": this.toHTML(), "text/plain": this.toString() };
  },
});

/** Whether `x` is a lazy array. */
export function isDistArray(x: unknown): x is DistArray<DType, Rank> {
  return x instanceof DistArray;
}

referToAll(import.meta.url, self);
