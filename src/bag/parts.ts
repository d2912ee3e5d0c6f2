/**
 * @file From bags to layers. A bag is a `Node`: a number of partitions and a way to name the tasks
 * that make them. Every operation is a layer of its own; chains of them become one task per
 * partition in the optimiser, which alone can see what else needs an intermediate result. Steps
 * stream into the task they are fused into (`Template.fused`).
 */
import { HeddleError } from "../core/errors.ts";
import type { Arg, Column, Layer, LayerKind, TaskFunction, TaskRef } from "../core/graph.ts";
import { tokenizeCall } from "../core/token.ts";

/** The tasks of a bag's partitions, in order. */
export type Parts = readonly TaskRef[];

/** Gives the tasks of another node, made once per lowering. */
export type PartsOf = (node: Node) => Parts;

/** A bag before it is lowered. */
export class Node {
  readonly npartitions: number;
  readonly #build: (partsOf: PartsOf) => Parts;
  readonly #input: Node | undefined;

  /** `input` is the node that `build` asks for, where chains of them may be long. */
  constructor(npartitions: number, build: (partsOf: PartsOf) => Parts, input?: Node) {
    this.npartitions = npartitions;
    this.#build = build;
    this.#input = input;
  }

  /** The tasks of all partitions; a node that is used several times is built once. */
  lower(): Parts {
    const made = new Map<Node, Parts>();
    const partsOf: PartsOf = (node) => {
      const known = made.get(node);
      if (known !== undefined) return known;
      const parts = node.#build(partsOf);
      made.set(node, parts);
      return parts;
    };
    // From the start of the chain: thousands of steps would be as many calls within calls.
    const chain: Node[] = [];
    for (let node: Node | undefined = this; node !== undefined; node = node.#input) {
      chain.push(node);
    }
    for (const node of chain.reverse()) partsOf(node);
    return partsOf(this);
  }
}

/** One layer, described by its tasks' dependencies. */
export interface LayerSpec {
  /** First part of the layer's name and of its tasks' keys. */
  readonly word: string;
  readonly kind: LayerKind;
  readonly fn: TaskFunction;
  /** See `Template.fused`. */
  readonly fused?: TaskFunction;
  readonly args: readonly Arg[];
  /** What each task depends on, in order; its length is the number of tasks. */
  readonly deps: readonly Parts[];
  readonly columns?: readonly Column[];
  /**
   * Whether each task but the first also depends, as the last dependency, on the task before it;
   * default false.
   */
  readonly chained?: boolean;
  /** What the result depends on besides all the above, such as the state of a file. */
  readonly token?: unknown;
  /** Default true; false for tasks with effects. */
  readonly pure?: boolean;
}

/** Makes a layer and gives its tasks. */
export function makeParts(spec: LayerSpec): Parts {
  const layer = makeLayer(spec);
  return Array.from({ length: layer.count }, (_, index) => ({ layer, index }));
}

function makeLayer(spec: LayerSpec): Layer {
  const count = spec.deps.length;
  const { inputs, startOf, tasks } = inputsOf(spec.deps);
  const depOffsets = new Int32Array(count + 1);
  const deps: number[] = [];
  for (const [task, refs] of spec.deps.entries()) {
    for (const { layer, index } of refs) deps.push((startOf.get(layer) as number) + index);
    if (spec.chained === true && task > 0) deps.push(tasks + task - 1);
    depOffsets[task + 1] = deps.length;
  }
  const columns = spec.columns ?? [];
  const names = inputs.map((input) => input.name);
  const targets = Int32Array.from(deps);
  const content = [spec.fn.name, spec.args, columns, spec.token, names, depOffsets, targets];
  const template = { name: spec.word, fn: spec.fn, args: spec.args };
  return {
    name: `${spec.word}-${tokenizeCall(...content)}`,
    kind: spec.kind,
    count,
    templates: [spec.fused === undefined ? template : { ...template, fused: spec.fused }],
    inputs,
    depOffsets,
    deps: targets,
    columns,
    ...(spec.chained === true ? { self: true } : {}),
    ...(spec.pure === undefined ? {} : { pure: spec.pure }),
  };
}

/**
 * The layers that the dependencies lie in, and the number of each layer's first task among those of
 * all.
 */
function inputsOf(deps: readonly Parts[]): {
  inputs: Layer[];
  startOf: Map<Layer, number>;
  tasks: number;
} {
  const inputs: Layer[] = [];
  const startOf = new Map<Layer, number>();
  let tasks = 0;
  for (const refs of deps) {
    for (const { layer } of refs) {
      if (startOf.has(layer)) continue;
      startOf.set(layer, tasks);
      inputs.push(layer);
      tasks += layer.count;
    }
  }
  return { inputs, startOf, tasks };
}

/** One task per partition of `parts`, each depending on that partition alone. */
export function eachPart(parts: Parts, spec: Omit<LayerSpec, "kind" | "deps">): Parts {
  return makeParts({ ...spec, kind: "blockwise", deps: parts.map((part) => [part]) });
}

/** A layer without dependencies: sources and data. */
export function sourceParts(
  count: number,
  spec: Omit<LayerSpec, "kind" | "deps"> & { readonly kind?: LayerKind },
): Parts {
  return makeParts({ kind: "source", ...spec, deps: Array.from({ length: count }, () => []) });
}

/** A function over the values of several tasks, as an array, and its further arguments. */
export interface Combine {
  readonly word: string;
  readonly fn: TaskFunction;
  readonly args?: readonly Arg[];
}

/**
 * Combines all parts into one task, at most `splitEvery` at a time: a tree whose shape depends only
 * on the number of parts. `finish` is the last level; it runs even when there is only one part.
 */
export function reduceTree(
  parts: Parts,
  combine: Combine,
  finish: Combine,
  splitEvery: number,
): TaskRef {
  let level = parts;
  while (level.length > splitEvery) level = combineParts(level, combine, splitEvery);
  const [root] = combineParts(level, finish, Math.max(level.length, 1));
  return root as TaskRef;
}

function combineParts(parts: Parts, combine: Combine, splitEvery: number): Parts {
  const groups: Parts[] = [];
  for (let i = 0; i < Math.max(parts.length, 1); i += splitEvery) {
    groups.push(parts.slice(i, i + splitEvery));
  }
  return makeParts({
    word: combine.word,
    kind: "reduction",
    fn: combine.fn,
    args: [{ kind: "deps", start: 0 }, ...(combine.args ?? [])],
    deps: groups,
  });
}

/**
 * How many partial results are combined at a time; `false` means all at once, and 8 is the default,
 * as in Dask.
 */
export type SplitEvery = number | false;

/** Checks `splitEvery` and gives it as a number. */
export function splitEveryOf(given: SplitEvery | undefined): number {
  if (given === undefined) return 8;
  if (given === false) return Number.POSITIVE_INFINITY;
  if (Number.isInteger(given) && given >= 2) return given;
  throw new HeddleError(
    "InvalidArgument",
    `splitEvery is ${String(given)}; it may be an integer of at least 2, or false for all at once`,
  );
}

/** A literal argument, the same for all tasks. */
export function constant(value: unknown): Arg {
  return { kind: "const", value };
}

/** The value of the task's `index`-th dependency. */
export function dependency(index: number): Arg {
  return { kind: "dep", index };
}

/** The task's entry in column `index`. */
export function columnEntry(index: number): Arg {
  return { kind: "column", column: index };
}
