/**
 * @file What happens to one partition: steps from items to items, written as generators. A step
 * that stands alone collects its result into an array; a step that is fused into the next one hands
 * over its generator, so a chain of steps holds one item at a time.
 */
import { HeddleError, nearestName } from "../core/errors.ts";
import { Prng } from "../core/prng.ts";
import { referToAll } from "../functions/index.ts";
import { KeyMap, type KeyOf, keyFunction } from "./key.ts";
import * as self from "./steps.ts";

/** Name of a step. */
export type StepName =
  | "map"
  | "mapMany"
  | "starmap"
  | "filter"
  | "remove"
  | "flatMap"
  | "flatten"
  | "pluck"
  | "pluckMany"
  | "takeWhile"
  | "take"
  | "sample"
  | "slice"
  | "product"
  | "join"
  | "zip";

/**
 * The steps by name: `collectStep` and `streamStep` are the task functions, and the name is their
 * first argument.
 */
const STEPS: Readonly<Record<StepName, (...args: never[]) => Iterable<unknown>>> = {
  map,
  mapMany,
  starmap,
  filter,
  remove,
  flatMap,
  flatten,
  pluck,
  pluckMany,
  takeWhile,
  take,
  sample,
  slice,
  product,
  join,
  zip,
};

type AnyStep = (...args: unknown[]) => Iterable<unknown>;

/** Task: runs a step and gives its items as an array. */
export function collectStep(step: StepName, ...args: unknown[]): unknown[] {
  return Array.from((STEPS[step] as AnyStep)(...args));
}

/** Task within another task: runs a step as its items are asked for. */
export function streamStep(step: StepName, ...args: unknown[]): Iterable<unknown> {
  return (STEPS[step] as AnyStep)(...args);
}

/**
 * Task: hands a whole partition to a function, which gives another one, or a promise of it.
 * `each[i]` says whether `more[i]` is a partition as well.
 */
export async function mapPartition(
  items: Items,
  fn: (items: unknown[], ...more: unknown[]) => unknown,
  each: readonly boolean[],
  more: readonly unknown[],
): Promise<unknown[]> {
  const args = more.map((value, i) => (each[i] === true ? toArray(value as Items) : value));
  const result = await fn(toArray(items), ...args);
  if (result !== null && typeof result === "object") {
    if (Symbol.iterator in result) return toArray(result as Iterable<unknown>);
    if (Symbol.asyncIterator in result) return await fromAsync(result as AsyncIterable<unknown>);
  }
  throw new HeddleError(
    "InvalidArgument",
    `the function given to mapPartitions returned ${describe(result)}; it must return an array or ` +
      "another iterable of items (for one value, return [value])",
  );
}

async function fromAsync(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The items as an array, which is not copied when it is one. */
export function toArray<T>(items: Iterable<T>): T[] {
  return Array.isArray(items) ? items : Array.from(items);
}

type Items = Iterable<unknown>;
type Fn = (...args: unknown[]) => unknown;

function* map(items: Items, fn: Fn): Iterable<unknown> {
  for (const item of items) {
    const result = fn(item);
    if (result instanceof Promise) throw returnedPromise("map");
    yield result;
  }
}

/**
 * `each[i]` says whether `more[i]` is a partition that goes along item by item, or one value for
 * all.
 */
function* mapMany(items: Items, fn: Fn, each: readonly boolean[], more: unknown[]): Items {
  const along = more.map((value, i) => (each[i] === true ? iterate(value as Items) : undefined));
  let count = 0;
  for (const item of items) {
    const args = more.map((value, i) => {
      const next = along[i]?.next();
      if (next?.done === true) throw differentLengths("map", count, i + 1);
      return next === undefined ? value : next.value;
    });
    count++;
    yield fn(item, ...args);
  }
  for (const [i, rest] of along.entries()) {
    if (rest?.next().done === false) throw differentLengths("map", count, i + 1);
  }
}

function* starmap(items: Items, fn: Fn): Items {
  for (const item of items) yield fn(...(item as Items));
}

function* filter(items: Items, predicate: Fn): Items {
  for (const item of items) {
    const keep = predicate(item);
    if (keep instanceof Promise) throw returnedPromise("filter");
    if (keep) yield item;
  }
}

function* remove(items: Items, predicate: Fn): Items {
  for (const item of items) if (!predicate(item)) yield item;
}

function* flatMap(items: Items, fn: Fn): Items {
  for (const item of items) yield* checkIterable(fn(item), "flatMap");
}

function* flatten(items: Items): Items {
  for (const item of items) yield* checkIterable(item, "flatten");
}

/** `fallback` is absent or an array of one value, so that `undefined` can be a default. */
function* pluck(items: Items, key: PropertyKey, fallback?: readonly [unknown]): Items {
  for (const item of items) yield part(item, key, fallback);
}

function* pluckMany(
  items: Items,
  keys: readonly PropertyKey[],
  fallback?: readonly [unknown],
): Items {
  for (const item of items) yield keys.map((key) => part(item, key, fallback));
}

function part(item: unknown, key: PropertyKey, fallback?: readonly [unknown]): unknown {
  if (item !== null && item !== undefined) {
    const value = (item as Record<PropertyKey, unknown>)[key];
    if (Object.hasOwn(Object(item) as object, key)) return value;
    // Getters of classes are fields; what every object inherits, and methods, are none.
    const inherited = key in (Object(item) as object) && !(key in Object.prototype);
    if (inherited && typeof value !== "function") return value;
  }
  if (fallback !== undefined) return fallback[0];
  const known = typeof item === "object" && item !== null ? Object.keys(item) : [];
  // Among names of a letter or two any other would be near.
  const near = String(key).length > 2 ? nearestName(String(key), known) : undefined;
  throw new HeddleError(
    "InvalidArgument",
    `pluck found no ${JSON.stringify(String(key))} in ${describe(item)}` +
      (near === undefined ? ". " : `; did you mean ${JSON.stringify(near)}? `) +
      "Give a default as the second argument for items that lack it.",
  );
}

function* takeWhile(items: Items, predicate: Fn): Items {
  for (const item of items) {
    if (!predicate(item)) return;
    yield item;
  }
}

function* take(items: Items, count: number): Items {
  if (count <= 0) return;
  let left = count;
  for (const item of items) {
    yield item;
    if (--left === 0) return;
  }
}

function* sample(items: Items, probability: number, seed: number): Items {
  const prng = new Prng(seed);
  for (const item of items) if (prng.chance(probability)) yield item;
}

/** The `index`-th of `count` nearly equal slices. */
function slice(items: Items, index: number, count: number): unknown[] {
  const all = toArray(items);
  const at = (i: number): number => Math.floor((all.length * i) / count);
  return all.slice(at(index), at(index + 1));
}

function* product(items: Items, others: Items): Items {
  const second = toArray(others);
  for (const a of items) for (const b of second) yield [a, b];
}

/** Pairs (other, own) with equal keys, in the order of the own items; `others` are indexed once. */
function* join(items: Items, others: Items, own: KeyOf<unknown>, other: KeyOf<unknown>): Items {
  const [ownKey, otherKey] = [keyFunction(own), keyFunction(other)];
  const index = new KeyMap<unknown, unknown[]>();
  for (const one of others) index.entryOr(otherKey(one), () => []).value.push(one);
  for (const item of items) {
    for (const one of index.entry(ownKey(item))?.value ?? []) yield [one, item];
  }
}

function* zip(...bags: Items[]): Items {
  const along = bags.map(iterate);
  for (let count = 0; ; count++) {
    const next = along.map((items) => items.next());
    const ended = next.findIndex((step) => step.done === true);
    if (ended < 0) yield next.map((step) => step.value);
    else if (next.every((step) => step.done === true)) return;
    else throw differentLengths("zip", count, ended);
  }
}

function iterate(items: Items): Iterator<unknown> {
  return items[Symbol.iterator]();
}

function checkIterable(value: unknown, step: string): Items {
  if (value !== null && value !== undefined && Symbol.iterator in Object(value)) {
    return value as Items;
  }
  throw new HeddleError(
    "InvalidArgument",
    `${step} needs arrays or other iterables, but was given ${describe(value)}; use map for single values`,
  );
}

function returnedPromise(step: string): HeddleError<"InvalidArgument"> {
  return new HeddleError(
    "InvalidArgument",
    `the function given to ${step} returned a promise, but items are handled one after the other ` +
      "without waiting; use mapPartitions, whose function may be asynchronous",
  );
}

function differentLengths(step: string, count: number, which: number): HeddleError {
  return new HeddleError(
    "InvalidArgument",
    `${step} goes through several bags item by item, but bag ${which} has another number of items ` +
      `in this partition (the shortest has ${count}); repartition does not help: make them from the same source`,
  );
}

function describe(value: unknown): string {
  if (value === null || typeof value !== "object") return `${typeof value} ${String(value)}`.trim();
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return `an object with ${Object.keys(value).slice(0, 8).join(", ") || "no fields"}`;
}

referToAll(import.meta.url, self);
