/**
 * @file `node thousand.mjs MAP|GRAPH COUNT`: the scheduler machine with 1,000 workers in one
 * process. Everything that would go over a connection goes through the codec, there and back; the
 * workers do as they are told at once. Prints one line of JSON: seconds, and bytes a task of the
 * process at its largest, beside what it took before the graph came.
 */

import { RemoteWorkerSeat } from "../../dist/cluster/remote-worker-seat.js";
import { toClient, toScheduler } from "../../dist/cluster/wire/client-messages.js";
import { encodeImage } from "../../dist/cluster/wire/graphs.js";
import { fromWorker, toWorker } from "../../dist/cluster/wire/worker-messages.js";
import { SchedulerMachine } from "../../dist/machine/scheduler/scheduler.js";
import { columnsOf } from "./columns.mjs";
import { check } from "./measure.mjs";

const WORKERS = 1000;
const THREADS = 2;
/** Of a result that is not a word. */
const VALUE_BYTES = 100;

const [shape = "map", size = "10000"] = process.argv.slice(2);
const count = Number(size);

/** A way for messages: what goes in comes out as the other side has it. */
function way(set) {
  const batch = set.batch();
  return (message) => {
    batch.add(message);
    return batch.take().flatMap((chunks) => set.decode(joined(chunks)))[0];
  };
}

/** As it arrives: in a buffer of its own. */
function joined(chunks) {
  const body = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

const asked = way(toScheduler);
const told = way(toClient);
const ordered = way(toWorker);
const reported = way(fromWorker);

/** What a worker says when it has done what it was told. */
function replies(order) {
  if (order.kind === "uninstall") return [{ kind: "uninstalled", base: order.base }];
  if (order.kind !== "lease") return [];
  const { ids, epochs, needs } = order;
  const done = ids.length;
  const isWord = shape === "map";
  return [
    ...(needs === undefined ? [] : [{ kind: "replicated", ids: needs.ids, epochs: needs.epochs }]),
    {
      kind: "finished",
      count: done,
      ids,
      epochs,
      bytes: new Float64Array(done).fill(isWord ? 0 : VALUE_BYTES),
      tags: new Uint8Array(done).fill(isWord ? 1 : 0),
      words: Float64Array.from(ids),
    },
    {
      kind: "durations",
      ids: ids.subarray(0, 1),
      counts: Int32Array.of(done),
      meanMs: Float64Array.of(1),
    },
  ];
}

/** What has come to the worker that was told last. */
const inbox = [];
const send = (message) => inbox.push(ordered(message));
const seats = Array.from({ length: WORKERS }, (_, worker) => {
  const addresses = [`tcp://10.0.${worker >> 8}.${worker & 255}:1`];
  const hello = { name: `w${worker}`, threads: THREADS, memoryLimitBytes: 8e9, addresses };
  const addressesOf = (other) => seats[other].hello.addresses;
  return new RemoteWorkerSeat(hello, { send, sendSoon: send }, addressesOf);
});

const machine = new SchedulerMachine();
let nowMs = 0;
machine.step(
  Array.from({ length: WORKERS }, (_, worker) => ({
    kind: "worker-joined",
    worker,
    address: `tcp://10.0.${worker >> 8}.${worker & 255}:1`,
    threads: THREADS,
    memoryLimitBytes: 8e9,
    leasesMax: 4096,
    roundTripMs: 1,
  })),
);
const facts = columnsOf(count, shape === "map" ? 0 : 2);
/** Each task has a number of its own as literal. */
const body = encodeImage({
  usesScratch: false,
  templates: [{ name: "f", call: new Uint8Array(200) }],
  segments: facts.segments.map((segment) => ({
    ...segment,
    columns: [{ kind: "number", data: Float64Array.from({ length: count }, (_, i) => i) }],
  })),
});
globalThis.gc?.();
const before = process.memoryUsage.rss();
const startMs = performance.now();
const graph = asked({ kind: "graph", request: 1, facts, body });
let commands = machine.step(
  [{ kind: "graph", client: 0, request: 1, graph: graph.facts, body: graph.body }],
  nowMs,
);
const acceptedSeconds = (performance.now() - startMs) / 1000;
let peak = process.memoryUsage.rss();
let heardOf = 0;
while (commands.length > 0) {
  const events = [];
  for (const command of commands) {
    if (command.kind === "warn") throw new Error(command.message);
    if ("client" in command) {
      const { client: _, ...news } = command;
      const heard = told(news);
      if (heard.kind === "done") heardOf += heard.ids.length;
      continue;
    }
    const { worker, ...order } = command;
    seats[worker].tell(order);
    for (const reply of inbox.splice(0).flatMap(replies)) {
      events.push({ ...reported(reply), worker });
    }
  }
  nowMs++;
  commands = machine.step(events, nowMs);
  peak = Math.max(peak, process.memoryUsage.rss());
}
const seconds = (performance.now() - startMs) / 1000;
check(heardOf === count, `the client has heard of ${heardOf} of ${count} tasks`);
process.stdout.write(
  `${JSON.stringify({ seconds, acceptedSeconds, bytesPerTask: (peak - before) / count })}\n`,
);
