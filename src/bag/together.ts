/**
 * @file Functions of several bags.
 */
import { HeddleError } from "../core/errors.ts";
import { Bag, type ItemsOf, type ValuesOf } from "./bag.ts";
import { fromSequence } from "./create.ts";
import { alongParts } from "./lowering.ts";
import { constant, dependency, makeParts, Node } from "./parts.ts";
import { collectStep, streamStep } from "./steps.ts";

/** The bags' partitions one after the other; nothing is copied. */
export function concat<T>(bags: readonly Bag<T>[]): Bag<T> {
  const other = Array.isArray(bags) ? bags.find((bag) => !(bag instanceof Bag)) : bags;
  if (!Array.isArray(bags) || other !== undefined) {
    throw new HeddleError("InvalidArgument", "concat takes an array of bags: concat([a, b])");
  }
  if (bags.length === 0) return fromSequence<T>([]);
  const count = bags.reduce((sum, bag) => sum + bag.npartitions, 0);
  return new Bag<T>(new Node(count, (partsOf) => bags.flatMap((bag) => [...partsOf(bag.node)])));
}

/**
 * Tuples of the bags' items, which must have the same partitions.
 *
 * @example
 * import { range, zip } from "heddle/bag";
 * const numbers = range(4, { npartitions: 2 });
 * const squares = numbers.map((x) => x * x);
 * console.log(await zip(numbers, squares).take(2)); // [ [ 0, 0 ], [ 1, 1 ] ]
 */
export function zip<A extends readonly unknown[]>(
  ...bags: { readonly [K in keyof A]: Bag<A[K]> }
): Bag<{ -readonly [K in keyof A]: A[K] }> {
  const [first, ...others] = bags as unknown as readonly Bag<unknown>[];
  if (first === undefined || bags.some((bag) => !(bag instanceof Bag))) {
    throw new HeddleError("InvalidArgument", "zip takes one or more bags: zip(a, b)");
  }
  const node = new Node(first.npartitions, (partsOf) => {
    const along = alongParts(others, first.npartitions, partsOf);
    return makeParts({
      word: "zip",
      kind: "blockwise",
      fn: collectStep,
      fused: streamStep,
      args: [constant("zip"), dependency(0), ...along.args],
      deps: partsOf(first.node).map((part, i) => [part, ...along.deps.map((of) => of(i))]),
    });
  });
  return new Bag(node);
}

/** `fn` of the bags' items, going along: `map(fn, a, b)` is `a.map(fn, b)`. */
export function map<T, U, M extends readonly unknown[]>(
  fn: (item: T, ...more: ItemsOf<M>) => U,
  bag: Bag<T>,
  ...more: M
): Bag<U> {
  return bag.map(fn, ...more);
}

/**
 * `fn` of the bags' partitions, going along: `mapPartitions(fn, a, b)` is `a.mapPartitions(fn, b)`.
 */
export function mapPartitions<T, U, M extends readonly unknown[]>(
  fn: (items: T[], ...more: ValuesOf<M>) => Iterable<U> | AsyncIterable<U> | Promise<Iterable<U>>,
  bag: Bag<T>,
  ...more: M
): Bag<U> {
  return bag.mapPartitions(fn, ...more);
}
