/**
 * @file What reduces a partition to one value, and several such values to one: the task functions
 * behind `sum`, `mean`, `fold`, `frequencies`, `topk` and their like. Partial results are combined
 * in the order of the partitions, so results depend on the partitions alone, never on timing.
 */
import { HeddleError } from "../core/errors.ts";
import { referToAll } from "../functions/index.ts";
import * as self from "./aggregates.ts";
import { compareValues } from "./compare.ts";
import { KeyMap, type KeyOf, keyFunction } from "./key.ts";
import { toArray } from "./steps.ts";

type Items<T = unknown> = Iterable<T>;
type Binop = (total: unknown, item: unknown) => unknown;

/** A partial result that may be missing: nothing, or one value. */
type Maybe<T = unknown> = readonly [] | readonly [T];

/** Number of items. */
export function countItems(items: Items): number {
  let count = 0;
  for (const _ of items) count++;
  return count;
}

/** Sum of numbers (or of bigints), one after the other. */
export function sumItems(items: Items): number | bigint {
  let sum: number | bigint = 0;
  for (const item of items) sum = plus(sum, item);
  return sum;
}

/** Partitions of no items add 0, whichever kind the others are of. */
function plus(sum: number | bigint, item: unknown): number | bigint {
  if (typeof item === "bigint") {
    if (typeof sum === "bigint") return sum + item;
    if (sum === 0) return item;
  } else if (typeof sum === "number") return sum + numberOf("sum", item);
  else if (item === 0) return sum;
  throw new HeddleError(
    "InvalidArgument",
    "sum was given numbers and bigints: map them to one of both first, as in .map(Number)",
  );
}

/** The item as a number; truth values are 1 and 0. */
function numberOf(step: string, item: unknown): number {
  if (typeof item === "number") return item;
  if (typeof item === "boolean" || typeof item === "bigint") return Number(item);
  const given =
    typeof item === "string" ? `text ${JSON.stringify(item.slice(0, 40))}` : kindOf(item);
  throw new HeddleError(
    "InvalidArgument",
    `${step} was given ${given}; it takes numbers: map items to numbers first, as in .map(Number), ` +
      "and filter out what is missing",
  );
}

function kindOf(item: unknown): string {
  if (item === null || item === undefined) return String(item);
  return Array.isArray(item) ? "an array" : `an ${typeof item}`.replace("an f", "a f");
}

/** Whether any item is truthy; looks no further than the first one. */
export function anyItem(items: Items): boolean {
  for (const item of items) if (item) return true;
  return false;
}

/** Whether all items are truthy; looks no further than the first that is not. */
export function allItems(items: Items): boolean {
  for (const item of items) if (!item) return false;
  return true;
}

/** The smallest (`sign` 1) or largest (`sign` -1) item; the first of equals. */
export function extremeItem(items: Items, sign: 1 | -1): Maybe {
  let best: unknown;
  let found = false;
  for (const item of items) {
    if (found && sign * compareValues(item, best) >= 0) continue;
    best = item;
    found = true;
  }
  return found ? [best] : [];
}

/** The extreme of partial extremes. */
export function extremeOf(parts: readonly Maybe[], sign: 1 | -1): Maybe {
  return extremeItem(parts.flat(), sign);
}

/** The extreme of a whole bag, which must have one. */
export function finishExtreme(parts: readonly Maybe[], sign: 1 | -1): unknown {
  const found = extremeOf(parts, sign);
  if (found.length === 1) return found[0];
  throw emptyBag(
    sign === 1 ? "min" : "max",
    "filter less, or take(1) to see whether there is any item",
  );
}

/** Count, mean and sum of squared differences from the mean. */
export interface Moments {
  readonly count: number;
  readonly mean: number;
  readonly squares: number;
}

/** Welford's running moments: exact where sums of squares would cancel. */
export function momentsOfItems(items: Items): Moments {
  let count = 0;
  let mean = 0;
  let squares = 0;
  for (const item of items) {
    count++;
    const value = numberOf("var and std", item);
    const delta = value - mean;
    mean += delta / count;
    squares += delta * (value - mean);
  }
  return { count, mean, squares };
}

/** Moments of the union (Chan, Golub and LeVeque 1979). */
export function momentsOfParts(parts: readonly Moments[]): Moments {
  return parts.reduce(
    (a, b) => {
      const count = a.count + b.count;
      if (count === 0) return a;
      const delta = b.mean - a.mean;
      return {
        count,
        mean: a.mean + (delta * b.count) / count,
        squares: a.squares + b.squares + (delta * delta * a.count * b.count) / count,
      };
    },
    { count: 0, mean: 0, squares: 0 },
  );
}

/** Variance with `ddof` fewer degrees of freedom than items; NaN when that leaves none. */
export function finishVariance(parts: readonly Moments[], ddof: number): number {
  const { count, squares } = momentsOfParts(parts);
  return count > ddof ? squares / (count - ddof) : Number.NaN;
}

/** Square root of the variance. */
export function finishDeviation(parts: readonly Moments[], ddof: number): number {
  return Math.sqrt(finishVariance(parts, ddof));
}

/** Sum and count of numbers. */
export function totalOfItems(items: Items): readonly [number, number] {
  let count = 0;
  let sum = 0;
  for (const item of items) {
    sum += numberOf("mean", item);
    count++;
  }
  return [sum, count];
}

/** Sums and counts added. */
export function totalOfParts(
  parts: readonly (readonly [number, number])[],
): readonly [number, number] {
  return [total(parts.map(([sum]) => sum)), total(parts.map(([, count]) => count))];
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Mean from sums and counts; NaN for no items. */
export function finishMean(parts: readonly (readonly [number, number])[]): number {
  const [sum, count] = totalOfParts(parts);
  return sum / count;
}

/**
 * Folds a partition: `initial` is absent or one value, of which each partition gets a copy of its
 * own.
 */
export function foldItems(items: Items, binop: Binop, initial: Maybe): Maybe {
  let started = initial.length === 1;
  let total: unknown = started ? copyOf(initial[0]) : undefined;
  for (const item of items) {
    total = started ? binop(total, item) : item;
    started = true;
  }
  return started ? [total] : [];
}

/** Folds partial results, leaving out those of empty partitions. */
export function foldParts(parts: readonly Maybe[], combine: Binop): Maybe {
  return foldItems(parts.flat(), combine, []);
}

/** The fold of a whole bag, which must have a value. */
export function finishFold(parts: readonly Maybe[], combine: Binop): unknown {
  const found = foldParts(parts, combine);
  if (found.length === 1) return found[0];
  throw emptyBag("fold without an initial value", "give an initial value");
}

/** So that a `binop` that changes its first argument changes nobody else's. */
function copyOf(initial: unknown): unknown {
  return typeof initial === "object" && initial !== null ? structuredClone(initial) : initial;
}

/** The user's reduction of a partition. */
export function reducePartition(items: Items, fn: (items: unknown[]) => unknown): unknown {
  return fn(toArray(items));
}

/** The user's reduction of partial results. */
export function reduceParts(parts: unknown[], fn: (parts: unknown[]) => unknown): unknown {
  return fn(parts);
}

/** How often each item comes, in the order in which items first come. */
export function countKeys(items: Items): [unknown, number][] {
  const counts = new KeyMap<unknown, number>();
  for (const item of items) counts.entryOr(item, zero).value++;
  return counts.pairs();
}

/** Counts added. */
export function addCounts(parts: readonly (readonly [unknown, number])[][]): [unknown, number][] {
  const counts = new KeyMap<unknown, number>();
  for (const part of parts)
    for (const [key, count] of part) counts.entryOr(key, zero).value += count;
  return counts.pairs();
}

/**
 * Counts added and the most frequent first; those of equal count stay in the order of their first
 * coming.
 */
export function addAndSortCounts(
  parts: readonly (readonly [unknown, number])[][],
): [unknown, number][] {
  return addCounts(parts).sort((a, b) => b[1] - a[1]);
}

function zero(): number {
  return 0;
}

/** The first item of each key, in order. */
export function distinctItems(items: Items, key: Maybe<KeyOf<unknown>>): unknown[] {
  const keyOf = key.length === 1 ? keyFunction(key[0]) : undefined;
  const first = new KeyMap<unknown, unknown>();
  for (const item of items) first.entryOr(keyOf === undefined ? item : keyOf(item), () => item);
  return first.entries().map((entry) => entry.value);
}

/** The first item of each key among several partial results. */
export function distinctParts(parts: unknown[][], key: Maybe<KeyOf<unknown>>): unknown[] {
  return distinctItems(parts.flat(), key);
}

/** The `k` largest items, largest first; of equals, those that come first. */
export function topItems(items: Items, k: number, key: Maybe<KeyOf<unknown>>): unknown[] {
  const keyOf = key.length === 1 ? keyFunction(key[0]) : (item: unknown) => item;
  // A stable sort whenever the buffer has doubled keeps earlier items before later equal ones, at
  // O(log k) an item.
  let kept: { readonly item: unknown; readonly rank: unknown }[] = [];
  const shrink = (): void => {
    kept.sort((a, b) => compareValues(b.rank, a.rank));
    kept = kept.slice(0, k);
  };
  for (const item of items) {
    kept.push({ item, rank: keyOf(item) });
    if (kept.length >= 2 * k + 64) shrink();
  }
  shrink();
  return kept.map(({ item }) => item);
}

/** The `k` largest of several partial results. */
export function topParts(parts: unknown[][], k: number, key: Maybe<KeyOf<unknown>>): unknown[] {
  return topItems(parts.flat(), k, key);
}

/** One running total per key. */
export function foldKeys(
  items: Items,
  key: KeyOf<unknown>,
  binop: Binop,
  initial: Maybe,
): [unknown, unknown][] {
  const keyOf = keyFunction(key);
  const totals = new KeyMap<unknown, unknown>();
  for (const item of items) {
    const at = keyOf(item);
    const entry = totals.entry(at);
    if (entry !== undefined) entry.value = binop(entry.value, item);
    else if (initial.length === 0) totals.entryOr(at, () => item);
    else totals.entryOr(at, () => binop(copyOf(initial[0]), item));
  }
  return totals.pairs();
}

/** Running totals of equal keys combined, from `initial` on where it is given. */
export function combineKeys(
  parts: readonly (readonly [unknown, unknown])[][],
  combine: Binop,
  initial: Maybe,
): [unknown, unknown][] {
  const totals = new KeyMap<unknown, unknown>();
  for (const [key, total] of parts.flat()) {
    const entry = totals.entry(key);
    if (entry !== undefined) entry.value = combine(entry.value, total);
    else if (initial.length === 0) totals.entryOr(key, () => total);
    else totals.entryOr(key, () => combine(copyOf(initial[0]), total));
  }
  return totals.pairs();
}

/** All items of several parts, one part after the other. */
export function concatParts(parts: readonly Items[]): unknown[] {
  return parts.flatMap((part) => toArray(part));
}

function emptyBag(what: string, advice: string): HeddleError<"InvalidArgument"> {
  return new HeddleError("InvalidArgument", `${what} of an empty bag has no value: ${advice}`);
}

referToAll(import.meta.url, self);
