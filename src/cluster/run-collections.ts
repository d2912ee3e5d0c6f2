/**
 * @file From collections to values, given a runner: lower all of them, optimise the union of their
 * layers once, run it, and let each collection make its result.
 */
import { config } from "../config/config.ts";
import { type Collection, isCollection, type Lowered } from "../core/collection.ts";
import { HeddleError } from "../core/errors.ts";
import { type Layer, regularOffsets, type TaskRef } from "../core/graph.ts";
import { checkOptionNames } from "../core/options.ts";
import type { TaskGraph } from "../core/task-graph.ts";
import { referToAll } from "../functions/index.ts";
import { optimizeGraph } from "../optimize/flatten.ts";
import { type EngineLimits, underLimits } from "./limits.ts";
import * as self from "./run-collections.ts";
import { runSync } from "./sync.ts";
import { type TaskObserver, watched } from "./watch.ts";

/** Something that runs graphs: a client of an engine. */
export interface GraphRunner {
  /** What it may hold and run at a time, for those who plan; default that of the default client. */
  readonly limits?: EngineLimits;
  /** Runs the graph and resolves to the values of its outputs, in order. */
  runGraph(graph: TaskGraph, options: ReadOptions, observer?: TaskObserver): Promise<unknown[]>;
  /** Starts the graph and gives a layer whose values the engine keeps. */
  persistGraph(graph: TaskGraph, options: RunOptions): Promise<Layer>;
}

/** What to pass on to a runner. */
export interface RunOptions {
  /**
   * Stops the computation: its tasks are cancelled and the promise rejects with the signal's
   * reason.
   */
  readonly signal?: AbortSignal;
}

/** What to do with the values that come back. */
export interface ReadOptions extends RunOptions {
  /**
   * Takes the value of an output while the engine lends it, and gives what to keep of it;
   * undefined: a copy.
   */
  readonly receive?: ReceiveValue;
}

/** Gets the number of an output and its value. */
export type ReceiveValue = (index: number, value: unknown) => unknown;

/** Options of every `compute` and `persist`. */
export interface ComputeOptions extends RunOptions {
  /**
   * `"threads"`: the embedded engine; `"sync"`: the calling thread; or a client. Default: what the
   * configuration says (`scheduler`), else the current client, else `"threads"`.
   */
  readonly scheduler?: "sync" | "threads" | GraphRunner;
  /** Whether small chained tasks are merged into one; default true (`optimization.fuse.active`). */
  readonly fuse?: boolean;
}

/** Throws `InvalidArgument` for an option that `compute` and `persist` do not have. */
export function checkComputeNames(what: string, options: ComputeOptions): void {
  // How 64-bit integers come out is decided by the collection, which may have passed it on.
  checkOptionNames(what, options, ["scheduler", "signal", "fuse", "int64"]);
}

/** Says what runs a graph: a client, or the calling thread. */
export type ChooseRunner = (graph: TaskGraph) => Promise<GraphRunner | "sync">;

/**
 * Computes several collections in one pass over the union of their graphs; shared tasks run once.
 */
export async function computeOn(
  choose: ChooseRunner,
  collections: readonly Collection[],
  options: ComputeOptions,
): Promise<unknown[]> {
  if (collections.length === 0) return [];
  const lowered = await lowerAll(collections, options);
  const outputs = lowered.flatMap((part) => part.outputs);
  const graph = await graphOf(outputs, options);
  const runner = await choose(graph);
  const values = await watched(graph, async (observer) =>
    runner === "sync"
      ? await runSync(graph, options.signal, observer)
      : await runner.runGraph(graph, { ...options, ...receiverOf(lowered) }, observer),
  );
  let start = 0;
  return lowered.map((part) => {
    const end = start + part.outputs.length;
    const result = part.finish(values.slice(start, end));
    start = end;
    return result;
  });
}

/**
 * Starts the work of several collections and returns the same collections over values that the
 * engine keeps.
 */
export async function persistOn(
  choose: ChooseRunner,
  collections: readonly Collection[],
  options: ComputeOptions,
): Promise<Collection[]> {
  if (collections.length === 0) return [];
  const lowered = await lowerAll(collections, options);
  const outputs = lowered.flatMap((part) => part.outputs);
  const graph = await graphOf(outputs, options);
  const runner = await choose(graph);
  const layer =
    runner === "sync"
      ? valuesLayer(await runSync(graph, options.signal))
      : await runner.persistGraph(graph, options);
  let start = 0;
  return lowered.map((part) => {
    const refs: TaskRef[] = part.outputs.map((_, i) => ({ layer, index: start + i }));
    start += refs.length;
    return part.rebuild(refs);
  });
}

/** Collections are planned for the engine that will run them. */
function lowerAll(
  collections: readonly Collection[],
  { scheduler }: ComputeOptions,
): Lowered[] | Promise<Lowered[]> {
  const limits = typeof scheduler === "object" ? scheduler.limits : undefined;
  const asked = underLimits(limits, () => collections.map(prepare));
  const lowerNow = (): Lowered[] => underLimits(limits, () => collections.map(lower));
  return asked.some((one) => one !== undefined) ? Promise.all(asked).then(lowerNow) : lowerNow();
}

function prepare(collection: Collection): Promise<void> | undefined {
  return isCollection(collection) ? collection.prepare?.() : undefined;
}

function lower(collection: Collection): Lowered {
  if (isCollection(collection)) return collection.lower();
  throw new HeddleError(
    "InvalidArgument",
    `compute takes lazy collections (arrays, frames, bags, delayed values), but was given ${typeof collection}`,
  );
}

/** How a graph is made of outputs. */
export type GraphOptions = Pick<ComputeOptions, "fuse">;

/** Hands each value to the collection that wants to take it where it lies. */
function receiverOf(lowered: readonly Lowered[]): Pick<ReadOptions, "receive"> {
  if (lowered.every((part) => part.receive === undefined)) return {};
  const owners = lowered.flatMap((part) => part.outputs.map((_, index) => ({ part, index })));
  const receive: ReceiveValue = (at, value) => {
    const { part, index } = owners[at] as (typeof owners)[number];
    return part.receive?.(index, value);
  };
  return { receive };
}

/** The graph of the outputs; waits for the ids of futures that it uses. */
export async function graphOf(
  outputs: readonly TaskRef[],
  options: GraphOptions,
): Promise<TaskGraph> {
  await heldAreReady(outputs);
  return optimizeGraph(outputs, {
    fuse: options.fuse ?? config.get("optimization.fuse.active"),
  });
}

async function heldAreReady(outputs: readonly TaskRef[]): Promise<void> {
  const seen = new Set<Layer>();
  const stack = outputs.map((output) => output.layer);
  const waiting: Promise<unknown>[] = [];
  for (let layer = stack.pop(); layer !== undefined; layer = stack.pop()) {
    if (seen.has(layer)) continue;
    seen.add(layer);
    stack.push(...layer.inputs);
    if (layer.held?.ready !== undefined) waiting.push(layer.held.ready);
  }
  if (waiting.length > 0) await Promise.all(waiting);
}

let valueLayers = 0;

/** A layer whose tasks give values that exist already in this process. */
export function valuesLayer(values: readonly unknown[]): Layer {
  return {
    name: `data-local-${++valueLayers}`,
    kind: "data",
    count: values.length,
    templates: [{ name: "data", fn: identity, args: [{ kind: "column", column: 0 }] }],
    inputs: [],
    depOffsets: regularOffsets(values.length, 0),
    deps: new Int32Array(0),
    columns: [{ kind: "value", data: values }],
    pure: true,
  };
}

/** The task of a layer of values: gives its literal. */
export function identity<T>(value: T): T {
  return value;
}

referToAll(import.meta.url, self);
