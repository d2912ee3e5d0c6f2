/**
 * @file Who depends on whom, both ways, as offsets into one array, and the check that nothing depends on itself.
 */
import { HeddleError } from "../core/errors.ts";

/** The dependency columns of a `TaskGraph` or a `Draft`. */
export interface Edges {
  readonly count: number;
  readonly depOffsets: Int32Array;
  readonly deps: Int32Array;
}

/** The tasks that use each task, in the same form as dependencies. */
export interface Dependents {
  readonly offsets: Int32Array;
  readonly tasks: Int32Array;
}

/** Turns dependencies round, by counting. A task that uses another twice appears twice. */
export function dependentsOf({ count, depOffsets, deps }: Edges): Dependents {
  const offsets = new Int32Array(count + 1);
  for (let e = 0; e < deps.length; e++) offsets[deps[e] as number] = (offsets[deps[e] as number] as number) + 1;
  let sum = 0;
  for (let i = 0; i <= count; i++) {
    const own = offsets[i] as number;
    offsets[i] = sum;
    sum += own;
  }
  const tasks = new Int32Array(deps.length);
  for (let task = 0; task < count; task++) {
    for (let e = depOffsets[task] as number; e < (depOffsets[task + 1] as number); e++) {
      const dep = deps[e] as number;
      tasks[offsets[dep] as number] = task;
      offsets[dep] = (offsets[dep] as number) + 1;
    }
  }
  offsets.copyWithin(1, 0, count);
  offsets[0] = 0;
  return { offsets, tasks };
}

/** Throws `CycleInGraph` with the keys of one circle, if there is one. Ids that already ascend cost one pass. */
export function requireAcyclic(edges: Edges, keyOf: (task: number) => string): void {
  if (ascends(edges)) return;
  const { count, depOffsets, deps } = edges;
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
      if (e === (depOffsets[task + 1] as number)) {
        state[task] = 2;
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
}

function ascends({ count, depOffsets, deps }: Edges): boolean {
  for (let task = 0; task < count; task++) {
    for (let e = depOffsets[task] as number; e < (depOffsets[task + 1] as number); e++) {
      if ((deps[e] as number) >= task) return false;
    }
  }
  return true;
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
