/** @file Graphs as columns, for benchmarks of the scheduler alone. */

/** Columns of a graph of `count` tasks, all but the first few with `edges` inputs before them. */
export function columnsOf(count, edges) {
  const deps = new Int32Array(count * edges);
  const depOffsets = new Int32Array(count + 1);
  let at = 0;
  let seed = 1;
  for (let i = 0; i < count; i++) {
    for (let edge = 0; edge < edges && i > edges; edge++) {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      deps[at++] = i - 1 - (seed % Math.min(i, 1000));
    }
    depOffsets[i + 1] = at;
  }
  const rank = Int32Array.from({ length: count }, (_, i) => i);
  return {
    count,
    templates: [{ name: "f" }],
    template: new Int32Array(count),
    depOffsets,
    deps: deps.subarray(0, at),
    segments: [{ start: 0, count, name: `graph-${count}-${edges}`, columns: [], pure: true }],
    rank,
    outputs: rank,
  };
}
