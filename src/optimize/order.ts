/**
 * @file Static order: depth first from the outputs.
 */
import type { Edges } from "./topology.ts";

/** Fills `rank`. */
export function orderTasks(graph: Edges & { readonly outputs: Int32Array }, rank: Int32Array): void {
  const { depOffsets, deps, count } = graph;
  const next = depOffsets.slice(0, count);
  const seen = new Uint8Array(count);
  let at = 0;
  const path: number[] = [];
  for (const output of graph.outputs) {
    if (seen[output] === 1) continue;
    seen[output] = 1;
    path.push(output);
    while (path.length > 0) {
      const task = path[path.length - 1] as number;
      const e = next[task] as number;
      if (e === (depOffsets[task + 1] as number)) {
        rank[task] = at++;
        path.pop();
        continue;
      }
      next[task] = e + 1;
      const dep = deps[e] as number;
      if (seen[dep] === 0) {
        seen[dep] = 1;
        path.push(dep);
      }
    }
  }
}
