/**
 * @file One column of a local table: values in a typed array (or UTF-8 bytes behind offsets), and a
 * bitmap of the rows that are not null, bit order as in Arrow. A slice shares its memory with the
 * whole.
 */
import { HeddleError } from "../core/errors.ts";
import {
  decimalOf,
  dtypeOf,
  type Field,
  isNested,
  type SqlType,
  storageOf,
  type Words,
} from "./types.ts";

/** What a column's values lie in. */
export type ColumnArray =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** How 64-bit integers become JavaScript values. */
export interface ValueOptions {
  /**
   * `"number"` (the default) throws `UnsafeInteger` for integers beyond 2^53; `"bigint"` gives
   * every 64-bit and 128-bit integer as a bigint.
   */
  readonly int64?: "number" | "bigint";
}

/** Memory of a column, as it lies in a value at rest. */
export interface ColumnData {
  readonly values: ColumnArray;
  /** `length + 1` byte positions in `values`; only for text and bytes. */
  readonly offsets?: Int32Array | undefined;
  /** Bit `bitOffset + i` is set where row `i` is not null; absent when no row is null. */
  readonly validity?: Uint8Array | undefined;
  readonly bitOffset?: number;
}

/**
 * A typed column with nulls. `values`, `offsets` and `validity` are the memory itself; `get` makes
 * JS values.
 */
export class Column<T = unknown> implements Iterable<T | null> {
  readonly name: string;
  /** The logical type in the engine's words. */
  readonly type: SqlType;
  readonly length: number;
  readonly values: ColumnArray;
  readonly offsets: Int32Array | undefined;
  readonly validity: Uint8Array | undefined;
  readonly bitOffset: number;

  constructor(field: Field, length: number, data: ColumnData) {
    this.name = field.name;
    this.type = field.type;
    this.length = length;
    this.values = data.values;
    this.offsets = data.offsets;
    this.validity = data.validity;
    this.bitOffset = data.bitOffset ?? 0;
  }

  /** The type in NumPy's words, such as `"int64"`. */
  get dtype(): string {
    return dtypeOf(this.type);
  }

  /** Whether row `i` is null. */
  isNull(i: number): boolean {
    if (this.validity === undefined) return false;
    const bit = this.bitOffset + i;
    return (((this.validity[bit >> 3] as number) >> (bit & 7)) & 1) === 0;
  }

  get nullCount(): number {
    if (this.validity === undefined) return 0;
    let count = 0;
    for (let i = 0; i < this.length; i++) if (this.isNull(i)) count++;
    return count;
  }

  /**
   * The value of row `i` as JavaScript sees it: number, string, boolean, `Date` in UTC, or null.
   */
  get(i: number, options: ValueOptions = {}): T | null {
    if (i < 0 || i >= this.length || this.isNull(i)) return null;
    return readerOf(this, options)(i) as T;
  }

  /** All values as JavaScript values. */
  toArray(options: ValueOptions = {}): (T | null)[] {
    const read = readerOf(this, options);
    return Array.from({ length: this.length }, (_, i) => (this.isNull(i) ? null : (read(i) as T)));
  }

  *[Symbol.iterator](): IterableIterator<T | null> {
    const read = readerOf(this, {});
    for (let i = 0; i < this.length; i++) yield this.isNull(i) ? null : (read(i) as T);
  }

  /** Rows `start` to `end` (exclusive), sharing memory. */
  slice(start: number, end: number): Column<T> {
    const width = this.offsets === undefined ? this.values.length / Math.max(1, this.length) : 0;
    const bit = this.bitOffset + start;
    return new Column<T>(this, end - start, {
      values:
        this.offsets === undefined ? this.values.subarray(start * width, end * width) : this.values,
      offsets: this.offsets?.subarray(start, end + 1),
      validity: this.validity?.subarray(bit >> 3, (this.bitOffset + end + 7) >> 3),
      bitOffset: this.validity === undefined ? 0 : bit & 7,
    });
  }

  /** The same memory under another name or logical type of the same storage. */
  as(field: Field): Column<T> {
    return new Column<T>(field, this.length, this);
  }

  /** Bytes that the column's rows occupy. */
  get nbytes(): number {
    const text = this.offsets;
    const bytes =
      text === undefined
        ? this.values.byteLength
        : (text[this.length] ?? 0) - (text[0] ?? 0) + text.byteLength;
    return bytes + (this.validity?.byteLength ?? 0);
  }
}

const ARRAYS = {
  u8: Uint8Array,
  i8: Int8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
  f32: Float32Array,
  f64: Float64Array,
} as const;

/** A view of the right kind over `buffer`. */
export function arrayOver(
  words: Words,
  buffer: ArrayBufferLike,
  byteOffset: number,
  bytes: number,
): ColumnArray {
  const Kind = ARRAYS[words];
  // Shared memory is as good as any; the array types just do not say so.
  return new Kind(buffer as ArrayBuffer, byteOffset, bytes / Kind.BYTES_PER_ELEMENT);
}

const TEXT = new TextDecoder();

/** A function that reads row `i` (not null) of a column as a JavaScript value. */
export function readerOf(column: Column, options: ValueOptions): (i: number) => unknown {
  const { type, values } = column;
  if (column.offsets !== undefined) return bytesReader(column, column.offsets);
  const decimal = decimalOf(type);
  if (decimal !== undefined) return decimalReader(column, decimal.scale);
  const wide = values as BigInt64Array;
  switch (type) {
    case "BOOLEAN":
      return (i) => values[i] !== 0;
    case "BIGINT":
    case "UBIGINT":
      if (options.int64 === "bigint") return (i) => values[i];
      return integerReader(column);
    case "HUGEINT":
      if (options.int64 === "bigint") return (i) => wideInteger(values, i);
      return (i) => toNumber(wideInteger(values, i), column.name);
    case "DATE":
      return (i) => new Date((values[i] as number) * 86_400_000);
    case "TIME":
      return (i) => timeText(wide[i] as bigint);
    case "INTERVAL":
      return (i) => interval(values as BigUint64Array, i);
    case "TIMESTAMP_S":
      return (i) => new Date(Number(wide[i]) * 1000);
    case "TIMESTAMP_MS":
      return (i) => new Date(Number(wide[i]));
    case "TIMESTAMP":
    case "TIMESTAMP WITH TIME ZONE":
      return (i) => new Date(Math.floor(Number(wide[i]) / 1000));
    case "TIMESTAMP_NS":
      return (i) => new Date(Math.floor(Number((wide[i] as bigint) / 1000n) / 1000));
    default:
      return (i) => values[i];
  }
}

/** 64-bit integers as numbers, from their two halves: many times faster than through bigint. */
function integerReader(column: Column): (i: number) => number {
  const { buffer, byteOffset } = column.values;
  const words = new Uint32Array(buffer, byteOffset, column.length * 2);
  const Signed = column.type === "UBIGINT" ? Uint32Array : Int32Array;
  const signed = new Signed(buffer as ArrayBuffer, byteOffset, column.length * 2);
  return (i) => {
    const number = (signed[2 * i + 1] as number) * 4_294_967_296 + (words[2 * i] as number);
    if (Number.isSafeInteger(number)) return number;
    return toNumber((column.values as BigInt64Array)[i] as bigint, column.name);
  };
}

function bytesReader(column: Column, offsets: Int32Array): (i: number) => unknown {
  const bytes = column.values as Uint8Array;
  // A decoder refuses views of shared memory: their bytes are copied out first.
  const shared = !(bytes.buffer instanceof ArrayBuffer);
  const at = (i: number): Uint8Array => {
    const [start, end] = [offsets[i] as number, offsets[i + 1] as number];
    return shared ? bytes.slice(start, end) : bytes.subarray(start, end);
  };
  if (column.type === "BLOB") return (i) => Uint8Array.from(at(i));
  const text = (i: number): string => asciiText(bytes, offsets, i) ?? TEXT.decode(unshared(at(i)));
  return isNested(column.type) ? (i) => JSON.parse(text(i)) : text;
}

/** `slice` of a shared view is shared too on some versions of Node: copies into plain memory. */
function unshared(bytes: Uint8Array): Uint8Array {
  return bytes.buffer instanceof ArrayBuffer ? bytes : Uint8Array.from(bytes);
}

/** Short ASCII text without a decoder, which costs more than the text itself. */
function asciiText(bytes: Uint8Array, offsets: Int32Array, i: number): string | undefined {
  const start = offsets[i] as number;
  const end = offsets[i + 1] as number;
  if (end - start > 24) return undefined;
  let text = "";
  for (let at = start; at < end; at++) {
    const code = bytes[at] as number;
    if (code > 127) return undefined;
    text += String.fromCharCode(code);
  }
  return text;
}

function decimalReader(column: Column, scale: number): (i: number) => number {
  const { values } = column;
  if (scale === 0 && values instanceof BigInt64Array) {
    return (i) => toNumber(values[i] as bigint, column.name);
  }
  if (storageOf(column.type).kind === "fixed" && values instanceof BigUint64Array) {
    return (i) => Number(`${wideInteger(values, i)}e-${scale}`);
  }
  return (i) => Number(`${values[i]}e-${scale}`);
}

/** The signed 128-bit integer of row `i`, stored as two little-endian words. */
export function wideInteger(values: ColumnArray, i: number): bigint {
  const words = values as BigUint64Array;
  return BigInt.asIntN(64, words[2 * i + 1] as bigint) * (1n << 64n) + (words[2 * i] as bigint);
}

function toNumber(value: bigint, name: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new HeddleError(
    "UnsafeInteger",
    `column "${name}" holds ${value}, which a JavaScript number cannot hold exactly ` +
      '(the limit is 2^53 - 1): pass { int64: "bigint" } to get 64-bit integers as bigint',
    { fields: { column: name, value: String(value) } },
  );
}

/** `HH:MM:SS` with as many digits of a second as needed. */
function timeText(micros: bigint): string {
  const [seconds, rest] = [Number(micros / 1_000_000n), Number(micros % 1_000_000n)];
  const two = (n: number): string => String(Math.floor(n)).padStart(2, "0");
  const whole = `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
  return rest === 0 ? whole : `${whole}.${String(rest).padStart(6, "0").replace(/0+$/, "")}`;
}

/** A span of time in the three units that cannot be turned into each other. */
export interface IntervalValue {
  readonly months: number;
  readonly days: number;
  readonly micros: number;
}

function interval(words: BigUint64Array, i: number): IntervalValue {
  const first = words[2 * i] as bigint;
  return {
    months: Number(BigInt.asIntN(32, first)),
    days: Number(BigInt.asIntN(32, first >> 32n)),
    micros: Number(BigInt.asIntN(64, words[2 * i + 1] as bigint)),
  };
}
