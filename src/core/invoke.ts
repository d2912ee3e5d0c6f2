/**
 * @file Calling a template: turns its argument tree into one closure, so that a task costs a few
 * property reads and the call itself. Used by every scheduler, on the calling thread and on task
 * threads.
 */
import { HeddleError } from "./errors.ts";
import {
  type Arg,
  type Column,
  type StepKey,
  serialKey,
  type TaskFunction,
  type Template,
} from "./graph.ts";
import { failedStep, stepFailure } from "./step-failure.ts";

/** Gives a row's literal: from an array, or decoded when it is read. */
export type ColumnReader = (row: number) => unknown;

/** What one task reads its arguments from; callers reuse one object for many tasks. */
export interface Invocation {
  /** Row of this task in its segment's columns. */
  row: number;
  columns: readonly ColumnReader[];
  depCount: number;
  /** Value of the task's `index`-th dependency. */
  dep(index: number): unknown;
}

/**
 * Runs the template's function for one task; the result is a promise when any function involved is
 * asynchronous.
 */
export type Invoke = (at: Invocation) => unknown;

/** The reader of a column whose literals are at hand. */
export function readerOf(column: Column): ColumnReader {
  const { data } = column;
  return (row) => data[row];
}

/**
 * Compiles a template. Functions stand in it as they are: whoever moved it between threads has
 * decoded them.
 */
export function compileTemplate(template: Template): Invoke {
  return compileCall(template.fn, template.args);
}

function compileCall(fn: TaskFunction, args: readonly Arg[]): Invoke {
  const read = args.map(compileArg);
  if (args.some(mayWait)) {
    return (at) => {
      const values = read.map((r) => r(at));
      return values.some(isPromise)
        ? Promise.all(values).then((settled) => fn(...settled))
        : fn(...values);
    };
  }
  const [a, b, c] = read;
  if (a === undefined) return () => fn();
  if (b === undefined) return (at) => fn(a(at));
  if (c === undefined) return (at) => fn(a(at), b(at));
  if (read.length === 3) return (at) => fn(a(at), b(at), c(at));
  return (at) => fn(...read.map((r) => r(at)));
}

function compileArg(arg: Arg): Invoke {
  switch (arg.kind) {
    case "const":
      return () => arg.value;
    case "dep":
      return (at) => at.dep(arg.index);
    case "deps":
      return (at) => {
        const count = arg.count ?? at.depCount - arg.start;
        return Array.from({ length: count }, (_, i) => at.dep(arg.start + i));
      };
    case "column":
      return (at) => {
        const column = at.columns[arg.column];
        if (column === undefined) throw missingColumn(arg.column, at.columns.length);
        return column(at.row);
      };
    case "array":
      return compileItems(arg.items, (values) => values);
    case "set":
      return compileItems(arg.items, (values) => new Set(values));
    case "object":
      return compileItems(arg.items, (values) =>
        Object.fromEntries(arg.keys.map((key, i) => [key, values[i]])),
      );
    case "map":
      return compileItems([...arg.keys, ...arg.items], (values) => {
        const count = arg.keys.length;
        return new Map(values.slice(0, count).map((key, i) => [key, values[count + i]]));
      });
    case "call": {
      const call = compileCall(arg.fn, arg.args);
      return arg.task === undefined ? call : compileStep(call, arg.task);
    }
  }
}

/** A call whose failure is that of a task of its own. */
function compileStep(call: Invoke, { column, name, stem }: StepKey): Invoke {
  return (at) => {
    const read = at.columns[column];
    const { row } = at;
    const fail = (error: unknown): never => {
      if (failedStep(error) !== undefined) throw error;
      const key = read?.(row);
      throw stepFailure(typeof key === "number" ? serialKey(name, stem, key) : String(key), error);
    };
    try {
      const value = call(at);
      return isPromise(value) ? value.then(undefined, fail) : value;
    } catch (error) {
      return fail(error);
    }
  };
}

function compileItems(items: readonly Arg[], make: (values: unknown[]) => unknown): Invoke {
  const read = items.map(compileArg);
  const waits = items.some(mayWait);
  return (at) => {
    const values = read.map((r) => r(at));
    return waits && values.some(isPromise) ? Promise.all(values).then(make) : make(values);
  };
}

/** Only a nested call can give a promise: values of tasks and literals never are. */
function mayWait(arg: Arg): boolean {
  switch (arg.kind) {
    case "call":
      return true;
    case "array":
    case "set":
    case "object":
      return arg.items.some(mayWait);
    case "map":
      return arg.keys.some(mayWait) || arg.items.some(mayWait);
    default:
      return false;
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value;
}

function missingColumn(column: number, count: number): HeddleError {
  return new HeddleError(
    "InvariantViolated",
    `a template reads column ${column} of a layer that has ${count}`,
  );
}
