/**
 * Goal: the same seed and calls give NumPy's and Dask's numbers. Method: goldens made by
 * `generate/random_streams.py`; hashes where bits must agree, values spread over 20,000 draws where
 * only the last digits of exp, log and pow may differ (a stream that got out of step would differ
 * everywhere behind that point).
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { DType } from "../../src/core/dtype.ts";
import { NDArray } from "../../src/ndarray/ndarray.ts";
import {
  chunkSeeds,
  defaultRng,
  type Entropy,
  type Generator,
  generatorOf,
  PCG64,
  SeedSequence,
} from "../../src/ndarray/random/index.ts";

interface Case {
  name: string;
  method: string;
  args: number[];
  kwargs: Record<string, unknown>;
  dtype: DType;
  shape: number[];
  sha256: string;
  step: number;
  samples: string[];
}

interface Goldens {
  seed: number;
  n: number;
  exact: Case[];
  close: Case[];
  sequences: Case[];
  shuffledList: number[];
  seeds: {
    entropy: string | string[];
    spawnKey: number[];
    words: number[];
    state: string;
    inc: string;
    advanced: string;
  }[];
  dask: { name: string; chunks: number[][]; blocks: number[][] }[];
}

const text = readFileSync(new URL("goldens/random-streams.json", import.meta.url), "utf8");
const goldens = JSON.parse(text) as Goldens;

/** Integers beyond 2^53 are written as text. */
function bigger(value: unknown): unknown {
  return typeof value === "string" && value.startsWith("big:") ? BigInt(value.slice(4)) : value;
}

function camel(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function bytesOf(array: NDArray): Uint8Array {
  const { data } = array;
  const at = data.byteOffset + array.offset * array.itemsize;
  return new Uint8Array(data.buffer, at, array.nbytes);
}

function hashOf(array: NDArray): string {
  return createHash("sha256").update(bytesOf(array)).digest("hex");
}

function samplesOf(array: NDArray, step: number): (number | bigint)[] {
  return array.reshape([-1]).at(`::${step}`).toArray({ int64: "bigint" }) as number[];
}

/** Calls the method of the case with its arguments, its keywords and the size. */
function draw(golden: Case): NDArray {
  const rng = defaultRng(goldens.seed) as unknown as Record<string, (...a: unknown[]) => NDArray>;
  const method = rng[camel(golden.method)] as (...a: unknown[]) => NDArray;
  const options = { ...golden.kwargs, size: goldens.n };
  return method.call(rng, ...golden.args.map(bigger), options);
}

describe("generator against NumPy", () => {
  test.each(goldens.exact)("$name is bit-identical", (golden) => {
    const drawn = draw(golden);
    expect(drawn.dtype).toBe(golden.dtype);
    expect(hashOf(drawn)).toBe(golden.sha256);
  });

  test.each(goldens.close)("$name agrees to the last digits", (golden) => {
    const drawn = draw(golden);
    expect(drawn.dtype).toBe(golden.dtype);
    const mine = samplesOf(drawn, golden.step).map(Number);
    const theirs = golden.samples.map(Number);
    expect(mine).toHaveLength(theirs.length);
    mine.forEach((x, i) => {
      const wanted = theirs[i] as number;
      expect(Math.abs(x - wanted), `sample ${i}`).toBeLessThanOrEqual(
        4e-15 * Math.abs(wanted) + 1e-300,
      );
    });
  });
});

const SEQUENCES: Record<string, (rng: Generator) => NDArray> = {
  permutation: (r) => r.permutation(1000),
  permutation2d: (r) => r.permutation(range(60).reshape([20, 3])),
  permutationAxis1: (r) => r.permutation(range(60).reshape([3, 20]), { axis: 1 }),
  choice: (r) => r.choice(1000, { size: 500 }),
  choiceP: (r) => r.choice(5, { size: 500, p: [0.1, 0, 0.4, 0.25, 0.25] }),
  choiceFloyd: (r) => r.choice(1000, { size: 50, replace: false }),
  choiceUnshuffled: (r) => r.choice(1000, { size: 50, replace: false, shuffle: false }),
  choiceTail: (r) => r.choice(20000, { size: 1000, replace: false }),
  choiceAll: (r) => r.choice(20000, { size: 20000, replace: false }),
  choiceWithoutP: (r) => r.choice(5, { size: 4, replace: false, p: [0.1, 0, 0.4, 0.25, 0.25] }),
  integersEach: (r) => r.integers(int64([0, 5, -10]), int64([3, 2 ** 40, 10]), { size: [100, 3] }),
  integersEachInt8: (r) =>
    r.integers(int64([0, 5, -10]), int64([3, 100, 10]), { size: [100, 3], dtype: "int8" }),
  normalEach: (r) => r.normal(new NDArray([0, 10]), new NDArray([1, 0.5]), [50, 2]),
  poissonEach: (r) => r.poisson(new NDArray([0.5, 30]), [50, 2]),
  multinomial: (r) => r.multinomial(100, [0.2, 0.3, 0.5], 50),
  dirichlet: (r) => r.dirichlet([1, 2, 3.5], 50),
  mixed32: (r) =>
    new NDArray([
      r.integers(0, 10, { dtype: "int32" }),
      r.random(),
      r.integers(0, 10, { dtype: "int32" }),
      r.standardNormal(),
      r.integers(0, 10),
    ]),
  spawned: (r) =>
    new NDArray(r.spawn(3).flatMap((child) => child.random(10).toArray() as number[])),
  bytes: (r) => new NDArray(r.bytes(103)),
};

function range(n: number): NDArray {
  return int64(Array.from({ length: n }, (_, i) => i));
}

function int64(values: number[]): NDArray {
  return new NDArray(values, { dtype: "int64" });
}

describe("sampling against NumPy", () => {
  test.each(goldens.sequences)("$name", (golden) => {
    const drawn = (SEQUENCES[golden.name] as (rng: Generator) => NDArray)(defaultRng(goldens.seed));
    expect(drawn.shape).toEqual(golden.shape);
    expect(drawn.dtype).toBe(golden.dtype);
    expect(samplesOf(drawn, golden.step).map(String).map(Number)).toEqual(
      golden.samples.map(Number),
    );
    expect(hashOf(drawn.isContiguous ? drawn : drawn.copy())).toBe(golden.sha256);
  });

  test("shuffle of a plain list", () => {
    const list = Array.from({ length: 50 }, (_, i) => i);
    defaultRng(goldens.seed).shuffle(list);
    expect(list).toEqual(goldens.shuffledList);
  });
});

describe("seed sequences against NumPy", () => {
  test.each(goldens.seeds)("entropy $entropy, key $spawnKey", (golden) => {
    const plain = (value: string): bigint => BigInt(value);
    const entropy: Entropy = Array.isArray(golden.entropy)
      ? golden.entropy.map(plain)
      : plain(golden.entropy);
    const sequence = new SeedSequence(entropy, { spawnKey: golden.spawnKey });
    expect([...sequence.generateState(8)]).toEqual(golden.words);
    const { state, inc } = new PCG64(sequence).state;
    expect(String(state)).toBe(golden.state);
    expect(String(inc)).toBe(golden.inc);
    const advanced = new PCG64(sequence).advance(10n ** 20n + 7n).state.state;
    expect(String(advanced)).toBe(golden.advanced);
  });
});

/** The shapes of all blocks, in C order. */
function blockShapes(chunks: readonly number[][]): number[][] {
  return chunks.reduce<number[][]>(
    (shapes, lengths) => shapes.flatMap((shape) => lengths.map((n) => [...shape, n])),
    [[]],
  );
}

test("chunk seeds give Dask's chunks, also at a second and third call on one generator", () => {
  const rng = defaultRng(42);
  const draws: ((chunk: Generator, size: number[]) => NDArray)[] = [
    (chunk, size) => chunk.random(size),
    (chunk, size) => chunk.normal(1, 2, size),
    (chunk, size) => chunk.integers(0, 1000, { size }),
  ];
  goldens.dask.forEach((golden, call) => {
    const shapes = blockShapes(golden.chunks);
    const seeds = chunkSeeds(rng, shapes.length);
    shapes.forEach((shape, i) => {
      const seed = seeds[i] as (typeof seeds)[number];
      const block = (draws[call] as (typeof draws)[number])(generatorOf(seed), shape);
      expect(block.reshape([-1]).at(":4").toArray()).toEqual(golden.blocks[i]);
    });
  });
});
