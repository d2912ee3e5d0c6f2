/**
 * @file Cutting arrays anew. New blocks that each lie within an old one are views; only joining
 * blocks makes tasks.
 */
import { itemsizeOf } from "../../core/dtype.ts";
import { isSplit, overlapAxis } from "../axis-plans.ts";
import { type Chunks, isKnown, sameBlocks, sameChunks } from "../chunks.ts";
import { type CutAxis, partedAxis, wholeAxis } from "../cut.ts";
import { type Expr, shapeOfExpr, view } from "../expression.ts";
import { type ChunkLength, type ChunksInput, normalizeChunks } from "../normalize-chunks.ts";
import { unknownChunks } from "./errors.ts";

/** The array in chunks given in any form; axes that the form leaves out keep theirs. */
export function rechunk(array: Expr, chunks: ChunksInput, limitBytes?: number): Expr {
  const given = keepUnnamed(array, chunks);
  const wanted = normalizeChunks(given, shapeOfExpr(array), {
    itemBytes: itemsizeOf(array.dtype),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    previous: array.chunks,
  });
  return rechunkTo(array, wanted);
}

/** In a rechunk, null means the present chunks, and so do axes that an object leaves out. */
function keepUnnamed(array: Expr, chunks: ChunksInput): ChunksInput {
  if (typeof chunks !== "object" || chunks === null) return chunks;
  const present = array.chunks;
  if (isList(chunks))
    return chunks.map((entry, axis) => (entry === null ? (present[axis] ?? null) : entry));
  const named = chunks as Exclude<typeof chunks, readonly unknown[]>;
  const all: Record<number, ChunkLength | readonly number[]> = { ...named };
  present.forEach((blocks, axis) => {
    all[axis] = named[axis] ?? named[axis - present.length] ?? blocks;
  });
  return all;
}

function isList<T>(value: unknown): value is readonly T[] {
  return Array.isArray(value);
}

/** The array in exactly these chunks, which add up to its shape. */
export function rechunkTo(array: Expr, wanted: Chunks): Expr {
  if (sameChunks(array.chunks, wanted)) return array;
  if (!isKnown(array.chunks)) throw unknownChunks("rechunk", array.chunks);
  const overlaps = wanted.map((blocks, axis) => overlapAxis(array.chunks[axis] ?? [], blocks));
  if (!overlaps.every(isSplit)) {
    // Merging what was itself only merged or split needs no step between.
    const source = array.kind === "rechunk" ? array.operands[0] : array;
    return { kind: "rechunk", dtype: array.dtype, chunks: wanted, operands: [source] };
  }
  const axes = overlaps.map((overlap, axis): CutAxis => {
    const below = array.chunks[axis] as readonly number[];
    const blocks = wanted[axis] as readonly number[];
    const parts = { blocks, source: overlap.first, start: overlap.start };
    return sameBlocks(below, blocks) ? wholeAxis(below, axis) : partedAxis(below, axis, parts);
  });
  return view(array, { axes, fixed: [] });
}
