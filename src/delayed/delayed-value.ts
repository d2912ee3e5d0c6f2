/**
 * @file `Delayed`: the result of a call that has not run. It holds its call until it is lowered for
 * the first time, then only its task. It is not a promise: awaiting one gives it back, so that lazy
 * values can be passed through async code.
 */
import { type ComputeOptions, computeAll, persistAll } from "../cluster/compute.ts";
import { type PackedCollection, packOutputs, registerCollection } from "../codec/collections.ts";
import type { Collection, Lowered } from "../core/collection.ts";
import { HeddleError } from "../core/errors.ts";
import type { TaskRef } from "../core/graph.ts";
import { TASK } from "../core/single-task.ts";
import { inspectAsText } from "../core/symbols.ts";
import { tokenizeCall } from "../core/token.ts";
import { GraphView } from "../diagnostics/graph-view.ts";
import { referToAll } from "../functions/index.ts";
import { nextSerial, type Shape, Shapes } from "./call.ts";
import * as self from "./delayed-value.ts";
import { LazyBase, type More } from "./node.ts";
import { callMethod, getitem } from "./tasks.ts";
import type { Lazy } from "./types.ts";
import { unpack } from "./unpack.ts";
import { type Drawing, type VisualizeOptions, visualize } from "./visualize.ts";

/** Names of the methods of `R`. */
type MethodOf<R> = {
  [K in keyof R]: R[K] extends (...args: never[]) => unknown ? K : never;
}[keyof R] &
  string;

/** Arguments and result of a method. */
type ArgumentsOf<F> = F extends (...args: infer A) => unknown ? A : never;
type ResultOf<F> = F extends (...args: never[]) => infer R ? Awaited<R> : never;

/**
 * The lazy result of a call, made by `delayed`. Pass it to other delayed calls, take parts of it
 * with `get` and `call`, and run everything it needs with `compute`.
 *
 * @example
 * import { delayed } from "heddle";
 * const add = delayed((a: number, b: number) => a + b, { name: "add" });
 * const total = add(add(1, 2), 3);
 * console.log(await total.compute()); // 6
 */
export class Delayed<R = unknown> extends LazyBase implements Collection<R> {
  /** Never set: carries the type of the result. */
  declare readonly __result?: R;

  /**
   * Runs what is needed and resolves to the result. Errors: `TaskFailed`, with the user's error as
   * cause.
   */
  async compute(options: ComputeOptions = {}): Promise<R> {
    const [result] = await computeAll([this], options);
    return result as R;
  }

  /** Starts the work at once and resolves to a delayed value whose result the engine keeps. */
  async persist(options: ComputeOptions = {}): Promise<Delayed<R>> {
    const [kept] = await persistAll([this], options);
    return kept as Delayed<R>;
  }

  /** Draws the graph; see `visualize`. */
  async visualize(options: VisualizeOptions | string = {}): Promise<Drawing> {
    return await visualize(this, options);
  }

  /** What would run: layers as text and HTML. */
  get graph(): GraphView {
    return new GraphView([this]);
  }

  /** The result's property, array item, or Map entry `key`, as a task. */
  get<K extends keyof R>(key: K): Delayed<R[K]> {
    return item(this, key) as Delayed<R[K]>;
  }

  /** The result of calling a method of the result: `names.call("join", ", ")`. */
  call<K extends MethodOf<R>>(
    method: K,
    ...args: Lazy<ArgumentsOf<R[K]>>
  ): Delayed<ResultOf<R[K]>> {
    return makeCall(METHOD, [this, method, ...args]) as Delayed<ResultOf<R[K]>>;
  }

  /**
   * The items as a tuple of delayed values. Needs `nout`: the length cannot be known before the
   * call runs.
   */
  unpack(): { -readonly [K in keyof R]: Delayed<R[K]> } {
    return [...this] as { -readonly [K in keyof R]: Delayed<R[K]> };
  }

  /** Number of items, where `nout` was given. */
  get length(): number {
    return this.#needNout();
  }

  *[Symbol.iterator](): Generator<Delayed<R extends readonly (infer U)[] ? U : unknown>> {
    const nout = this.#needNout();
    for (let i = 0; i < nout; i++) {
      yield item(this, i) as Delayed<R extends readonly (infer U)[] ? U : unknown>;
    }
  }

  #needNout(): number {
    if (this.nout !== undefined) return this.nout;
    throw new HeddleError(
      "InvalidArgument",
      `${this.key} has no known length: give the number of results, delayed(fn, { nout: 2 }), ` +
        "or take items with get(i)",
    );
  }

  lower(): Lowered<R> {
    return {
      outputs: [this[TASK]()],
      finish: ([result]) => result as R,
      rebuild: ([task]) => this.#at(task as TaskRef),
    };
  }

  /**
   * The value as another task gives it; under the same key when that task only holds what has been
   * computed.
   */
  #at({ layer, index }: TaskRef): Delayed<R> {
    const isComputed = layer.held !== undefined || layer.kind === "data";
    const { nout } = this;
    return delayedTask<R>({ layer, index }, isComputed ? { nout, key: this.key } : { nout });
  }

  override toString(): string {
    return `Delayed(${this.key}; not computed: use await x.compute())`;
  }

  toJSON(): string {
    return this.toString();
  }

  /** Readable in template strings; arithmetic on an uncomputed value is a mistake, and says so. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === "string") return this.toString();
    throw new HeddleError(
      "InvalidArgument",
      `${this.key} has not been computed, so it cannot be used as a number: write ` +
        "await x.compute() first, or do the arithmetic in a delayed call",
    );
  }
}

inspectAsText(Delayed.prototype);

/** A delayed value of a task that exists. */
export function delayedTask<R>({ layer, index }: TaskRef, more?: More): Delayed<R> {
  return new Delayed<R>(layer, index, undefined, undefined, more);
}

/** What a delayed value is beside its task. */
interface DelayedFacts {
  readonly key: string;
  readonly nout: number | null;
}

/** A delayed value as plain data. */
export function packDelayed(value: Delayed): PackedCollection<DelayedFacts> {
  return { outputs: packOutputs(value), facts: { key: value.key, nout: value.nout ?? null } };
}

/** The delayed value that was packed. */
export function unpackDelayed({ outputs, facts }: PackedCollection<DelayedFacts>): Delayed {
  const [{ layer, index }] = outputs as readonly [TaskRef];
  return delayedTask({ layer, index }, { key: facts.key, nout: facts.nout ?? undefined });
}

registerCollection("Delayed", Delayed, packDelayed, unpackDelayed);

const ITEM = new Shapes(getitem, "getitem", true);
const METHOD = new Shapes(callMethod, "callMethod", false);

/**
 * One item of a result. Equal requests are one task: the key is made of the owner's key and the
 * item's.
 */
function item(owner: Delayed, key: unknown): Delayed {
  return makeCall(ITEM, [owner, key]);
}

/** How a call is made, beyond what its function fixes. */
export interface CallOptions {
  /** The task's key, instead of one made up. */
  readonly key?: string;
  /** Whether lazy values are looked for within containers; default true. */
  readonly traverse?: boolean;
}

/** A new call of a function. */
export function makeCall(
  shapes: Shapes,
  args: readonly unknown[],
  options: CallOptions = {},
): Delayed {
  const unpacked = unpack(args, options.traverse ?? true);
  const shape = shapes.of(unpacked);
  const { pure, nout } = shapes;
  const key = pure ? contentKey(shapes, shape, args) : (options.key ?? nextSerial());
  return new Delayed(shape, -1, unpacked.inputs, key, nout === undefined ? undefined : { nout });
}

function contentKey({ name, fn }: Shapes, shape: Shape, args: readonly unknown[]): string {
  return `${name}-${tokenizeCall(fn, shape.template.options, ...args)}`;
}

referToAll(import.meta.url, self);
