/**
 * @file What makes something computable: the protocol between collections (arrays, frames, bags,
 * delayed values) and whoever runs them. A collection lowers itself to layers, names the tasks it
 * wants, and says how their values become the result. Nothing else about a collection is known
 * outside its own folder.
 */
import type { TaskFunction, TaskRef } from "./graph.ts";

/**
 * Registered symbol, so collections of several copies of the package still recognise each other.
 */
export const COLLECTION: unique symbol = Symbol.for("heddle.collection") as never;

/** What a collection asks to be computed. */
export interface Lowered<R = unknown> {
  /** The tasks whose values are the collection, in order. */
  readonly outputs: readonly TaskRef[];
  /** Makes the local result from the outputs' values, in the same order. */
  finish(values: readonly unknown[]): R;
  /**
   * Takes the value of the output at `index` while it lies in the engine, and gives what `finish`
   * shall get in its place, or undefined when that is a copy of the value; may be called again for
   * the same output. Spares large results a copy: each block goes straight to its place. Called
   * only by engines: `finish` must do without.
   */
  receive?(index: number, value: unknown): unknown;
  /**
   * `finish` as a task, for a collection that is an argument of another task: called with the
   * values and then `args`. Without it `finish` itself becomes the task's function and travels with
   * what it captures.
   */
  readonly finishTask?: { readonly fn: TaskFunction; readonly args: readonly unknown[] };
  /**
   * The same collection, whose outputs are now the tasks of a `held` layer: what `persist` returns.
   */
  rebuild(outputs: readonly TaskRef[]): Collection<R>;
}

/**
 * Anything lazy: `compute`, `persist` and `visualize` take it; tasks may receive it as an argument.
 */
export interface Collection<R = unknown> {
  readonly [COLLECTION]?: true;
  /**
   * Finds out what lowering should know and only the engine can tell, such as sizes of values;
   * called before it. Undefined where there is nothing to find out.
   */
  prepare?(): Promise<void> | undefined;
  /** Simplifies and lowers; called once per computation, never runs user code. */
  lower(): Lowered<R>;
}

/**
 * A base class that carries the brand. Its type is written out because declarations made file by
 * file (`isolatedDeclarations`) cannot name a member by a symbol of another module.
 */
export const CollectionBase: abstract new () => { readonly [COLLECTION]: true } = class {
  get [COLLECTION](): true {
    return true;
  }
} as never;

/** Whether `value` is a lazy collection. */
export function isCollection(value: unknown): value is Collection {
  return typeof value === "object" && value !== null && COLLECTION in value;
}
