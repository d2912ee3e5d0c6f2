/**
 * @file How lazy values look to the type checker: arguments that may be futures, and what gathering
 * them gives.
 */
import type { Collection } from "../core/collection.ts";
import type { LazyValue } from "../core/lazy-types.ts";
import type { Future, FutureList } from "./future.ts";

/**
 * Arguments of a submitted function: each a value, something whose result will be one (a future, a
 * delayed value, a collection), or a structure with such inside.
 */
export type Lazy<A extends unknown[]> = { [K in keyof A]: LazyValue<A[K]> };

/** Arguments of a mapped function: for each a list of such. */
export type LazyLists<A extends unknown[]> = {
  [K in keyof A]: FutureList<A[K]> | Iterable<LazyValue<A[K]>>;
};

/** What `gather` makes of futures. */
export type Gathered<T> =
  T extends Future<infer R>
    ? R
    : T extends FutureList<infer R>
      ? R[]
      : T extends readonly Future<infer R>[]
        ? R[]
        : T extends readonly unknown[]
          ? { [K in keyof T]: Gathered<T[K]> }
          : T extends Record<string, unknown>
            ? { [K in keyof T]: Gathered<T[K]> }
            : T;

/** What a client computes: a collection, or a list of them. */
export type Computable = Collection | readonly Collection[];

/** One for each collection: what `of` makes of its result. */
type ForEach<T extends Computable, K extends "future" | "value"> =
  T extends Collection<infer R>
    ? K extends "future"
      ? Future<R>
      : R
    : T extends readonly Collection[]
      ? { -readonly [I in keyof T]: T[I] extends Collection ? ForEach<T[I], K> : never }
      : never;

/** The futures that `client.compute` gives. */
export type ComputedFutures<T extends Computable> = ForEach<T, "future">;

/** The values that `client.compute` resolves to with `sync: true`. */
export type ComputedValues<T extends Computable> = ForEach<T, "value">;

/** What `client.persist` resolves to: the same collections. */
export type Persisted<T extends Computable> = T extends readonly Collection[]
  ? { -readonly [I in keyof T]: T[I] }
  : T;
