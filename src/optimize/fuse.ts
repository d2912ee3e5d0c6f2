/**
 * @file Blockwise and linear fusion, by layer: where every task of a layer is used by one task of
 * one other layer, and by nothing else, the two become one task, the producer a `call` within the
 * consumer's arguments. So a chain of block-by-block steps costs one task a block and its
 * intermediate values are never stored. The decision is made once a layer and written once in its
 * template; per task, only edges and columns are renumbered. After Dask's `blockwise` and `fuse`.
 *
 * Consumers that work block by block take in all such producers. Any other consumer (a reduction)
 * takes one in only when it has no second dependency: merging the many inputs of a reduction would
 * leave nothing to run in parallel. Delayed calls differ from each other: `chains.ts` fuses those.
 * Layers that refer to themselves are never fused; what writes and reads the runs of an exchange is
 * like any other block-by-block step.
 */
import type { Arg, Column, Template } from "../core/graph.ts";
import { tokenize } from "../core/token.ts";
import type { Draft, DraftLayer } from "./draft.ts";
import { inlineCalls, useCounts } from "./inline.ts";

/** Longest chain of calls within calls; evaluating them takes stack. */
const MAX_DEPTH = 64;

/** A layer while it is rewritten. */
interface Part {
  readonly draft: DraftLayer;
  readonly options: string;
  template: Template;
  columns: readonly Column[];
  /** Task `i` uses the ids `deps[offsets[i] .. offsets[i+1]-1]`. */
  offsets: Int32Array;
  deps: Int32Array;
  /** Calls within calls. */
  depth: number;
  /** Whether it has become part of its consumer. */
  absorbed: boolean;
}

/** A producer that becomes the call at one position of its consumer's dependencies. */
interface Absorbed {
  readonly position: number;
  readonly part: Part;
  readonly arity: number;
}

/** Fuses what can be fused; the same draft when that is nothing. */
export function fuse(draft: Draft): Draft {
  const parts = draft.layers.map((layer) => makePart(draft, layer));
  if (parts.filter(mayFuse).length < 2) return draft;
  const uses = countUses(draft);
  let changed = false;
  // Producers come first, so whole chains collapse in one pass.
  for (const part of parts) {
    const absorbed = findAbsorbed(part, parts, uses);
    if (absorbed.length === 0) continue;
    absorb(part, absorbed);
    changed = true;
  }
  return changed ? compact(draft, parts) : draft;
}

/** Edges to each task; wanted tasks count twice, since fusing would make their values vanish. */
function countUses({ count, deps, outputs }: Draft): Uint8Array {
  const uses = new Uint8Array(count);
  for (const dep of deps) if ((uses[dep] as number) < 2) uses[dep] = (uses[dep] as number) + 1;
  for (const id of outputs) uses[id] = 2;
  return uses;
}

function makePart({ depOffsets, deps }: Draft, draft: DraftLayer): Part {
  const template = draft.templates[0] ?? { name: draft.layer.name, fn: () => undefined, args: [] };
  return {
    draft,
    options: tokenize(template.lane ?? "thread", template.options ?? {}),
    template,
    columns: draft.columns,
    offsets: depOffsets.subarray(draft.start, draft.start + draft.count + 1),
    deps,
    depth: 1,
    absorbed: false,
  };
}

function mayFuse({ draft }: Part): boolean {
  const { layer } = draft;
  const isPlain = layer.held === undefined && layer.self !== true && layer.templateOf === undefined;
  return isPlain && draft.count > 0 && layer.kind !== "call";
}

function findAbsorbed(consumer: Part, parts: readonly Part[], uses: Uint8Array): Absorbed[] {
  if (!mayFuse(consumer)) return [];
  const arity = regularArity(consumer);
  if (consumer.draft.layer.kind !== "blockwise" && arity !== 1) return [];
  const found: Absorbed[] = [];
  const byPart = new Map<Part, number>();
  for (const position of singlePositions(consumer.template.args)) {
    const part = producerAt(consumer, position, parts, uses);
    if (part === undefined) continue;
    found.push({ position, part, arity: regularArity(part) as number });
    byPart.set(part, (byPart.get(part) ?? 0) + 1);
  }
  // Only whole layers are absorbed: every task of it must have its place in the consumer.
  const isWhole = ({ part }: Absorbed): boolean =>
    (byPart.get(part) as number) * consumer.draft.count === part.draft.count;
  const depth = Math.max(0, ...found.map(({ part }) => part.depth));
  return depth + consumer.depth > MAX_DEPTH ? [] : found.filter(isWhole);
}

/** The number of dependencies that all tasks have; undefined when they differ. */
function regularArity({ offsets, draft }: Part): number | undefined {
  const arity = (offsets[1] as number) - (offsets[0] as number);
  for (let i = 1; i < draft.count; i++) {
    if ((offsets[i + 1] as number) - (offsets[i] as number) !== arity) return undefined;
  }
  return arity;
}

/** Positions that appear once in the arguments and outside of every list of dependencies. */
function singlePositions(args: readonly Arg[]): number[] {
  const { single, lists } = useCounts(args);
  const inList = (position: number): boolean =>
    lists.some(({ start, end }) => position >= start && position < end);
  const once = [...single].filter(([position, times]) => times === 1 && !inList(position));
  return once.map(([position]) => position).sort((a, b) => a - b);
}

/** The layer that provides every task's dependency at `position`, if it can be absorbed there. */
function producerAt(
  { draft, offsets, deps, options }: Part,
  position: number,
  parts: readonly Part[],
  uses: Uint8Array,
): Part | undefined {
  let part: Part | undefined;
  for (let i = 0; i < draft.count; i++) {
    const at = (offsets[i] as number) + position;
    if (at >= (offsets[i + 1] as number)) return undefined;
    const dep = deps[at] as number;
    if (uses[dep] !== 1) return undefined;
    part ??= partOf(dep, parts);
    const { start, count } = part.draft;
    if (dep < start || dep >= start + count) return undefined;
  }
  if (part === undefined || part.options !== options || !mayFuse(part)) return undefined;
  return regularArity(part) === undefined ? undefined : part;
}

function partOf(id: number, parts: readonly Part[]): Part {
  let low = 0;
  let high = parts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((parts[middle] as Part).draft.start <= id) low = middle;
    else high = middle - 1;
  }
  return parts[low] as Part;
}

function absorb(consumer: Part, absorbed: readonly Absorbed[]): void {
  const columns = [...consumer.columns];
  const calls = absorbed.map(({ position, part, arity }) => {
    const { fn, fused, args } = part.template;
    const call = { position, fn: fused ?? fn, args, arity, firstColumn: columns.length };
    columns.push(...alignColumns(consumer, position, part));
    return call;
  });
  const { template } = consumer;
  consumer.template = { ...template, args: inlineCalls(template.args, calls) };
  consumer.columns = columns;
  replaceEdges(consumer, absorbed);
  for (const { part } of absorbed) {
    part.absorbed = true;
    consumer.depth = Math.max(consumer.depth, part.depth + 1);
  }
}

/** The producer's columns in the order of the consumer's rows. */
function alignColumns(consumer: Part, position: number, producer: Part): Column[] {
  if (producer.columns.length === 0) return [];
  const { draft, offsets, deps } = consumer;
  const source = producer.draft;
  const length = draft.rows === undefined ? draft.count : draft.layer.count;
  const from = new Int32Array(length);
  let same = draft.rows === undefined && source.rows === undefined;
  for (let i = 0; i < draft.count; i++) {
    const task = (deps[(offsets[i] as number) + position] as number) - source.start;
    const row = source.rows === undefined ? task : (source.rows[task] as number);
    from[draft.rows === undefined ? i : (draft.rows[i] as number)] = row;
    same &&= row === i;
  }
  return same ? [...producer.columns] : producer.columns.map((column) => gather(column, from));
}

function gather(column: Column, from: Int32Array): Column {
  if (column.kind === "value") {
    return { kind: "value", data: Array.from(from, (row) => column.data[row]) };
  }
  const isWhole = column.data instanceof Int32Array;
  const data = isWhole ? new Int32Array(from.length) : new Float64Array(from.length);
  for (let i = 0; i < from.length; i++) data[i] = column.data[from[i] as number] as number;
  return { kind: "number", data };
}

/** Puts each absorbed task's own dependencies where the task stood. */
function replaceEdges(consumer: Part, absorbed: readonly Absorbed[]): void {
  const { draft, offsets, deps } = consumer;
  const growth = absorbed.reduce((sum, { arity }) => sum + arity - 1, 0);
  const oldCount = (offsets[draft.count] as number) - (offsets[0] as number);
  const newOffsets = new Int32Array(draft.count + 1);
  const newDeps = new Int32Array(oldCount + growth * draft.count);
  let to = 0;
  for (let i = 0; i < draft.count; i++) {
    const first = offsets[i] as number;
    const end = offsets[i + 1] as number;
    let next = 0;
    for (let e = first; e < end; e++) {
      const dep = deps[e] as number;
      const inner = absorbed[next];
      if (inner === undefined || inner.position !== e - first) {
        newDeps[to++] = dep;
        continue;
      }
      next++;
      const task = dep - inner.part.draft.start;
      const last = inner.part.offsets[task + 1] as number;
      for (let k = inner.part.offsets[task] as number; k < last; k++) {
        newDeps[to++] = inner.part.deps[k] as number;
      }
    }
    newOffsets[i + 1] = to;
  }
  consumer.offsets = newOffsets;
  consumer.deps = newDeps;
}

/** Numbers the tasks anew, without the absorbed ones. */
function compact(draft: Draft, parts: readonly Part[]): Draft {
  const kept = parts.filter((part) => !part.absorbed);
  const layers: DraftLayer[] = [];
  const shift = new Int32Array(draft.count);
  let count = 0;
  let edges = 0;
  for (const { draft: old, template, columns, offsets } of kept) {
    const templates = old.layer.templateOf === undefined ? [template] : old.templates;
    layers.push({ ...old, start: count, templates, columns });
    shift.fill(count - old.start, old.start, old.start + old.count);
    count += old.count;
    edges += (offsets[old.count] as number) - (offsets[0] as number);
  }
  const depOffsets = new Int32Array(count + 1);
  const deps = new Int32Array(edges);
  let task = 0;
  let to = 0;
  for (const part of kept) {
    for (let i = 0; i < part.draft.count; i++) {
      const end = part.offsets[i + 1] as number;
      for (let e = part.offsets[i] as number; e < end; e++) {
        const dep = part.deps[e] as number;
        deps[to++] = dep + (shift[dep] as number);
      }
      depOffsets[++task] = to;
    }
  }
  const outputs = draft.outputs.map((id) => id + (shift[id] as number));
  return { count, layers, depOffsets, deps, outputs };
}
