/** @file Schemas and their types, messages in bodies, and what each side refuses. */
import { describe, expect, expectTypeOf, it } from "vitest";
import {
  bool,
  f64,
  f64s,
  i32,
  i32s,
  joinChunks,
  json,
  list,
  type Message,
  type MessageOf,
  type MessageType,
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
} from "../../../src/protocol/index.ts";

interface Lease {
  readonly kind: "lease";
  readonly ids: Int32Array;
  readonly epochs: Float64Array;
  readonly words: readonly { readonly tag: number; readonly value: number }[];
  readonly note?: string;
}

/** Written by hand above, checked against the schema here. */
const lease: MessageType<Lease> = message("lease", 0x21, {
  ids: i32s,
  epochs: f64s,
  words: list(record({ tag: u8, value: f64 })),
  note: optional(text),
});
const everything = message("everything", 7, {
  a: u8,
  b: u16,
  c: u32,
  d: i32,
  e: f64,
  f: bool,
  g: text,
  h: u8s,
  i: json,
  j: oneOf("red", "green"),
  k: list(list(text)),
  l: optional(record({ x: optional(f64) })),
});
const empty = message("empty", 65_535, {});
const set = messageSet([lease, everything, empty]);
type Any = MessageOf<typeof set>;

const full: MessageOf<typeof everything> = {
  kind: "everything",
  a: 255,
  b: 65_535,
  c: 2 ** 32 - 1,
  d: -(2 ** 31),
  e: -0,
  f: true,
  g: "naïve 🧵",
  h: Uint8Array.of(1, 2, 3),
  i: { deep: [1, null, "x"] },
  j: "green",
  k: [["a", "b"], [], [""]],
  l: { x: Number.NaN },
};
const small: Lease = {
  kind: "lease",
  ids: Int32Array.of(1, 2, 3),
  epochs: Float64Array.of(1, Number.NaN, -0),
  words: [{ tag: 3, value: Number.NEGATIVE_INFINITY }],
};

function roundTrip(messages: readonly Any[]): Any[] {
  return set.decode(joinChunks(set.encode(messages)));
}

describe("types of messages", () => {
  it("follow from the schema", () => {
    expectTypeOf<Any["kind"]>().toEqualTypeOf<"lease" | "everything" | "empty">();
    expectTypeOf<MessageOf<typeof everything>["j"]>().toEqualTypeOf<"red" | "green">();
    expectTypeOf<MessageOf<typeof everything>["k"]>().toEqualTypeOf<
      readonly (readonly string[])[]
    >();
    expectTypeOf<MessageOf<typeof everything>["l"]>().toEqualTypeOf<{ x?: number } | undefined>();
    expectTypeOf<MessageOf<typeof empty>>().toEqualTypeOf<{ kind: "empty" }>();
  });

  it("agree with one written by hand, or do not compile", () => {
    // @ts-expect-error The schema lacks words.
    const tooFew: MessageType<Lease> = message("lease", 1, { ids: i32s, epochs: f64s });
    // @ts-expect-error The schema has a field more than the type.
    const tooMany: MessageType<Message & { kind: "x" }> = message("x", 1, { more: u8 });
    expect([tooFew.kind, tooMany.kind]).toEqual(["lease", "x"]);
  });
});

describe("MessageSet", () => {
  it("gives back what was sent", () => {
    const sent: Any[] = [small, full, { kind: "empty" }, { ...small, note: "" }, small];
    expect(roundTrip(sent)).toEqual(sent);
    expect(Object.keys(roundTrip([small])[0] ?? {})).toEqual(["kind", "ids", "epochs", "words"]);
    expect(roundTrip([])).toEqual([]);
  });

  it("sends large arrays by reference and reads them as views", () => {
    const ids = Int32Array.from({ length: 5000 }, (_, i) => i * 3);
    const chunks = set.encode([{ kind: "empty" }, { ...small, ids }, full]);
    expect(chunks.some((chunk) => chunk.buffer === ids.buffer)).toBe(true);
    const body = joinChunks(chunks);
    const [, back] = set.decode(body);
    expect(back).toEqual({ ...small, ids });
    expect((back as Lease).ids.buffer).toBe(body.buffer);
    expect((back as Lease).epochs.byteOffset % 8).toBe(0);
  });

  it("puts a message where the format says", () => {
    expect([...joinChunks(set.encode([{ kind: "empty" }]))]).toEqual([0, 0, 0, 0, 255, 255, 0, 0]);
  });
});

describe("what cannot be sent", () => {
  const wrong: readonly (readonly [string, object, string])[] = [
    [
      "an unknown kind",
      { kind: "leese" },
      'Message "leese" is not one that travels this way; did you mean "lease"?',
    ],
    ["a fraction", { ...full, a: 1.5 }, 'everything", a: 1.5 is not an integer of 0 to 255'],
    ["a number out of range", { ...full, b: 65_536 }, "b: 65536 is not an integer of 0 to 65535"],
    ["a negative count", { ...full, c: -1 }, "c: -1 is not an integer"],
    ["a missing number", { ...full, e: undefined }, "e: undefined given, a number wanted"],
    ["no boolean", { ...full, f: 1 }, "f: number given, true or false wanted"],
    ["no text", { ...full, g: null }, "g: null given, a text wanted"],
    ["a long text", { ...full, g: "x".repeat(2 ** 20 + 1) }, "g: a text of 1048577 bytes"],
    ["the wrong array", { ...small, ids: [1] }, "ids: an object given, an Int32Array wanted"],
    ["another choice", { ...full, j: "blue" }, 'j: "blue" given, one of red, green wanted'],
    ["a list too long", { ...full, k: Array(2 ** 20 + 1).fill([]) }, "k: 1048577 elements"],
    ["a wrong inner field", { ...small, words: [{ tag: 3 }] }, "value: undefined given"],
    ["no record", { ...small, words: [3] }, "words: number given, an object wanted"],
  ];
  it.each(wrong)("%s", (_name, value, problem) => {
    const batch = set.batch();
    batch.add(small);
    expect(() => batch.add(value as Any)).toThrow(problem);
    expect(() => batch.add(value as Any)).toThrow(
      expect.objectContaining({ code: "InvalidArgument" }),
    );
    batch.add({ kind: "empty" });
    const [body] = batch.take();
    expect(set.decode(joinChunks(body ?? []))).toEqual([small, { kind: "empty" }]);
  });
});

describe("what is refused", () => {
  /**
   * Bytes of one message: its length as said, its type, what is in its reserved bytes, its body.
   */
  function raw(length: number, type: number, zero: number, ...fields: number[]): Uint8Array {
    const body = new Uint8Array((8 + fields.length + 7) & ~7);
    const view = new DataView(body.buffer);
    view.setUint32(0, length, true);
    view.setUint16(4, type, true);
    view.setUint16(6, zero, true);
    body.set(fields, 8);
    return body;
  }
  const flags = messageSet([message("flags", 1, { on: bool, choice: oneOf("a", "b") })]);

  it.each([
    ["an unknown type", raw(0, 99, 0), "Message 1, byte 8 of 8: unknown message type 99 (0x63)"],
    ["a header with something reserved", raw(2, 1, 3, 0, 0), "Message 1 (flags), byte 8 of 16: a"],
    ["a message longer than the body", raw(9, 1, 0, 0, 0), "9 bytes wanted, 8 left"],
    ["a message shorter than its fields", raw(1, 1, 0, 0, 0), 'field "choice", byte 9 of 16: 1 b'],
    ["a message longer than its fields", raw(3, 1, 0, 0, 0), "1 bytes after the last field"],
    ["a flag that is neither", raw(2, 1, 0, 2, 0), 'field "on", byte 9 of 16: a flag of 2'],
    ["a choice that does not exist", raw(2, 1, 0, 0, 2), "choice 2 of 2"],
    ["something in the padding", raw(2, 1, 0, 0, 0, 7), "padding of 7 instead of 0"],
    ["a header cut short", new Uint8Array(7), "7 bytes are no message"],
    ["a body without its last padding", raw(2, 1, 0, 0, 0).subarray(0, 12), "6 bytes wanted, 2 l"],
  ])("%s", (_name, body, problem) => {
    expect(() => flags.decode(body)).toThrow(problem);
    expect(() => flags.decode(body)).toThrow(expect.objectContaining({ code: "ProtocolError" }));
  });

  it("more messages than a body may hold", () => {
    const flood = messageSet([message("m", 1, {})]);
    const body = joinChunks(flood.encode([{ kind: "m" }]));
    const many = new Uint8Array(8 * (2 ** 18 + 1));
    for (let at = 0; at < many.length; at += 8) many.set(body, at);
    expect(() => flood.decode(many)).toThrow("more than 262144 messages");
    expect(flood.decode(many.subarray(8))).toHaveLength(2 ** 18);
  });

  it("a list that claims more elements than its bytes can hold", () => {
    const lists = messageSet([message("m", 1, { values: list(f64) })]);
    const body = joinChunks(lists.encode([{ kind: "m", values: [1, 2] }]));
    body[8] = 3;
    expect(() => lists.decode(body)).toThrow("3 elements in 16 bytes, they take 24 or more");
    body.set([255, 255, 255, 255], 8);
    expect(() => lists.decode(body)).toThrow("4294967295 elements, at most 1048576 allowed");
  });
});

describe("a schema", () => {
  it("has one message of each type and kind", () => {
    expect(() => messageSet([empty, message("other", 65_535, {})])).toThrow("two messages of type");
    expect(() => messageSet([empty, message("empty", 1, {})])).toThrow('two messages "empty"');
    expect(() => message("x", 0, {})).toThrow("message type 0");
    expect(() => message("x", 65_536, {})).toThrow("message type 65536");
    expect(() => message("x", 1, { kind: u8 })).toThrow("a field");
  });

  it("has no list of nothing, which no number of bytes bounds", () => {
    expect(() => list(record({}))).toThrow("a list of record that takes no bytes has no bound");
  });
});

describe("MessageBatch", () => {
  it("copies small arrays when a message is added", () => {
    const batch = set.batch();
    const ids = Int32Array.of(1, 2);
    batch.add({ ...small, ids });
    ids[0] = 99;
    const [body] = batch.take();
    expect((set.decode(joinChunks(body ?? []))[0] as Lease).ids).toEqual(Int32Array.of(1, 2));
  });

  it("closes a body that has grown large", () => {
    const batch = set.batch();
    const h = new Uint8Array(300_000);
    for (let i = 0; i < 10; i++) batch.add({ ...full, a: i, h });
    expect(batch.bytes).toBeGreaterThan(3_000_000);
    const bodies = batch.take().map(joinChunks);
    expect(bodies.map((body) => set.decode(body).length)).toEqual([4, 4, 2]);
    expect(batch.bytes).toBe(0);
    expect(batch.take()).toEqual([]);
  });
});
