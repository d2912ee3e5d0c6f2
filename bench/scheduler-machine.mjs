// Transitions of the pure scheduler machine: a flat map, and a random graph of 1 M tasks and 2 M edges.
import { SchedulerMachine } from "../dist/machine/scheduler/scheduler.js";

const count = Number(process.argv[2] ?? 1_000_000);
for (const [name, edges] of [["map", 0], ["random", 2]]) {
  const deps = new Int32Array(count * edges);
  const depOffsets = new Int32Array(count + 1);
  let at = 0;
  let seed = 1;
  for (let i = 0; i < count; i++) {
    for (let e = 0; e < edges && i > 10; e++) {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      deps[at++] = i - 1 - (seed % Math.min(i, 1000));
    }
    depOffsets[i + 1] = at;
  }
  const rank = Int32Array.from({ length: count }, (_, i) => i);
  const graph = {
    count, templates: [{ name: "f" }], template: new Int32Array(count), depOffsets, deps: deps.subarray(0, at),
    segments: [{ start: 0, count, name: `${name}-1`, columns: [], pure: true }], rank, outputs: rank,
  };
  globalThis.gc?.();
  const before = process.memoryUsage();
  const m = new SchedulerMachine();
  m.step([{ kind: "worker-joined", worker: 0, address: "inproc://0", threads: 2, memoryLimitBytes: 1e9, leasesMax: 8192 }]);
  const t0 = performance.now();
  let commands = m.step([{ kind: "graph", client: 0, request: 1, graph, body: null }]);
  const t1 = performance.now();
  globalThis.gc?.();
  const after = process.memoryUsage();
  let finished = 0;
  for (;;) {
    const lease = commands.find((c) => c.kind === "lease");
    if (!lease) break;
    const n = lease.ids.length;
    finished += n;
    commands = m.step([
      { kind: "durations", worker: 0, ids: lease.ids.subarray(0, 1), counts: Int32Array.of(n), meanMs: Float64Array.of(0.0005) },
      { kind: "finished", worker: 0, count: n, ids: lease.ids, epochs: lease.epochs, bytes: new Float64Array(n) }]);
  }
  const t2 = performance.now();
  m.step([{ kind: "release", client: 0, ids: rank }]);
  const t3 = performance.now();
  const bytes = after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed;
  console.log({ name, finished, acceptMs: t1 - t0, runMs: t2 - t1, releaseMs: t3 - t2, transitions: m.state.transitions,
    perSecond: m.state.transitions / ((t3 - t0) / 1000), bytesPerTask: bytes / count, counts: m.counts().forgotten });
}
