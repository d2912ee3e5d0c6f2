/**
 * @file Finding the lazy values in a call's arguments. They become dependencies, everything else
 * becomes literals, and what is left is the *shape* of the call: an argument tree that all similar
 * calls share, so that a million calls of one function have one template. Arrays, plain objects,
 * maps and sets are looked into; class instances are not.
 */
import { type Collection, isCollection } from "../core/collection.ts";
import { HeddleError } from "../core/errors.ts";
import type { Arg, TaskRef } from "../core/graph.ts";
import { holdsLazy } from "../core/lazy-values.ts";
import { isSingleTask, isTaskList, type SingleTask, TASKS } from "../core/single-task.ts";

/**
 * Where a dependency comes from: a task that is known, or a value that will name its task when it
 * is lowered.
 */
export type Source = SingleTask | TaskRef;

/** A call taken apart. */
export interface Unpacked {
  readonly args: readonly Arg[];
  /** Dependencies (`Source`), then literals. */
  readonly inputs: readonly unknown[];
  readonly literals: number;
  /** Equal for calls of equal shape; undefined when the arguments hold something of their own. */
  readonly signature: string | number | undefined;
}

/**
 * Takes arguments apart; may keep the array it is given. Without `traverse` only the arguments
 * themselves may be lazy, not what they contain.
 */
export function unpack(args: readonly unknown[], traverse: boolean): Unpacked {
  return unpackFlat(args, traverse) ?? new Unpacker().unpack(args);
}

/**
 * The usual case, fast: every argument is a plain value or one task. The signature then is a bit an
 * argument, behind a leading 1.
 */
function unpackFlat(args: readonly unknown[], traverse: boolean): Unpacked | undefined {
  const count = args.length;
  if (count > 30) return undefined;
  let signature = 1;
  let tasks = 0;
  for (let i = 0; i < count; i++) {
    const arg = args[i];
    signature <<= 1;
    if (typeof arg !== "object" || arg === null) continue;
    if (isSingleTask(arg)) {
      signature |= 1;
      tasks++;
    } else if (isCollection(arg) || isTaskList(arg) || (traverse && holdsLazy(arg))) {
      return undefined;
    }
  }
  const inputs = isTasksFirst(signature, count, tasks) ? args : tasksFirst(args, signature, tasks);
  return { args: flatArgs(signature, count), inputs, literals: count - tasks, signature };
}

function isTaskAt(signature: number, count: number, i: number): boolean {
  return ((signature >>> (count - 1 - i)) & 1) === 1;
}

/** Whether ones come before zeros behind the leading 1. */
function isTasksFirst(signature: number, count: number, tasks: number): boolean {
  return signature === ((2 << tasks) - 1) << (count - tasks);
}

function tasksFirst(args: readonly unknown[], signature: number, tasks: number): unknown[] {
  const sorted = args.slice();
  let task = 0;
  let literal = tasks;
  for (let i = 0; i < args.length; i++) {
    sorted[isTaskAt(signature, args.length, i) ? task++ : literal++] = args[i];
  }
  return sorted;
}

const flatShapes = new Map<number, readonly Arg[]>();

function flatArgs(signature: number, count: number): readonly Arg[] {
  let args = flatShapes.get(signature);
  if (args === undefined) {
    let deps = 0;
    let columns = 0;
    args = Array.from(
      { length: count },
      (_, i): Arg =>
        isTaskAt(signature, count, i)
          ? { kind: "dep", index: deps++ }
          : { kind: "column", column: columns++ },
    );
    flatShapes.set(signature, args);
  }
  return args;
}

class Unpacker {
  readonly #sources: Source[] = [];
  readonly #literals: unknown[] = [];
  /** Containers being taken apart, outermost first. */
  readonly #open: object[] = [];
  readonly #path: string[] = [];
  #isShared = true;

  unpack(values: readonly unknown[]): Unpacked {
    const args = values
      .map((value, i) => this.#at(`argument ${i}`, value))
      .map((arg) => this.#openLast(arg));
    const signature = this.#isShared ? JSON.stringify(args) : undefined;
    const inputs = [...this.#sources, ...this.#literals];
    return { args, inputs, literals: this.#literals.length, signature };
  }

  /** A list of all remaining dependencies needs no count, and so has one shape for any length. */
  #openLast(arg: Arg): Arg {
    if (arg.kind !== "deps" || arg.start + (arg.count ?? 0) < this.#sources.length) return arg;
    return { kind: "deps", start: arg.start };
  }

  #at(step: string, value: unknown): Arg {
    this.#path.push(step);
    const arg = this.#arg(value);
    this.#path.pop();
    return arg;
  }

  #arg(value: unknown): Arg {
    if (typeof value !== "object" || value === null) return this.#literal(value);
    if (isSingleTask(value)) {
      return { kind: "dep", index: this.#sources.push(value) - 1 };
    }
    if (isCollection(value)) return this.#collection(value);
    if (isTaskList(value)) return this.#list(value[TASKS]());
    if (!holdsLazy(value)) return this.#literal(value);
    if (this.#open.includes(value)) throw this.#circle();
    this.#open.push(value);
    const arg = this.#container(value);
    this.#open.pop();
    return arg;
  }

  #literal(value: unknown): Arg {
    return { kind: "column", column: this.#literals.push(value) - 1 };
  }

  #container(value: object): Arg {
    if (Array.isArray(value)) {
      if (value.length > 1 && value.every(isSingleTask)) return this.#list(value);
      return { kind: "array", items: value.map((item, i) => this.#at(`[${i}]`, item)) };
    }
    if (value instanceof Set) {
      return { kind: "set", items: [...value].map((item) => this.#at(".values()", item)) };
    }
    if (value instanceof Map) {
      const keys = [...value.keys()].map((key) => this.#at(".keys()", key));
      const items = [...value.values()].map((item) => this.#at(".values()", item));
      return { kind: "map", keys, items };
    }
    const keys = Object.keys(value);
    const items = keys.map((key) => this.#at(`.${key}`, (value as Record<string, unknown>)[key]));
    return { kind: "object", keys, items };
  }

  #list(tasks: readonly Source[]): Arg {
    const start = this.#sources.length;
    for (const task of tasks) this.#sources.push(task);
    return { kind: "deps", start, count: tasks.length };
  }

  /** A collection as an argument: its blocks are dependencies, put together within the task. */
  #collection(value: Collection): Arg {
    const lowered = value.lower();
    const start = this.#sources.length;
    for (const output of lowered.outputs) this.#sources.push(output);
    const blocks: Arg = { kind: "deps", start, count: lowered.outputs.length };
    this.#isShared = false;
    const { finishTask } = lowered;
    if (finishTask === undefined) {
      const finish = (values: readonly unknown[]): unknown => lowered.finish(values);
      return { kind: "call", fn: finish, args: [blocks] };
    }
    const rest = finishTask.args.map((one): Arg => ({ kind: "const", value: one }));
    return { kind: "call", fn: finishTask.fn, args: [blocks, ...rest] };
  }

  #circle(): HeddleError<"CycleInGraph"> {
    const path = this.#path.join("");
    return new HeddleError(
      "CycleInGraph",
      `${path} contains itself, and a lazy value: such a circle cannot be computed. ` +
        "Pass the lazy values in a container that does not contain itself.",
      { fields: { path } },
    );
  }
}
