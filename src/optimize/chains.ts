/**
 * @file Linear fusion of single calls: where a delayed call is the one dependency of one other call
 * and of nothing else, the two become one task, task by task; a chain of any length becomes one
 * task for every 64 calls. Chains of the same functions share a template and become one layer.
 * Their literals are gathered into its columns, and so are the keys of the inner calls: a call that
 * fails is named as if it had run alone. Calls that have options of their own (retries, resources)
 * stay tasks. After Dask's `fuse`.
 */
import { type Column, keyOf, type Layer, type SerialKeys, type Template } from "../core/graph.ts";
import { tokenize } from "../core/token.ts";
import type { Draft, DraftLayer } from "./draft.ts";
import { columnsUsed, inlineStep, moveColumns, usesOnce } from "./inline.ts";

/** Most calls in one task; evaluating them takes stack. */
const MAX_CALLS = 64;
/** Most different sequences of functions that are fused: each is a template and a layer. */
const MAX_KINDS = 1000;

/** In the place of a column that nobody reads, so that the others keep their numbers. */
const NO_COLUMN: Column = { kind: "number", data: new Float64Array(0) };

/** The chains of one sequence of functions. */
interface Kind {
  readonly template: Template;
  /** What fills the columns that the template reads. */
  readonly fills: readonly Fill[];
  /** Number of calls. */
  readonly length: number;
  readonly next: WeakMap<Template, Kind>;
}

/** A column of a fused layer: one of the literals of its calls at `step`, or their keys. */
type Fill =
  | { readonly step: number; readonly column: number }
  | { readonly step: number; readonly stem: string };

/** Kinds that begin with a template; they last, so that what threads have loaded is used again. */
const kinds = new WeakMap<Template, Kind>();

/** Fuses chains of calls; the same draft when there are none. */
export function fuseChains(draft: Draft): Draft {
  if (draft.layers.filter(({ layer }) => isOfCalls(layer)).length === 0) return draft;
  const tasks = new Tasks(draft);
  const groups = findChains(draft, tasks);
  return groups.size === 0 ? draft : rebuild(draft, tasks, groups);
}

function isOfCalls(layer: Layer): boolean {
  return layer.kind === "call" && layer.held === undefined;
}

/** What is asked of single tasks. */
class Tasks {
  readonly #draft: Draft;
  /** Position of each task's layer. */
  readonly layerOf: Int32Array;

  constructor(draft: Draft) {
    this.#draft = draft;
    this.layerOf = new Int32Array(draft.count);
    for (const [at, { start, count }] of draft.layers.entries()) {
      this.layerOf.fill(at, start, start + count);
    }
  }

  layer(task: number): DraftLayer {
    return this.#draft.layers[this.layerOf[task] as number] as DraftLayer;
  }

  row(task: number): number {
    const { start, rows } = this.layer(task);
    return rows === undefined ? task - start : (rows[task - start] as number);
  }

  template(task: number): Template | undefined {
    const { layer, templates } = this.layer(task);
    return templates[layer.templateOf?.[this.row(task)] ?? 0];
  }

  /** The template of a call that may be part of a chain. */
  call(task: number): Template | undefined {
    if (!isOfCalls(this.layer(task).layer)) return undefined;
    const template = this.template(task);
    const isPlain = template?.options === undefined && template?.lane === undefined;
    return isPlain ? template : undefined;
  }

  key(task: number): string {
    return keyOf(this.layer(task).layer, this.row(task));
  }

  /** What counted keys of the task's layer have in common. */
  stem(task: number): string {
    const { keys } = this.layer(task).layer;
    return keys !== undefined && "serials" in keys ? keys.stem : "";
  }

  /** The number in a counted key with this stem. */
  serial(task: number, stem: string): number | undefined {
    const { keys } = this.layer(task).layer;
    if (keys === undefined || !("serials" in keys) || keys.stem !== stem) return undefined;
    return keys.serials[this.row(task)];
  }
}

/** The one dependency of each call that may be taken in by it; -1 for all others. */
function findLinks({ count, depOffsets, deps, outputs }: Draft, tasks: Tasks): Int32Array {
  const uses = new Uint8Array(count);
  for (const dep of deps) if ((uses[dep] as number) < 2) uses[dep] = (uses[dep] as number) + 1;
  for (const id of outputs) uses[id] = 2;
  const links = new Int32Array(count).fill(-1);
  for (let task = 0; task < count; task++) {
    const first = depOffsets[task] as number;
    if ((depOffsets[task + 1] as number) - first !== 1) continue;
    const dep = deps[first] as number;
    if (uses[dep] !== 1) continue;
    const template = tasks.call(task);
    if (template === undefined || tasks.call(dep) === undefined) continue;
    if (usesOnce(template.args)) links[task] = dep;
  }
  return links;
}

/** The chains, by kind; each is a list of tasks, the outermost first. */
function findChains(draft: Draft, tasks: Tasks): Map<Kind, number[][]> {
  const links = findLinks(draft, tasks);
  const isInner = new Uint8Array(draft.count);
  for (const dep of links) if (dep >= 0) isInner[dep] = 1;
  const groups = new Map<Kind, number[][]>();
  for (let task = 0; task < draft.count; task++) {
    if (isInner[task] === 1 || (links[task] as number) < 0) continue;
    let end = task;
    while (end >= 0 && (links[end] as number) >= 0) end = addChain(end, links, tasks, groups);
  }
  return groups;
}

/** Adds the chain that ends with `outer`; gives the call that the next one ends with, or -1. */
function addChain(
  outer: number,
  links: Int32Array,
  tasks: Tasks,
  groups: Map<Kind, number[][]>,
): number {
  const chain = [outer];
  let kind = kindOf(tasks.call(outer) as Template);
  let task = links[outer] as number;
  for (; task >= 0 && chain.length < MAX_CALLS; task = links[task] as number) {
    kind = longer(kind, tasks.call(task) as Template, tasks.stem(task));
    chain.push(task);
  }
  const known = groups.get(kind);
  if (known !== undefined) known.push(chain);
  else if (groups.size < MAX_KINDS) groups.set(kind, [chain]);
  return task;
}

function kindOf(template: Template): Kind {
  let kind = kinds.get(template);
  if (kind === undefined) {
    const used = columnsUsed(template.args);
    const args = moveColumns(template.args, (column) => used.indexOf(column));
    const fills = used.map((column) => ({ step: 0, column }));
    kind = { template: { ...template, args }, fills, length: 1, next: new WeakMap() };
    kinds.set(template, kind);
  }
  return kind;
}

/** The kind with one more call before the others. */
function longer(kind: Kind, template: Template, stem: string): Kind {
  let next = kind.next.get(template);
  if (next === undefined) {
    const { fills, length: step } = kind;
    const used = columnsUsed(template.args);
    const inner = moveColumns(template.args, (column) => fills.length + used.indexOf(column));
    const task = { column: fills.length + used.length, name: template.name, stem };
    const args = inlineStep(kind.template.args, template.fused ?? template.fn, inner, task);
    next = {
      template: { ...kind.template, args },
      fills: [...fills, ...used.map((column) => ({ step, column })), { step, stem }],
      length: step + 1,
      next: new WeakMap(),
    };
    kind.next.set(template, next);
  }
  return next;
}

/** The draft with a layer for each kind of chains, behind what is left of the others. */
function rebuild(draft: Draft, tasks: Tasks, groups: ReadonlyMap<Kind, number[][]>): Draft {
  const fused = new Uint8Array(draft.count);
  for (const chain of [...groups.values()].flat()) for (const task of chain) fused[task] = 1;
  const layers: DraftLayer[] = [];
  /** By new task: the old one that has its key, and the old one whose dependencies it has. */
  const outer: number[] = [];
  const inner: number[] = [];
  for (const old of draft.layers) {
    const start = outer.length;
    for (let task = old.start; task < old.start + old.count; task++) {
      if (fused[task] === 1) continue;
      outer.push(task);
      inner.push(task);
    }
    const count = outer.length - start;
    if (count === 0) continue;
    layers.push(
      count === old.count ? { ...old, start } : rest(old, outer.slice(start), tasks, start),
    );
  }
  for (const [kind, chains] of groups) {
    layers.push(layerOf(kind, chains, tasks, outer.length));
    for (const chain of chains) {
      outer.push(chain[0] as number);
      inner.push(chain.at(-1) as number);
    }
  }
  return { count: outer.length, layers, ...renumber(draft, outer, inner) };
}

/** What is left of a layer, with the columns that it still reads. */
function rest(old: DraftLayer, left: readonly number[], tasks: Tasks, start: number): DraftLayer {
  const rows = Int32Array.from(left, (task) => tasks.row(task));
  const templates = new Set(left.map((task) => tasks.template(task)));
  const read = new Set([...templates].flatMap((template) => columnsUsed(template?.args ?? [])));
  const columns = old.columns.map((column, i) => (read.has(i) ? column : NO_COLUMN));
  return { ...old, start, count: left.length, rows, columns };
}

function renumber(
  { count, depOffsets, deps, outputs }: Draft,
  outer: readonly number[],
  inner: readonly number[],
): Pick<Draft, "depOffsets" | "deps" | "outputs"> {
  const idOf = new Int32Array(count).fill(-1);
  for (const [id, task] of outer.entries()) idOf[task] = id;
  const offsets = new Int32Array(outer.length + 1);
  const kept = new Int32Array(deps.length);
  let to = 0;
  for (const [id, task] of inner.entries()) {
    const end = depOffsets[task + 1] as number;
    for (let e = depOffsets[task] as number; e < end; e++) {
      kept[to++] = idOf[deps[e] as number] as number;
    }
    offsets[id + 1] = to;
  }
  return {
    depOffsets: offsets,
    deps: kept.slice(0, to),
    outputs: outputs.map((id) => idOf[id] as number),
  };
}

function layerOf(
  kind: Kind,
  chains: readonly (readonly number[])[],
  tasks: Tasks,
  start: number,
): DraftLayer {
  const heads = chains.map((chain) => chain[0] as number);
  const templates = [kind.template];
  const columns = kind.fills.map((fill) => fillColumn(fill, chains, tasks));
  const keys = keysOf(heads, kind.template.name, tasks);
  const token = tokenize("serials" in keys ? [keys.stem, keys.serials] : keys, kind.length);
  const layer: Layer = {
    name: `${kind.template.name}-${token}`,
    kind: "call",
    count: chains.length,
    templates,
    inputs: [],
    depOffsets: new Int32Array(0),
    deps: new Int32Array(0),
    columns,
    keys,
    pure: chains.every((chain) => chain.every((task) => tasks.layer(task).layer.pure !== false)),
  };
  return { layer, start, count: chains.length, templates, columns };
}

/** Counted keys where all are, as text otherwise. */
function keysOf(heads: readonly number[], name: string, tasks: Tasks): string[] | SerialKeys {
  const stem = tasks.stem(heads[0] as number);
  const serials = new Float64Array(heads.length);
  for (const [i, task] of heads.entries()) {
    const serial = tasks.serial(task, stem);
    if (serial === undefined) return heads.map((head) => tasks.key(head));
    serials[i] = serial;
  }
  return { stem, serials, names: [name], nameOf: new Uint16Array(heads.length) };
}

function fillColumn(fill: Fill, chains: readonly (readonly number[])[], tasks: Tasks): Column {
  const read = (chain: readonly number[]): unknown => {
    const task = chain[fill.step] as number;
    if ("stem" in fill) return tasks.serial(task, fill.stem) ?? tasks.key(task);
    return tasks.layer(task).columns[fill.column]?.data[tasks.row(task)];
  };
  const numbers = new Float64Array(chains.length);
  for (const [i, chain] of chains.entries()) {
    const value = read(chain);
    if (typeof value !== "number") return { kind: "value", data: chains.map(read) };
    numbers[i] = value;
  }
  return { kind: "number", data: numbers };
}
