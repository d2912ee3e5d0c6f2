/**
 * @file How a lazy array shows itself: the four facts (bytes, shape, tasks, type) for the array and
 * for its largest block, as text, and as HTML with a drawing of the block grid.
 */
import type { DType } from "../core/dtype.ts";
import type { Layer } from "../core/graph.ts";
import { formatBytes } from "../core/units.ts";
import type { Blocks } from "./blocks.ts";
import { type Chunks, product } from "./chunks.ts";
import { drawGrid } from "./svg.ts";

/** Size of the graph behind an array, before optimisation. */
export interface GraphFacts {
  readonly layers: number;
  readonly tasks: number;
}

/** Counts the layers and tasks that blocks depend on. */
export function graphFacts(blocks: Blocks): GraphFacts {
  const seen = new Map<string, Layer>();
  const stack = [...blocks.layers];
  for (let layer = stack.pop(); layer !== undefined; layer = stack.pop()) {
    if (seen.has(layer.name)) continue;
    seen.set(layer.name, layer);
    stack.push(...layer.inputs);
  }
  let tasks = 0;
  for (const layer of seen.values()) tasks += layer.count;
  return { layers: seen.size, tasks };
}

/** What is shown of an array. */
export interface Shown {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly chunks: Chunks;
  readonly chunksize: readonly number[];
  readonly npartitions: number;
  readonly itemsize: number;
  readonly graphFacts: GraphFacts;
}

function rowsOf(array: Shown): [string, string, string][] {
  const { layers, tasks } = array.graphFacts;
  const bytes = (shape: readonly number[]): string => formatBytes(product(shape) * array.itemsize);
  const plural = (count: number, word: string): string =>
    `${count} ${word}${count === 1 ? "" : "s"}`;
  return [
    ["Bytes", known(bytes, array.shape), known(bytes, array.chunksize)],
    ["Shape", showShape(array.shape), showShape(array.chunksize)],
    [
      "Count",
      `${plural(tasks, "task")} in ${plural(layers, "layer")}`,
      plural(array.npartitions, "chunk"),
    ],
    ["Type", array.dtype, "NDArray"],
  ];
}

function known(bytes: (shape: readonly number[]) => string, shape: readonly number[]): string {
  return shape.some(Number.isNaN) ? "unknown" : bytes(shape);
}

function showShape(shape: readonly number[]): string {
  return `(${shape.map((length) => (Number.isNaN(length) ? "?" : length)).join(", ")})`;
}

/** The facts as a table of text. */
export function arrayText(array: Shown): string {
  const rows: [string, string, string][] = [["", "Array", "Chunk"], ...rowsOf(array)];
  const widths = [0, 1, 2].map((k) => Math.max(...rows.map((row) => (row[k] as string).length)));
  const lines = rows.map((row) =>
    row
      .map((cell, k) => cell.padEnd(widths[k] as number))
      .join("  ")
      .trimEnd(),
  );
  return `DistArray (lazy: await .compute() for its value)\n${lines.join("\n")}`;
}

/** The facts as an HTML table beside a drawing. */
export function arrayHtml(array: Shown): string {
  const rows = rowsOf(array)
    .map(
      ([name, whole, chunk]) =>
        `<tr><th>${name}</th><td>${escapeHtml(whole)}</td><td>${escapeHtml(chunk)}</td></tr>`,
    )
    .join("");
  const table = `<table><thead><tr><th></th><th>Array</th><th>Chunk</th></tr></thead><tbody>${rows}</tbody></table>`;
  const drawing =
    array.shape.some(Number.isNaN) || array.shape.length === 0 ? "" : drawGrid(array.chunks);
  return `<table class="heddle-array"><tr><td>${table}</td><td>${drawing}</td></tr></table>`;
}

function escapeHtml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
