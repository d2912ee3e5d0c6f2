/**
 * @file One lazy value that comes out of a bag: a count, a sum, a fold.
 */
import { type ComputeOptions, computeAll, persistAll } from "../cluster/compute.ts";
import { type PackedCollection, packOutputs, registerCollection } from "../codec/collections.ts";
import { type Collection, CollectionBase, type Lowered } from "../core/collection.ts";
import type { TaskRef } from "../core/graph.ts";
import { Delayed } from "../delayed/delayed-value.ts";
import { type Drawing, type VisualizeOptions, visualize } from "../delayed/visualize.ts";
import { GraphView } from "../diagnostics/graph-view.ts";
import { referToAll } from "../functions/index.ts";
import * as self from "./item.ts";
import { constant, dependency, makeParts } from "./parts.ts";

/**
 * A single lazy result. It may stand among the arguments of `Bag.map` and of delayed calls.
 *
 * @example
 * import { fromSequence } from "heddle/bag";
 * const total = fromSequence([1, 2, 3]).sum();
 * console.log(await total.apply((n) => n * 2).compute()); // 12
 */
export class Item<T> extends CollectionBase implements Collection<T> {
  readonly #lower: () => TaskRef;

  constructor(lower: () => TaskRef) {
    super();
    this.#lower = lower;
  }

  /** The item that a delayed value or any other single-valued collection gives. */
  static fromDelayed<T>(value: Collection<T>): Item<T> {
    return new Item(() => onlyOutput(value));
  }

  lower(): Lowered<T> {
    return {
      outputs: [this.#lower()],
      finish: ([value]) => value as T,
      finishTask: { fn: onlyValue, args: [] },
      rebuild: ([output]) => new Item<T>(() => output as TaskRef),
    };
  }

  /** The result of `fn` on the value. */
  apply<U>(fn: (value: T) => U | Promise<U>): Item<U> {
    return new Item(() => {
      const [task] = makeParts({
        word: "apply",
        kind: "call",
        fn: applyToValue,
        args: [dependency(0), constant(fn)],
        deps: [[this.#lower()]],
      });
      return task as TaskRef;
    });
  }

  /** Computes the value. Errors: `TaskFailed` when a function throws. */
  async compute(options?: ComputeOptions): Promise<T> {
    const [value] = await computeAll([this], options);
    return value as T;
  }

  /** Starts computing and gives an item over the value that the engine keeps. */
  async persist(options?: ComputeOptions): Promise<Item<T>> {
    const [kept] = await persistAll([this], options);
    return kept as Item<T>;
  }

  /** The same value as a delayed one. */
  toDelayed(): Delayed<T> {
    const { layer, index } = this.#lower();
    return new Delayed<T>(layer, index);
  }

  /** Draws what would run: see `visualize` of "heddle". */
  visualize(options?: VisualizeOptions | string): Promise<Drawing> {
    return visualize(this, options ?? {});
  }

  /** What would run: layers as text and HTML. */
  get graph(): GraphView {
    return new GraphView([this]);
  }

  override toString(): string {
    return "Item(not computed: use await item.compute())";
  }
}

printAsText(Item.prototype);

/** An item as plain data. */
export function packItem(item: Item<unknown>): PackedCollection<null> {
  return { outputs: packOutputs(item), facts: null };
}

/** The item that was packed. */
export function unpackItem({ outputs }: PackedCollection<null>): Item<unknown> {
  return new Item(() => outputs[0] as TaskRef);
}

registerCollection("Item", Item, packItem, unpackItem);

/** Makes `console.log` show what `toString` gives. */
export function printAsText(prototype: object): void {
  Object.defineProperty(prototype, Symbol.for("nodejs.util.inspect.custom"), {
    value(this: object): string {
      return String(this);
    },
  });
}

/** Task: calls the user's function. */
export function applyToValue(value: unknown, fn: (value: unknown) => unknown): unknown {
  return fn(value);
}

/** Task: the value of a single-valued collection, from the values of its outputs. */
export function onlyValue(values: readonly unknown[]): unknown {
  return values[0];
}

/** The one task of a single-valued collection. */
export function onlyOutput(value: Collection): TaskRef {
  const { outputs } = value.lower();
  return outputs[0] as TaskRef;
}

referToAll(import.meta.url, self);
