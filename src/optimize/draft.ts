/**
 * @file Culling: of all layers, only the tasks that the outputs reach, numbered layer by layer. The
 * result, a `Draft`, is what fusion rewrites before it becomes a `TaskGraph`. Marks are bytes and
 * dependencies one Int32Array, so the cost is a few nanoseconds a task.
 */
import { HeddleError } from "../core/errors.ts";
import { type Column, keyOf, type Layer, type TaskRef, type Template } from "../core/graph.ts";
import { mergeLayers } from "./merge.ts";

/** The needed tasks of one layer. */
export interface DraftLayer {
  readonly layer: Layer;
  /** First id; the needed tasks have consecutive ids in row order. */
  readonly start: number;
  readonly count: number;
  /** The layer's index of each needed task; absent when all are needed. */
  readonly rows?: Int32Array;
  /** As in the layer, until fusion replaces them. */
  templates: readonly Template[];
  columns: readonly Column[];
}

/** A culled graph over dense ids. */
export interface Draft {
  readonly count: number;
  readonly layers: readonly DraftLayer[];
  readonly depOffsets: Int32Array;
  readonly deps: Int32Array;
  readonly outputs: Int32Array;
}

/** Where the numbers in a layer's `deps` point: input `k` starts at `starts[k]`. */
interface InputMap {
  readonly starts: Int32Array;
  /** Positions of the inputs among all layers. */
  readonly layers: Int32Array;
}

/**
 * The tasks that `outputs` reach. Throws `MissingKey` for references to tasks that a layer does not
 * have.
 */
export function cull(outputs: readonly TaskRef[]): Draft {
  const merged = mergeLayers(new Set(outputs.map((output) => output.layer)));
  const { layers } = merged;
  const inputs = layers.map((layer, at) => mapInputs(layer, at, merged.indexOf));
  const marks = markNeeded(outputs, layers, inputs, merged.indexOf);
  const draftLayers: DraftLayer[] = [];
  let start = 0;
  for (const [at, layer] of layers.entries()) {
    const rows = rowsOf(marks[at] as Uint8Array);
    const count = rows === undefined ? layer.count : rows.length;
    const { templates, columns } = layer;
    const whole = { layer, start, count, templates, columns };
    draftLayers.push(rows === undefined ? whole : { ...whole, rows });
    start += count;
  }
  const idOf = draftLayers.map(idsByRow);
  const { depOffsets, deps } = collectDeps(draftLayers, inputs, idOf, start);
  const ids = Int32Array.from(outputs, ({ layer, index }) => {
    const at = merged.indexOf(layer);
    return idFor(draftLayers[at] as DraftLayer, idOf[at], index);
  });
  return { count: start, layers: draftLayers, depOffsets, deps, outputs: ids };
}

function mapInputs(layer: Layer, at: number, indexOf: (layer: Layer) => number): InputMap {
  const count = layer.inputs.length + (layer.self === true ? 1 : 0);
  const starts = new Int32Array(count + 1);
  const layers = new Int32Array(count);
  for (let k = 0; k < count; k++) {
    const input = layer.inputs[k] ?? layer;
    starts[k + 1] = (starts[k] as number) + input.count;
    layers[k] = input === layer ? at : indexOf(input);
  }
  return { starts, layers };
}

/**
 * Which input a dependency number belongs to; `near` is the answer for the number before, right
 * most of the time.
 */
function inputAt(map: InputMap, dep: number, near: number): number {
  const { starts, layers } = map;
  if (dep >= (starts[near] as number) && dep < (starts[near + 1] as number)) return near;
  let low = 0;
  let high = layers.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] as number) <= dep) low = middle;
    else high = middle - 1;
  }
  return dep >= 0 && dep < (starts[layers.length] as number) ? low : -1;
}

/**
 * One byte per task of each layer: 1 when an output reaches it. Consumers come last, so one
 * backward pass does it.
 */
function markNeeded(
  outputs: readonly TaskRef[],
  layers: readonly Layer[],
  inputs: readonly InputMap[],
  indexOf: (layer: Layer) => number,
): Uint8Array[] {
  const marks = layers.map((layer) => new Uint8Array(layer.count));
  for (const { layer, index } of outputs) {
    if (!(index >= 0 && index < layer.count)) throw missing(layer, index, "An output asks for");
    (marks[indexOf(layer)] as Uint8Array)[index] = 1;
  }
  for (let at = layers.length - 1; at >= 0; at--) {
    markInputs(layers[at] as Layer, inputs[at] as InputMap, at, marks);
  }
  return marks;
}

function markInputs(layer: Layer, map: InputMap, at: number, marks: readonly Uint8Array[]): void {
  if (layer.held !== undefined) return;
  const own = marks[at] as Uint8Array;
  const { depOffsets, deps } = layer;
  /** Tasks of this layer that were marked after the loop had passed them. */
  const late: number[] = [];
  let near = 0;
  const markTask = (task: number, position: number): void => {
    const end = depOffsets[task + 1] as number;
    for (let e = depOffsets[task] as number; e < end; e++) {
      const dep = deps[e] as number;
      near = inputAt(map, dep, near);
      if (near < 0) throw badDep(layer, task, dep, map);
      const target = map.layers[near] as number;
      const row = dep - (map.starts[near] as number);
      const mark = marks[target] as Uint8Array;
      if (mark[row] === 1) continue;
      mark[row] = 1;
      if (target === at && row > position) late.push(row);
    }
  };
  for (let task = layer.count - 1; task >= 0; task--) {
    if (own[task] === 0) continue;
    markTask(task, task);
    while (late.length > 0) markTask(late.pop() as number, task);
  }
}

/** Rows whose mark is set; undefined when all are. */
function rowsOf(marks: Uint8Array): Int32Array | undefined {
  let count = 0;
  for (let i = 0; i < marks.length; i++) count += marks[i] as number;
  if (count === marks.length) return undefined;
  const rows = new Int32Array(count);
  let at = 0;
  for (let i = 0; i < marks.length; i++) if (marks[i] === 1) rows[at++] = i;
  return rows;
}

/** Id of every row of a culled layer; undefined for whole layers, where it is `start + row`. */
function idsByRow(draft: DraftLayer): Int32Array | undefined {
  if (draft.rows === undefined) return undefined;
  const ids = new Int32Array(draft.layer.count).fill(-1);
  for (let i = 0; i < draft.count; i++) ids[draft.rows[i] as number] = draft.start + i;
  return ids;
}

function idFor(draft: DraftLayer, ids: Int32Array | undefined, row: number): number {
  return ids === undefined ? draft.start + row : (ids[row] as number);
}

function collectDeps(
  layers: readonly DraftLayer[],
  inputs: readonly InputMap[],
  idOf: readonly (Int32Array | undefined)[],
  count: number,
): { depOffsets: Int32Array; deps: Int32Array } {
  const depOffsets = new Int32Array(count + 1);
  for (const { layer, start, count: own, rows } of layers) {
    const offsets = layer.depOffsets;
    for (let i = 0; i < own; i++) {
      const row = rows === undefined ? i : (rows[i] as number);
      const arity = layer.held ? 0 : (offsets[row + 1] as number) - (offsets[row] as number);
      depOffsets[start + i + 1] = (depOffsets[start + i] as number) + arity;
    }
  }
  const deps = new Int32Array(depOffsets[count] as number);
  for (const [at, draft] of layers.entries()) {
    if (draft.layer.held === undefined) {
      fillDeps(draft, inputs[at] as InputMap, layers, idOf, depOffsets, deps);
    }
  }
  return { depOffsets, deps };
}

function fillDeps(
  { layer, start, count, rows }: DraftLayer,
  map: InputMap,
  layers: readonly DraftLayer[],
  idOf: readonly (Int32Array | undefined)[],
  depOffsets: Int32Array,
  deps: Int32Array,
): void {
  let near = 0;
  let to = depOffsets[start] as number;
  for (let i = 0; i < count; i++) {
    const row = rows === undefined ? i : (rows[i] as number);
    const end = layer.depOffsets[row + 1] as number;
    for (let e = layer.depOffsets[row] as number; e < end; e++) {
      const dep = layer.deps[e] as number;
      near = inputAt(map, dep, near);
      if (near < 0) throw badDep(layer, row, dep, map);
      const target = map.layers[near] as number;
      const inputRow = dep - (map.starts[near] as number);
      deps[to++] = idFor(layers[target] as DraftLayer, idOf[target], inputRow);
    }
  }
}

function badDep(layer: Layer, task: number, dep: number, map: InputMap): HeddleError {
  const known = map.starts[map.layers.length] as number;
  return new HeddleError(
    "MissingKey",
    `${keyOf(layer, task)} depends on task ${dep} of its inputs, which have ${known} tasks.`,
    { fields: { key: keyOf(layer, task) } },
  );
}

function missing(layer: Layer, index: number, what: string): HeddleError {
  return new HeddleError(
    "MissingKey",
    `${what} task ${index} of ${layer.name}, which has ${layer.count} tasks (from 0).`,
    { fields: { key: layer.name, index } },
  );
}
