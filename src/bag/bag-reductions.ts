/**
 * @file The methods of bags that give one value. They combine partial results of partitions in a
 * tree; see `aggregates.ts` for what they compute.
 */
import { CollectionBase } from "../core/collection.ts";
import type { TaskFunction } from "../core/graph.ts";
import * as aggregates from "./aggregates.ts";
import { Item } from "./item.ts";
import { firstParts, type PartStep } from "./lowering.ts";
import {
  type CombineOptions,
  type FoldOptions,
  foldInit,
  stepFunction,
  type TreeOptions,
  treeOptions,
} from "./options.ts";
import { type Combine, constant, type Node, reduceTree, splitEveryOf } from "./parts.ts";

/** What `Bag` inherits. */
export abstract class BagReductions<T> extends CollectionBase {
  /** How the partitions are made; for Heddle's own folders. */
  abstract readonly node: Node;

  /**
   * Folds all items: `binop` takes an item into a total, and `combine` (default: `binop`) joins
   * totals of partitions. Every partition starts from `initial`, so it should change nothing (0 for
   * a sum, [] for a list); without one, from its first item. A fold of no items without `initial`
   * is an error. `initial` may also be one of the options.
   *
   * @example
   * import { range } from "heddle/bag";
   * const even = range(10, { npartitions: 3 }).fold((n, x) => n + (x % 2 === 0 ? 1 : 0), {
   *   initial: 0,
   *   combine: (n, other) => n + other,
   * });
   * console.log(await even.compute()); // 5
   */
  fold(binop: (total: T, item: T) => T, initial?: T, options?: FoldOptions<T>): Item<T>;
  fold<A>(binop: (total: A, item: T) => A, initial: A, options: CombineOptions<A>): Item<A>;
  fold(
    binop: (total: T, item: T) => T,
    options: FoldOptions<T> & { readonly initial?: T },
  ): Item<T>;
  fold<A>(
    binop: (total: A, item: T) => A,
    options: CombineOptions<A> & { readonly initial: A },
  ): Item<A>;
  fold(binop: (total: never, item: T) => unknown, ...given: readonly unknown[]): Item<unknown> {
    stepFunction("fold", binop);
    const { initial, options } = foldInit("fold", given);
    const combine = [constant(options.combine ?? binop)];
    return this.#reduce(
      "fold",
      { fn: aggregates.foldItems, args: [binop, initial] },
      { word: "fold-combine", fn: aggregates.foldParts, args: combine },
      { word: "fold", fn: aggregates.finishFold, args: combine },
      options,
      "combine",
      "initial",
    );
  }

  /**
   * Reduces each partition with `perPartition`, and groups of partial results with `aggregate`,
   * until one is left.
   */
  reduction<A>(
    perPartition: (items: T[]) => A,
    aggregate: (parts: A[]) => A,
    options?: TreeOptions,
  ): Item<A>;
  reduction<A, R>(
    perPartition: (items: T[]) => A,
    aggregate: (parts: A[]) => R,
    options: { readonly splitEvery: false },
  ): Item<R>;
  reduction(
    perPartition: (items: T[]) => unknown,
    aggregate: (parts: never[]) => unknown,
    options?: TreeOptions,
  ): Item<unknown> {
    stepFunction("reduction", perPartition);
    stepFunction("reduction", aggregate);
    const merge = { word: "reduction", fn: aggregates.reduceParts, args: [constant(aggregate)] };
    const first = { fn: aggregates.reducePartition, args: [perPartition] };
    return this.#reduce("reduction", first, merge, merge, options);
  }

  /** Number of items. */
  count(options?: TreeOptions): Item<number> {
    return this.#simple("count", aggregates.countItems, aggregates.sumItems, options);
  }

  /** Sum of numbers, or of bigints; 0 for none. Errors: `InvalidArgument` for anything else. */
  sum(this: BagReductions<number>, options?: TreeOptions): Item<number>;
  sum(this: BagReductions<bigint>, options?: TreeOptions): Item<bigint>;
  sum(options?: TreeOptions): Item<unknown> {
    return this.#simple("sum", aggregates.sumItems, aggregates.sumItems, options);
  }

  /** Whether any item is truthy; false for none. */
  any(options?: TreeOptions): Item<boolean> {
    return this.#simple("any", aggregates.anyItem, aggregates.anyItem, options);
  }

  /** Whether all items are truthy; true for none. */
  all(options?: TreeOptions): Item<boolean> {
    return this.#simple("all", aggregates.allItems, aggregates.allItems, options);
  }

  /**
   * The smallest item. Errors: `InvalidArgument` (as cause) for none, and for items without an
   * order.
   */
  min(options?: TreeOptions): Item<T> {
    return this.#extreme("min", 1, options);
  }

  /** The largest item; NaN counts as larger than any number. Errors: as {@link Bag.min}. */
  max(options?: TreeOptions): Item<T> {
    return this.#extreme("max", -1, options);
  }

  /** Mean of numbers; NaN for none. Errors: `InvalidArgument` for what is no number. */
  mean(this: BagReductions<number>, options?: TreeOptions): Item<number> {
    const merge = { word: "mean-combine", fn: aggregates.totalOfParts };
    const finish = { word: "mean", fn: aggregates.finishMean };
    const first = { fn: aggregates.totalOfItems, args: [] };
    return this.#reduce("mean", first, merge, finish, options);
  }

  /**
   * Variance of numbers, with `ddof` (default 0) fewer degrees of freedom; NaN when that leaves
   * none.
   */
  var(
    this: BagReductions<number>,
    options: TreeOptions & { readonly ddof?: number } = {},
  ): Item<number> {
    return this.#moment("var", aggregates.finishVariance, options);
  }

  /** Standard deviation of numbers: square root of {@link Bag.var}. */
  std(
    this: BagReductions<number>,
    options: TreeOptions & { readonly ddof?: number } = {},
  ): Item<number> {
    return this.#moment("std", aggregates.finishDeviation, options);
  }

  #reduce<R>(
    word: string,
    first: PartStep,
    merge: Combine,
    finish: Combine,
    options: TreeOptions | undefined,
    ...others: readonly string[]
  ): Item<R> {
    const every = splitEveryOf(treeOptions(word, options, ...others).splitEvery);
    const { node } = this;
    return new Item<R>(() =>
      reduceTree(firstParts(node.lower(), word, first), merge, finish, every),
    );
  }

  #simple<R>(
    word: string,
    fn: TaskFunction,
    merge: TaskFunction,
    options: TreeOptions | undefined,
  ): Item<R> {
    const combine = { word, fn: merge };
    return this.#reduce(word, { fn, args: [] }, combine, combine, options);
  }

  #extreme(word: string, sign: 1 | -1, options: TreeOptions | undefined): Item<T> {
    const args = [constant(sign)];
    return this.#reduce(
      word,
      { fn: aggregates.extremeItem, args: [sign] },
      { word: `${word}-combine`, fn: aggregates.extremeOf, args },
      { word, fn: aggregates.finishExtreme, args },
      options,
    );
  }

  #moment(
    word: string,
    finish: TaskFunction,
    options: TreeOptions & { readonly ddof?: number },
  ): Item<number> {
    return this.#reduce(
      word,
      { fn: aggregates.momentsOfItems, args: [] },
      { word: `${word}-combine`, fn: aggregates.momentsOfParts },
      { word, fn: finish, args: [constant(options.ddof ?? 0)] },
      options,
      "ddof",
    );
  }
}
