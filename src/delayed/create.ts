/**
 * @file `delayed`: makes calls lazy, and values into lazy values. After `dask.delayed`; its
 * decorator form for methods is `delayed.method`.
 */
import { isCollection } from "../core/collection.ts";
import { HeddleError } from "../core/errors.ts";
import type { TaskFunction } from "../core/graph.ts";
import { isSingleTask } from "../core/single-task.ts";
import { Shapes } from "./call.ts";
import { type CallOptions, Delayed, makeCall } from "./delayed-value.ts";
import { value as giveValue } from "./tasks.ts";
import type { Computed, Lazy } from "./types.ts";

/** How `delayed` treats a function or value. */
export interface DelayedOptions {
  /** First word of the keys; default: the function's name, or the kind of value. */
  readonly name?: string;
  /**
   * The promise that equal arguments give equal results: equal calls are then one task. Arguments
   * are equal when the function cannot tell them apart: order of keys and entries counts. Default
   * false, as in Dask.
   */
  readonly pure?: boolean;
  /**
   * Number of items in the result, so that it can be taken apart: `const [q, r] = divmod(7, 2)`.
   */
  readonly nout?: number;
  /** Whether lazy values are looked for within arrays, objects, maps and sets; default true. */
  readonly traverse?: boolean;
}

/** A function whose calls are lazy. */
export interface DelayedFunction<A extends unknown[], R> {
  (...args: Lazy<A>): Delayed<Awaited<R>>;
  /** The same with other options, or with a key of your choice for its call. */
  with(options: DelayedOptions & { readonly key?: string }): DelayedFunction<A, R>;
  /** The function itself. */
  readonly fn: (...args: A) => R;
}

/** The type of `delayed`. */
export interface Delayer {
  /**
   * Makes the calls of a function lazy: the result of a call is a `Delayed`, which runs when it is
   * computed. Arguments may be delayed values, futures and collections, also within arrays, plain
   * objects, maps and sets.
   *
   * @example
   * import { delayed } from "heddle";
   * const sum = delayed((parts: number[]) => parts.reduce((a, b) => a + b, 0), { name: "sum" });
   * const one = delayed(() => 1, { name: "one" });
   * console.log(await sum([one(), one(), 3]).compute()); // 5
   */
  <A extends unknown[], R>(fn: (...args: A) => R, options?: DelayedOptions): DelayedFunction<A, R>;
  /** A lazy value of a value, a collection, a future, or a container that holds any of them. */
  <T>(value: T, options?: DelayedOptions): Delayed<Computed<T>>;
  /**
   * The decorator form for methods: calls of the method are lazy, and the object travels to where
   * they run. TypeScript cannot change a method's type in a decorator: declare its result as
   * `R | Delayed<R>`.
   */
  readonly method: MethodDecorator;
}

/** Makes functions and values lazy, see `Delayer`. */
export const delayed: Delayer = Object.assign(makeDelayed, { method }) as Delayer;

function makeDelayed(
  given: unknown,
  options: DelayedOptions = {},
): DelayedFunction<unknown[], unknown> | Delayed {
  checkOptions(options);
  if (typeof given === "function") return delayedFunction(given as TaskFunction, options);
  return delayedValue(given, options);
}

function delayedFunction(
  fn: TaskFunction,
  options: DelayedOptions & { readonly key?: string },
): DelayedFunction<unknown[], unknown> {
  const word = options.name ?? (fn.name === "" ? "lambda" : fn.name.replace(/^bound /, ""));
  // A call with a key of its own is that one task, whatever its arguments.
  const pure = options.key === undefined && (options.pure ?? false);
  const shapes = new Shapes(fn, word, pure, options.nout);
  const call: CallOptions = {
    ...(options.key !== undefined && { key: options.key }),
    ...(options.traverse !== undefined && { traverse: options.traverse }),
  };
  const lazy = (...args: readonly unknown[]): Delayed => makeCall(shapes, args, call);
  return Object.assign(lazy, {
    fn,
    with: (more: DelayedOptions & { readonly key?: string }) => {
      checkOptions(more);
      return delayedFunction(fn, { ...options, ...more });
    },
  });
}

function delayedValue(given: unknown, options: DelayedOptions): Delayed {
  if (given instanceof Delayed) return given;
  const shapes = new Shapes(
    giveValue,
    options.name ?? kindOf(given),
    options.pure ?? false,
    options.nout,
  );
  const traverse = options.traverse ?? true;
  return makeCall(shapes, [given], { traverse });
}

function kindOf(given: unknown): string {
  if (isSingleTask(given)) return "future";
  if (isCollection(given)) return "finalize";
  if (Array.isArray(given)) return "array";
  if (typeof given !== "object" || given === null) return typeof given;
  const make: unknown = given.constructor;
  return typeof make === "function" && make.name !== "" ? make.name.toLowerCase() : "object";
}

type Method<This, A extends unknown[], R> = (this: This, ...args: A) => R;

/** A standard method decorator, with or without options. */
export interface MethodDecorator {
  <This, A extends unknown[], R>(
    target: Method<This, A, R>,
    context: ClassMethodDecoratorContext,
  ): Method<This, A, R>;
  (
    options: DelayedOptions,
  ): <This, A extends unknown[], R>(
    target: Method<This, A, R>,
    context: ClassMethodDecoratorContext,
  ) => Method<This, A, R>;
}

function method(first: unknown, context?: ClassMethodDecoratorContext): unknown {
  if (typeof first === "function") return lazyMethod(first as TaskFunction, context, {});
  const options = first as DelayedOptions;
  return (target: TaskFunction, where: ClassMethodDecoratorContext) =>
    lazyMethod(target, where, options);
}

function lazyMethod(
  target: TaskFunction,
  context: ClassMethodDecoratorContext | undefined,
  options: DelayedOptions,
): TaskFunction {
  const name = options.name ?? (target.name || String(context?.name ?? "method"));
  const onObject = (self: unknown, ...args: readonly unknown[]): unknown =>
    Reflect.apply(target, self, args);
  const lazy = delayedFunction(onObject, { ...options, name });
  return function callLazily(this: unknown, ...args: readonly unknown[]): unknown {
    return lazy(this, ...args);
  };
}

function checkOptions({ nout, name }: DelayedOptions): void {
  if (nout !== undefined && !(Number.isInteger(nout) && nout >= 0)) {
    throw new HeddleError(
      "InvalidArgument",
      `nout is ${String(nout)}; it is the number of results, a whole number from 0`,
    );
  }
  if (name === "") {
    throw new HeddleError("InvalidArgument", "name is empty; it is the first word of the keys");
  }
}
