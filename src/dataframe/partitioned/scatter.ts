/**
 * @file Rows of a table sorted by destination: a counting sort of the row numbers, then one pass
 * over each column. The tables of the destinations share the memory of the sorted columns.
 */
import { arrayOver, Column } from "../../table/column.ts";
import { bytesOf } from "../../table/stack.ts";
import { Table } from "../../table/table.ts";
import { storageOf } from "../../table/types.ts";

/** The rows of each destination that has some, in the table's order. */
export function* scatter(
  table: Table,
  destinationOf: Int32Array,
  count: number,
): Generator<readonly [destination: number, rows: Table]> {
  const starts = new Int32Array(count + 1);
  for (const d of destinationOf) starts[d + 1] = (starts[d + 1] as number) + 1;
  for (let d = 0; d < count; d++) starts[d + 1] = (starts[d + 1] as number) + (starts[d] as number);
  const next = starts.slice(0, count);
  const order = new Int32Array(table.length);
  for (let i = 0; i < order.length; i++) {
    const d = destinationOf[i] as number;
    const at = next[d] as number;
    order[at] = i;
    next[d] = at + 1;
  }
  const columns = table.columns.map((name) => reordered(table.column(name), order));
  const sorted = new Table(columns, table.length);
  for (let d = 0; d < count; d++) {
    const [from, to] = [starts[d] as number, starts[d + 1] as number];
    if (to > from) yield [d, sorted.slice(from, to)];
  }
}

/** The column whose row `i` is row `order[i]` of the given one. */
export function reordered(column: Column, order: Int32Array): Column {
  const validity = reorderedBits(column, order);
  if (column.offsets !== undefined) {
    return new Column(column, order.length, { ...reorderedText(column, order), validity });
  }
  const storage = storageOf(column.type);
  const words = storage.kind === "fixed" ? storage.words : "u8";
  const width = storage.kind === "fixed" ? storage.bytes : 1;
  const target = new Uint8Array(order.length * width);
  moveFixed(bytesOf(column.values), target, width, order);
  const values = arrayOver(words, target.buffer, 0, target.length);
  return new Column(column, order.length, { values, validity });
}

/** Moves values of 1, 2, 4, 8 or 16 bytes; never through floats, which would change some. */
function moveFixed(
  source: Uint8Array,
  target: Uint8Array<ArrayBuffer>,
  width: number,
  order: Int32Array,
): void {
  if (width < 4) return moveBytes(source, target, width, order);
  const from = new Int32Array(source.buffer as ArrayBuffer, source.byteOffset, source.length / 4);
  const to = new Int32Array(target.buffer);
  if (width === 4) {
    for (let i = 0; i < order.length; i++) to[i] = from[order[i] as number] as number;
    return;
  }
  if (width === 8) {
    for (let i = 0; i < order.length; i++) {
      const at = (order[i] as number) << 1;
      to[2 * i] = from[at] as number;
      to[2 * i + 1] = from[at + 1] as number;
    }
    return;
  }
  for (let i = 0; i < order.length; i++) {
    const at = (order[i] as number) << 2;
    for (let w = 0; w < 4; w++) to[4 * i + w] = from[at + w] as number;
  }
}

function moveBytes(source: Uint8Array, target: Uint8Array, width: number, order: Int32Array): void {
  for (let i = 0; i < order.length; i++) {
    const at = (order[i] as number) * width;
    for (let b = 0; b < width; b++) target[i * width + b] = source[at + b] as number;
  }
}

/** Longer texts are copied by the platform. */
const SHORT_TEXT = 48;

function reorderedText(
  column: Column,
  order: Int32Array,
): { values: Uint8Array; offsets: Int32Array } {
  const from = column.offsets as Int32Array;
  const bytes = column.values as Uint8Array;
  const total = (from[column.length] ?? 0) - (from[0] ?? 0);
  const values = new Uint8Array(total);
  const offsets = new Int32Array(order.length + 1);
  let end = 0;
  for (let i = 0; i < order.length; i++) {
    const row = order[i] as number;
    const start = from[row] as number;
    const stop = from[row + 1] as number;
    if (stop - start > SHORT_TEXT) {
      values.set(bytes.subarray(start, stop), end);
      end += stop - start;
    } else for (let at = start; at < stop; at++) values[end++] = bytes[at] as number;
    offsets[i + 1] = end;
  }
  return { values, offsets };
}

function reorderedBits(column: Column, order: Int32Array): Uint8Array | undefined {
  if (column.validity === undefined) return undefined;
  const bits = new Uint8Array((order.length + 7) >> 3);
  for (let i = 0; i < order.length; i++) {
    if (!column.isNull(order[i] as number))
      bits[i >> 3] = (bits[i >> 3] as number) | (1 << (i & 7));
  }
  return bits;
}
