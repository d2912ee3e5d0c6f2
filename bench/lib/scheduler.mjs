/** @file The scheduler machine alone, fed by hand: how fast it takes a graph and runs it. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { SchedulerMachine } from "../../dist/machine/scheduler/scheduler.js";
import { columnsOf } from "./columns.mjs";
import { check } from "./measure.mjs";

// Bytes are counted after a collection.
setFlagsFromString("--expose-gc");
globalThis.gc ??= runInNewContext("gc");

const ADDRESS = "inproc://0";

/** What the machine's worker says when it has run all that it was given. */
function reportsOf({ ids, epochs }) {
  const count = ids.length;
  const counts = Int32Array.of(count);
  const meanMs = Float64Array.of(0.0005);
  return [
    { kind: "durations", worker: 0, ids: ids.subarray(0, 1), counts, meanMs },
    { kind: "finished", worker: 0, count, ids, epochs, bytes: new Float64Array(count) },
  ];
}

/** Bytes in use; buffers of what has gone are given back a turn after it was collected. */
async function memoryBytes() {
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    await nextTurn();
  }
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}

/**
 * Takes a graph of `count` tasks in, runs it to the end and releases it. Bytes a task are those of
 * the machine, beside the columns that the graph itself came with.
 */
export async function runScheduler(count, edges) {
  const graph = columnsOf(count, edges);
  const machine = new SchedulerMachine();
  const joined = { kind: "worker-joined", worker: 0, address: ADDRESS, threads: 2 };
  machine.step([{ ...joined, memoryLimitBytes: 1e9, leasesMax: 8192 }]);
  const emptyBytes = await memoryBytes();
  const startMs = performance.now();
  let commands = machine.step([{ kind: "graph", client: 0, request: 1, graph, body: null }]);
  const acceptedMs = performance.now() - startMs;
  const bytes = (await memoryBytes()) - emptyBytes;
  const runMs = performance.now();
  for (;;) {
    const lease = commands.find((command) => command.kind === "lease");
    if (lease === undefined) break;
    commands = machine.step(reportsOf(lease));
  }
  machine.step([{ kind: "release", client: 0, ids: graph.outputs }]);
  const seconds = (acceptedMs + performance.now() - runMs) / 1000;
  check(machine.counts().forgotten >= count, "the scheduler still knows of tasks");
  const { transitions } = machine.state;
  return { acceptedMs, bytesPerTask: bytes / count, transitionsPerSecond: transitions / seconds };
}
