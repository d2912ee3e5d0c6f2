/**
 * @file Graphs written as plain objects, as Dask's are: each key names a task `[fn, ...args]`, an
 * alias of another key, or a value. Every task becomes a call of its own.
 */
import { HeddleError } from "../core/errors.ts";
import type { TaskFunction } from "../core/graph.ts";
import { describeGiven } from "./given.ts";

/** Keys and what they stand for: tasks `[fn, ...args]`, other keys, lists of such, or values. */
export type DictGraph = Readonly<Record<string, unknown>>;

/** Calls a function as a task; what it gives may be an argument of others. */
export type SubmitCall = (fn: TaskFunction, args: readonly unknown[]) => unknown;

/**
 * What each key stands for: a future, or a value. Each task of the graph that the keys need is
 * called once. Errors: `InvalidArgument` for what is no graph or has no such key; `CycleInGraph`.
 */
export function submitDict(
  graph: DictGraph,
  keys: readonly string[],
  submit: SubmitCall,
): unknown[] {
  if (typeof graph !== "object" || graph === null || Array.isArray(graph)) {
    throw new HeddleError(
      "InvalidArgument",
      `client.get takes an object of keys and tasks, but was given ${describeGiven(graph)}`,
    );
  }
  const known = new Map<string, unknown>();
  const resolve = (given: unknown): unknown => {
    if (typeof given === "string") return known.has(given) ? known.get(given) : given;
    if (!Array.isArray(given)) return given;
    const [fn, ...args] = given as unknown[];
    if (typeof fn === "function") return submit(fn as TaskFunction, args.map(resolve));
    return given.map(resolve);
  };
  for (const key of inOrder(graph, keys)) known.set(key, resolve(graph[key]));
  return keys.map((key) => known.get(key));
}

/** The keys that are needed, each after those that it needs; chains may be long. */
function inOrder(graph: DictGraph, keys: readonly string[]): string[] {
  const order: string[] = [];
  const state = new Map<string, "open" | "done">();
  const stack = [...keys].reverse();
  for (let key = stack.at(-1); key !== undefined; key = stack.at(-1)) {
    if (!Object.hasOwn(graph, key)) {
      throw new HeddleError("InvalidArgument", `client.get: the graph has no key "${key}"`);
    }
    if (state.get(key) !== undefined) {
      stack.pop();
      if (state.get(key) === "open") order.push(key);
      state.set(key, "done");
      continue;
    }
    state.set(key, "open");
    for (const used of keysIn(graph[key], graph)) {
      if (state.get(used) === "open") {
        throw new HeddleError("CycleInGraph", `client.get: "${used}" needs itself, by "${key}"`);
      }
      if (!state.has(used)) stack.push(used);
    }
  }
  return order;
}

/** The keys that a task, alias or list refers to. */
function keysIn(given: unknown, graph: DictGraph): string[] {
  if (typeof given === "string") return Object.hasOwn(graph, given) ? [given] : [];
  return Array.isArray(given) ? given.flatMap((one) => keysIn(one, graph)) : [];
}
