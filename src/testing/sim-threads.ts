/**
 * @file Threads of a simulated worker: they take tasks from the ring, which take random time,
 * throw, end their thread or their process, ask for memory, and wait for tasks that they have
 * submitted.
 */
import { assert } from "../core/errors.ts";
import { ACTIVITY, UNWANTED } from "../machine/worker/value-table.ts";
import type { SimGraph } from "./random-graph.ts";
import type { SimClient } from "./sim-client.ts";
import { checkParts } from "./sim-exchange.ts";
import { beginRun, boundOf, eachInput, makeValue, type SimGraphs, type SimRun } from "./sim-run.ts";
import type { SimShell } from "./sim-shell.ts";
import type { SimAside } from "./sim-waits.ts";
import type { SimWork } from "./sim-work.ts";
import type { SimWorker, SimWorkerOptions } from "./sim-worker.ts";

interface SimThread {
  readonly number: number;
  client: SimClient | undefined;
  /** What it runs now. */
  run: SimRun | undefined;
  /** Bytes it waits for, or -1. */
  asks: number;
  /** Tasks that wait for others; and those whose wait is over. */
  readonly suspended: Set<SimRun>;
  readonly ready: SimRun[];
}

export class SimThreads {
  runs = 0;
  deaths = 0;
  denials = 0;
  putOff = 0;
  peakSuspended = 0;
  readonly #worker: SimWorker;
  readonly #shell: SimShell;
  readonly #options: SimWorkerOptions;
  readonly #graphs: SimGraphs;
  readonly #threads: SimThread[];
  readonly #ring: number[] = [];

  /** `graphs`: those that the worker knows, by base. */
  constructor(worker: SimWorker, shell: SimShell, options: SimWorkerOptions, graphs: SimGraphs) {
    this.#worker = worker;
    this.#shell = shell;
    this.#options = options;
    this.#graphs = graphs;
    this.#threads = Array.from({ length: options.threads }, (_, number) => ({
      number,
      client: undefined,
      run: undefined,
      asks: -1,
      suspended: new Set<SimRun>(),
      ready: [],
    }));
  }

  /** Clients of its threads. */
  get clients(): SimClient[] {
    return this.#threads.flatMap(({ client }) => (client === undefined ? [] : [client]));
  }

  /** Tasks that its threads have begun. */
  get underWay(): number[] {
    const runs = this.#threads.flatMap(({ run, suspended }) => [
      ...suspended,
      ...(run === undefined ? [] : [run]),
    ]);
    return runs.map(({ id }) => id);
  }

  /** Whether a thread runs a task that does not wait for memory. */
  get goesOn(): boolean {
    return this.#threads.some(({ run, asks }) => run !== undefined && asks < 0);
  }

  /** Tasks that wait for others. */
  get suspended(): number {
    let count = 0;
    for (const thread of this.#threads) count += thread.suspended.size;
    return count;
  }

  /** Tasks for whichever thread is idle. */
  add(ids: Iterable<number>): void {
    this.#ring.push(...ids);
  }

  /** Idle threads take what they can. */
  feed(): void {
    for (const thread of this.#threads) {
      if (this.#worker.isDead || thread.run !== undefined) continue;
      const ready = thread.ready.shift();
      if (ready !== undefined) this.#resume(thread, ready);
      else {
        const id = this.#ring.shift();
        if (id !== undefined) this.#begin(thread, id);
      }
    }
  }

  takeBack(ids: Int32Array): void {
    const got = [...ids].filter((id) => this.#ring.includes(id));
    for (const id of got) this.#ring.splice(this.#ring.indexOf(id), 1);
    if (got.length > 0) this.#worker.hear({ kind: "taken-back", ids: Int32Array.from(got) });
    for (const thread of this.#threads) {
      for (const run of thread.suspended) {
        if (!ids.includes(run.id) || !this.#isUnwanted(run)) continue;
        this.#shell.clock.after(0.1, () => this.#giveUp(thread, run));
      }
    }
  }

  #isUnwanted({ id }: SimRun): boolean {
    return this.#worker.machine.values.unwanted[id] === UNWANTED.yes;
  }

  /** A task that waits is asynchronous, and so can be ended at any time. */
  #giveUp(thread: SimThread, run: SimRun): void {
    if (this.#worker.isDead || !thread.suspended.delete(run)) return;
    const at = thread.ready.indexOf(run);
    if (at >= 0) thread.ready.splice(at, 1);
    run.isOver = true;
    run.dropChildren?.();
    this.#worker.hear({ kind: "taken-back", ids: Int32Array.of(run.id) });
  }

  #begin(thread: SimThread, id: number): void {
    const { values } = this.#worker.machine;
    const run = beginRun(this.#graphs, id, values.epoch[id]!);
    this.runs++;
    assert(values.activity[id] === ACTIVITY.running, `task ${id} is not known as running`);
    for (const other of this.#threads) {
      const twice = other.run?.id === id || [...other.suspended].some((task) => task.id === id);
      assert(!twice, `task ${id} runs twice at once`);
    }
    eachInput(this.#graphs, run, (input, name) => {
      const value = this.#worker.store.heap.get(input);
      assert(value, `input ${input} (${name}) of task ${id} is not in memory`);
      assert(value.name === name, `input ${input} of task ${id} is ${value.name}, not ${name}`);
      run.parts.push(...(value.parts ?? []));
    });
    thread.run = run;
    if (!this.#hasParts(run)) return this.#putOff(thread, run);
    this.#after(run.graph.durationMs[run.local]! / 2, thread, run, () => {
      if (run.graph.killers.has(run.local)) return this.#crash(run);
      if (this.#shell.prng.random() < this.#options.deathRate) return this.#die(thread);
      const child = run.graph.children.get(run.local);
      const aside = run.graph.asides?.get(run.local);
      if (child !== undefined) this.#suspend(thread, run, child);
      else if (aside !== undefined) this.#secede(thread, run, aside);
      else if (run.graph.work !== undefined) this.#work(thread, run, run.graph.work);
      else this.#ask(thread, run);
    });
  }

  /** The task really runs; only then is it known how much room its value takes. */
  #work(thread: SimThread, run: SimRun, work: SimWork): void {
    if (!this.#hasParts(run)) return this.#putOff(thread, run);
    const inputs: Uint8Array[] = [];
    eachInput(this.#graphs, run, (input) =>
      inputs.push(this.#worker.store.heap.get(input)!.encoded!),
    );
    this.#shell.network!.work(async () => {
      const outcome = await work.run(this.#worker.number, run.local, inputs);
      if ("isPutOff" in outcome) return this.#putOff(thread, run);
      if ("error" in outcome) return this.#fail(thread, run, outcome.error);
      run.encoded = outcome.encoded;
      run.graph.bytes[run.local] = outcome.encoded.length;
      this.#ask(thread, run);
    });
  }

  /** Whether a destination of an exchange finds what it is to read. */
  #hasParts(run: SimRun): boolean {
    const { graph, local, id, parts } = run;
    if (parts.length === 0 || boundOf(run) === "inputs") return true;
    checkParts(graph, local, parts);
    const { network } = this.#shell;
    for (const { source, worker, isThere } of parts) {
      if (isThere()) continue;
      const mayBe = worker.isDead || network?.isConnected(worker) !== true;
      // Under a newer lease than it began with it may have read of what was before that.
      const isOld = this.#worker.machine.values.epoch[id] !== run.epoch;
      const isVoid = mayBe || isOld || !network.isLeased(this.#worker, id);
      assert(isVoid, `what ${source} has written is gone while ${id} reads it`);
      return false;
    }
    return true;
  }

  /** The task is tried again when the scheduler knows what has happened. */
  #putOff(thread: SimThread, run: SimRun): void {
    this.putOff++;
    this.#after(1, thread, run, () => {
      thread.run = undefined;
      this.#worker.store.grantedBytes -= run.grantedBytes;
      this.#worker.hear({ kind: "unstarted", ids: Int32Array.of(run.id) });
    });
  }

  /** The task takes the whole process with it. */
  #crash({ id, name }: SimRun): void {
    this.#shell.network!.crashed(this.#worker, id, name);
  }

  /** Runs when the thread still runs the task then. */
  #after(ms: number, thread: SimThread, run: SimRun, then: () => void): void {
    this.#shell.clock.after(ms, () => {
      if (thread.run === run && !this.#worker.isDead) then();
    });
  }

  /** The task submits tasks and waits for them; its thread takes others meanwhile. */
  #suspend(thread: SimThread, run: SimRun, child: SimGraph): void {
    thread.client ??= this.#shell.connect();
    const { client } = thread;
    this.#leaveThread(thread, run);
    client.submit(child, run.id, (outputs) => {
      if (run.isOver) return client.release(outputs);
      run.dropChildren = () => client.release(outputs);
      const settled = (): void => {
        run.dropChildren = undefined;
        const hasFailed = outputs.some((id) => client.statusOf(id) !== "finished");
        client.release(outputs);
        if (this.#worker.isDead || !thread.suspended.has(run)) return;
        run.hasFailed = hasFailed;
        thread.ready.push(run);
      };
      client.settled(outputs, settled, () => !run.isOver);
    });
  }

  /** The task is busy with something else, and its thread takes others meanwhile. */
  #secede(thread: SimThread, run: SimRun, { ms, comesBack }: SimAside): void {
    this.#leaveThread(thread, run);
    run.isAside = !comesBack;
    this.#shell.clock.after(ms, () => {
      if (!this.#worker.isDead && thread.suspended.has(run)) thread.ready.push(run);
    });
  }

  #leaveThread(thread: SimThread, run: SimRun): void {
    thread.suspended.add(run);
    thread.run = undefined;
    this.#tellWaits(run, true);
  }

  #resume(thread: SimThread, run: SimRun): void {
    thread.suspended.delete(run);
    thread.run = run;
    if (!run.isAside) this.#tellWaits(run, false);
    if (run.hasFailed) this.#fail(thread, run);
    else this.#ask(thread, run);
  }

  #tellWaits({ id }: SimRun, isWaiting: boolean): void {
    this.peakSuspended = Math.max(this.peakSuspended, this.suspended);
    const waits = Uint8Array.of(Number(isWaiting));
    this.#worker.hear({ kind: "suspended", ids: Int32Array.of(id), waits });
  }

  #ask(thread: SimThread, run: SimRun): void {
    const { store } = this.#worker;
    const bytes = run.graph.bytes[run.local]!;
    const isSmall = store.isSmall(bytes);
    if (bytes === 0 || (isSmall && store.fitsSlab(thread.number, bytes))) {
      return this.#finishLater(thread, run);
    }
    thread.asks = isSmall ? this.#options.slabBytes : bytes;
    this.#worker.hear({ kind: "request", thread: thread.number, id: run.id, bytes: thread.asks });
  }

  grant(number: number, bytes: number): void {
    const thread = this.#threads[number]!;
    const { run } = thread;
    assert(run !== undefined && thread.asks === bytes, `thread ${number} did not ask for ${bytes}`);
    thread.asks = -1;
    if (this.#worker.store.isSmall(run.graph.bytes[run.local]!))
      this.#worker.store.openSlab(number);
    else {
      run.grantedBytes = bytes;
      this.#worker.store.grantedBytes += bytes;
    }
    this.#finishLater(thread, run);
  }

  deny(number: number): void {
    const thread = this.#threads[number]!;
    const { run } = thread;
    assert(run !== undefined && thread.asks >= 0, `thread ${number} did not ask for anything`);
    this.denials++;
    thread.asks = -1;
    thread.run = undefined;
    this.#worker.hear({ kind: "failed", id: run.id, error: "no room", blame: "memory" });
  }

  #finishLater(thread: SimThread, run: SimRun): void {
    const { graph, local, id } = run;
    const ms = graph.durationMs[local]! / 2;
    this.#after(ms, thread, run, () => {
      this.#shell.tellScheduler({
        kind: "durations",
        worker: this.#worker.number,
        ids: Int32Array.of(id),
        counts: Int32Array.of(1),
        meanMs: Float64Array.of(2 * ms),
      });
      if (!this.#hasParts(run)) return this.#putOff(thread, run);
      graph.tries[local] = graph.tries[local]! + 1;
      if (graph.tries[local]! <= graph.failures[local]!) this.#fail(thread, run);
      else this.#succeed(thread, run);
    });
  }

  #succeed(thread: SimThread, run: SimRun): void {
    const { id, graph, local, grantedBytes } = run;
    thread.run = undefined;
    const bytes = graph.bytes[local]!;
    this.#worker.store.grantedBytes -= grantedBytes;
    this.#worker.store.put(id, makeValue(run, this.#worker), thread.number);
    this.#worker.hear({
      kind: "ran",
      count: 1,
      ids: Int32Array.of(id),
      bytes: Float64Array.of(bytes),
    });
  }

  #fail(thread: SimThread, run: SimRun, error: unknown = "thrown"): void {
    thread.run = undefined;
    this.#worker.store.grantedBytes -= run.grantedBytes;
    this.#worker.hear({ kind: "failed", id: run.id, error, blame: "user" });
  }

  /** The thread dies with all of its tasks; another takes its place. */
  #die(thread: SimThread): void {
    this.deaths++;
    const tasks = [...thread.suspended, ...(thread.run === undefined ? [] : [thread.run])];
    for (const { id, grantedBytes } of tasks) {
      this.#worker.store.grantedBytes -= grantedBytes;
      this.#worker.hear({ kind: "failed", id, error: { message: "died" }, blame: "worker" });
    }
    thread.run = undefined;
    thread.asks = -1;
    this.#worker.store.closeSlab(thread.number);
    thread.suspended.clear();
    thread.ready.length = 0;
    this.#worker.hear({ kind: "thread-died", thread: thread.number });
    if (thread.client !== undefined) this.#shell.leave(thread.client);
    thread.client = undefined;
  }

  /** Whether some thread reads the value now. */
  isRead(id: number): boolean {
    let found = false;
    for (const thread of this.#threads) {
      const runs =
        thread.run === undefined ? [...thread.suspended] : [thread.run, ...thread.suspended];
      for (const run of runs) {
        eachInput(this.#graphs, run, (input) => {
          if (input === id) found = true;
        });
      }
    }
    return found;
  }

  /** Slabs hold room that is not a value's. */
  closeSlabs(): void {
    for (const { number } of this.#threads) this.#worker.store.closeSlab(number);
  }
}
