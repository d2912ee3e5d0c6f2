/**
 * @file The `table` kind of value at rest: the logical schema in the description, each column's
 * memory as buffers. Read back as views over the same memory. Importing this module registers the
 * codec.
 */
import { registerCodec } from "../codec/registry.ts";
import { arrayOver, Column } from "./column.ts";
import { bytesOf, copyBits } from "./stack.ts";
import { isTable, Table } from "./table.ts";
import { type SqlType, storageOf } from "./types.ts";

/**
 * What the description says of each column; the buffers follow in the order values, offsets,
 * validity.
 */
interface ColumnMeta {
  readonly n: string;
  readonly t: SqlType;
  /** Whether validity bits follow. */
  readonly v: 0 | 1;
}

interface TableMeta {
  readonly rows: number;
  readonly columns: readonly ColumnMeta[];
}

/** Name of the kind in descriptions. */
export const TABLE_KIND = "table";

registerCodec<Table>({
  kind: TABLE_KIND,
  test: isTable,
  encode: encodeTable,
  decode: (meta, buffers) => decodeTable(meta as TableMeta, buffers),
});

function encodeTable(table: Table): { meta: TableMeta; buffers: Uint8Array[] } {
  const buffers: Uint8Array[] = [];
  const columns = table.fields.map(({ name, type }): ColumnMeta => {
    const column = table.column(name);
    if (column.offsets === undefined) buffers.push(bytesOf(column.values));
    else buffers.push(...textBuffers(column, column.offsets));
    if (column.validity !== undefined) buffers.push(validityFromBit0(column, column.validity));
    return { n: name, t: type, v: column.validity === undefined ? 0 : 1 };
  });
  return { meta: { rows: table.length, columns }, buffers };
}

/** Only the slice's own text, with offsets from 0. */
function textBuffers(column: Column, offsets: Int32Array): [Uint8Array, Uint8Array] {
  const start = offsets[0] ?? 0;
  const end = offsets[column.length] ?? start;
  const rebased = start === 0 ? offsets : offsets.map((offset) => offset - start);
  return [(column.values as Uint8Array).subarray(start, end), bytesOf(rebased)];
}

function validityFromBit0(column: Column, validity: Uint8Array): Uint8Array {
  const bytes = (column.length + 7) >> 3;
  if (column.bitOffset === 0) return validity.subarray(0, bytes);
  const bits = new Uint8Array(bytes);
  copyBits(bits, 0, validity, column.bitOffset, column.length);
  return bits;
}

function decodeTable(meta: TableMeta, buffers: readonly Uint8Array[]): Table {
  let next = 0;
  const take = (): Uint8Array => buffers[next++] as Uint8Array;
  const columns = meta.columns.map(({ n, t, v }) => {
    const bytes = take();
    const storage = storageOf(t);
    const data =
      storage.kind === "fixed"
        ? { values: arrayOver(storage.words, bytes.buffer, bytes.byteOffset, bytes.length) }
        : { values: bytes, offsets: asOffsets(take()) };
    const validity = v === 1 ? take() : undefined;
    return new Column({ name: n, type: t }, meta.rows, { ...data, validity });
  });
  return new Table(columns, meta.rows);
}

function asOffsets(bytes: Uint8Array): Int32Array {
  return arrayOver("i32", bytes.buffer, bytes.byteOffset, bytes.length) as Int32Array;
}
