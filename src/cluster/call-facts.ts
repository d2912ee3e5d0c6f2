/** @file What is read and checked of a call when it is submitted: its function and its options. */
import { currentAnnotations } from "../core/annotations.ts";
import { HeddleError } from "../core/errors.ts";
import type { TaskFunction, TaskOptions } from "../core/graph.ts";
import {
  checkFlag,
  checkTaskOptions,
  type GivenTaskOptions,
  listedOptions,
} from "../core/task-options.ts";
import { tokenize, tokenizeCall } from "../core/token.ts";
import { describeGiven, isClass } from "./given.ts";
import type { CallFacts } from "./submission.ts";

/** Options of `submit` and `map`. */
export interface SubmitOptions extends GivenTaskOptions {
  /**
   * Whether equal function and arguments give the same result, so that it is computed once; default
   * true. Arguments are equal when the function cannot tell them apart: the order of keys and
   * entries, classes and prototypes count. Calls that ask for other `workers` or `resources` are
   * other calls; of equal ones the first one's `retries` and `priority` count.
   */
  readonly pure?: boolean;
  /** Key of the task; default: the function's name and a token. */
  readonly key?: string;
  /**
   * Whether what is submitted is a class, to be made an actor of: an object that stays in a task
   * thread of one worker and has its methods called there. Default false.
   */
  readonly actor?: boolean;
}

/** Options with which classes are submitted, and actors made. */
export type ActorOptions = SubmitOptions & { readonly actor: true };

/** Throws `InvalidArgument` for an option or a value that does not exist. */
export function checkSubmitOptions(options: SubmitOptions): void {
  const what = "client.options";
  checkTaskOptions(what, options, ["pure", "key", "actor"]);
  checkFlag(what, "pure", options.pure);
  checkFlag(what, "actor", options.actor);
  const { key } = options;
  if (key === undefined || (typeof key === "string" && key !== "")) return;
  throw new HeddleError(
    "InvalidArgument",
    `${what}: key is ${describeGiven(key)}; it may be a text that names the task`,
  );
}

/** Throws `InvalidArgument` unless `fn` is a function. */
export function checkFunction(fn: unknown, where: string): void {
  if (typeof fn === "function") {
    if (!isClass(fn) || !/^class\b/.test(Function.prototype.toString.call(fn))) return;
    const name = (fn as { readonly name: string }).name || "Class";
    throw new HeddleError(
      "InvalidArgument",
      `client.${where} was given the class ${name}, which cannot be called. For an actor: ` +
        `client.options({ actor: true }).submit(${name}, ...args); for an instance made in a task ` +
        `a function: (...args) => new ${name}(...args)`,
    );
  }
  throw new HeddleError(
    "InvalidArgument",
    `client.${where} takes a function first, then its arguments, but was given ${describeGiven(fn)}`,
  );
}

/** Throws `InvalidArgument` for what can never be an argument. */
export function checkArguments(values: readonly unknown[]): void {
  const at = values.findIndex((value) => value instanceof Promise);
  if (at < 0) return;
  throw new HeddleError(
    "InvalidArgument",
    `argument ${at} of client.submit is a Promise: await it first, and pass what it resolves to. ` +
      "Futures, delayed values and collections may be passed as they are.",
    { fields: { argument: at } },
  );
}

let submissions = 0;
const session = Math.floor(Date.now() * 1000).toString(36);

/** A text that nobody has used. */
export function unique(): string {
  return `${session}-${++submissions}`;
}

/**
 * What all tasks of a call or a map share. Errors: `NotSerializable`, naming what the function
 * captures and cannot take along.
 */
export function callFacts(
  options: SubmitOptions,
  fn: TaskFunction,
  values: readonly unknown[],
): CallFacts {
  const { pure = true, key, actor: _, ...own } = options;
  const rest = listedOptions({ ...currentAnnotations(), ...own });
  const name = fn.name === "" ? "lambda" : fn.name;
  // Reading the function now makes what cannot travel fail here, and fixes what it captures.
  const token = tokenize(fn);
  const isNamed = key === undefined && pure;
  const content = isNamed ? tokenizeCall(placed(token, rest), ...values) : unique();
  return { fn, token, name, key: key ?? `${name}-${content}`, options: given(rest), pure };
}

/**
 * An equal call that may run elsewhere is another call: it need not wait for the places that the
 * first one asked for.
 */
function placed(token: string, { workers, allowOtherWorkers, resources }: TaskOptions): unknown {
  const isFree = workers === undefined && resources === undefined;
  return isFree ? token : [token, workers, allowOtherWorkers === true, resources];
}

/** The options, if there are any. */
export function given(options: TaskOptions): TaskOptions | undefined {
  return Object.keys(options).length === 0 ? undefined : options;
}
