/**
 * @file A whole engine without threads, disk or clock: the real machines, under virtual time, with
 * threads that take random time, die, throw and ask for memory, a disk that may be full, and a
 * client that changes its mind. One seed is one run, always the same. Checked while it runs: memory
 * accounting, inputs in place, leases in order.
 */
import { assert } from "../core/errors.ts";
import { Prng } from "../core/prng.ts";
import { ClientMachine, STATUS } from "../machine/client/client.ts";
import type { SchedulerCommand, SchedulerEvent } from "../machine/scheduler/events.ts";
import { SchedulerMachine } from "../machine/scheduler/scheduler.ts";
import { STATE } from "../machine/scheduler/task-table.ts";
import type { WorkerCommand, WorkerEvent } from "../machine/worker/events.ts";
import { ACTIVITY, PLACE } from "../machine/worker/value-table.ts";
import { WorkerMachine } from "../machine/worker/worker.ts";
import type { SimGraph } from "./random-graph.ts";

export interface SimOptions {
  readonly seed: number;
  readonly threads: number;
  readonly memoryLimitBytes: number;
  /** Chance that a thread dies while it runs a task. */
  readonly deathRate: number;
  /** Values of this many bytes fit on the disk. */
  readonly diskBytes: number;
}

const CLIENT = 1;
const WORKER = 0;

interface SimThread {
  readonly number: number;
  /** Task it runs, or -1. */
  task: number;
  granted: number;
  waiting: boolean;
}

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class SimEngine {
  readonly prng: Prng;
  readonly scheduler: SchedulerMachine;
  readonly worker: WorkerMachine;
  readonly client: ClientMachine = new ClientMachine();
  readonly options: SimOptions;
  nowMs = 0;
  /** Largest number of bytes in use at any time, and the largest single task. */
  peakBytes = 0;
  largestTaskBytes = 0;
  runs = 0;
  deaths = 0;
  spills = 0;
  readonly #threads: SimThread[];
  readonly #ring: number[] = [];
  readonly #timers: Timer[] = [];
  readonly #graphs = new Map<number, SimGraph>();
  readonly #tries = new Map<number, number>();
  /** Bytes in the heap, by id; and on disk. */
  readonly #heap = new Map<number, number>();
  readonly #disk = new Map<number, number>();
  #granted = 0;
  #schedulerEvents: SchedulerEvent[] = [];
  #workerEvents: WorkerEvent[] = [];
  #order = 0;
  readonly #accepted = new Map<number, (ids: (local: number) => number) => void>();
  #request = 0;

  constructor(options: SimOptions) {
    this.options = options;
    this.prng = new Prng(options.seed);
    this.scheduler = new SchedulerMachine({ allowedFailures: 3 });
    this.worker = new WorkerMachine(options);
    this.#threads = Array.from({ length: options.threads }, (_, number) => ({
      number,
      task: -1,
      granted: 0,
      waiting: false,
    }));
    this.#schedulerEvents.push({
      kind: "worker-joined",
      worker: WORKER,
      address: "sim://0",
      threads: options.threads,
      memoryLimitBytes: options.memoryLimitBytes,
      leasesMax: 64,
    });
  }

  /** Submits a graph; `placed` gets the ids of its outputs. */
  submit(graph: SimGraph, placed: (outputs: number[]) => void): void {
    const request = ++this.#request;
    this.#accepted.set(request, (idOf) => {
      const base = idOf(0);
      this.#graphs.set(base, graph);
      const outputs = Array.from(graph.facts.outputs, idOf);
      for (const id of outputs) this.client.retain(id);
      placed(outputs);
    });
    this.#schedulerEvents.push({
      kind: "graph",
      client: CLIENT,
      request,
      graph: graph.facts,
      body: undefined,
    });
  }

  release(ids: readonly number[]): void {
    const last = this.client.release(Int32Array.from(ids));
    if (last.length > 0) this.#schedulerEvents.push({ kind: "release", client: CLIENT, ids: last });
  }

  cancel(ids: readonly number[]): void {
    this.#schedulerEvents.push({ kind: "cancel", client: CLIENT, ids: Int32Array.from(ids) });
  }

  after(ms: number, run: () => void): void {
    this.#timers.push({ atMs: this.nowMs + ms, order: this.#order++, run });
  }

  /** Runs until nothing is left to happen. Throws when an invariant breaks or time runs away. */
  run(stepsMax = 2_000_000): void {
    for (let steps = 0; steps < stepsMax; steps++) {
      this.#settle();
      const timer = this.#nextTimer();
      if (timer === undefined) return;
      this.nowMs = timer.atMs;
      timer.run();
    }
    assert(false, `the simulation did not end within ${stepsMax} steps`);
  }

  get usedBytes(): number {
    let used = this.#granted;
    for (const bytes of this.#heap.values()) used += bytes;
    return used;
  }

  #settle(): void {
    while (this.#workerEvents.length + this.#schedulerEvents.length > 0) {
      const workerEvents = this.#workerEvents.splice(0);
      if (workerEvents.length > 0) {
        this.#obeyWorker(this.worker.step(workerEvents, this.usedBytes));
      }
      const schedulerEvents = this.#schedulerEvents.splice(0);
      if (schedulerEvents.length > 0) this.#obeyScheduler(this.scheduler.step(schedulerEvents));
      this.peakBytes = Math.max(this.peakBytes, this.usedBytes);
    }
    this.#feedThreads();
  }

  #obeyScheduler(commands: readonly SchedulerCommand[]): void {
    for (const command of commands) {
      switch (command.kind) {
        case "lease":
        case "revoke":
        case "free":
          this.#workerEvents.push(command);
          break;
        case "install":
          this.#workerEvents.push({ kind: "install", graph: command.graph });
          break;
        case "uninstall":
          this.#workerEvents.push(command);
          break;
        case "accepted": {
          const { base, ids } = command;
          this.#accepted.get(command.request)?.((local) => ids?.[local] ?? base + local);
          break;
        }
        case "done":
          this.client.done(command.ids);
          break;
        case "failed":
          this.client.failed(command.ids, command);
          break;
        case "cancelled":
          this.client.cancelled(command.ids);
          break;
        case "reset":
          this.client.reset(command.ids);
          break;
      }
    }
  }

  #obeyWorker(commands: readonly WorkerCommand[]): void {
    for (const command of commands) {
      switch (command.kind) {
        case "run":
          this.#ring.push(...command.ids);
          break;
        case "take-back":
          this.#takeBack(command.ids);
          break;
        case "spill":
          this.#spill(command.id);
          break;
        case "unspill":
          this.#unspill(command.id);
          break;
        case "evict":
          this.#heap.delete(command.id);
          break;
        case "keep":
          this.#disk.delete(command.id);
          break;
        case "discard":
          assert(
            command.onDisk === !this.#heap.has(command.id) || !this.#disk.has(command.id),
            "discard knows where the value is",
          );
          this.#heap.delete(command.id);
          this.#disk.delete(command.id);
          break;
        case "grant":
          this.#grant(command.thread, command.bytes);
          break;
        case "pinned":
        case "warn":
          break;
        default:
          this.#schedulerEvents.push({ ...command, worker: WORKER });
      }
    }
  }

  #takeBack(ids: Int32Array): void {
    const got: number[] = [];
    for (const id of ids) {
      const at = this.#ring.indexOf(id);
      if (at < 0) continue;
      this.#ring.splice(at, 1);
      got.push(id);
    }
    if (got.length > 0) this.#workerEvents.push({ kind: "taken-back", ids: Int32Array.from(got) });
  }

  #spill(id: number): void {
    this.spills++;
    assert(this.#heap.has(id), `the value ${id} is spilled but is not in the heap`);
    assert(
      !this.#threads.some((thread) => this.#reads(thread, id)),
      `${id} is spilled while it is read`,
    );
    const bytes = this.#heap.get(id)!;
    this.after(0.1 + this.prng.random(), () => {
      let used = bytes;
      for (const other of this.#disk.values()) used += other;
      if (used > this.options.diskBytes) {
        this.#workerEvents.push({ kind: "spilled", id, error: "the disk is full" });
        return;
      }
      this.#disk.set(id, bytes);
      this.#workerEvents.push({ kind: "spilled", id });
    });
  }

  #unspill(id: number): void {
    const bytes = this.#disk.get(id);
    assert(bytes !== undefined, `the value ${id} is read back but is not on disk`);
    this.after(0.1 + this.prng.random(), () => {
      this.#disk.delete(id);
      this.#heap.set(id, bytes);
      this.#workerEvents.push({ kind: "unspilled", id });
    });
  }

  #reads(thread: SimThread, id: number): boolean {
    if (thread.task < 0) return false;
    let found = false;
    this.scheduler.state.eachDependency(thread.task, (dep) => {
      if (dep === id) found = true;
    });
    return found;
  }

  #feedThreads(): void {
    for (const thread of this.#threads) {
      if (thread.task >= 0) continue;
      const id = this.#ring.shift();
      if (id === undefined) return;
      this.#begin(thread, id);
    }
  }

  #begin(thread: SimThread, id: number): void {
    const { state, graph, sim, local } = this.#facts(id);
    this.runs++;
    const wanted = state.state[id] === STATE.leased || this.worker.values.unwanted[id] === 1;
    assert(wanted, `task ${id} runs but is not leased`);
    assert(
      this.worker.values.activity[id] === ACTIVITY.running,
      `task ${id} is not known as running`,
    );
    this.scheduler.state.eachDependency(id, (dep) => {
      if (this.worker.values.unwanted[id] === 1) return;
      assert(
        this.worker.values.place[dep] === PLACE.memory,
        `input ${dep} of task ${id} is not in memory`,
      );
    });
    thread.task = id;
    const bytes = sim.bytes[local]!;
    this.largestTaskBytes = Math.max(this.largestTaskBytes, bytes);
    void graph;
    this.after(sim.durationMs[local]! / 2, () => {
      if (thread.task !== id) return;
      if (this.prng.random() < this.options.deathRate) return this.#die(thread);
      if (bytes === 0) return this.#finishLater(thread, id);
      thread.waiting = true;
      this.#workerEvents.push({ kind: "request", thread: thread.number, id, bytes });
    });
  }

  #grant(number: number, bytes: number): void {
    const thread = this.#threads[number]!;
    if (!thread.waiting) return;
    thread.waiting = false;
    thread.granted = bytes;
    this.#granted += bytes;
    this.#finishLater(thread, thread.task);
  }

  #finishLater(thread: SimThread, id: number): void {
    const { sim, local } = this.#facts(id);
    this.after(sim.durationMs[local]! / 2, () => this.#finish(thread, id));
  }

  #finish(thread: SimThread, id: number): void {
    const { sim, local } = this.#facts(id);
    const tries = (this.#tries.get(id) ?? 0) + 1;
    this.#tries.set(id, tries);
    thread.task = -1;
    this.#granted -= thread.granted;
    if (tries <= sim.failures[local]!) {
      thread.granted = 0;
      this.#workerEvents.push({ kind: "failed", id, error: "thrown", blame: "user" });
      return;
    }
    if (thread.granted > 0) this.#heap.set(id, thread.granted);
    this.#workerEvents.push({
      kind: "ran",
      count: 1,
      ids: Int32Array.of(id),
      bytes: Float64Array.of(thread.granted),
    });
    thread.granted = 0;
  }

  #die(thread: SimThread): void {
    this.deaths++;
    this.#granted -= thread.granted;
    thread.granted = 0;
    thread.waiting = false;
    const id = thread.task;
    thread.task = -1;
    this.#workerEvents.push({ kind: "failed", id, error: { message: "died" }, blame: "worker" });
  }

  #facts(id: number) {
    const state = this.scheduler.state.tasks;
    const graph = this.scheduler.state.graphOf(id);
    const sim = this.#graphs.get(graph.base)!;
    return { state, graph, sim, local: id - graph.base };
  }

  #nextTimer(): Timer | undefined {
    let best = -1;
    for (let i = 0; i < this.#timers.length; i++) {
      if (best < 0 || comesBefore(this.#timers[i]!, this.#timers[best]!)) best = i;
    }
    return best < 0 ? undefined : this.#timers.splice(best, 1)[0];
  }

  /** Everything has been released: nothing may be left anywhere. */
  checkEmpty(): void {
    const counts = this.scheduler.counts();
    for (const [name, count] of Object.entries(counts)) {
      assert(name === "forgotten" || count === 0, `${count} tasks are still ${name}`);
    }
    assert(this.usedBytes === 0, `${this.usedBytes} bytes are still in use`);
    assert(this.#disk.size === 0, `${this.#disk.size} values are still on disk`);
    assert(this.worker.running === 0, `${this.worker.running} tasks are still running`);
    assert(this.worker.memory.reservedBytes === 0, "memory is still reserved");
    for (const worker of this.scheduler.state.workers.values()) {
      assert(worker.leased === 0, `${worker.leased} leases are not accounted for`);
    }
  }

  /** What became of an output: it must be settled. */
  statusOf(id: number): "finished" | "error" | "cancelled" | "pending" {
    const status = this.client.statusOf(id);
    if (status === STATUS.finished) return "finished";
    if (status === STATUS.error) return "error";
    return status === STATUS.cancelled ? "cancelled" : "pending";
  }
}

function comesBefore(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
