/**
 * @file Arbitrary messages of every kind of field, arbitrary damage to bytes, and what must hold
 * whatever comes: a body either means something or is refused with `ProtocolError`.
 */
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect } from "vitest";
import { isHeddleError } from "../../src/core/errors.ts";
import {
  bool,
  type Frame,
  FrameParser,
  f64,
  f64s,
  i32,
  i32s,
  joinChunks,
  json,
  list,
  type MessageOf,
  message,
  messageSet,
  oneOf,
  optional,
  record,
  text,
  u8,
  u8s,
  u16,
  u32,
} from "../../src/protocol/index.ts";

export const set = messageSet([
  message("numbers", 1, { a: u8, b: u16, c: u32, d: i32, e: f64, f: bool }),
  message("columns", 2, { bytes: u8s, ints: i32s, floats: f64s }),
  message("texts", 3, { text, choice: oneOf("red", "green", "blue"), all: list(text) }),
  message("nested", 4, {
    records: list(record({ x: optional(u8), ys: list(list(bool)) })),
    maybe: optional(record({ z: optional(text), w: f64s })),
  }),
  message("json", 5, { value: json, other: optional(json) }),
  message("empty", 65_535, {}),
]);

/** A message of the set. */
export type Any = MessageOf<typeof set>;

const word = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 100 }),
  fc.string({ unit: "binary", maxLength: 100 }),
  fc.constantFrom("", "\uFEFF", "__proto__", "x".repeat(5000), "€".repeat(1500)),
);
/** Sizes on both sides of passing by reference, odd ones among them. */
const size = { maxLength: 20 };
const ints = fc.oneof(fc.int32Array(size), fc.constantFrom(1023, 1024, 1500).map(countedInts));
const floats = fc.oneof(fc.float64Array(size), fc.constantFrom(511, 512).map(countedFloats));
const bytes = fc.oneof(fc.uint8Array(size), fc.constantFrom(4095, 4097).map(countedBytes));
const plainJson = fc
  .jsonValue({ maxDepth: 5 })
  .map((value): unknown => JSON.parse(JSON.stringify(value)))
  .filter((value) => !JSON.stringify(value).includes("__proto__"));

function countedInts(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => i * 7919 - 5);
}

function countedFloats(count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => i / 3);
}

function countedBytes(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => i);
}

const plain = { noNullPrototype: true };

const numbers = fc.record(
  {
    kind: fc.constant("numbers" as const),
    a: fc.nat(255),
    b: fc.nat(65_535),
    c: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    d: fc.integer(),
    e: fc.double(),
    f: fc.boolean(),
  },
  plain,
);
const columns = fc.record({ kind: fc.constant("columns" as const), bytes, ints, floats }, plain);
const texts = fc.record(
  {
    kind: fc.constant("texts" as const),
    text: word,
    choice: fc.constantFrom("red" as const, "green" as const, "blue" as const),
    all: fc.array(word, { maxLength: 5 }),
  },
  plain,
);
const inner = fc
  .tuple(
    fc.record({ x: fc.nat(255) }, { requiredKeys: [], noNullPrototype: true }),
    fc.array(fc.array(fc.boolean(), size), { maxLength: 4 }),
  )
  .map(([some, ys]) => ({ ...some, ys }));
const maybe = fc
  .tuple(fc.record({ z: word }, { requiredKeys: [], noNullPrototype: true }), floats)
  .map(([some, w]) => ({ ...some, w }));
const nested = fc
  .tuple(
    fc.array(inner, { maxLength: 4 }),
    fc.record({ maybe }, { requiredKeys: [], noNullPrototype: true }),
  )
  .map(([records, some]) => ({ kind: "nested" as const, records, ...some }));
const jsons = fc
  .tuple(plainJson, fc.record({ other: plainJson }, { requiredKeys: [], noNullPrototype: true }))
  .map(([value, some]) => ({ kind: "json" as const, value, ...some }));
const empty = fc.constant({ kind: "empty" as const });

/** Any messages of the set, as many as make a body. */
export const messages: fc.Arbitrary<Any[]> = fc.array(
  fc.oneof(numbers, columns, texts, nested, jsons, empty) as fc.Arbitrary<Any>,
  { maxLength: 8 },
);

/** As `toEqual`, which is slow for large arrays. */
export function expectSame(got: unknown, wanted: unknown): void {
  if (!isDeepStrictEqual(got, wanted)) expect(got).toStrictEqual(wanted);
}

/** The body of messages. */
export function bodyOf(all: readonly Any[]): Uint8Array {
  return joinChunks(set.encode(all));
}

/** One piece of damage: at a place (a fraction of the whole), with a byte. */
export type Damage = readonly ["set" | "flip" | "cut" | "insert" | "huge", number, number];

export const damage: fc.Arbitrary<Damage[]> = fc.array(
  fc.tuple(
    fc.constantFrom("set" as const, "flip" as const, "cut" as const, "insert" as const, "huge"),
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    fc.nat(255),
  ) as fc.Arbitrary<Damage>,
  { minLength: 1, maxLength: 4 },
);

/** The bytes after the damage. */
export function damaged(whole: Uint8Array, all: readonly Damage[]): Uint8Array {
  let now: Uint8Array = Uint8Array.from(whole);
  for (const [how, where, byte] of all) {
    const at = Math.floor(where * now.length);
    if (how === "set") now[at] = byte;
    else if (how === "flip") now[at] = (now[at] ?? 0) ^ (1 << (byte & 7));
    else if (how === "huge") now.fill(0xff, at & ~3, (at & ~3) + 4);
    else if (how === "cut") now = now.slice(0, at);
    else {
      now = joinChunks([now.subarray(0, at), Uint8Array.of(byte), now.subarray(at)]);
    }
  }
  return now;
}

/** A body means something, and then exactly one body means it, or it is refused. */
export function meansOneThingOrIsRefused(body: Uint8Array): "read" | "refused" {
  let read: Any[];
  try {
    read = set.decode(body);
  } catch (error) {
    if (!isHeddleError(error, "ProtocolError")) throw error;
    return "refused";
  }
  const again = bodyOf(read);
  if (isCanonical(read)) expect(Buffer.compare(again, body)).toBe(0);
  else expectSame(set.decode(again), read);
  return "read";
}

/** JSON has many texts for a value, and NaN many bit patterns. */
function isCanonical(read: readonly Any[]): boolean {
  return read.every((each) => each.kind !== "json" && !JSON.stringify(each).includes("null"));
}

/** The frames of a stream given in pieces, or the error that ended it. */
export function parse(pieces: readonly Uint8Array[], maxBodyBytes: number): (Frame | string)[] {
  const parser = new FrameParser({ maxBodyBytes });
  const frames: (Frame | string)[] = [];
  try {
    for (const piece of pieces) parser.push(piece, (frame) => frames.push(frame));
  } catch (error) {
    if (!isHeddleError(error, "ProtocolError")) throw error;
    frames.push(error.message);
  }
  return frames;
}
