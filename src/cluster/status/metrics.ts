/**
 * @file The state of a scheduler in Prometheus' text format. Names are Dask's with the prefix
 * `heddle_`, where the meaning is the same.
 */
import type { EngineInfo } from "../messages.ts";
import type { FunctionCounts } from "./meters.ts";

/** What the metrics are made of. */
export interface MetricFacts {
  readonly info: EngineInfo;
  /** Number of tasks in each state. */
  readonly tasks: Readonly<Record<string, number>>;
  /** Tasks that were on a worker when it died. */
  readonly suspects: number;
  readonly workersAdded: number;
  readonly workersRemoved: number;
  readonly clientsAdded: number;
  readonly clientsRemoved: number;
  readonly functions: readonly (readonly [name: string, counts: FunctionCounts])[];
}

type Labels = Readonly<Record<string, string>>;
export type Sample = readonly [labels: Labels, value: number];

/** Functions of which counts are told; what others do is told together, as `other`. */
const FUNCTIONS_MAX = 500;

export function metricsText(facts: MetricFacts): string {
  const { info } = facts;
  const one = (value: number): Sample[] => [[{}, value]];
  const workers = Object.values(info.workers);
  const byWorker = (of: (worker: (typeof workers)[number]) => number): Sample[] =>
    workers.map((worker) => [{ worker: worker.name }, of(worker)]);
  const functions = shortened(facts.functions);
  const byFunction = (of: (counts: FunctionCounts) => number): Sample[] =>
    functions.map(([name, counts]) => [{ task_prefix_name: name }, of(counts)]);
  return [
    gauge("scheduler_clients", "Clients connected", one(info.clients)),
    counter("scheduler_client_connections_added", "Clients that came", one(facts.clientsAdded)),
    counter("scheduler_client_connections_removed", "Clients that left", one(facts.clientsRemoved)),
    gauge("scheduler_workers", "Workers by what they do", workerStates(info)),
    counter("scheduler_workers_added", "Workers that came", one(facts.workersAdded)),
    counter("scheduler_workers_removed", "Workers that went", one(facts.workersRemoved)),
    gauge("scheduler_tasks", "Tasks by state", taskStates(facts.tasks)),
    gauge("scheduler_tasks_suspicious", "Tasks on dead workers", one(facts.suspects)),
    counter(
      "scheduler_tasks_compute_seconds",
      "Time in functions",
      byFunction(({ seconds }) => seconds),
    ),
    counter(
      "scheduler_tasks_output_bytes",
      "Bytes that functions made",
      byFunction(({ bytes }) => bytes),
    ),
    counter("scheduler_prefix_state_totals", "Tasks that have ended", endings(functions)),
    counter("scheduler_transitions", "Changes of tasks' states", one(info.transitions)),
    gauge(
      "worker_threads",
      "Task threads",
      byWorker(({ threads }) => threads),
    ),
    gauge(
      "worker_tasks",
      "Tasks running",
      byWorker(({ running }) => running),
    ),
    gauge("worker_memory_bytes", "Memory of values", workerMemory(info)),
    gauge("worker_memory_limit_bytes", "Memory that a worker may take", byWorker(memoryLimit)),
    processText(),
  ].join("");
}

/** What is told of every process. */
export function processText(): string {
  const { user, system } = process.cpuUsage();
  return [
    gauge("process_resident_memory_bytes", "Memory of the process", [
      [{}, process.memoryUsage.rss()],
    ]),
    counter("process_cpu_seconds", "Time of processors", [[{}, (user + system) / 1e6]]),
    gauge("process_uptime_seconds", "Time since the start", [[{}, process.uptime()]]),
  ].join("");
}

function memoryLimit({ memoryLimitBytes }: { readonly memoryLimitBytes: number }): number {
  return memoryLimitBytes;
}

function workerStates({ workers }: EngineInfo): Sample[] {
  const list = Object.values(workers);
  const count = (is: (running: number, threads: number) => boolean): number =>
    list.filter(({ running, threads }) => is(running, threads)).length;
  return [
    [{ state: "idle" }, count((running) => running === 0)],
    [{ state: "partially_saturated" }, count((running, all) => running > 0 && running < all)],
    [{ state: "saturated" }, count((running, all) => running > 0 && running >= all)],
  ];
}

function taskStates(tasks: MetricFacts["tasks"]): Sample[] {
  return Object.entries(tasks).map(([state, count]) => [{ state }, count]);
}

function endings(functions: MetricFacts["functions"]): Sample[] {
  return functions.flatMap(([name, { finished, failed }]): Sample[] => [
    [{ task_prefix_name: name, state: "memory" }, finished],
    [{ task_prefix_name: name, state: "erred" }, failed],
  ]);
}

function workerMemory({ workers }: EngineInfo): Sample[] {
  return Object.values(workers).flatMap(({ name, memoryBytes, spilledBytes }): Sample[] => [
    [{ worker: name, type: "managed" }, memoryBytes],
    [{ worker: name, type: "spilled" }, spilledBytes],
  ]);
}

function shortened(functions: MetricFacts["functions"]): MetricFacts["functions"] {
  if (functions.length <= FUNCTIONS_MAX) return functions;
  const rest: FunctionCounts = { finished: 0, failed: 0, seconds: 0, bytes: 0 };
  for (const [, counts] of functions.slice(FUNCTIONS_MAX)) {
    rest.finished += counts.finished;
    rest.failed += counts.failed;
    rest.seconds += counts.seconds;
    rest.bytes += counts.bytes;
  }
  return [...functions.slice(0, FUNCTIONS_MAX), ["other", rest]];
}

export function gauge(name: string, help: string, samples: readonly Sample[]): string {
  return metric(`heddle_${name}`, "gauge", help, samples);
}

export function counter(name: string, help: string, samples: readonly Sample[]): string {
  return metric(`heddle_${name}_total`, "counter", help, samples);
}

function metric(name: string, type: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => `${name}${labelText(labels)} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", '"': '\\"', "\n": "\\n" };

/** Names come from users. */
function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (character) => ESCAPES[character] as string);
}
