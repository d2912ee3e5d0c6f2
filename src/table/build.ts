/**
 * @file Columns from JavaScript values: infers the type (bool, int64, float64, string,
 * datetime64[us], bytes; anything nested becomes JSON) or follows the one given, and packs values,
 * offsets and validity.
 */
import { HeddleError } from "../core/errors.ts";
import { arrayOver, Column, type ColumnArray } from "./column.ts";
import { decimalOf, dtypeOf, type Field, type SqlType, storageOf } from "./types.ts";

/**
 * A column made of the given values; without a type, the narrowest of int64, float64, bool,
 * string... that fits.
 */
export function columnOf(name: string, values: ArrayLike<unknown>, type?: SqlType): Column {
  const field: Field = { name, type: type ?? inferType(name, values) };
  const storage = storageOf(field.type);
  if (storage.kind === "bytes") return packBytes(field, values);
  const target = arrayOver(
    storage.words,
    new ArrayBuffer(values.length * storage.bytes),
    0,
    values.length * storage.bytes,
  );
  const validity = new Uint8Array((values.length + 7) >> 3);
  const write = writerOf(field, target);
  let nulls = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value === null || value === undefined) nulls++;
    else {
      validity[i >> 3] = (validity[i >> 3] as number) | (1 << (i & 7));
      write(i, value);
    }
  }
  return new Column(field, values.length, {
    values: target,
    validity: nulls === 0 ? undefined : validity,
  });
}

const TYPED: readonly [new (n: number) => ColumnArray, SqlType][] = [
  [Uint8Array, "UTINYINT"],
  [Int8Array, "TINYINT"],
  [Int16Array, "SMALLINT"],
  [Uint16Array, "USMALLINT"],
  [Int32Array, "INTEGER"],
  [Uint32Array, "UINTEGER"],
  [BigInt64Array, "BIGINT"],
  [BigUint64Array, "UBIGINT"],
  [Float32Array, "FLOAT"],
  [Float64Array, "DOUBLE"],
];

/** A column over a typed array's own memory; undefined when `values` is no typed array. */
export function columnOver(name: string, values: unknown): Column | undefined {
  const type = TYPED.find(([Kind]) => values instanceof Kind)?.[1];
  if (type === undefined) return undefined;
  const array = values as ColumnArray;
  return new Column({ name, type }, array.length, { values: array });
}

function inferType(name: string, values: ArrayLike<unknown>): SqlType {
  let type: SqlType | undefined;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value === null || value === undefined) continue;
    const one = typeOfValue(name, value);
    if (type === undefined || type === one) type = one;
    else type = widen(name, type, one);
  }
  return type ?? "VARCHAR";
}

function typeOfValue(name: string, value: unknown): SqlType {
  switch (typeof value) {
    case "number":
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? "BIGINT" : "DOUBLE";
    case "bigint":
      return "BIGINT";
    case "boolean":
      return "BOOLEAN";
    case "string":
      return "VARCHAR";
    case "object":
      if (value instanceof Date) return "TIMESTAMP";
      return value instanceof Uint8Array ? "BLOB" : "JSON";
    default:
      throw new HeddleError(
        "DTypeMismatch",
        `column "${name}" holds a ${typeof value}; a column may hold numbers, bigints, booleans, strings, ` +
          "dates, bytes, plain objects, arrays and null",
        { fields: { column: name } },
      );
  }
}

function widen(name: string, a: SqlType, b: SqlType): SqlType {
  const pair = [a, b].sort().join("+");
  if (pair === "BIGINT+DOUBLE") return "DOUBLE";
  throw new HeddleError(
    "DTypeMismatch",
    `column "${name}" mixes ${dtypeOf(a)} and ${dtypeOf(b)}: convert the values first, ` +
      `or name the column's type in { schema: { ${name}: "string" } }`,
    { fields: { column: name, types: [dtypeOf(a), dtypeOf(b)] } },
  );
}

function writerOf(field: Field, target: ColumnArray): (i: number, value: unknown) => void {
  const plain = target as Float64Array;
  const wide = target as BigInt64Array;
  const decimal = decimalOf(field.type);
  if (decimal !== undefined) return decimalWriter(field, target, decimal.scale);
  switch (field.type) {
    case "BOOLEAN":
      return (i, value) => {
        plain[i] = value ? 1 : 0;
      };
    case "DATE":
      return (i, value) => {
        plain[i] = Math.floor(millis(field, value) / 86_400_000);
      };
    case "TIMESTAMP":
    case "TIMESTAMP WITH TIME ZONE":
      return (i, value) => {
        wide[i] = BigInt(millis(field, value)) * 1000n;
      };
    case "TIMESTAMP_MS":
      return (i, value) => {
        wide[i] = BigInt(millis(field, value));
      };
    case "TIMESTAMP_S":
      return (i, value) => {
        wide[i] = BigInt(Math.floor(millis(field, value) / 1000));
      };
    case "TIMESTAMP_NS":
      return (i, value) => {
        wide[i] = BigInt(millis(field, value)) * 1_000_000n;
      };
    case "BIGINT":
    case "UBIGINT":
      return (i, value) => {
        wide[i] = BigInt(integral(field, value));
      };
    case "HUGEINT":
      return (i, value) => writeWide(target, i, BigInt(integral(field, value)));
    case "FLOAT":
    case "DOUBLE":
      return (i, value) => {
        plain[i] = Number(value);
      };
    case "TIME":
    case "INTERVAL":
      throw unwritable(field);
    default:
      return integerWriter(field, plain);
  }
}

function integerWriter(field: Field, target: Float64Array): (i: number, value: unknown) => void {
  return (i, value) => {
    const integer = Number(integral(field, value));
    target[i] = integer;
    if (target[i] !== integer) throw mismatch(field, value);
  };
}

function decimalWriter(
  field: Field,
  target: ColumnArray,
  scale: number,
): (i: number, value: unknown) => void {
  const wide = storageOf(field.type);
  return (i, value) => {
    const number = Number(value);
    if (!Number.isFinite(number)) throw mismatch(field, value);
    const unscaled = BigInt(number.toFixed(scale).replace(".", ""));
    if (wide.kind === "fixed" && wide.bytes === 16) writeWide(target, i, unscaled);
    else if (target instanceof BigInt64Array) target[i] = unscaled;
    else (target as Int32Array)[i] = Number(unscaled);
  };
}

function writeWide(target: ColumnArray, i: number, value: bigint): void {
  const words = target as BigUint64Array;
  words[2 * i] = BigInt.asUintN(64, value);
  words[2 * i + 1] = BigInt.asUintN(64, value >> 64n);
}

function integral(field: Field, value: unknown): number | bigint {
  if (typeof value === "bigint") return value;
  const number = typeof value === "boolean" ? Number(value) : value;
  if (typeof number === "number" && Number.isInteger(number)) return number;
  throw mismatch(field, value);
}

function millis(field: Field, value: unknown): number {
  const time = value instanceof Date ? value.getTime() : Date.parse(String(value));
  if (Number.isNaN(time)) throw mismatch(field, value);
  return time;
}

function mismatch(field: Field, value: unknown): HeddleError {
  return new HeddleError(
    "DTypeMismatch",
    `column "${field.name}" is ${dtypeOf(field.type)} and cannot hold ${typeof value} ${String(value)}`,
    { fields: { column: field.name, dtype: dtypeOf(field.type) } },
  );
}

function unwritable(field: Field): HeddleError {
  return new HeddleError(
    "NotSupported",
    `column "${field.name}": values of type ${dtypeOf(field.type)} cannot be made from JavaScript ` +
      `values; give text and cast it with astype({ ${field.name}: "${dtypeOf(field.type)}" })`,
    { fields: { column: field.name } },
  );
}

const ENCODER = new TextEncoder();

function packBytes(field: Field, values: ArrayLike<unknown>): Column {
  const offsets = new Int32Array(values.length + 1);
  const validity = new Uint8Array((values.length + 7) >> 3);
  let bytes = new Uint8Array(Math.max(64, values.length * 8));
  let end = 0;
  let nulls = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value === null || value === undefined) nulls++;
    else {
      validity[i >> 3] = (validity[i >> 3] as number) | (1 << (i & 7));
      const part = value instanceof Uint8Array ? value : ENCODER.encode(textOf(field, value));
      if (end + part.length > bytes.length) bytes = grown(bytes, end + part.length);
      bytes.set(part, end);
      end += part.length;
    }
    offsets[i + 1] = end;
  }
  return new Column(field, values.length, {
    values: bytes.subarray(0, end),
    offsets,
    validity: nulls === 0 ? undefined : validity,
  });
}

function textOf(field: Field, value: unknown): string {
  if (field.type !== "VARCHAR" && typeof value === "object") return JSON.stringify(value);
  if (field.type === "JSON") return JSON.stringify(value);
  if (typeof value === "string") return value;
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
}

/** A copy with room for at least `bytes`, at least doubled. */
export function grown(bytes: Uint8Array, needed: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(needed, bytes.length * 2));
  larger.set(bytes);
  return larger;
}
