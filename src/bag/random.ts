/**
 * @file `random.sample` and `random.choices`: a fixed number of random items. Every item gets a
 * random number, and those with the largest numbers are kept, which can be done partition by
 * partition and combined in a tree (Efraimidis and Spirakis 2006, with equal weights).
 */
import { HeddleError } from "../core/errors.ts";
import { Prng } from "../core/prng.ts";
import { referToAll } from "../functions/index.ts";
import { Bag } from "./bag.ts";
import { atLeast, partitionSeeds } from "./lowering.ts";
import { type TreeOptions, treeOptions } from "./options.ts";
import {
  columnEntry,
  constant,
  dependency,
  eachPart,
  Node,
  reduceTree,
  splitEveryOf,
} from "./parts.ts";
import * as self from "./random.ts";
import { toArray } from "./steps.ts";

/** Options of {@link sample} and {@link choices}. */
export interface RandomOptions extends TreeOptions {
  /** The same state gives the same items; default: a new one. */
  readonly randomState?: number;
}

/** An item and its random number. */
type Drawn<T = unknown> = readonly [number: number, item: T];

/**
 * `k` different items of the bag, in random order. Errors: `InvalidArgument` (as cause) when the
 * bag has fewer.
 *
 * @example
 * import { random, range } from "heddle/bag";
 * console.log((await random.sample(range(100), 3).compute()).length); // 3
 */
export function sample<T>(population: Bag<T>, k: number, options: RandomOptions = {}): Bag<T> {
  return draw("sample", population, k, options, [sampleItems, sampleParts, finishSample]);
}

/**
 * `k` items of the bag, each chosen from all of them, so that one may come several times. Errors:
 * `InvalidArgument` (as cause) when the bag is empty.
 */
export function choices<T>(population: Bag<T>, k = 1, options: RandomOptions = {}): Bag<T> {
  return draw("choices", population, k, options, [chooseItems, chooseParts, finishChoices]);
}

function draw<T>(
  word: string,
  population: Bag<T>,
  k: number,
  options: RandomOptions,
  [first, merge, finish]: readonly [
    (items: Iterable<unknown>, seed: number, k: number) => Drawn[],
    (parts: Drawn[][], k: number) => Drawn[],
    (parts: Drawn[][], k: number) => unknown[],
  ],
): Bag<T> {
  atLeast(0, word, k);
  treeOptions(word, options, "randomState");
  const every = splitEveryOf(options.splitEvery);
  const seed = options.randomState ?? Math.floor(Math.random() * 2 ** 32);
  const args = [constant(k)];
  const node = new Node(1, (partsOf) => {
    const parts = eachPart(partsOf(population.node), {
      word: `${word}-part`,
      fn: first,
      args: [dependency(0), columnEntry(0), constant(k)],
      columns: [{ kind: "number", data: partitionSeeds(seed, population.npartitions) }],
    });
    const combine = { word: `${word}-combine`, fn: merge, args };
    return [reduceTree(parts, combine, { word, fn: finish, args }, every)];
  });
  return new Bag<T>(node);
}

/** Task: the `k` items of a partition with the largest numbers. */
export function sampleItems(items: Iterable<unknown>, seed: number, k: number): Drawn[] {
  const prng = new Prng(seed);
  const drawn = Array.from(items, (item): Drawn => [prng.random(), item]);
  return largest(drawn, k);
}

/** Task: the `k` with the largest numbers of several parts. */
export function sampleParts(parts: Drawn[][], k: number): Drawn[] {
  return largest(parts.flat(), k);
}

function largest(drawn: Drawn[], k: number): Drawn[] {
  return drawn.sort(([a], [b]) => b - a).slice(0, k);
}

/** Task: the sample itself. */
export function finishSample(parts: Drawn[][], k: number): unknown[] {
  const drawn = sampleParts(parts, k);
  if (drawn.length === k) return drawn.map(([, item]) => item);
  throw new HeddleError(
    "InvalidArgument",
    `a sample of ${k} items was asked of a bag of ${drawn.length}; use random.choices to take items again`,
  );
}

/** Task: for each of `k` places an item, and the largest of the numbers of all items for it. */
export function chooseItems(items: Iterable<unknown>, seed: number, k: number): Drawn[] {
  const prng = new Prng(seed);
  const all = toArray(items);
  if (all.length === 0) return [];
  // The largest of n uniform numbers is distributed as the n-th root of one.
  return Array.from({ length: k }, () => [prng.random() ** (1 / all.length), prng.pick(all)]);
}

/** Task: for each place the item with the largest number. */
export function chooseParts(parts: Drawn[][], k: number): Drawn[] {
  const some = parts.filter((part) => part.length > 0);
  if (some.length === 0) return [];
  return Array.from({ length: k }, (_, place) =>
    some.map((part) => part[place] as Drawn).reduce((a, b) => (b[0] > a[0] ? b : a)),
  );
}

/** Task: the choices themselves. */
export function finishChoices(parts: Drawn[][], k: number): unknown[] {
  const drawn = chooseParts(parts, k);
  if (drawn.length === k) return drawn.map(([, item]) => item);
  throw new HeddleError("InvalidArgument", "choices were asked of an empty bag, which has none");
}

referToAll(import.meta.url, self);
