/**
 * @file Choosing block lengths for axes given as "auto": blocks of at most a number of bytes, as
 * near to cubes as the shape allows, or near to the array's present chunks. The algorithm and its
 * numbers are Dask's (`auto_chunks`).
 */
import { HeddleError } from "../core/errors.ts";
import { type AxisChunks, type Chunks, product, showChunks } from "./chunks.ts";
import { arraySettings } from "./settings.ts";

/** What the choice depends on. */
export interface AutoOptions {
  readonly itemBytes: number;
  /** Default: the setting `array.chunk-size`. */
  readonly limitBytes?: number;
  readonly previous?: Chunks;
}

/** Replaces every "auto" by a block length or a list of them. */
export function autoChunks(
  axes: readonly AxisChunks[],
  shape: readonly number[],
  options: AutoOptions,
): AxisChunks[] {
  const known = axes.flatMap((entry) => (entry === "auto" ? [] : entry));
  if ([...shape, ...known].some(Number.isNaN)) {
    throw new HeddleError(
      "InvalidChunks",
      `chunks "auto" need known lengths, but the array has unknown ones ${showChunks(axes)}: ` +
        "call computeChunkSizes() first",
    );
  }
  const limitBytes = Math.max(1, options.limitBytes ?? arraySettings().chunkSizeBytes);
  const limit = limitBytes / options.itemBytes;
  return options.previous === undefined
    ? cubes(axes, shape, limit)
    : nearPrevious(axes, shape, limit, options.previous);
}

/** Elements of the largest block along the axes that are decided. */
function largestOf(axes: readonly AxisChunks[]): number {
  return product(
    axes.map((entry) => {
      if (entry === "auto") return 1;
      return typeof entry === "number" ? entry : Math.max(...entry);
    }),
  );
}

function cubes(axes: readonly AxisChunks[], shape: readonly number[], limit: number): AxisChunks[] {
  const result = axes.slice();
  for (;;) {
    const open = result.flatMap((entry, axis) => (entry === "auto" ? [axis] : []));
    const side = (limit / Math.max(1, largestOf(result))) ** (1 / open.length);
    const small = open.filter((axis) => (shape[axis] as number) < side);
    if (small.length === 0) {
      for (const axis of open) result[axis] = roundTo(side, shape[axis] as number);
      return result;
    }
    for (const axis of small) result[axis] = [shape[axis] as number];
    if (small.length === open.length) return result;
  }
}

/**
 * A length near `wanted` that suits `natural`: itself when smaller, else the largest multiple
 * below.
 */
function roundTo(wanted: number, natural: number): number {
  if (wanted <= natural) return Math.max(1, Math.floor(wanted));
  return Math.floor(wanted / natural) * natural;
}

/** State of the search that keeps near to previous chunks. */
interface Search {
  readonly shape: readonly number[];
  readonly previous: Chunks;
  readonly limit: number;
  readonly tolerance: number;
  /** Axes still to be settled. */
  readonly open: Set<number>;
  /** Median block length of open axes; when blocks must shrink, the lengths proposed so far. */
  readonly medians: Map<number, number>;
  readonly result: Map<number, number | readonly number[]>;
  largest: number;
}

function nearPrevious(
  axes: readonly AxisChunks[],
  shape: readonly number[],
  limit: number,
  previous: Chunks,
): AxisChunks[] {
  const open = axes.flatMap((entry, axis) => (entry === "auto" ? [axis] : []));
  const search: Search = {
    shape,
    previous,
    limit,
    tolerance: arraySettings().chunkSizeTolerance,
    open: new Set(open),
    medians: new Map(open.map((axis) => [axis, median(previous[axis] as readonly number[])])),
    result: new Map(),
    largest: largestOf(axes),
  };
  let factor = growth(search);
  const shrink = factor < 1;
  for (let again = true; again; ) {
    again = false;
    const count = search.open.size;
    for (const axis of [...search.open].sort((a, b) => a - b)) {
      if (settle(search, axis, factor, count, shrink)) again = true;
    }
    if (again || shrink) {
      const last = factor;
      factor = growth(search);
      if (factor !== last && search.open.size > 0) again = true;
    }
  }
  return axes.map((entry, axis) => search.result.get(axis) ?? entry);
}

/** By how much blocks may still grow (above 1) or must shrink. */
function growth(search: Search): number {
  const lengths = [...search.medians.values()].filter((length) => length > 0);
  return search.limit / search.largest / product(lengths);
}

/** Proposes blocks for one axis; true when what remains for other axes has changed. */
function settle(s: Search, axis: number, factor: number, count: number, shrink: boolean): boolean {
  const blocks = s.previous[axis] as readonly number[];
  const length = s.shape[axis] as number;
  const proposed = (s.medians.get(axis) as number) * factor ** (1 / count);
  if (proposed > length) {
    s.open.delete(axis);
    s.medians.delete(axis);
    s.largest *= length;
    s.result.set(axis, [length]);
    return true;
  }
  const longest = Math.max(...blocks);
  if (shrink || longest > proposed * s.tolerance ** (1 / count)) {
    const rounded = roundTo(proposed, natural(blocks, length));
    s.result.set(axis, rounded);
    if (shrink) s.medians.set(axis, rounded);
    if (proposed >= 1) return false;
    s.open.delete(axis);
    return true;
  }
  s.result.set(axis, merged(blocks, proposed));
  return false;
}

/** Neighbouring blocks joined while they stay within `most`. */
function merged(blocks: readonly number[], most: number): number[] {
  const result: number[] = [];
  let length = 0;
  for (const block of blocks) {
    if (block + length <= most) {
      length += block;
      continue;
    }
    if (length > 0) result.push(length);
    length = block;
  }
  if (length > 0) result.push(length);
  return result.length === 0 ? [0] : result;
}

/** The length that most blocks have, or that of the axis when there is none. */
function natural(blocks: readonly number[], length: number): number {
  const counts = new Map<number, number>();
  for (const block of blocks) counts.set(block, (counts.get(block) ?? 0) + 1);
  let mode = length;
  let most = 0;
  for (const [block, count] of counts) {
    if (count > most) [mode, most] = [block, count];
  }
  return mode > 1 && most >= blocks.length / 2 ? mode : length;
}

function median(values: readonly number[]): number {
  const sorted = values.slice().sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle] as number;
  return sorted.length % 2 === 1 ? high : (high + (sorted[middle - 1] as number)) / 2;
}
