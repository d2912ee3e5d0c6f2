/** @file Content tokens: what counts as equal, what as different, and what is refused. */
import { execFileSync } from "node:child_process";
import { afterEach, describe, expect, test } from "vitest";
import { COLLECTION } from "../../../src/core/collection.ts";
import { registerFunctionToken, TOKEN, tokenize, tokenizeCall } from "../../../src/core/token.ts";

class Point {
  readonly x: number;
  readonly y: number;
  constructor(x: number, y: number) {
    this.x = x;
    this.y = y;
  }
}

class Vector {
  readonly x: number;
  readonly y: number;
  constructor(x: number, y: number) {
    this.x = x;
    this.y = y;
  }
}

class Secret {
  #hidden = 1;
  get seen(): number {
    return this.#hidden;
  }
}

class Named {
  #content: string;
  constructor(content: string) {
    this.#content = content;
  }
  [TOKEN](): unknown {
    return ["Named", this.#content];
  }
}

/** A list of values that must all have different tokens. */
const DIFFERENT: readonly unknown[] = [
  undefined,
  null,
  false,
  true,
  0,
  -0,
  1,
  1n,
  "1",
  "",
  Number.NaN,
  Infinity,
  [],
  [undefined],
  // biome-ignore lint/suspicious/noSparseArray: holes are the subject.
  [,],
  [[]],
  [1],
  [1, [2]],
  [[1], 2],
  ["a", "b"],
  ["ab", ""],
  {},
  { a: undefined },
  { a: 1 },
  { b: 1 },
  { a: { b: 1 } },
  new Map(),
  new Map([["a", 1]]),
  new Set(),
  new Set([1]),
  new Set([new Set()]),
  new Date(0),
  new Date(Number.NaN),
  /a/,
  /a/g,
  new Float64Array(2),
  new Float32Array(4),
  new Uint8Array(16),
  new Uint8Array(17),
  new ArrayBuffer(16),
  new SharedArrayBuffer(16),
  new DataView(new ArrayBuffer(16)),
  new Point(1, 2),
  new Vector(1, 2),
  new Point(2, 1),
  new Error("a"),
  new RangeError("a"),
  new Error("a", { cause: 1 }),
  new Named("a"),
  new Named("b"),
  new URL("http://a.example/x"),
  new URL("http://a.example/y"),
  Math.max,
  Math.min,
  Array.prototype.at,
  String.prototype.at,
  (x: number) => x + 1,
  (x: number) => x + 2,
  Point,
  Symbol.iterator,
  Symbol.for("a"),
  new Number(1),
];

describe("tokenize", () => {
  afterEach(() => registerFunctionToken(undefined));

  test("is 32 hex digits", () => {
    expect(tokenize("a", 1)).toMatch(/^[0-9a-f]{32}$/);
  });

  test("tells different values apart, and the same value every time", () => {
    const tokens = DIFFERENT.map((value) => tokenize(value));
    expect(new Set(tokens).size).toBe(DIFFERENT.length);
    expect(DIFFERENT.map((value) => tokenize(value))).toEqual(tokens);
  });

  test("does not depend on the order of object keys, map entries or set members", () => {
    expect(tokenize({ a: 1, b: [2] })).toBe(tokenize({ b: [2], a: 1 }));
    const map = new Map<unknown, unknown>([
      ["a", 1],
      [{ k: 1 }, 2],
    ]);
    expect(tokenize(map)).toBe(tokenize(new Map([...map].reverse())));
    expect(tokenize(new Set([1, "a", [2]]))).toBe(tokenize(new Set([[2], 1, "a"])));
  });

  test("names the bytes of a view, not the buffer around them", () => {
    const whole = Float64Array.of(0, 1, 2, 3);
    expect(tokenize(whole.subarray(1, 3))).toBe(tokenize(Float64Array.of(1, 2)));
    const shifted = new Uint8Array(whole.buffer, 3, 5);
    expect(tokenize(shifted)).toBe(tokenize(shifted.slice()));
    expect(tokenize(Buffer.from("abc"))).toBe(tokenize(new TextEncoder().encode("abc")));
  });

  test("ends on circles, and tells their forms apart", () => {
    const self: { me?: unknown } = {};
    self.me = self;
    const pair: { me?: { me: unknown } } = {};
    pair.me = { me: pair };
    const set = new Set<unknown>();
    set.add(set);
    expect(tokenize(self)).not.toBe(tokenize(pair));
    expect(tokenize(set)).toMatch(/^[0-9a-f]{32}$/);
  });

  test("keeps holes and long sparse arrays", () => {
    const sparse: number[] = [];
    sparse[4_000_000_000] = 1;
    const other: number[] = [];
    other[4_000_000_000] = 2;
    expect(tokenize(sparse)).not.toBe(tokenize(other));
  });

  test("gives collections their keys", () => {
    const collection = (name: string) => ({
      [COLLECTION]: true,
      lower: () => ({ outputs: [{ layer: { name, count: 2 }, index: 1 }] }),
      run: () => name,
    });
    class Lazy {
      readonly [COLLECTION] = true;
      readonly #name: string;
      constructor(name: string) {
        this.#name = name;
      }
      lower(): unknown {
        return collection(this.#name).lower();
      }
    }
    expect(tokenize(new Lazy("x"))).toBe(tokenize(new Lazy("x")));
    expect(tokenize(new Lazy("x"))).not.toBe(tokenize(new Lazy("y")));
  });

  test("uses what is registered for functions", () => {
    const make = (n: number) => (x: number) => x + n;
    expect(tokenize(make(1))).toBe(tokenize(make(2)));
    const captured = new Map<unknown, number>([[make, 0]]);
    registerFunctionToken((fn) => captured.get(fn));
    const one = make(1);
    const two = make(2);
    captured.set(one, 1).set(two, 2);
    expect(tokenize(one)).not.toBe(tokenize(two));
  });

  test.each([
    ["a promise", { list: [Promise.resolve()] }, "value.list[0]"],
    ["a weak map", [new WeakMap()], "value[0]"],
    ["a private field", new Map([["k", new Secret()]]), 'value.get("k")'],
    ["a lone symbol", { s: Symbol("s") }, "value.s"],
    ["a bound function", [Point.bind(null)], "value[0]"],
    ["a generator", { g: (function* () {})() }, "value.g"],
  ])("refuses %s, naming its path", (_, value, path) => {
    expect(() => tokenize(value)).toThrow(
      expect.objectContaining({ code: "TokenizeFailed", fields: { path } }),
    );
    expect(tokenize(1)).toBe(tokenize(1));
  });

  test("refuses what is nested too deeply instead of overflowing the stack", () => {
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(() => tokenize(deep)).toThrow(expect.objectContaining({ code: "TokenizeFailed" }));
  });

  test("is the same in another process", () => {
    const source = new URL("../../../src/core/token.ts", import.meta.url).href;
    const program = `import { tokenize } from ${JSON.stringify(source)};
      const f = (x) => x * 2;
      console.log(tokenize({ a: [1, "é", new Date(5)], f: Math.hypot }, f, new Float32Array([1.5])));`;
    const run = () =>
      execFileSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], {
        encoding: "utf8",
      });
    expect(run()).toBe(run());
  });
});

describe("tokenizeCall", () => {
  const shared = { z: 1 };
  const around = (value: unknown): unknown => {
    const ring: { value: unknown; ring?: unknown } = { value };
    ring.ring = ring;
    return ring;
  };
  class Tags extends Map<string, number> {
    owner = "";
  }
  class Names extends Map<string, number> {}

  test.each<[string, unknown, unknown]>([
    ["the order of keys", { a: 1, b: 2 }, { b: 2, a: 1 }],
    ["the order of keys within", [{ in: { a: 1, b: 2 } }], [{ in: { b: 2, a: 1 } }]],
    [
      "the order of a map",
      new Map([
        [1, 1],
        [2, 2],
      ]),
      new Map([
        [2, 2],
        [1, 1],
      ]),
    ],
    ["the order of a set", new Set([1, 2]), new Set([2, 1])],
    ["a buffer of Node", Buffer.from("hi"), new Uint8Array([104, 105])],
    ["having no prototype", Object.create(null), {}],
    ["an object met twice", [shared, shared], [{ z: 1 }, { z: 1 }]],
    ["where a circle leads", { value: 1, ring: around(1) }, around(1)],
    ["the class of a map", new Tags([["a", 1]]), new Names([["a", 1]])],
    ["fields of a map", new Tags([["a", 1]]), Object.assign(new Tags([["a", 1]]), { owner: "me" })],
    ["the class of an array", [1], new (class Row extends Array<number> {})(1).fill(1)],
    ["properties of a date", new Date(1), Object.assign(new Date(1), { k: 1 })],
    ["the class of an error", new Error("no"), new (class extends Error {})("no")],
  ])("counts %s", (_, one, other) => {
    expect(tokenizeCall(one)).not.toBe(tokenizeCall(other));
    expect(tokenizeCall(one)).toBe(tokenizeCall(one));
  });

  test("agrees on equal values", () => {
    const make = (): unknown[] => [
      { b: [shared, shared], a: new Map([[{ k: 1 }, new Set(["x"])]]) },
      around("v"),
      Object.assign(new Tags(), { owner: "me" }),
      new Point(1, 2),
    ];
    expect(tokenizeCall(...make())).toBe(tokenizeCall(...make()));
    expect(tokenizeCall(1, "a", [2])).toBe(tokenize(1, "a", [2]));
  });

  test("takes each value for itself, as arguments travel", () => {
    expect(tokenizeCall(shared, shared)).toBe(tokenizeCall({ z: 1 }, { z: 1 }));
  });

  test("counts what the class of an instance has captured", () => {
    const make = (n: number): object =>
      new (class Scale {
        factor(): number {
          return n;
        }
      })();
    registerFunctionToken((fn) =>
      String(new (fn as unknown as new () => { factor(): number })().factor()),
    );
    expect(tokenizeCall(make(1))).not.toBe(tokenizeCall(make(2)));
    expect(tokenizeCall(make(1))).toBe(tokenizeCall(make(1)));
  });
});
