/**
 * @file How an array is cut into blocks: the forms in which users give chunks, made into one list
 * of block lengths per axis. Accepts every form that Dask takes; errors name the numbers that do
 * not fit.
 */
import { HeddleError } from "../core/errors.ts";
import { parseBytes } from "../core/units.ts";
import { autoChunks } from "./auto-chunks.ts";
import { type AxisChunks, type Chunks, show, showChunks, showList, sum } from "./chunks.ts";

/**
 * Length of the blocks of one axis: a number, -1 or null (whole axis), "auto", or bytes per block
 * such as "16MiB".
 */
export type ChunkLength = number | null | string;

/**
 * Chunks as users give them: one length for all axes, one entry per axis, an explicit list of block
 * lengths per axis, an object by axis number (axes left out are not cut), or any mixture of these.
 */
export type ChunksInput =
  | ChunkLength
  | readonly (ChunkLength | readonly number[])[]
  | { readonly [axis: number]: ChunkLength | readonly number[] };

/** What choosing block lengths may need to know. */
export interface NormalizeOptions {
  /** Bytes of one element; default 8. */
  readonly itemBytes?: number;
  /** Bytes that an "auto" block may have; default `array.chunk-size` (128 MiB). */
  readonly limitBytes?: number;
  /** Chunks that "auto" should stay near to; default none (blocks become cubes). */
  readonly previous?: Chunks;
}

/**
 * Turns any form of chunks into block lengths per axis.
 *
 * Errors: `InvalidChunks` when lengths do not add up to the shape, the number of axes differs, or a
 * length is no positive integer.
 *
 * @example
 * import { normalizeChunks } from "heddle/array";
 * console.log(normalizeChunks(10, [30, 5])); // [ [ 10, 10, 10 ], [ 5 ] ]
 */
export function normalizeChunks(
  chunks: ChunksInput,
  shape: readonly number[],
  options: NormalizeOptions = {},
): number[][] {
  const perAxis = entriesPerAxis(chunks, shape);
  if (perAxis.length !== shape.length) {
    throw new HeddleError(
      "InvalidChunks",
      `chunks ${showChunks(chunks)} describe ${perAxis.length} axes, but the shape ${show(shape)} has ` +
        `${shape.length}: give one entry per axis, or one number for all axes`,
      { fields: { chunks, shape } },
    );
  }
  let limitBytes = options.limitBytes;
  const axes = perAxis.map((entry, axis): AxisChunks => {
    if (entry === null || entry === -1) return [shape[axis] as number];
    if (typeof entry !== "string" || entry === "auto") return entry as AxisChunks;
    const bytes = parseChunkBytes(entry);
    if (limitBytes !== undefined && bytes !== limitBytes) {
      throw new HeddleError(
        "InvalidChunks",
        `chunks ${showChunks(chunks)} ask for blocks of ${limitBytes} and of ${bytes} bytes: give one size only`,
      );
    }
    limitBytes = bytes;
    return "auto";
  });
  const chosen = axes.includes("auto")
    ? autoChunks(axes, shape, {
        itemBytes: options.itemBytes ?? 8,
        ...(limitBytes === undefined ? {} : { limitBytes }),
        ...(options.previous === undefined ? {} : { previous: options.previous }),
      })
    : axes;
  return chosen.map((entry, axis) =>
    typeof entry === "number"
      ? uniformChunks(shape[axis] as number, entry, axis)
      : checkedChunks(entry as readonly number[], shape[axis] as number, axis),
  );
}

type Entry = ChunkLength | readonly number[];

function entriesPerAxis(chunks: ChunksInput, shape: readonly number[]): readonly Entry[] {
  if (chunks === null || typeof chunks === "number" || typeof chunks === "string") {
    return shape.map(() => chunks);
  }
  if (isList(chunks)) {
    if (chunks.length === 0 && shape.every((length) => length === 0)) return shape.map(() => [0]);
    const oneAxis =
      shape.length === 1 && chunks.length > 1 && chunks.every((c) => typeof c === "number");
    return oneAxis ? [chunks as readonly number[]] : chunks;
  }
  if (typeof chunks !== "object") {
    throw new HeddleError("InvalidChunks", `chunks are ${String(chunks)}; ${FORMS}`);
  }
  for (const key of Object.keys(chunks)) {
    const axis = Number(key);
    if (!Number.isInteger(axis) || axis < -shape.length || axis >= shape.length) {
      throw new HeddleError(
        "InvalidChunks",
        `chunks name axis ${key}, but the shape ${show(shape)} has axes 0 to ${shape.length - 1}`,
      );
    }
  }
  return shape.map((_, axis) => chunks[axis] ?? chunks[axis - shape.length] ?? null);
}

const FORMS =
  'give a number, "auto", a size such as "16MiB", a list with one entry per axis, or an object by axis';

function isList<T>(value: unknown): value is readonly T[] {
  return Array.isArray(value);
}

function parseChunkBytes(text: string): number {
  try {
    return parseBytes(text);
  } catch (cause) {
    throw new HeddleError("InvalidChunks", `chunk size "${text}" is no number of bytes; ${FORMS}`, {
      cause,
    });
  }
}

function uniformChunks(length: number, block: number, axis: number): number[] {
  if (length === 0) return [0];
  if (!Number.isInteger(block) || block < 1) {
    throw new HeddleError(
      "InvalidChunks",
      `the block length of axis ${axis} is ${block}; it must be a positive integer, or -1 for the whole axis`,
      { fields: { axis, block } },
    );
  }
  if (Number.isNaN(length)) throw unknownLength(axis);
  const whole = Math.floor(length / block);
  const blocks = new Array<number>(whole).fill(block);
  if (whole * block < length) blocks.push(length - whole * block);
  return blocks;
}

function checkedChunks(blocks: readonly number[], length: number, axis: number): number[] {
  if (!isList(blocks) || blocks.length === 0) {
    throw new HeddleError(
      "InvalidChunks",
      `the chunks of axis ${axis} are ${showChunks(blocks)}; an axis has at least one block ` +
        "(an empty axis has the one block [0])",
    );
  }
  const bad = blocks.find(
    (block) => !Number.isNaN(block) && !(Number.isInteger(block) && block >= 0),
  );
  if (bad !== undefined) {
    throw new HeddleError(
      "InvalidChunks",
      `a block of axis ${axis} has length ${String(bad)}; block lengths are integers from 0 on`,
    );
  }
  const total = sum(blocks);
  if (total === length || Number.isNaN(total) || Number.isNaN(length)) return blocks.slice();
  throw new HeddleError(
    "InvalidChunks",
    `the chunks of axis ${axis} add up to ${total}, but the axis has length ${length}: ` +
      `${showList(blocks)}`,
    { fields: { axis, total, length } },
  );
}

function unknownLength(axis: number): HeddleError {
  return new HeddleError(
    "InvalidChunks",
    `axis ${axis} has an unknown length, so it cannot be cut anew: ` +
      "call computeChunkSizes() first, or use the whole axis (-1)",
  );
}
