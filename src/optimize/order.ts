/**
 * @file Static order: which task runs first when several could, so that results are used soon and
 * freed. Two orders are made, the critical-path order and the plain depth-first one, and the better
 * is kept: neither wins on all graphs, and both are cheap compared with running the tasks. (Dask's
 * own source suggests it: "calculating both orderings and picking the one with less pressure".)
 */
import { criticalPathOrder } from "./critical-path.ts";
import { depthFirstOrder } from "./depth-first.ts";
import { type Pressure, pressureOf } from "./pressure.ts";
import { dependentsOf, distinctEdges, type Edges } from "./topology.ts";

/**
 * The rank of each task, 0 first. Dependencies always rank before their users.
 * @param sorted the tasks with dependencies first; undefined when ids are in that order
 * @param template of each task, negative for those whose values exist already and need not run
 */
export function orderTasks(
  graph: Edges,
  sorted: Int32Array | undefined,
  template?: Int32Array,
): Int32Array {
  const given = template?.includes(-1) ? template : undefined;
  const edges = distinctEdges(given === undefined ? graph : withoutGiven(graph, given));
  const rank = betterOrder(edges, sorted);
  return given === undefined ? rank : placeGiven(graph, rank, given);
}

/** Tasks and edges up to which the critical path is worth its half microsecond for each. */
const LARGEST = 1_000_000;

function betterOrder(edges: Edges, sorted: Int32Array | undefined): Int32Array {
  const users = dependentsOf(edges);
  const depthFirst = depthFirstOrder(edges, users, sorted);
  if (edges.count + edges.deps.length > LARGEST) return depthFirst;
  const first = pressureOf(edges, users, depthFirst);
  // A task and all its dependencies are held together, so no order can do with less than this.
  if (first.peak <= largestArity(edges)) return depthFirst;
  const criticalPath = criticalPathOrder(edges, users, sorted);
  if (criticalPath === undefined) return depthFirst;
  const second = pressureOf(edges, users, criticalPath);
  return isBetter(first, second) ? depthFirst : criticalPath;
}

function isBetter(a: Pressure, b: Pressure): boolean {
  return a.peak !== b.peak ? a.peak < b.peak : a.total < b.total;
}

function largestArity({ count, depOffsets }: Edges): number {
  let largest = 0;
  for (let i = 0; i < count; i++) {
    largest = Math.max(largest, (depOffsets[i + 1] as number) - (depOffsets[i] as number));
  }
  return largest;
}

/**
 * The graph without the edges to given tasks: those would tie together what has nothing else in
 * common.
 */
function withoutGiven({ count, depOffsets, deps }: Edges, template: Int32Array): Edges {
  const offsets = new Int32Array(count + 1);
  const kept = new Int32Array(deps.length);
  let at = 0;
  for (let task = 0; task < count; task++) {
    const end = depOffsets[task + 1] as number;
    for (let e = depOffsets[task] as number; e < end; e++) {
      if ((template[deps[e] as number] as number) >= 0) kept[at++] = deps[e] as number;
    }
    offsets[task + 1] = at;
  }
  return { count, depOffsets: offsets, deps: kept.subarray(0, at) };
}

/** Puts each given task just before its first user. */
function placeGiven({ depOffsets, deps }: Edges, rank: Int32Array, given: Int32Array): Int32Array {
  const sequence = new Int32Array(rank.length);
  for (let task = 0; task < rank.length; task++) sequence[rank[task] as number] = task;
  const placed = new Int32Array(rank.length).fill(-1);
  let at = 0;
  for (const task of sequence) {
    if ((given[task] as number) < 0) continue;
    const end = depOffsets[task + 1] as number;
    for (let e = depOffsets[task] as number; e < end; e++) {
      const dep = deps[e] as number;
      if ((given[dep] as number) < 0 && placed[dep] === -1) placed[dep] = at++;
    }
    placed[task] = at++;
  }
  for (let task = 0; task < rank.length; task++) if (placed[task] === -1) placed[task] = at++;
  return placed;
}
