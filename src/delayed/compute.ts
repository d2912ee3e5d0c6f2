/**
 * @file `compute`, `persist` and `optimize` of several things at once. Lazy values are found within
 * arrays, plain objects, maps and sets; all of them run as one graph, so what they share runs once.
 */
import { type ComputeOptions, computeAll, persistAll } from "../cluster/compute.ts";
import { type Collection, isCollection } from "../core/collection.ts";
import { nearestName } from "../core/errors.ts";
import { holdsLazy, isPlain } from "../core/lazy-values.ts";
import type { TaskGraph } from "../core/task-graph.ts";
import { type OptimizeOptions, optimizeGraph } from "../optimize/flatten.ts";
import type { Computed } from "./types.ts";

/** The results of several values. */
type ComputedAll<T extends readonly unknown[]> = { -readonly [K in keyof T]: Computed<T[K]> };

/**
 * The arguments without options, if the last one is options. (Overloads cannot tell: all options
 * are optional.)
 */
type ValuesOf<T extends readonly unknown[]> = T extends readonly [...infer V, infer O]
  ? [keyof O] extends [never]
    ? T
    : [keyof O] extends [keyof ComputeOptions]
      ? V
      : T
  : T;

/** Field names by which a last argument is known to be options, not a value. */
const OPTION_NAMES: ReadonlySet<string> = new Set(["scheduler", "signal", "fuse"]);

/**
 * Computes all lazy values among the arguments, in one pass over the union of their graphs, and
 * resolves to the results in order. Arguments that are not lazy come back as they are. Options may
 * come last.
 *
 * @example
 * import { compute, delayed } from "heddle";
 * const inc = delayed((x: number) => x + 1, { name: "inc" });
 * const one = inc(0);
 * const [a, { b }] = await compute(one, { b: inc(one) });
 * console.log(a, b); // 1 2
 */
export async function compute<T extends readonly unknown[]>(
  ...given: T
): Promise<ComputedAll<ValuesOf<T>>>;
export async function compute(...given: readonly unknown[]): Promise<unknown> {
  const { values, options } = splitOptions(given);
  const found = collectionsIn(values);
  const results = await computeAll(found, options);
  const resultOf = new Map<unknown, unknown>(found.map((one, i) => [one, results[i]]));
  return values.map((one) => replace(one, resultOf));
}

/**
 * Starts the work of all lazy values among the arguments and resolves to the same structures over
 * values that the engine keeps, so that what is computed from them later need not start again.
 */
export async function persist<T extends readonly unknown[]>(
  ...given: T
): Promise<{ -readonly [K in keyof T]: T[K] }> {
  const { values, options } = splitOptions(given);
  const found = collectionsIn(values);
  const kept = await persistAll(found, options);
  const resultOf = new Map<unknown, unknown>(found.map((one, i) => [one, kept[i]]));
  const replaced: unknown = values.map((one) => replace(one, resultOf));
  return replaced as ValuesOf<T>;
}

/**
 * The graph that computing the collections would run: merged, culled, fused, ordered. For looking
 * at and for tests.
 */
export function optimize(
  collections: Collection | readonly Collection[],
  options: OptimizeOptions = {},
): TaskGraph {
  const list = isCollection(collections) ? [collections] : collections;
  return optimizeGraph(
    list.flatMap((one) => one.lower().outputs),
    options,
  );
}

function splitOptions(given: readonly unknown[]): {
  values: readonly unknown[];
  options: ComputeOptions;
} {
  const last = given.at(-1);
  if (typeof last !== "object" || last === null || !isPlain(last)) {
    return { values: given, options: {} };
  }
  const names = Object.keys(last);
  const isMeant = names.length > 0 && !holdsLazy(last) && areOptions(names);
  return isMeant ? { values: given.slice(0, -1), options: last } : { values: given, options: {} };
}

/**
 * Whether these are names of options: one is, or all nearly are. What is wrong with them is said by
 * whoever follows them.
 */
function areOptions(names: readonly string[]): boolean {
  const isNear = (name: string): boolean => nearestName(name, OPTION_NAMES) !== undefined;
  return names.some((name) => OPTION_NAMES.has(name)) || names.every(isNear);
}

/** Every collection once, in order of appearance. */
function collectionsIn(values: readonly unknown[]): Collection[] {
  const found = new Set<Collection>();
  const seen = new Set<object>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null || seen.has(value)) return;
    seen.add(value);
    if (isCollection(value)) found.add(value);
    else if (Array.isArray(value)) value.forEach(visit);
    else if (value instanceof Set) value.forEach(visit);
    else if (value instanceof Map) [...value].flat().forEach(visit);
    else if (isPlain(value)) Object.values(value).forEach(visit);
  };
  values.forEach(visit);
  return [...found];
}

/**
 * The value with results in the place of collections; containers without any stay the same objects.
 */
function replace(value: unknown, resultOf: ReadonlyMap<unknown, unknown>): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (resultOf.has(value)) return resultOf.get(value);
  if (collectionsIn([value]).length === 0) return value;
  const swap = (part: unknown): unknown => replace(part, resultOf);
  if (Array.isArray(value)) return value.map(swap);
  if (value instanceof Set) return new Set([...value].map(swap));
  if (value instanceof Map)
    return new Map([...value].map(([key, item]) => [swap(key), swap(item)]));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, swap(item)]));
}
