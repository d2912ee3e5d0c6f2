/** @file How lazy values look to the type checker: what may stand for a plain value. */
import type { Collection } from "./collection.ts";
import type { SingleTask, TaskList } from "./single-task.ts";

/**
 * A `T`, or something whose result will be one: a delayed value, a future, a collection; also
 * within containers.
 */
export type LazyValue<T> =
  | T
  | SingleTask<T>
  | Collection<T>
  | (T extends string | number | boolean | bigint | symbol | null | undefined | AnyFunction
      ? never
      : T extends ReadonlyMap<infer K, infer V>
        ? ReadonlyMap<LazyValue<K>, LazyValue<V>>
        : T extends ReadonlySet<infer V>
          ? ReadonlySet<LazyValue<V>>
          : T extends readonly unknown[]
            ? { readonly [K in keyof T]: LazyValue<T[K]> } | TaskList<T[number]>
            : T extends object
              ? { readonly [K in keyof T]: LazyValue<T[K]> }
              : never);

type AnyFunction = (...args: never[]) => unknown;
