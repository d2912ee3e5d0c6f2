/**
 * @file Between tasks and the caller: the references of an array's blocks, and one local array out
 * of their values.
 */
import type { Layer, TaskRef } from "../core/graph.ts";
import "../ndarray/codec.ts";
import { referToAll } from "../functions/index.ts";
import { emptyLayout, isNDArray, NDArray } from "../ndarray/ndarray.ts";
import * as self from "./assemble.ts";
import { blockAt } from "./axis-plans.ts";
import { type Blocks, firstTasks } from "./blocks.ts";
import { type Chunks, gridOf, offsetsOf, product, shapeOf } from "./chunks.ts";
import { advance } from "./grid.ts";
import { assembleBlock, copyPart } from "./tasks.ts";

/** The task of each block, in C order. */
export function refsOf(blocks: Blocks): TaskRef[] {
  const first = firstTasks(blocks.layers);
  return Array.from(blocks.tasks, (task) => {
    const k = blockAt(first, task);
    return { layer: blocks.layers[k] as Layer, index: task - (first[k] as number) };
  });
}

/** Blocks whose tasks are given one by one. */
export function blocksOfRefs(refs: readonly TaskRef[], chunks: Chunks): Blocks {
  const layers: Layer[] = [];
  const starts = new Map<Layer, number>();
  let count = 0;
  const tasks = Int32Array.from(refs, ({ layer, index }) => {
    let start = starts.get(layer);
    if (start === undefined) {
      start = count;
      starts.set(layer, start);
      layers.push(layer);
      count += layer.count;
    }
    return start + index;
  });
  return { chunks, layers, tasks };
}

/** One local array of the blocks' values; the plain value of an array without axes. */
export function assembleLocal(
  values: readonly NDArray[],
  chunks: Chunks,
  options: { readonly int64?: "bigint" } = {},
): unknown {
  if (chunks.length === 0) {
    const [value] = values as readonly unknown[];
    return isNDArray(value) ? itemOf(value, options) : value;
  }
  if (values.length === 1) return values[0];
  const known = knownChunks(values, chunks);
  return assembleBlock(
    gridOf(known),
    known.map(() => 0),
    shapeOf(known),
    values,
  );
}

/** Stands for a block that is at its place already. */
const PLACED: unique symbol = Symbol("placed");

/**
 * The local array of one computation: blocks are copied to their places straight from where the
 * engine keeps them. Blocks of unknown lengths, and single ones, are assembled at the end.
 */
export class Gathering {
  readonly #chunks: Chunks;
  readonly #starts: readonly Float64Array[] | undefined;
  #whole: NDArray | undefined;

  constructor(chunks: Chunks) {
    this.#chunks = chunks;
    const isKnown = !chunks.some((blocks) => blocks.some(Number.isNaN));
    if (isKnown && product(gridOf(chunks)) > 1) this.#starts = chunks.map(offsetsOf);
  }

  /** Copies a block that is only lent; undefined when it is to be kept as a copy of its own. */
  receive(index: number, value: unknown): unknown {
    if (this.#starts === undefined || !isNDArray(value)) return undefined;
    this.#whole ??= NDArray.of(emptyLayout(value.dtype, shapeOf(this.#chunks)));
    this.#place(this.#whole, index, value);
    return PLACED;
  }

  /** The whole, of what `receive` gave and of plain blocks. */
  finish(values: readonly unknown[]): unknown {
    const whole = this.#whole;
    if (whole === undefined) return assembleLocal(values as readonly NDArray[], this.#chunks);
    values.forEach((value, index) => {
      if (value !== PLACED) this.#place(whole, index, value as NDArray);
    });
    return whole;
  }

  #place(whole: NDArray, index: number, block: NDArray): void {
    const starts = this.#starts as readonly Float64Array[];
    const grid = gridOf(this.#chunks);
    const from = new Array<number>(grid.length);
    let rest = index;
    for (let axis = grid.length - 1; axis >= 0; axis--) {
      const count = grid[axis] as number;
      from[axis] = starts[axis]?.[rest % count] as number;
      rest = Math.floor(rest / count);
    }
    copyPart(whole, from, block);
  }
}

/** Block lengths read off the values, where a mask had left them unknown. */
function knownChunks(values: readonly NDArray[], chunks: Chunks): Chunks {
  if (!chunks.some((blocks) => blocks.some(Number.isNaN))) return chunks;
  const grid = gridOf(chunks);
  const known = chunks.map((blocks) => blocks.slice());
  const cell = new Array<number>(grid.length).fill(0);
  for (const value of values) {
    cell.forEach((at, axis) => {
      (known[axis] as number[])[at] = value.shape[axis] as number;
    });
    advance(cell, grid);
  }
  return known;
}

function itemOf(array: NDArray, { int64 }: { readonly int64?: "bigint" }): unknown {
  return int64 === undefined ? array.item() : array.item({ int64 });
}

referToAll(import.meta.url, self);
