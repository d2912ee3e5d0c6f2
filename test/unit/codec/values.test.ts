import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import {
  decodeValue,
  describeValue,
  encodeValue,
  HEADER_BYTES,
  headroom,
  registerClass,
  registerCodec,
  writeHeader,
} from "../../../src/codec/index.ts";
import { HeddleError, isHeddleError } from "../../../src/core/errors.ts";
import { tokenize } from "../../../src/core/token.ts";
import { createSharedMemory } from "../../../src/core/wasm.ts";

function bytesOf(value: unknown): Uint8Array {
  const encoded = encodeValue(value);
  // Longer than needed and filled with rubbish: the value must know its own end.
  const target = new Uint8Array(new SharedArrayBuffer(encoded.bytes + 37)).fill(0xa5);
  encoded.writeTo(target);
  return target;
}

function roundTrip<T>(value: T): T {
  return decodeValue(bytesOf(value)) as T;
}

function refusalOf(value: unknown): HeddleError {
  try {
    encodeValue(value);
  } catch (error) {
    if (isHeddleError(error, "NotSerializable")) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("inline values", () => {
  test.each([
    [undefined],
    [null],
    [0],
    [-0],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [Number.NEGATIVE_INFINITY],
    [2n ** 80n],
    ["text with \ud800 a lone surrogate and \u0000"],
    [new Date(1234567890123)],
    [new Date(Number.NaN)],
    [[1, [undefined, -0], { a: Number.NaN, b: [1n] }]],
    [{ $: "looks like a tag", nested: { $: { v: 1 } } }],
    [JSON.parse('{"__proto__": {"x": 1}, "constructor": 2}')],
    [[]],
    [{}],
  ])("case %# comes back the same, as inline", (value) => {
    expect(roundTrip(value)).toStrictEqual(value);
    expect(describeValue(bytesOf(value)).kind).toBe("inline");
  });

  test("an own property named __proto__ does not become the prototype", () => {
    const back = roundTrip(JSON.parse('{"__proto__": {"x": 1}}'));
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    expect(Object.keys(back)).toEqual(["__proto__"]);
  });

  test("an object without a prototype keeps having none", () => {
    const bare = Object.assign(Object.create(null), { a: 1 });
    expect(Object.getPrototypeOf(roundTrip(bare))).toBeNull();
  });

  test("plain objects of another realm are plain data", () => {
    const foreign = runInNewContext("({ a: [1, 2], m: new Map([[1, 2]]), d: new Date(5) })");
    const back = roundTrip(foreign);
    expect(back.a).toEqual([1, 2]);
    expect(back.m).toBeInstanceOf(Map);
    expect(back.d.getTime()).toBe(5);
  });
});

describe("bytes", () => {
  const views = [
    new Uint8Array([1, 2, 3]),
    new Float64Array([1.5, Number.NaN, -0]),
    new BigInt64Array([-1n, 2n ** 62n]),
    new Int16Array(new Int16Array([1, 2, 3, 4]).buffer, 2, 2),
    new Uint8ClampedArray([255]),
    Buffer.from("heddle"),
    new Float32Array(0),
  ];
  test.each(views.map((view) => [view.constructor.name, view]))("%s keeps its class", (_, view) => {
    const back = roundTrip(view);
    expect(back).toStrictEqual(view);
    expect(back.constructor).toBe(view.constructor);
    expect(describeValue(bytesOf(view)).kind).toBe("bytes");
  });

  test("ArrayBuffer and DataView come back with their bytes", () => {
    const buffer = new Uint8Array([9, 8, 7]).buffer;
    expect(new Uint8Array(roundTrip(buffer))).toEqual(new Uint8Array([9, 8, 7]));
    expect(roundTrip(new DataView(buffer, 1)).getUint8(0)).toBe(8);
  });

  test("a decoded array is the receiver's own: writing to it does not change the value", () => {
    const bytes = bytesOf(new Float64Array([1, 2]));
    (decodeValue(bytes) as Float64Array)[0] = 99;
    expect(decodeValue(bytes)).toEqual(new Float64Array([1, 2]));
  });
});

describe("graphs", () => {
  test("Map, Set, RegExp, boxed values, symbols, URL and holes", () => {
    const hole = new Array<number>(3);
    hole[1] = 5;
    const value = {
      map: new Map<unknown, unknown>([[{ k: 1 }, new Set([1, "a"])]]),
      regexp: /a+/giu,
      boxed: Object(3),
      shared: Symbol.for("heddle.test"),
      known: Symbol.iterator,
      url: new URL("https://example.org/a?b=1"),
      hole,
    };
    const back = roundTrip(value);
    expect(back).toStrictEqual(value);
    expect(1 in back.hole).toBe(true);
    expect(0 in back.hole).toBe(false);
  });

  test("cycles and shared parts keep their identity", () => {
    const shared = { n: 1 };
    const value: Record<string, unknown> = {
      a: shared,
      b: [shared],
      m: new Map([[shared, shared]]),
    };
    value["self"] = value;
    const back = roundTrip(value) as typeof value & { b: unknown[]; m: Map<unknown, unknown> };
    expect(back["self"]).toBe(back);
    expect(back.b[0]).toBe(back["a"]);
    expect(back.m.get(back["a"])).toBe(back["a"]);
  });

  test("symbols as keys: registered and well-known ones travel, others are left out", () => {
    const value = {
      [Symbol.for("heddle.k")]: 1,
      [Symbol.toStringTag]: "T",
      [Symbol("own")]: 2,
      a: 3,
    };
    const back = roundTrip(value);
    expect(back[Symbol.for("heddle.k")]).toBe(1);
    expect(back[Symbol.toStringTag]).toBe("T");
    expect(Object.getOwnPropertySymbols(back)).toHaveLength(2);
  });

  test("an array of a registered class keeps class and fields", () => {
    class Row extends Array<number> {
      label = "";
    }
    registerClass("test/Row", Row);
    const row = Object.assign(Row.from([1, 2]) as Row, { label: "x" });
    const back = roundTrip(row);
    expect(back).toBeInstanceOf(Row);
    expect([back.length, back[1], back.label]).toEqual([2, 2, "x"]);
  });

  test("Map, Set, Date and RegExp keep properties of their own", () => {
    const shared = { in: 1 };
    const given = [
      Object.assign(new Map([[1, shared]]), { shared }),
      Object.assign(new Set([1]), { k: 1 }),
      Object.assign(new Date(5), { shared }),
      Object.assign(/a/g, { k: 2 }),
    ] as const;
    const back = roundTrip(given);
    expect(back).toEqual(given);
    expect(back.map((value) => Object.entries(value))).toEqual(given.map((v) => Object.entries(v)));
    expect(back[2].shared).toBe(back[0].get(1));
    expect(roundTrip(Object.assign(new Date(5), { k: 1 })).k).toBe(1);
  });

  test.each([
    ["Date", new (class Day extends Date {})(5)],
    ["RegExp", new (class Pattern extends RegExp {})("a")],
    ["Uint8Array", new (class Bytes extends Uint8Array {})(2)],
    ["ArrayBuffer", new (class Block extends ArrayBuffer {})(2)],
    ["URL", new (class Place extends URL {})("http://a/")],
    ["Number", new (class Meter extends Number {})(5)],
  ])("a user's kind of %s does not become one: it is refused", (base, value) => {
    const name = value.constructor.name;
    for (const given of [value, [value]]) {
      const { message } = refusalOf(given);
      expect(message).toContain(`is a ${name}, a kind of ${base}, which cannot be sent`);
      expect(message).toContain(`registerClass("${name}", ${name}, { encode, decode })`);
    }
  });

  test("a user's kind of Date travels by its codec", () => {
    class Day extends Date {}
    registerClass("values-test/Day", Day, {
      encode: (day) => day.getTime(),
      decode: (time) => new Day(time as number),
    });
    const back = roundTrip(new Day(5));
    expect(back).toBeInstanceOf(Day);
    expect(back.getTime()).toBe(5);
  });

  test("a shared part inside a sparse array is found again", () => {
    const shared = { n: 1 };
    const list = new Array<object>(3);
    list[0] = shared;
    list[2] = shared;
    const back = roundTrip({ list, after: shared });
    expect(back.list[0]).toBe(back.after);
    expect(back.list[2]).toBe(back.after);
  });

  test("lists a million long and chains ten thousand deep", () => {
    const long = Array.from({ length: 1_000_000 }, (_, i) => i);
    expect(roundTrip(long).at(-1)).toBe(999_999);
    let chain: unknown = null;
    for (let i = 0; i < 200_000; i++) chain = { next: chain };
    expect(refusalOf(chain).message).toContain("nested too deeply");
  });
});

describe("errors", () => {
  test("built-in classes keep class, message, stack, cause and own fields", () => {
    const cause = new RangeError("deep");
    const error = Object.assign(new TypeError("bad", { cause }), { code: "E_BAD", at: { row: 3 } });
    const back = roundTrip(error);
    expect(back).toBeInstanceOf(TypeError);
    expect(back.message).toBe("bad");
    expect(back.stack).toBe(error.stack);
    expect(back.cause).toBeInstanceOf(RangeError);
    expect(back.code).toBe("E_BAD");
    expect(back.at).toEqual({ row: 3 });
    expect(Object.keys(back)).toEqual(["code", "at"]);
    expect(describeValue(bytesOf(error)).kind).toBe("error");
  });

  test("HeddleError comes back as one, with code and fields", () => {
    const back = roundTrip(new HeddleError("InvalidShape", "no", { fields: { shape: [1, 2] } }));
    expect(back).toBeInstanceOf(HeddleError);
    expect(isHeddleError(back, "InvalidShape") && back.fields).toEqual({ shape: [1, 2] });
    expect(back.name).toBe("InvalidShape");
  });

  test("AggregateError keeps its errors, an AbortError its class and name", () => {
    const back = roundTrip(new AggregateError([new Error("a"), "b"], "both"));
    expect(back).toBeInstanceOf(AggregateError);
    expect((back.errors[0] as Error).message).toBe("a");
    const abort = roundTrip(new DOMException("stop", "AbortError"));
    expect(abort).toBeInstanceOf(DOMException);
    expect([abort.name, abort.message]).toEqual(["AbortError", "stop"]);
  });

  test("Node's own errors come back as the built-in class they extend, with their code", () => {
    let error: unknown;
    try {
      Buffer.alloc("x" as unknown as number);
    } catch (thrown) {
      error = thrown;
    }
    const back = roundTrip(error) as Error & { code: string };
    expect(back).toBeInstanceOf(TypeError);
    expect(back.code).toBe("ERR_INVALID_ARG_TYPE");
  });

  test("an unregistered class becomes Error with its name; a registered one comes back", () => {
    class ShapeError extends Error {
      side = 3;
    }
    const plain = roundTrip(new ShapeError("x"));
    expect(plain).toBeInstanceOf(Error);
    expect(plain.name).toBe("ShapeError");
    registerClass("test/ShapeError", ShapeError);
    const back = roundTrip(new ShapeError("x"));
    expect(back).toBeInstanceOf(ShapeError);
    expect(back.side).toBe(3);
  });

  test("an error whose cause is itself, and one whose fields cannot travel, still arrive", () => {
    const error = Object.assign(new Error("loop"), { socket: new WeakMap(), kept: 1 });
    error.cause = error;
    const back = roundTrip(error);
    expect(back.cause).toBe(back);
    expect(back.kept).toBe(1);
    expect("socket" in back).toBe(false);
  });
});

describe("registered kinds", () => {
  class Grid {
    readonly rows: number;
    readonly data: Float64Array;
    constructor(rows: number, data: Float64Array) {
      this.rows = rows;
      this.data = data;
    }
  }
  registerCodec<Grid>({
    kind: "test/grid",
    test: (value) => value instanceof Grid,
    encode: ({ rows, data }) => ({
      meta: { rows },
      buffers: [new Uint8Array(data.buffer, data.byteOffset, data.byteLength)],
    }),
    decode: (meta, [bytes]) =>
      new Grid(
        (meta as { rows: number }).rows,
        new Float64Array(bytes!.buffer, bytes!.byteOffset, bytes!.byteLength / 8),
      ),
  });

  test("a codec's buffers are views over the bytes, aligned to 64", () => {
    const bytes = bytesOf(new Grid(2, new Float64Array([1, 2, 3, 4])));
    const back = decodeValue(bytes) as Grid;
    expect(back.data.buffer).toBe(bytes.buffer);
    expect(back.data.byteOffset % 64).toBe(0);
    expect(back.data).toEqual(new Float64Array([1, 2, 3, 4]));
    expect(describeValue(bytes).kind).toBe("test/grid");
  });

  test("codecs work inside other values", () => {
    const grid = new Grid(1, new Float64Array([7]));
    const back = roundTrip([grid, { again: grid }] as const);
    expect(back[0].data[0]).toBe(7);
    expect(back[1].again).toBe(back[0]);
  });

  test("a header can be written in front of data that is already in place", () => {
    const meta = { rows: 3 };
    const at = headroom("test/grid", meta, [24]);
    const bytes = new Uint8Array(1024);
    new Float64Array(bytes.buffer, at + 64, 3).set([1, 2, 3]);
    const total = writeHeader(bytes, "test/grid", meta, [24], at + 64);
    expect(total).toBe(at + 64 + 24);
    expect((decodeValue(bytes) as Grid).data).toEqual(new Float64Array([1, 2, 3]));
    expect(() => writeHeader(bytes, "test/grid", meta, [24], HEADER_BYTES)).toThrow("needs");
  });

  test("a class with a codec travels with its private state", () => {
    class Money {
      #cents: number;
      constructor(cents: number) {
        this.#cents = cents;
      }
      get cents(): number {
        return this.#cents;
      }
    }
    registerClass("test/Money", Money, {
      encode: (money) => money.cents,
      decode: (cents: number) => new Money(cents),
    });
    const back = roundTrip({ price: new Money(250) });
    expect(back.price).toBeInstanceOf(Money);
    expect(back.price.cents).toBe(250);
    expect(() => registerClass("test/Money", Map)).toThrow("taken");
    expect(tokenize([new Money(1)])).toBe(tokenize([new Money(1)]));
    expect(tokenize([new Money(1)])).not.toBe(tokenize([new Money(2)]));
  });

  test("the token of an instance tells classes apart, and names what in its state has none", () => {
    class Box {
      readonly #content: unknown;
      constructor(content: unknown) {
        this.#content = content;
      }
      static encode(box: Box): unknown {
        return box.#content;
      }
    }
    class Crate extends Box {}
    const [encode, decode] = [Box.encode, (content: unknown) => new Box(content)];
    registerClass("test/Box", Box, { encode, decode });
    expect(() => tokenize(new Crate(1))).toThrow(/private fields.*registerClass\(name, Class/s);
    registerClass("test/Crate", Crate, { encode, decode: (content) => new Crate(content) });
    const contents = [1, [1], { a: 1 }, new Box(1)];
    const tokens = contents.flatMap((content) => [
      tokenize(content),
      tokenize(new Box(content)),
      tokenize(new Crate(content)),
    ]);
    expect(new Set(tokens).size).toBe(11);
    expect(() => tokenize([new Box({ p: Promise.resolve() })])).toThrow("value[0].encode().p");
  });

  test("an instance that its own encoded state leads back to is refused", () => {
    class Link {
      to: unknown;
    }
    registerClass("test/Link", Link, {
      encode: (link) => ({ next: link.to }),
      decode: ({ next }: { readonly next: unknown }) => Object.assign(new Link(), { to: next }),
    });
    const link = new Link();
    link.to = [link];
    const error = refusalOf({ link });
    expect(error.fields["path"]).toBe("value.link.encode().next[0]");
    expect(error.message).toContain("leave the way back out");
    const other = new Link();
    link.to = [other, other];
    const [one, two] = roundTrip(link).to as readonly unknown[];
    expect(one).toBeInstanceOf(Link);
    expect(two).toBe(one);
  });
});

describe("refusals name the path and the way out", () => {
  test.each([
    [{ a: [1, Promise.resolve(1)] }, "value.a[1]", "Await it first"],
    [new Map([["k", new WeakMap()]]), 'value.get("k")', "Use a Map"],
    [{ "odd key": new SharedArrayBuffer(8) }, 'value["odd key"]', "copy"],
    [[Symbol("mine")], "value[0]", "Symbol.for"],
    [{ f: () => 1 }, "value.f", "function"],
    [[[1].values()], "value[0]", "Array.from"],
    [{ memory: createSharedMemory(1, 2 ** 16) }, "value.memory", "NDArray"],
    [{ port: new MessageChannel().port1 }, "value.port", "queues"],
  ])("case %#", (value, path, advice) => {
    const error = refusalOf(value);
    expect(error.fields["path"]).toBe(path);
    expect(error.message).toContain(path);
    expect(error.message).toContain(advice);
  });

  test("a class that nobody registered", () => {
    class Point {
      x = 1;
    }
    expect(refusalOf({ p: new Point() }).message).toContain('registerClass("Point"');
  });
});
