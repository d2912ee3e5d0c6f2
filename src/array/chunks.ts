/**
 * @file Lists of block lengths, and the arithmetic that everything else is built on.
 */

/** Block lengths along each axis; a length that is not known yet is NaN. */
export type Chunks = readonly (readonly number[])[];

/** One axis after null and -1 are gone: a block length, a list of them, or to be chosen. */
export type AxisChunks = number | "auto" | readonly number[];

/** Sum of block lengths; NaN when one is unknown. */
export function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** Length of each axis. */
export function shapeOf(chunks: Chunks): number[] {
  return chunks.map(sum);
}

/** Number of blocks along each axis. */
export function gridOf(chunks: Chunks): number[] {
  return chunks.map((blocks) => blocks.length);
}

/** Product of numbers, 1 for none. */
export function product(values: readonly number[]): number {
  let total = 1;
  for (const value of values) total *= value;
  return total;
}

/** Where each block of an axis begins, and at last the axis's length. */
export function offsetsOf(blocks: readonly number[]): Float64Array {
  const offsets = new Float64Array(blocks.length + 1);
  for (let i = 0; i < blocks.length; i++) {
    offsets[i + 1] = (offsets[i] as number) + (blocks[i] as number);
  }
  return offsets;
}

/** Whether every block length is known. */
export function isKnown(chunks: Chunks): boolean {
  return chunks.every((blocks) => !Number.isNaN(sum(blocks)));
}

/** Whether two axes are cut alike; unknown lengths are alike when the numbers of blocks agree. */
export function sameBlocks(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every((length, i) => Object.is(length, b[i]));
}

/** Whether two arrays are cut alike along all axes. */
export function sameChunks(a: Chunks, b: Chunks): boolean {
  return a.length === b.length && a.every((blocks, axis) => sameBlocks(blocks, b[axis] ?? []));
}

/** Shape for messages: `[3, 4]`. */
export function show(values: readonly number[]): string {
  return `[${values.join(", ")}]`;
}

/** Chunks for messages, long lists shortened in the middle. */
export function showChunks(chunks: unknown): string {
  if (Array.isArray(chunks)) {
    if (chunks.every((c) => typeof c === "number")) return showList(chunks as number[]);
    return `[${chunks.map(showChunks).join(", ")}]`;
  }
  return typeof chunks === "object" ? JSON.stringify(chunks) : String(chunks);
}

/** A list for messages, shortened in the middle. */
export function showList(values: readonly number[]): string {
  if (values.length <= 8) return show(values);
  const head = values.slice(0, 4).join(", ");
  return `[${head}, … ${values.slice(-2).join(", ")}] (${values.length} blocks)`;
}
