/** @file Types of bags: what is inferred, and what must not compile. */
import { expectTypeOf, test } from "vitest";
import {
  type Bag,
  fromSequence,
  type Item,
  range,
  readJson,
  readText,
  zip,
} from "../../src/bag/index.ts";

interface Flight {
  origin: string;
  delay: number;
  gate?: string;
}

test("items are inferred through steps", () => {
  const flights = readJson<Flight>("flights.json");
  expectTypeOf(flights.pluck("delay")).toEqualTypeOf<Bag<number>>();
  expectTypeOf(flights.pluck("gate", "?")).toEqualTypeOf<Bag<string>>();
  expectTypeOf(flights.pluck(["origin", "delay"])).toEqualTypeOf<Bag<[string, number]>>();
  expectTypeOf(flights.pluck("origin").frequencies()).toEqualTypeOf<Bag<[string, number]>>();
  expectTypeOf(flights.groupby("origin")).toEqualTypeOf<Bag<[string, Flight[]]>>();
  expectTypeOf(flights.groupby((f) => f.delay > 15)).toEqualTypeOf<Bag<[boolean, Flight[]]>>();
  expectTypeOf(flights.take(3)).toEqualTypeOf<Promise<Flight[]>>();
  expectTypeOf(flights.take(3, { compute: false })).toEqualTypeOf<Bag<Flight>>();
  expectTypeOf(readText("a.txt")).toEqualTypeOf<Bag<string>>();
  expectTypeOf(readText("a.txt", { includePath: true })).toEqualTypeOf<
    Bag<[line: string, path: string]>
  >();
  const mixed = fromSequence<string | number>(["a", 1]);
  const isString = (x: string | number): x is string => typeof x === "string";
  expectTypeOf(mixed.filter(isString)).toEqualTypeOf<Bag<string>>();
});

test("folds need `combine` when totals differ from items", () => {
  const words = fromSequence(["a"]);
  expectTypeOf(range(3).fold((a, b) => a + b, 0)).toEqualTypeOf<Item<number>>();
  const length = words.fold((n: number, w) => n + w.length, 0, { combine: (a, b) => a + b });
  expectTypeOf(length).toEqualTypeOf<Item<number>>();
  const named = words.fold((n: number, w) => n + w.length, {
    initial: 0,
    combine: (a, b) => a + b,
  });
  expectTypeOf(named).toEqualTypeOf<Item<number>>();
  const byLetter = words.foldby(
    (w) => w[0],
    (n: number, w) => n + w.length,
    {
      initial: 0,
      combine: (a, b) => a + b,
      combineInitial: 0,
    },
  );
  expectTypeOf(byLetter).toEqualTypeOf<Bag<[string | undefined, number]>>();
  expectTypeOf(words.topk(2, { key: "length" })).toEqualTypeOf<Bag<string>>();
  // @ts-expect-error totals are numbers, items strings: two totals cannot be folded by the same
  // function
  words.fold((n: number, w) => n + w.length, 0);
});

test("bags that go along keep their types", () => {
  const a = range(3);
  const b = fromSequence(["x", "y", "z"]);
  expectTypeOf(a.map((n, s) => s.repeat(n), b)).toEqualTypeOf<Bag<string>>();
  expectTypeOf(a.map((n, total) => n / total, a.sum())).toEqualTypeOf<Bag<number>>();
  expectTypeOf(b.map(Number.parseInt)).toEqualTypeOf<Bag<number>>();
  const lengths = a.mapPartitions((ns, ss, n) => [ns.length + ss.length + n], b, 1);
  expectTypeOf(lengths).toEqualTypeOf<Bag<number>>();
  // @ts-expect-error the bag that goes along has strings
  a.map((n, other: number) => n + other, b);
  expectTypeOf(zip(a, b)).toEqualTypeOf<Bag<[number, string]>>();
  expectTypeOf(zip(a, b).starmap((n, s) => s[n] ?? "")).toEqualTypeOf<Bag<string>>();
  expectTypeOf(a.product(b)).toEqualTypeOf<Bag<[number, string]>>();
});

test("what makes no sense does not compile", () => {
  const words = fromSequence(["a"]);
  // @ts-expect-error strings have no sum
  words.sum();
  // @ts-expect-error strings have no mean
  words.mean();
  // @ts-expect-error numbers cannot be flattened
  range(3).flatten();
  // @ts-expect-error no such field
  fromSequence<Flight>([]).pluck("dely");
});
