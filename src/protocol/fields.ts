/**
 * @file Codecs of the fields of messages: each knows how to write a value of its type, how to read
 * it back, and the fewest bytes that it takes. Lengths have limits on both sides: a sender gets
 * `InvalidArgument` before anything has left, a receiver refuses the bytes with `ProtocolError`.
 */
import { assert } from "../core/errors.ts";
import type { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { parseJson, stringifyJson } from "./json.ts";
import { cannotSend } from "./refusal.ts";

/** How values of one type travel. */
export interface Codec<T> {
  readonly name: string;
  /** No value takes fewer bytes: bounds how many a list can hold. */
  readonly minBytes: number;
  readonly write: (writer: ByteWriter, value: T) => void;
  readonly read: (reader: ByteReader) => T;
}

/** Codec of a field that may be absent. */
export interface OptionalCodec<T> extends Codec<T | undefined> {
  readonly optional: true;
}

/** Any codec, of whatever type. */
export interface AnyCodec {
  readonly name: string;
  readonly minBytes: number;
  readonly write: (writer: ByteWriter, value: never) => void;
  readonly read: (reader: ByteReader) => unknown;
  readonly optional?: true;
}

/** Names and codecs of the fields of a record. */
export type Fields = Readonly<Record<string, AnyCodec>>;

type OptionalNames<F extends Fields> = {
  [K in keyof F]: F[K] extends OptionalCodec<infer _> ? K : never;
}[keyof F];

/** The type of the values of a codec. */
export type ValueOf<C> =
  C extends OptionalCodec<infer T> ? T : C extends Codec<infer T> ? T : never;

type Flat<T> = { [K in keyof T]: T[K] };

/** The type of a record with these fields. */
export type RecordOf<F extends Fields> = Flat<
  { [K in Exclude<keyof F, OptionalNames<F>>]: ValueOf<F[K]> } & {
    [K in OptionalNames<F>]?: ValueOf<F[K]>;
  }
>;

/** Largest length that a u32 can count. */
const COUNT_MAX = 2 ** 32 - 1;

function integer(
  name: string,
  bytes: number,
  least: number,
  most: number,
  write: (writer: ByteWriter, value: number) => void,
  read: (reader: ByteReader) => number,
): Codec<number> {
  return {
    name,
    minBytes: bytes,
    write: (writer, value) => {
      if (!(Number.isInteger(value) && value >= least && value <= most)) {
        throw cannotSend(`${writer.field}: ${value} is not an integer of ${least} to ${most}`);
      }
      write(writer, value);
    },
    read,
  };
}

export const u8: Codec<number> = integer(
  "u8",
  1,
  0,
  255,
  (w, value) => w.u8(value),
  (r) => r.u8(),
);

export const u16: Codec<number> = integer(
  "u16",
  2,
  0,
  65_535,
  (w, value) => w.u16(value),
  (r) => r.u16(),
);

export const u32: Codec<number> = integer(
  "u32",
  4,
  0,
  COUNT_MAX,
  (w, value) => w.u32(value),
  (r) => r.u32(),
);

export const i32: Codec<number> = integer(
  "i32",
  4,
  -(2 ** 31),
  2 ** 31 - 1,
  (w, value) => w.u32(value),
  (r) => r.i32(),
);

/** Any number: infinities and -0 are exact, every NaN is a NaN. */
export const f64: Codec<number> = {
  name: "f64",
  minBytes: 8,
  write: (writer, value) => {
    if (typeof value !== "number") throw wrongType(writer, value, "a number");
    writer.f64(value);
  },
  read: (reader) => reader.f64(),
};

export const bool: Codec<boolean> = {
  name: "bool",
  minBytes: 1,
  write: (writer, value) => {
    if (typeof value !== "boolean") throw wrongType(writer, value, "true or false");
    writer.u8(value ? 1 : 0);
  },
  read: readFlag,
};

/** A text of at most `maxBytes` UTF-8 bytes (default 1 MiB). */
export function textOf(options: { maxBytes?: number } = {}): Codec<string> {
  const { maxBytes = 2 ** 20 } = options;
  return {
    name: "text",
    minBytes: 4,
    write: (writer, value) => {
      if (typeof value !== "string") throw wrongType(writer, value, "a text");
      writer.text(value, maxBytes);
    },
    read: (reader) => reader.text(maxBytes),
  };
}

/** A text of at most 1 MiB. */
export const text: Codec<string> = textOf();

/** One of a few texts that both sides know: one byte. */
export function oneOf<const T extends string>(...values: readonly T[]): Codec<T> {
  assert(values.length > 0 && values.length <= 256, "oneOf takes 1 to 256 texts");
  return {
    name: "oneOf",
    minBytes: 1,
    write: (writer, value) => {
      const index = values.indexOf(value);
      if (index < 0) throw wrongType(writer, value, `one of ${values.join(", ")}`);
      writer.u8(index);
    },
    read: (reader) => {
      const index = reader.u8();
      const value = values[index];
      if (value === undefined) throw reader.fail(`choice ${index} of ${values.length}`);
      return value;
    },
  };
}

/** Opaque bytes; read as a view of the body. */
export function bytesOf(options: { maxBytes?: number } = {}): Codec<Uint8Array> {
  const { maxBytes = COUNT_MAX } = options;
  return {
    name: "bytes",
    minBytes: 4,
    write: (writer, value) => {
      if (!(value instanceof Uint8Array)) throw wrongType(writer, value, "a Uint8Array");
      if (value.length > maxBytes) {
        throw cannotSend(`${writer.field}: ${value.length} bytes, at most ${maxBytes} can be sent`);
      }
      writer.u8s(value);
    },
    read: (reader) => reader.u8s(maxBytes),
  };
}

/** Opaque bytes, as many as the frame may hold. */
export const bytes: Codec<Uint8Array> = bytesOf();

/** A column of bytes. */
export const u8s: Codec<Uint8Array> = bytes;

/** A column of int32, read as a view of the body. */
export const i32s: Codec<Int32Array> = {
  name: "i32s",
  minBytes: 4,
  write: (writer, value) => {
    if (!(value instanceof Int32Array)) throw wrongType(writer, value, "an Int32Array");
    writer.i32s(value);
  },
  read: (reader) => reader.i32s(COUNT_MAX),
};

/** A column of float64, read as a view of the body. */
export const f64s: Codec<Float64Array> = {
  name: "f64s",
  minBytes: 4,
  write: (writer, value) => {
    if (!(value instanceof Float64Array)) throw wrongType(writer, value, "a Float64Array");
    writer.f64s(value);
  },
  read: (reader) => reader.f64s(COUNT_MAX),
};

/**
 * Anything that JSON can say, of at most `maxBytes` (default 16 MiB) and 64 levels. As in JSON, NaN
 * becomes null and -0 becomes 0. A key `__proto__` is refused on both sides.
 */
export function jsonOf(options: { maxBytes?: number } = {}): Codec<unknown> {
  const { maxBytes = 2 ** 24 } = options;
  return {
    name: "json",
    minBytes: 4,
    write: (writer, value) => writer.text(stringifyJson(value, writer.field), maxBytes),
    read: (reader) => parseJson(reader.text(maxBytes), reader),
  };
}

/** Anything that JSON can say, of at most 16 MiB. */
export const json: Codec<unknown> = jsonOf();

/** Any number of values of one type, at most `maxCount` (default 2 ** 20). */
export function list<T>(
  element: Codec<T>,
  options: { maxCount?: number } = {},
): Codec<readonly T[]> {
  const { maxCount = 2 ** 20 } = options;
  assert(element.minBytes > 0, `a list of ${element.name} that takes no bytes has no bound`);
  return {
    name: `list of ${element.name}`,
    minBytes: 4,
    write: (writer, values) => {
      if (!Array.isArray(values)) throw wrongType(writer, values, "an array");
      if (values.length > maxCount) {
        throw cannotSend(`${writer.field}: ${values.length} elements, at most ${maxCount}`);
      }
      writer.u32(values.length);
      for (const value of values) element.write(writer, value);
    },
    read: (reader) => {
      const count = reader.u32();
      if (count > maxCount) throw reader.fail(`${count} elements, at most ${maxCount} allowed`);
      const least = count * element.minBytes;
      if (least > reader.left) {
        throw reader.fail(`${count} elements in ${reader.left} bytes, they take ${least} or more`);
      }
      const values: T[] = [];
      for (let i = 0; i < count; i++) values.push(element.read(reader));
      return values;
    },
  };
}

/** A field that may be absent; absent and undefined are the same. */
export function optional<T>(codec: Codec<T>): OptionalCodec<T> {
  return {
    name: `optional ${codec.name}`,
    minBytes: 1,
    optional: true,
    write: (writer, value) => {
      writer.u8(value === undefined ? 0 : 1);
      if (value !== undefined) codec.write(writer, value);
    },
    read: (reader) => (readFlag(reader) ? codec.read(reader) : undefined),
  };
}

/** Named fields, written in the order in which they are given here. */
export function record<const F extends Fields>(fields: F): Codec<RecordOf<F>> {
  return recordOf(fields);
}

/** A record that is read with a `kind` in front, which does not travel with its fields. */
export function recordOf<const F extends Fields>(fields: F, kind?: string): Codec<RecordOf<F>> {
  const names = Object.keys(fields);
  const codecs = Object.values(fields) as unknown as readonly Codec<unknown>[];
  return {
    name: "record",
    minBytes: codecs.reduce((sum, codec) => sum + codec.minBytes, 0),
    write: (writer, value) => {
      if (typeof value !== "object" || value === null) {
        throw wrongType(writer, value, "an object");
      }
      const from = value as Readonly<Record<string, unknown>>;
      for (let i = 0; i < names.length; i++) {
        const name = names[i] as string;
        writer.field = name;
        (codecs[i] as Codec<unknown>).write(writer, from[name]);
      }
    },
    read: (reader) => {
      const record: Record<string, unknown> = kind === undefined ? {} : { kind };
      for (let i = 0; i < names.length; i++) {
        const name = names[i] as string;
        reader.field = name;
        const value = (codecs[i] as Codec<unknown>).read(reader);
        if (value !== undefined) record[name] = value;
      }
      return record as RecordOf<F>;
    },
  };
}

function readFlag(reader: ByteReader): boolean {
  const flag = reader.u8();
  if (flag > 1) throw reader.fail(`a flag of ${flag}, only 0 and 1 are allowed`);
  return flag === 1;
}

function wrongType(writer: ByteWriter, value: unknown, wanted: string): Error {
  const given = value === null ? "null" : typeof value === "object" ? "an object" : typeof value;
  const shown = typeof value === "string" ? JSON.stringify(value.slice(0, 80)) : given;
  return cannotSend(`${writer.field}: ${shown} given, ${wanted} wanted`);
}
