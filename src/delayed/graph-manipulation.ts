/**
 * @file Collections that wait for each other, and copies that share nothing: `checkpoint`,
 * `waitOn`, `bind`, `clone`. All of them rewrite layers and work on any collection. After
 * `dask.graph_manipulation`.
 */
import { type Collection, isCollection, type Lowered } from "../core/collection.ts";
import { HeddleError } from "../core/errors.ts";
import { type Layer, regularOffsets, type TaskRef } from "../core/graph.ts";
import { tokenize } from "../core/token.ts";
import { copyTasks, marksOf } from "../optimize/rewrite.ts";
import { KEY_STEM, nextSerial } from "./call.ts";
import { type Delayed, delayedTask } from "./delayed-value.ts";
import { first, nothing } from "./tasks.ts";

/** Most tasks that one task of a checkpoint waits for; more are gathered in steps. */
const SPLIT_EVERY = 8;

/** What `clone` and `bind` leave alone, and how they name copies. */
export interface CloneOptions {
  /** Collections whose work is shared with the original instead of being copied. */
  readonly omit?: Collection | readonly Collection[];
  /** Equal seeds give equal names; default: a new one each time. */
  readonly seed?: unknown;
}

/**
 * A delayed `null` that is there when all chunks of the collections have been computed; their
 * values are not gathered.
 *
 * @example
 * import { checkpoint, delayed } from "heddle";
 * const done = checkpoint(delayed(Math.sqrt)(4), delayed(Math.sqrt)(9));
 * console.log(await done.compute()); // null
 */
export function checkpoint(...collections: readonly Collection[]): Delayed<null> {
  const outputs = collections.flatMap((one) => lower(one).outputs);
  return delayedTask<null>(barrier(outputs));
}

/**
 * The same collections, none of whose chunks is there before all chunks of all of them have been
 * computed.
 */
export function waitOn<const T extends readonly Collection[]>(
  ...collections: T
): { -readonly [K in keyof T]: T[K] } {
  const lowered = collections.map(lower);
  const after = barrier(lowered.flatMap(({ outputs }) => outputs));
  const waiting: unknown = lowered.map(({ outputs, rebuild }) =>
    rebuild(waitLayer(outputs, after)),
  );
  return waiting as { -readonly [K in keyof T]: T[K] };
}

/** A copy of `children` none of whose work starts before all of `parents` has been computed. */
export function bind<C extends Collection>(
  children: C,
  parents: Collection | readonly Collection[],
  options: CloneOptions = {},
): C {
  const outputs = listOf(parents).flatMap((one) => lower(one).outputs);
  return copy(children, options, barrier(outputs));
}

/** A copy of a collection that shares no work with it: computing both runs everything twice. */
export function clone<C extends Collection>(collection: C, options: CloneOptions = {}): C {
  return copy(collection, options, undefined);
}

function copy<C extends Collection>(collection: C, options: CloneOptions, after?: TaskRef): C {
  const omitted = listOf(options.omit ?? []).flatMap((one) => lower(one).outputs);
  const keep = marksOf(omitted);
  const seed = options.seed ?? `${KEY_STEM}${nextSerial()}`;
  const lowered = lower(collection);
  const outputs = copyTasks(lowered.outputs, { seed, keep, ...(after && { after }) });
  return lowered.rebuild(outputs) as C;
}

function lower(collection: Collection): Lowered {
  if (isCollection(collection)) return collection.lower();
  throw new HeddleError(
    "InvalidArgument",
    `checkpoint, waitOn, bind and clone take lazy collections, not ${typeof collection}`,
  );
}

function listOf(given: Collection | readonly Collection[]): readonly Collection[] {
  return isCollection(given) ? [given] : given;
}

/** One task that ends after all of `outputs`: a tree of tasks that read no values. */
function barrier(outputs: readonly TaskRef[]): TaskRef {
  const token = tokenize(outputs.map(({ layer, index }) => [layer.name, index]));
  const { inputs, deps } = number(outputs);
  // A task beside each output, so that only its `null` has to move.
  const beside = regularOffsets(outputs.length, 1);
  const layer = nothingLayer(`checkpoint-mark-${token}`, inputs, deps, beside);
  return gather(
    outputs.map((_, index) => ({ layer, index })),
    token,
    0,
  );
}

function gather(tasks: readonly TaskRef[], token: string, level: number): TaskRef {
  const groups = Math.max(1, Math.ceil(tasks.length / SPLIT_EVERY));
  const { inputs, deps } = number(tasks);
  const offsets = Int32Array.from({ length: groups + 1 }, (_, i) =>
    Math.min(i * SPLIT_EVERY, tasks.length),
  );
  const layer = nothingLayer(`checkpoint-${tokenize(token, level)}`, inputs, deps, offsets);
  const gathered = Array.from({ length: groups }, (_, index) => ({ layer, index }));
  return groups === 1 ? (gathered[0] as TaskRef) : gather(gathered, token, level + 1);
}

function nothingLayer(
  name: string,
  inputs: readonly Layer[],
  deps: Int32Array,
  depOffsets: Int32Array,
): Layer {
  return {
    name,
    kind: "call",
    count: depOffsets.length - 1,
    templates: [{ name: "checkpoint", fn: nothing, args: [] }],
    inputs,
    depOffsets,
    deps,
    columns: [],
  };
}

/** The tasks as dependencies of a layer: its inputs, and their numbers there. */
function number(tasks: readonly TaskRef[]): { inputs: Layer[]; deps: Int32Array } {
  const start = new Map<Layer, number>();
  let total = 0;
  for (const { layer } of tasks) {
    if (start.has(layer)) continue;
    start.set(layer, total);
    total += layer.count;
  }
  const deps = Int32Array.from(tasks, ({ layer, index }) => (start.get(layer) as number) + index);
  return { inputs: [...start.keys()], deps };
}

/** The same values, once `after` is done. */
function waitLayer(outputs: readonly TaskRef[], after: TaskRef): TaskRef[] {
  const { inputs, deps } = number([...outputs, after]);
  const barrierAt = deps[outputs.length] as number;
  const pairs = new Int32Array(2 * outputs.length);
  for (let i = 0; i < outputs.length; i++) {
    pairs[2 * i] = deps[i] as number;
    pairs[2 * i + 1] = barrierAt;
  }
  const names = outputs.map(({ layer, index }) => [layer.name, index]);
  const layer: Layer = {
    name: `waitOn-${tokenize(names, after.layer.name)}`,
    kind: "call",
    count: outputs.length,
    templates: [{ name: "waitOn", fn: first, args: [{ kind: "dep", index: 0 }] }],
    inputs,
    depOffsets: regularOffsets(outputs.length, 2),
    deps: pairs,
    columns: [],
  };
  return outputs.map((_, index) => ({ layer, index }));
}
