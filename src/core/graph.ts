/**
 * @file What a computation is made of. A `Layer` is many tasks of one kind: templates (what to
 * run), dependencies as offsets into one Int32Array, and per-task literals as columns. There is no
 * object per task. Collections build layers; `optimize/` culls, fuses and orders them; `flatten`
 * (in `optimize/flatten.ts`) makes the one columnar `TaskGraph` that the client hands to a
 * scheduler.
 */

/** A function that runs as a task: plain arguments in, a value or a promise of one out. */
// biome-ignore lint/suspicious/noExplicitAny: called with what its arguments decode to.
export type TaskFunction = (...args: any[]) => unknown;

/**
 * Where one argument of a task comes from. A small tree, the same for all tasks of a template, so
 * it is stored once.
 *
 * - `const`: the value itself, kept in the template (deduplicated by the template's token).
 * - `dep`: the task's `index`-th dependency.
 * - `deps`: an array of the task's dependencies from `start` on (`count` of them, or all that
 *   remain).
 * - `column`: this task's entry in the layer's column `column`.
 * - `call`: the result of calling another template's function first, within the same task (how
 *   fusion is written); with `task`, a failure is that of the task of this key.
 */
export type Arg =
  | { readonly kind: "const"; readonly value: unknown }
  | { readonly kind: "dep"; readonly index: number }
  | { readonly kind: "deps"; readonly start: number; readonly count?: number }
  | { readonly kind: "column"; readonly column: number }
  | { readonly kind: "array" | "set"; readonly items: readonly Arg[] }
  | { readonly kind: "object"; readonly keys: readonly string[]; readonly items: readonly Arg[] }
  | { readonly kind: "map"; readonly keys: readonly Arg[]; readonly items: readonly Arg[] }
  | {
      readonly kind: "call";
      readonly fn: TaskFunction;
      readonly args: readonly Arg[];
      readonly task?: StepKey;
    };

/** Where the key of a call stands that was a task of its own before fusion. */
export interface StepKey {
  /** Holds keys as text, or the numbers of counted keys. */
  readonly column: number;
  readonly name: string;
  readonly stem: string;
}

/** Where a task runs: on a task thread, or on the process's one table-engine thread (DuckDB). */
export type Lane = "thread" | "table";

/**
 * What the user may ask of tasks through `annotate` or `client.options`. Absent fields mean the
 * defaults given here.
 */
export interface TaskOptions {
  /** Larger runs first; default 0. */
  readonly priority?: number;
  /** How often a task whose function throws is tried again; default 0. */
  readonly retries?: number;
  /** Amount of each named resource that a running task holds, e.g. `{ GPU: 1 }`; default none. */
  readonly resources?: Readonly<Record<string, number>>;
  /** Addresses or names of the workers that may run the task; default all. */
  readonly workers?: readonly string[];
  /** Whether other workers may run it when none of `workers` is there; default false. */
  readonly allowOtherWorkers?: boolean;
  /** How many asynchronous tasks of this kind may share one slot while they await; default 1. */
  readonly concurrency?: number;
  /** Names of the spans that the task belongs to, outermost first; default none. */
  readonly span?: readonly string[];
}

/**
 * What a value stands and falls with. `inputs`: it refers to the values of its inputs: they are
 * kept for as long as it is in memory, and when one is lost it is made again. `worker`: it refers
 * to something at the worker that made it: copies of it are worth nothing without that one.
 */
export type Bound = "inputs" | "worker";

/** What to run: shared by all tasks of a layer (or by those of one entry of `templates`). */
export interface Template {
  /** Readable name of the function, the first part of every key and the group of all statistics. */
  readonly name: string;
  readonly fn: TaskFunction;
  /**
   * What to call instead of `fn` when the task is fused into its only consumer, so that its value
   * never leaves the task: it may give an iterable where `fn` gives an array. Absent means `fn`.
   */
  readonly fused?: TaskFunction;
  readonly args: readonly Arg[];
  readonly lane?: Lane;
  readonly options?: TaskOptions;
  /** What the values stand and fall with; default: they are copied and kept like any other. */
  readonly bound?: Bound;
  /** Equal for equal templates of other graphs, which then share what a thread has loaded. */
  readonly id?: string;
}

/**
 * Per-task literals: numbers as they are, anything else as values (encoded once, when the graph
 * leaves the caller).
 */
export type Column =
  | { readonly kind: "number"; readonly data: Float64Array | Int32Array }
  | { readonly kind: "value"; readonly data: readonly unknown[] };

/** Values that an engine keeps for as long as this object is reachable. */
export interface HeldTasks {
  /** The engine (or client) that holds them; a graph may refer to one engine only. */
  readonly engine: object;
  /** Engine ids, one per task of the layer; filled in when `ready` is fulfilled. */
  readonly ids: Int32Array;
  /** Set while the engine has not yet said which ids they are. */
  readonly ready?: Promise<unknown>;
  /** Asks what their values take together; undefined while none is there. */
  readonly measure?: () => Promise<number | undefined>;
}

/**
 * The kinds of layers; only `exchange` changes how the scheduler treats it, the others are for
 * reading.
 */
export type LayerKind = "call" | "blockwise" | "reduction" | "exchange" | "source" | "data";

/** Keys of tasks that were made one by one, in 10 bytes each: `name-<stem><serial in hex>`. */
export interface SerialKeys {
  /** Unique to the process that made the tasks. */
  readonly stem: string;
  readonly serials: Float64Array;
  /** The words that keys begin with, and which of them belongs to each task. */
  readonly names: readonly string[];
  readonly nameOf: Uint16Array | Int32Array;
}

/**
 * `count` tasks. Dependencies refer to the tasks of `inputs`, numbered one input after the other in
 * the order given: task `t` of `inputs[k]` is `inputs[0].count + … + inputs[k-1].count + t`. A
 * layer may name itself as its last input (`self`): then its own tasks are numbered after those of
 * all inputs.
 */
export interface Layer {
  /**
   * Unique: two layers of the same name are the same work, and are run once. Made of a word and a
   * content token.
   */
  readonly name: string;
  readonly kind: LayerKind;
  readonly count: number;
  /**
   * Lengths of the block grid whose indices appear in keys, e.g. [4, 3]; absent means one index
   * 0..count-1.
   */
  readonly grid?: readonly number[];
  readonly templates: readonly Template[];
  /** Template of each task; absent means `templates[0]` for all. */
  readonly templateOf?: Uint16Array | Int32Array;
  readonly inputs: readonly Layer[];
  readonly self?: boolean;
  /** Task `i` depends on `deps[depOffsets[i] .. depOffsets[i+1]-1]`. */
  readonly depOffsets: Int32Array;
  readonly deps: Int32Array;
  readonly columns: readonly Column[];
  /**
   * Keys given one by one (delayed calls, futures with a chosen key); absent means `name` and the
   * grid index.
   */
  readonly keys?: readonly string[] | SerialKeys;
  /**
   * Set on a layer whose values already exist in a running engine (persisted or scattered data,
   * futures).
   */
  readonly held?: HeldTasks;
  /**
   * The functions' promise that equal arguments give equal results; default true. False keeps CSE
   * away.
   */
  readonly pure?: boolean;
}

/** One task of a layer. */
export interface TaskRef {
  readonly layer: Layer;
  readonly index: number;
}

/** Offsets for tasks that all have the same number of dependencies. */
export function regularOffsets(count: number, arity: number): Int32Array {
  const offsets = new Int32Array(count + 1);
  for (let i = 1; i <= count; i++) offsets[i] = i * arity;
  return offsets;
}

/**
 * The key of one task, as users, dashboards and logs see it: the layer's name, and its grid index
 * where there is one.
 */
export function keyOf(
  layer: Pick<Layer, "name" | "count" | "grid" | "keys">,
  index: number,
): string {
  if (layer.keys !== undefined) return keyIn(layer.keys, index) ?? layer.name;
  if (layer.grid === undefined) return layer.count === 1 ? layer.name : `${layer.name}[${index}]`;
  const at: number[] = [];
  let rest = index;
  for (let axis = layer.grid.length - 1; axis >= 0; axis--) {
    const length = layer.grid[axis] ?? 1;
    at.unshift(rest % length);
    rest = Math.floor(rest / length);
  }
  return at.length === 0 ? layer.name : `${layer.name}[${at.join(",")}]`;
}

function keyIn(keys: readonly string[] | SerialKeys, index: number): string | undefined {
  if (!("serials" in keys)) return keys[index];
  const serial = keys.serials[index];
  if (serial === undefined) return undefined;
  return serialKey(keys.names[keys.nameOf[index] as number] as string, keys.stem, serial);
}

/** The key of the `serial`-th task that a process made, see `SerialKeys`. */
export function serialKey(name: string, stem: string, serial: number): string {
  return `${name}-${stem}${serial.toString(16).padStart(8, "0")}`;
}
