/**
 * @file How lazy values look to the type checker: arguments that may be futures, and what gathering
 * them gives.
 */
import type { Collection } from "../core/collection.ts";
import type { Future, FutureList } from "./future.ts";

/**
 * Arguments of a submitted function: each a value, a future of one, or a structure with futures
 * inside.
 */
export type Lazy<A extends unknown[]> = { [K in keyof A]: LazyValue<A[K]> };

type LazyValue<T> =
  | T
  | Future<T>
  | Collection<T>
  | (T extends readonly (infer E)[] ? FutureList<E> | readonly LazyValue<E>[] : never)
  | (T extends Record<string, unknown> ? { [K in keyof T]: LazyValue<T[K]> } : never);

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
