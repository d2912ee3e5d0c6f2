/**
 * @file Columns into DuckDB's vectors, 2,048 rows at a time: values and validity by memcpy; of
 * text, only the 16 bytes a row are built, pointing into the column's own memory, since appending a
 * chunk copies what it points to.
 */
import type { Column } from "./column.ts";
import type { Library, Pointer } from "./library.ts";
import { VECTOR_ROWS } from "./read-vectors.ts";
import { bytesOf, copyBits } from "./stack.ts";
import { storageOf } from "./types.ts";

const INLINE_MAX = 12;

/** Writes rows `start` to `end` of a column into a vector of its carried type. */
export type ColumnWriter = (vector: Pointer, start: number, end: number) => void;

/** A writer for `column`. */
export function columnWriter(library: Library, column: Column): ColumnWriter {
  const storage = storageOf(column.type);
  const values =
    storage.kind === "bytes"
      ? textWriter(library, column)
      : fixedWriter(library, column, storage.bytes);
  if (column.validity === undefined) return values;
  const bits = new Uint8Array(VECTOR_ROWS / 8);
  return (vector, start, end) => {
    values(vector, start, end);
    library.ensureValidity(vector);
    bits.fill(0);
    const from = column.bitOffset + start;
    copyBits(bits, 0, column.validity as Uint8Array, from, end - start);
    library.memput(library.vectorValidity(vector), bits, Math.ceil((end - start) / 64) * 8);
  };
}

function fixedWriter(library: Library, column: Column, width: number): ColumnWriter {
  const bytes = bytesOf(column.values);
  return (vector, start, end) => {
    const part = bytes.subarray(start * width, end * width);
    library.memput(library.vectorData(vector), part, part.length);
  };
}

function textWriter(library: Library, column: Column): ColumnWriter {
  const offsets = column.offsets as Int32Array;
  const text = column.values as Uint8Array;
  const base = text.length === 0 ? 0 : library.addressOf(text);
  const strings = new Uint8Array(VECTOR_ROWS * 16);
  const view = new DataView(strings.buffer);
  return (vector, start, end) => {
    strings.fill(0, 0, (end - start) * 16);
    for (let i = start; i < end; i++) {
      const from = offsets[i] as number;
      const length = (offsets[i + 1] as number) - from;
      const at = (i - start) * 16;
      view.setUint32(at, length, true);
      const inline = length <= INLINE_MAX ? length : 4;
      for (let b = 0; b < inline; b++) strings[at + 4 + b] = text[from + b] as number;
      if (length > INLINE_MAX) {
        const pointer = base + from;
        view.setUint32(at + 8, pointer >>> 0, true);
        view.setUint32(at + 12, Math.floor(pointer / 2 ** 32), true);
      }
    }
    library.memput(library.vectorData(vector), strings, (end - start) * 16);
  };
}
