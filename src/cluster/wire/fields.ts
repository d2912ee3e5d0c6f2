/** @file Fields that several messages have. */
import { decodeValue, encodeValue } from "../../codec/index.ts";
import { HeddleError } from "../../core/errors.ts";
import type { Inventory, Needs, Words } from "../../machine/scheduler/events.ts";
import {
  bytes,
  type Codec,
  f64s,
  i32s,
  json,
  optional,
  record,
  text,
  u8s,
} from "../../protocol/index.ts";
import type { WireError } from "../messages.ts";

/** The same codec under another type, with a conversion each way. */
export function mapped<T, W>(codec: Codec<W>, to: (value: T) => W, from: (wire: W) => T): Codec<T> {
  return {
    name: codec.name,
    minBytes: codec.minBytes,
    write: (writer, value) => codec.write(writer, to(value)),
    read: (reader) => from(codec.read(reader)),
  };
}

/** JSON of a type that the sender vouches for. */
export function jsonAs<T>(): Codec<T> {
  return mapped(
    json,
    (value: T) => value as unknown,
    (wire) => wire as T,
  );
}

/** Plain data with bytes in it, of a type that the sender vouches for. */
export function plainAs<T>(): Codec<T> {
  return mapped(
    bytes,
    (value: T) => {
      const encoded = encodeValue(value);
      const target = new Uint8Array(encoded.bytes);
      encoded.writeTo(target);
      return target;
    },
    (wire) => {
      try {
        // A copy: what is kept of it must not keep the frame.
        return decodeValue(wire.slice()) as T;
      } catch (cause) {
        // Whatever is wrong with it, the peer that sent it is at fault.
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new HeddleError("ProtocolError", `Plain data cannot be read: ${why}`, { cause });
      }
    },
  );
}

/** An error on its way: that of a user's function as bytes, or one that a machine made. */
export const wireError: Codec<WireError> = mapped(
  record({ encoded: optional(bytes), code: optional(text), message: optional(text) }),
  (error: WireError) =>
    "encoded" in error
      ? { encoded: error.encoded }
      : { code: error.code, message: String(error.message) },
  ({ encoded, code, message }): WireError =>
    encoded === undefined
      ? { plain: true, code: code ?? "TaskFailed", message: message ?? "" }
      : // It is kept for as long as its task is remembered: not with all that came beside it.
        { encoded: encoded.slice() },
);

/** Values that need no heap. */
export const words: Codec<Words> = record({ ids: i32s, tags: u8s, words: f64s });

/** Inputs that a worker lacks. */
export const needs: Codec<Needs> = record({
  ids: i32s,
  epochs: i32s,
  bytes: f64s,
  offsets: i32s,
  holders: i32s,
  exact: optional(u8s),
});

/** What a worker has that comes back. */
export const inventory: Codec<Inventory> = record({
  ids: i32s,
  epochs: i32s,
  bytes: f64s,
  tags: optional(u8s),
  words: optional(f64s),
  copies: optional(u8s),
  bases: i32s,
  counts: i32s,
  serials: i32s,
  others: i32s,
  running: optional(i32s),
  runningEpochs: optional(i32s),
});
