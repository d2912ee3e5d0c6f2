/**
 * @file The shape of a graph: its edges both ways as offsets into one array, an order in which
 * dependencies come first, and the check that nothing depends on itself.
 */
import { HeddleError } from "../core/errors.ts";

/** The dependency columns of a `TaskGraph` or a `Draft`. */
export interface Edges {
  readonly count: number;
  readonly depOffsets: Int32Array;
  readonly deps: Int32Array;
}

/** Edges in one direction: node `i` is joined to `nodes[offsets[i] .. offsets[i+1]-1]`. */
export interface Adjacency {
  readonly offsets: Int32Array;
  readonly nodes: Int32Array;
}

/** The tasks that use each task, by counting. A task that uses another twice appears twice. */
export function dependentsOf({ count, depOffsets, deps }: Edges): Adjacency {
  const offsets = new Int32Array(count + 1);
  for (let e = 0; e < deps.length; e++) {
    const dep = deps[e] as number;
    offsets[dep] = (offsets[dep] as number) + 1;
  }
  let sum = 0;
  for (let i = 0; i <= count; i++) {
    const own = offsets[i] as number;
    offsets[i] = sum;
    sum += own;
  }
  const nodes = new Int32Array(deps.length);
  for (let task = 0; task < count; task++) {
    const end = depOffsets[task + 1] as number;
    for (let e = depOffsets[task] as number; e < end; e++) {
      const dep = deps[e] as number;
      const at = offsets[dep] as number;
      nodes[at] = task;
      offsets[dep] = at + 1;
    }
  }
  offsets.copyWithin(1, 0, count);
  offsets[0] = 0;
  return { offsets, nodes };
}

/**
 * The tasks with dependencies before dependents; undefined when the ids are in such an order
 * already, as they are unless a layer refers to itself. Throws `CycleInGraph` with the keys of one
 * circle.
 */
export function sortTasks(edges: Edges, keyOf: (task: number) => string): Int32Array | undefined {
  if (ascends(edges)) return undefined;
  const { count, depOffsets, deps } = edges;
  const sorted = new Int32Array(count);
  let at = 0;
  /** 0 unseen, 1 on the path, 2 done. */
  const state = new Uint8Array(count);
  const next = depOffsets.slice(0, count);
  const path: number[] = [];
  for (let root = 0; root < count; root++) {
    if (state[root] !== 0) continue;
    path.push(root);
    state[root] = 1;
    while (path.length > 0) {
      const task = path[path.length - 1] as number;
      const e = next[task] as number;
      if (e === depOffsets[task + 1]) {
        state[task] = 2;
        sorted[at++] = task;
        path.pop();
        continue;
      }
      next[task] = e + 1;
      const dep = deps[e] as number;
      if (state[dep] === 1) throw cycle(path.slice(path.indexOf(dep)).map(keyOf));
      if (state[dep] === 0) {
        state[dep] = 1;
        path.push(dep);
      }
    }
  }
  return sorted;
}

function ascends({ count, depOffsets, deps }: Edges): boolean {
  for (let task = 0; task < count; task++) {
    const end = depOffsets[task + 1] as number;
    for (let e = depOffsets[task] as number; e < end; e++) {
      if ((deps[e] as number) >= task) return false;
    }
  }
  return true;
}

/** The same graph with every dependency counted once; the graph itself when that is so already. */
export function distinctEdges(edges: Edges): Edges {
  const { count, depOffsets, deps } = edges;
  const lastUser = new Int32Array(count).fill(-1);
  let kept: Int32Array | undefined;
  const offsets = new Int32Array(count + 1);
  let at = 0;
  for (let task = 0; task < count; task++) {
    const end = depOffsets[task + 1] as number;
    for (let e = depOffsets[task] as number; e < end; e++) {
      const dep = deps[e] as number;
      if (lastUser[dep] === task) {
        kept ??= deps.slice();
        continue;
      }
      lastUser[dep] = task;
      if (kept !== undefined) kept[at] = dep;
      at++;
    }
    offsets[task + 1] = at;
  }
  return kept === undefined ? edges : { count, depOffsets: offsets, deps: kept.slice(0, at) };
}

/** An error about a circle of keys, each depending on the next. */
export function cycle(keys: readonly string[]): HeddleError<"CycleInGraph"> {
  const shown = keys.length > 12 ? [...keys.slice(0, 11), `… ${keys.length - 11} more`] : keys;
  return new HeddleError(
    "CycleInGraph",
    `These tasks depend on each other in a circle: ${[...shown, keys[0]].join(" -> ")}. ` +
      "A task can only use tasks that exist before it.",
    { fields: { keys } },
  );
}
