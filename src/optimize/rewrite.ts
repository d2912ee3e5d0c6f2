/**
 * @file Copies of graphs: the same work under new names, and, if wanted, work that waits for
 * something else first. Layers are rewritten, never tasks: a copy shares every array with its
 * original that need not differ.
 */
import type { Arg, Layer, TaskRef, Template } from "../core/graph.ts";
import { keyOf } from "../core/graph.ts";
import { tokenize } from "../core/token.ts";
import { cull } from "./draft.ts";

/** How to copy. */
export interface CopyOptions {
  /** Makes the new names: equal seeds give equal names. */
  readonly seed: unknown;
  /** Tasks that stay as they are, marked by a 1: by the name of their layer. */
  readonly keep: ReadonlyMap<string, Uint8Array>;
  /** A task that every copied task without dependencies waits for. */
  readonly after?: TaskRef;
}

/** The tasks that `outputs` reach, in the form of `CopyOptions.keep`. */
export function marksOf(outputs: readonly TaskRef[]): Map<string, Uint8Array> {
  const marks = new Map<string, Uint8Array>();
  for (const { layer, rows } of cull(outputs).layers) {
    const own = new Uint8Array(layer.count);
    if (rows === undefined) own.fill(1);
    else for (const row of rows) own[row] = 1;
    marks.set(layer.name, own);
  }
  return marks;
}

/**
 * Tasks like `outputs`, in copies of all layers that they reach. Values that an engine holds are
 * not copied.
 */
export function copyTasks(outputs: readonly TaskRef[], options: CopyOptions): TaskRef[] {
  const copies = new Map<Layer, Layer>();
  for (const { layer } of outputs) copyLayers(layer, copies, options);
  return outputs.map((output) => {
    const { layer, index } = output;
    const isKept = options.keep.get(layer.name)?.[index] === 1;
    return isKept ? output : { layer: copies.get(layer) as Layer, index };
  });
}

/** Inputs first, without recursion. */
function copyLayers(root: Layer, copies: Map<Layer, Layer>, options: CopyOptions): void {
  const path = [root];
  while (path.length > 0) {
    const layer = path[path.length - 1] as Layer;
    const isKept = layer.held !== undefined || isWhole(options.keep.get(layer.name));
    const missing = isKept ? undefined : layer.inputs.find((input) => !copies.has(input));
    if (missing !== undefined) {
      path.push(missing);
      continue;
    }
    path.pop();
    if (!copies.has(layer)) copies.set(layer, isKept ? layer : copyLayer(layer, copies, options));
  }
}

function isWhole(marks: Uint8Array | undefined): boolean {
  return marks?.every((mark) => mark === 1) ?? false;
}

function copyLayer(layer: Layer, copies: ReadonlyMap<Layer, Layer>, options: CopyOptions): Layer {
  const copied: Layer = {
    ...layer,
    name: rename(layer.name, options.seed),
    inputs: layer.inputs.map((input) => copies.get(input) as Layer),
    ...(layer.keys && { keys: renameKeys(layer, options.seed) }),
  };
  const shared = shareKept(layer, copied, options.keep);
  return options.after === undefined ? shared : delayRoots(shared, options.after);
}

/**
 * Turns the edges of a copy that lead to kept tasks back to the originals, which become further
 * inputs.
 */
function shareKept(layer: Layer, copied: Layer, keep: ReadonlyMap<string, Uint8Array>): Layer {
  const below = layer.self === true ? [...layer.inputs, layer] : layer.inputs;
  const partly = below.filter(
    (input, k) => keep.has(input.name) && (k >= layer.inputs.length || copied.inputs[k] !== input),
  );
  if (partly.length === 0) return copied;
  const tasksBelow = countTasks(layer.inputs);
  const tasksAdded = countTasks(partly);
  const starts = below.map((_, k) => countTasks(below.slice(0, k)));
  const deps = layer.deps.map((dep) => {
    const k = starts.findLastIndex((start) => start <= dep);
    const input = below[k] as Layer;
    const row = dep - (starts[k] as number);
    const at = partly.indexOf(input);
    if (at >= 0 && keep.get(input.name)?.[row] === 1) {
      return tasksBelow + countTasks(partly.slice(0, at)) + row;
    }
    return dep < tasksBelow ? dep : dep + tasksAdded;
  });
  return { ...copied, inputs: [...copied.inputs, ...partly], deps };
}

function countTasks(layers: readonly Layer[]): number {
  return layers.reduce((sum, { count }) => sum + count, 0);
}

/** `word-token` with a token of the old name and the seed. */
function rename(name: string, seed: unknown): string {
  return `${name.replace(/-[0-9a-f]{8,}$/, "")}-${tokenize(name, seed)}`;
}

function renameKeys(layer: Layer, seed: unknown): string[] {
  return Array.from({ length: layer.count }, (_, i) => rename(keyOf(layer, i), seed));
}

/**
 * The layer with one more dependency for each task that has none. No argument reads it; lists of
 * "all dependencies" are written out as empty for those tasks, so that it does not appear there
 * either.
 */
function delayRoots(layer: Layer, after: TaskRef): Layer {
  const { count, depOffsets, deps } = layer;
  const isRoot = (i: number): boolean => depOffsets[i] === depOffsets[i + 1];
  const roots = Array.from({ length: count }, (_, i) => i).filter(isRoot).length;
  if (roots === 0) return layer;
  const tasksBelow = countTasks(layer.inputs);
  const barrier = tasksBelow + after.index;
  const newOffsets = new Int32Array(count + 1);
  const newDeps = new Int32Array(deps.length + roots);
  const templateOf = new Int32Array(count);
  let to = 0;
  for (let i = 0; i < count; i++) {
    templateOf[i] = (layer.templateOf?.[i] ?? 0) + (isRoot(i) ? layer.templates.length : 0);
    if (isRoot(i)) newDeps[to++] = barrier;
    for (let e = depOffsets[i] as number; e < (depOffsets[i + 1] as number); e++) {
      const dep = deps[e] as number;
      // Own tasks are numbered after those of all inputs, of which there is now one more.
      newDeps[to++] = dep < tasksBelow ? dep : dep + after.layer.count;
    }
    newOffsets[i + 1] = to;
  }
  const inputs = [...layer.inputs, after.layer];
  const templates = [...layer.templates, ...layer.templates.map(withoutLists)];
  return { ...layer, inputs, depOffsets: newOffsets, deps: newDeps, templates, templateOf };
}

function withoutLists(template: Template): Template {
  const rewrite = (arg: Arg): Arg => {
    switch (arg.kind) {
      case "deps":
        return { kind: "array", items: [] };
      case "array":
      case "set":
      case "object":
        return { ...arg, items: arg.items.map(rewrite) };
      case "map":
        return { ...arg, keys: arg.keys.map(rewrite), items: arg.items.map(rewrite) };
      case "call":
        return { ...arg, args: arg.args.map(rewrite) };
      default:
        return arg;
    }
  };
  return { ...template, args: template.args.map(rewrite) };
}
