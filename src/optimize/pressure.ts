/**
 * @file How good an order is: the number of results that are held at once when one thread runs the
 * tasks in it. The measure is that of `dask.order.diagnostics`, so that the two can be compared: a
 * result counts from its task's end to the end of its last user, and results that nobody uses (the
 * outputs) do not count.
 */
import type { Adjacency, Edges } from "./topology.ts";

/** What an order costs. */
export interface Pressure {
  /** Most results held when any task starts. */
  readonly peak: number;
  /** Sum of the results held, over all tasks: the mean times their number. */
  readonly total: number;
}

/**
 * Runs through the tasks in order of `rank`; each task must have a rank of its own, after its
 * dependencies'.
 */
export function pressureOf(edges: Edges, users: Adjacency, rank: Int32Array): Pressure {
  const { count, depOffsets, deps } = edges;
  const sequence = new Int32Array(count);
  const uses = new Int32Array(count);
  for (let task = 0; task < count; task++) {
    sequence[rank[task] as number] = task;
    uses[task] = (users.offsets[task + 1] as number) - (users.offsets[task] as number);
  }
  let held = 0;
  let peak = 0;
  let total = 0;
  for (let i = 0; i < count; i++) {
    const task = sequence[i] as number;
    if (held > peak) peak = held;
    total += held;
    if ((uses[task] as number) > 0) held++;
    const end = depOffsets[task + 1] as number;
    for (let e = depOffsets[task] as number; e < end; e++) {
      const dep = deps[e] as number;
      const left = (uses[dep] as number) - 1;
      uses[dep] = left;
      if (left === 0) held--;
    }
  }
  return { peak, total };
}
