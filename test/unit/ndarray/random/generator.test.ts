/**
 * Goal: what the conformance goldens do not show: single values equal arrays of one, arguments in
 * every form, state that can be kept and set, and errors that name what is allowed.
 */
import { describe, expect, expectTypeOf, test } from "vitest";
import { NDArray } from "../../../../src/ndarray/ndarray.ts";
import {
  chunkSeeds,
  defaultRng,
  Generator,
  generatorOf,
  PCG64,
  SeedSequence,
} from "../../../../src/ndarray/random/index.ts";

describe("single values", () => {
  test("are the first of an array with the same seed", () => {
    const first = (array: NDArray): unknown => array.get(0);
    expect(defaultRng(3).random()).toBe(first(defaultRng(3).random(1)));
    expect(defaultRng(3).normal(2, 5)).toBe(first(defaultRng(3).normal(2, 5, 1)));
    expect(defaultRng(3).poisson(20)).toBe(first(defaultRng(3).poisson(20, 1)));
    expect(defaultRng(3).integers(-5, 5)).toBe(first(defaultRng(3).integers(-5, 5, { size: 1 })));
    const narrow = { dtype: "float32" } as const;
    expect(defaultRng(3).random(narrow)).toBe(first(defaultRng(3).random({ ...narrow, size: 1 })));
    const int8 = { dtype: "int8" } as const;
    expect(defaultRng(3).integers(-5, 5, int8)).toBe(
      first(defaultRng(3).integers(-5, 5, { ...int8, size: 1 })),
    );
  });

  test("an integer beyond 2^53 is an error that shows the way", () => {
    expect(() => defaultRng(1).integers(2n ** 60n, 2n ** 60n + 9n)).toThrow(/toArray/);
    const one = defaultRng(1).integers(2n ** 60n, 2n ** 60n + 9n, { size: 1 });
    expect((one as NDArray<"int64">).data[0]).toBeGreaterThanOrEqual(2n ** 60n);
  });
});

test("many at once are the numbers that one at a time gives, whatever was rejected", () => {
  type Draw = (size?: number) => unknown;
  for (const draw of ["random", "standardNormal", "standardExponential"] as const) {
    const [many, single] = [defaultRng(7), defaultRng(7)];
    const drawMany: Draw = (many[draw] as Draw).bind(many);
    const drawOne: Draw = (single[draw] as Draw).bind(single);
    for (const n of [1, 1023, 1025, 3000]) {
      const one = Array.from({ length: n }, () => drawOne());
      expect((drawMany(n) as NDArray).toArray()).toEqual(one);
    }
    // The streams stand at the same place.
    expect(many.random()).toBe(single.random());
  }
});

describe("arguments", () => {
  test("sizes: a length, lengths, an option, none and zero", () => {
    const rng = defaultRng(0);
    expect(rng.random(4).shape).toEqual([4]);
    expect(rng.normal(0, 1, [2, 3]).shape).toEqual([2, 3]);
    expect(rng.normal(0, 1, { size: [2, 0] }).size).toBe(0);
    expect(rng.random([]).shape).toEqual([]);
    expect(rng.permutation(0).size).toBe(0);
    expect(rng.choice(3, { size: 0 }).size).toBe(0);
    expect(rng.integers(9, { size: 5 }).size).toBe(5);
  });

  test("array parameters broadcast against each other and the size", () => {
    const rng = defaultRng(0);
    const loc = new NDArray([[0], [100]]);
    const scale = new NDArray([1, 2, 3]);
    expect(rng.normal(loc, scale).shape).toEqual([2, 3]);
    expect(rng.uniform(new NDArray([0, 10]), new NDArray([1, 11]), [5, 2]).shape).toEqual([5, 2]);
    expect(() => rng.normal(loc, scale, [7])).toThrow(/broadcast/);
  });

  test("types: numbers without a size, arrays with one", () => {
    const rng = defaultRng(0);
    expectTypeOf(rng.random()).toEqualTypeOf<number>();
    expectTypeOf(rng.random(3)).toEqualTypeOf<NDArray<"float64">>();
    expectTypeOf(rng.random({ size: 3, dtype: "float32" })).toEqualTypeOf<NDArray<"float32">>();
    expectTypeOf(rng.normal(0, 1)).toEqualTypeOf<number>();
    expectTypeOf(rng.normal(0, 1, [2])).toEqualTypeOf<NDArray<"float64">>();
    expectTypeOf(rng.poisson(new NDArray([1]))).toEqualTypeOf<NDArray<"int64">>();
    expectTypeOf(rng.integers(5)).toEqualTypeOf<number>();
    expectTypeOf(rng.integers(0, 5, { size: 2 })).toEqualTypeOf<NDArray<"int64">>();
    const bytes = rng.integers(0, 5, { size: 2, dtype: "u1" });
    expectTypeOf(bytes).toEqualTypeOf<NDArray<"uint8">>();
    expect(bytes.dtype).toBe("uint8");
  });
});

describe("errors name what is allowed", () => {
  const rng = defaultRng(0);
  test.each<[() => unknown, RegExp]>([
    [() => rng.normal(0, -1), /normal: scale must be 0 or greater, not -1/],
    [() => rng.gamma(Number.NaN), /gamma: shape must be 0 or greater, not NaN/],
    [() => rng.binomial(2.5, 0.5), /binomial: n must be a non-negative integer, not 2.5/],
    [() => rng.binomial(new NDArray([3]), new NDArray([1.5])), /p must be between 0 and 1/],
    [() => rng.uniform(0, Infinity), /high - low/],
    [() => rng.random(-1), /non-negative integer/],
    [() => rng.random([1.5]), /non-negative integer/],
    [() => rng.integers(5, 5), /low 5 must be below high 5/],
    [() => rng.integers(0, 300, { dtype: "uint8" }), /above what uint8 holds/],
    [() => rng.integers(-1, 3, { dtype: "uint16" }), /below 0, the least uint16/],
    [() => rng.integers(0.5, 3), /low must be an integer, not 0.5/],
    [() => rng.integers(0, 3, { dtype: "float64" }), /see random or uniform/],
    [() => rng.choice(3, { size: 4, replace: false }), /4 of 3 elements/],
    [() => rng.choice(0), /nothing to choose/],
    [() => rng.choice(2, { p: [0.5, 0.6] }), /must sum to 1, not 1.1/],
    [() => rng.choice(3, { p: [0.5, 0.5] }), /2 probabilities for 3 elements/],
    [() => rng.choice(2, { size: 2, replace: false, p: [1, 0] }), /only 1 elements/],
    [() => rng.hypergeometric(3, 4, 8), /8 cannot be drawn from 7/],
    [() => rng.triangular(1, 0, 2), /left <= mode <= right/],
    [() => defaultRng(-1), /non-negative integers/],
    [() => defaultRng(1.5), /non-negative integers/],
  ])("%s", (draw, message) => {
    expect(draw).toThrow(message);
  });
});

describe("state", () => {
  test("can be kept and set, the kept half of a draw included", () => {
    const stream = new PCG64(5);
    const rng = new Generator(stream);
    rng.integers(0, 10, { dtype: "int32" });
    const { state } = stream;
    expect(state.hasUint32).toBe(true);
    const next = rng.integers(0, 1000, { size: 5, dtype: "int32" }).toArray();
    stream.state = state;
    expect(rng.integers(0, 1000, { size: 5, dtype: "int32" }).toArray()).toEqual(next);
  });

  test("advance skips exactly the draws of float64 uniforms, backwards too", () => {
    const stream = new PCG64(5);
    const all = new Generator(new PCG64(5)).random(10).toArray() as number[];
    expect(new Generator(stream.advance(7)).random(3).toArray()).toEqual(all.slice(7));
    expect(new Generator(stream.advance(-10)).random(10).toArray()).toEqual(all);
  });

  test("generators do not disturb each other, also in one memory", () => {
    const [a, b] = [defaultRng(1), defaultRng(2)];
    const mixed = [a.random(3), b.random(3), a.random(3)].map((x) => x.toArray() as number[]);
    const alone = defaultRng(1).random(6).toArray() as number[];
    expect([...(mixed[0] as number[]), ...(mixed[2] as number[])]).toEqual(alone);
  });

  test("a seed may be a sequence, a stream or a generator; none is fresh every time", () => {
    expect(defaultRng(new SeedSequence(7)).random()).toBe(defaultRng(7).random());
    expect(defaultRng(new PCG64(7)).random()).toBe(defaultRng(7).random());
    const rng = defaultRng(7);
    expect(defaultRng(rng)).toBe(rng);
    expect(defaultRng().random()).not.toBe(defaultRng().random());
  });
});

test("shuffle changes views and other axes in place", () => {
  const array = new NDArray(Array.from({ length: 12 }, (_, i) => i)).reshape([3, 4]);
  const rows = array.toArray() as number[][];
  defaultRng(4).shuffle(array, { axis: 1 });
  const shuffled = array.toArray() as number[][];
  expect(shuffled).not.toEqual(rows);
  shuffled.forEach((row, i) => {
    expect([...row].sort((a, b) => a - b)).toEqual(rows[i]);
    expect(row.map((x) => x % 4)).toEqual((shuffled[0] as number[]).map((x) => x % 4));
  });
  const column = array.at(":, 0");
  const before = (column.toArray() as number[]).sort((a, b) => a - b);
  defaultRng(4).shuffle(column);
  expect((array.at(":, 0").toArray() as number[]).sort((a, b) => a - b)).toEqual(before);
});

test("chunk seeds are plain data, equal for a seed, new at every call on a generator", () => {
  const seeds = chunkSeeds(42, 3);
  expect(structuredClone(seeds)).toEqual(seeds);
  expect(chunkSeeds(42, 3)).toEqual(seeds);
  const rng = defaultRng(42);
  expect(chunkSeeds(rng, 3)).toEqual(seeds);
  expect(chunkSeeds(rng, 3).map((seed) => seed.spawnKey)).toEqual([[3], [4], [5]]);
  const values = seeds.map((seed) => generatorOf(seed).random());
  expect(new Set(values).size).toBe(3);
});
