/**
 * @file The types of lazy values: what may stand where a plain argument is expected, and what comes
 * out of `compute`.
 */
import type { Collection } from "../core/collection.ts";
import type { LazyValue } from "../core/lazy-types.ts";
import type { SingleTask } from "../core/single-task.ts";

export type { LazyValue } from "../core/lazy-types.ts";

/** The arguments of a function, each of which may be lazy. */
export type Lazy<A extends readonly unknown[]> = { [K in keyof A]: LazyValue<A[K]> };

/** What a lazy value, or a container of lazy values, becomes when it is computed. */
export type Computed<T> =
  T extends Collection<infer R>
    ? R
    : T extends SingleTask<infer R>
      ? R
      : T extends string | number | boolean | bigint | symbol | null | undefined | AnyFunction
        ? T
        : T extends ReadonlyMap<infer K, infer V>
          ? Map<Computed<K>, Computed<V>>
          : T extends ReadonlySet<infer V>
            ? Set<Computed<V>>
            : T extends readonly unknown[]
              ? { -readonly [K in keyof T]: Computed<T[K]> }
              : T extends Record<string, unknown>
                ? { [K in keyof T]: Computed<T[K]> }
                : T;

type AnyFunction = (...args: never[]) => unknown;
