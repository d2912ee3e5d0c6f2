/**
 * @file From what collections lower to, to what schedulers run: merge, cull, fuse, order, and one
 * columnar `TaskGraph`.
 */
import type { HeldTasks, TaskRef, Template } from "../core/graph.ts";
import type { Segment, TaskGraph } from "../core/task-graph.ts";
import { taskKey } from "../core/task-graph.ts";
import { fuseChains } from "./chains.ts";
import { cull, type Draft } from "./draft.ts";
import { fuse } from "./fuse.ts";
import { orderTasks } from "./order.ts";
import { sortTasks } from "./topology.ts";

/** What `optimizeGraph` may do; every default is the fast one. */
export interface OptimizeOptions {
  /** Runs chains of block-by-block tasks as one task each; default true. */
  readonly fuse?: boolean;
}

/**
 * The graph that computes `outputs` and nothing else. Throws `CycleInGraph` and `MissingKey`,
 * naming the keys.
 */
export function optimizeGraph(
  outputs: readonly TaskRef[],
  options: OptimizeOptions = {},
): TaskGraph {
  const culled = cull(outputs);
  const draft = options.fuse === false ? culled : fuseChains(fuse(culled));
  const graph = flatten(draft);
  const sorted = sortTasks(graph, (id) => taskKey(graph, id));
  return { ...graph, rank: orderTasks(graph, sorted, graph.template) };
}

/** Copies nothing but what must be per task; the ranks come last, from `orderTasks`. */
function flatten(draft: Draft): TaskGraph {
  const { count, depOffsets, deps, outputs } = draft;
  const template = new Int32Array(count);
  const templates: Template[] = [];
  const numberOf = new Map<Template, number>();
  const numberFor = (one: Template): number => {
    let number = numberOf.get(one);
    if (number === undefined) {
      number = templates.push(one) - 1;
      numberOf.set(one, number);
    }
    return number;
  };
  const segments: Segment[] = [];
  const holders: HeldTasks[] = [];
  let held: Int32Array | undefined;
  for (const { layer, start, count: own, rows, templates: mine, columns } of draft.layers) {
    if (own === 0) continue;
    const { name, grid, keys, templateOf, pure = true } = layer;
    segments.push({
      start,
      count: own,
      name,
      columns,
      pure,
      ...(grid && { grid }),
      ...(keys && { keys }),
      ...(rows && { rows }),
      ...(layer.kind === "exchange" && { exchange: true }),
    });
    if (layer.held !== undefined) {
      held ??= new Int32Array(count).fill(-1);
      holders.push(layer.held);
      for (let i = 0; i < own; i++) {
        held[start + i] = layer.held.ids[rows === undefined ? i : (rows[i] as number)] as number;
      }
      template.fill(-1, start, start + own);
      continue;
    }
    if (templateOf === undefined) {
      template.fill(numberFor(mine[0] as Template), start, start + own);
      continue;
    }
    // Only templates that a needed task has: the others need not travel.
    const numbers = new Int32Array(mine.length).fill(-1);
    for (let i = 0; i < own; i++) {
      const which = templateOf[rows === undefined ? i : (rows[i] as number)] as number;
      if (numbers[which] === -1) numbers[which] = numberFor(mine[which] as Template);
      template[start + i] = numbers[which] as number;
    }
  }
  const rank = new Int32Array(0);
  const graph = { count, templates, template, depOffsets, deps, segments, rank, outputs };
  return held === undefined ? graph : { ...graph, held, holders };
}
