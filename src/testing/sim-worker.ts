/**
 * @file A worker without threads, heap or disk: the real machine, with threads that take random
 * time, throw, die, ask for memory and wait for tasks that they have submitted. Checks what must
 * hold while it runs.
 */
import { assert } from "../core/errors.ts";
import type { Prng } from "../core/prng.ts";
import type {
  InstalledGraph,
  Inventory,
  SchedulerEvent,
  Words,
} from "../machine/scheduler/events.ts";
import type { WorkerCommand, WorkerEvent } from "../machine/worker/events.ts";
import { ACTIVITY, PLACE, UNWANTED } from "../machine/worker/value-table.ts";
import { WorkerMachine } from "../machine/worker/worker.ts";
import type { SimGraph } from "./random-graph.ts";
import type { SimClient } from "./sim-client.ts";
import type { SimClock } from "./sim-clock.ts";
import { type SimDiskOptions, SimStore, type SimValue } from "./sim-disk.ts";
import { checkParts, type SimPart } from "./sim-exchange.ts";
import type { SimWork } from "./sim-work.ts";

export interface SimWorkerOptions extends SimDiskOptions {
  readonly number: number;
  /** Of a network that may be divided. */
  readonly side: number;
  readonly threads: number;
  readonly memoryLimitBytes: number;
  /** Chance that a thread dies while it runs a task. */
  readonly deathRate: number;
}

/** What the worker needs of the engine around it. */
export interface SimShell {
  readonly clock: SimClock;
  readonly prng: Prng;
  tellScheduler(event: SchedulerEvent): void;
  pinned(reader: number, missing: Int32Array): void;
  /** Where the worker's transfers from others go; only in a cluster. */
  readonly network?: SimNetwork;
  /** A client for a task thread. */
  connect(): SimClient;
  leave(client: SimClient): void;
}

/** A task that a thread has begun. */
interface SimRun {
  readonly id: number;
  /** Of the lease under which it began. */
  readonly epoch: number;
  readonly graph: SimGraph;
  readonly local: number;
  grantedBytes: number;
  /** What its inputs tell of. */
  readonly parts: SimPart[];
  /** A task that it waited for has failed. */
  hasFailed: boolean;
  /** Lets go of what it has submitted and waits for. */
  dropChildren: (() => void) | undefined;
  /** It was given up. */
  isOver: boolean;
  /** What it has made, where tasks really do something. */
  encoded?: Uint8Array;
}

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

type ShellCommand = Extract<
  WorkerCommand,
  {
    kind:
      | "finished"
      | "erred"
      | "returned"
      | "lost"
      | "uninstalled"
      | "replicated"
      | "unreachable"
      | "suspended";
  }
>;

/** How a worker gets at values of others; each call of `fetch` ends in one event. */
export interface SimNetwork {
  fetch(worker: SimWorker, holder: number, id: number): void;
  /** Whether the worker takes what clients offer. */
  received(worker: SimWorker, ids: Int32Array, isWanted: boolean): void;
  crashed(worker: SimWorker, id: number, name: string): void;
  /** Word for a value without bytes, and what it stands for. */
  wordOf(name: string): number;
  nameOf(word: number): string;
  /** Whether the scheduler counts on the worker for the task. */
  isLeased(worker: SimWorker, id: number): boolean;
  isConnected(worker: SimWorker): boolean;
  /** The worker has found its scheduler again. */
  rejoined(worker: SimWorker, inventory: Inventory): void;
  /** Does what takes real time, while virtual time stands still. */
  work(job: () => Promise<void>): void;
}

/** Any tag will do: machines do not look at it. */
export const WORD_TAG = 5;

/** Nothing has moved for so long: what waits for memory waits in vain. */
const STALL_MS = 5;

export class SimWorker {
  /** Another one each time that it joins again. */
  number: number;
  readonly side: number;
  readonly machine: WorkerMachine;
  readonly store: SimStore;
  runs = 0;
  deaths = 0;
  denials = 0;
  putOff = 0;
  peakBytes = 0;
  peakSuspended = 0;
  isDead = false;
  readonly #shell: SimShell;
  readonly #options: SimWorkerOptions;
  readonly #threads: SimThread[];
  readonly #ring: number[] = [];
  readonly #graphs = new Map<number, InstalledGraph>();
  #events: WorkerEvent[] = [];
  /** It is looked soon whether what waits for memory waits in vain. */
  #isWatching = false;

  constructor(options: SimWorkerOptions, shell: SimShell) {
    this.number = options.number;
    this.side = options.side;
    this.#options = options;
    this.#shell = shell;
    this.machine = new WorkerMachine(options);
    this.store = new SimStore(shell.clock, shell.prng, options);
    this.#threads = Array.from({ length: options.threads }, (_, number) => ({
      number,
      client: undefined,
      run: undefined,
      asks: -1,
      suspended: new Set<SimRun>(),
      ready: [],
    }));
  }

  hear(event: WorkerEvent): void {
    if (this.isDead) return;
    if (event.kind === "install") this.#graphs.set(event.graph.base, event.graph);
    this.#events.push(event);
  }

  /** Tasks that its threads have begun. */
  get underWay(): number[] {
    const runs = this.#threads.flatMap(({ run, suspended }) => [
      ...suspended,
      ...(run === undefined ? [] : [run]),
    ]);
    return runs.map(({ id }) => id);
  }

  /** Tasks that wait for others. */
  get suspended(): number {
    let count = 0;
    for (const thread of this.#threads) count += thread.suspended.size;
    return count;
  }

  /** Lets the machine take what it has heard; false when there was nothing. */
  step(): boolean {
    if (this.#events.length === 0 || this.isDead) return false;
    const events = this.#events;
    this.#events = [];
    const commands = this.machine.step(events, this.store.usedBytes);
    this.#checkMost(commands);
    this.#checkOverdraft(commands);
    for (const command of commands) this.#obey(command);
    this.peakBytes = Math.max(this.peakBytes, this.store.usedBytes);
    if (this.machine.memory.isAsked) this.#watchForStall();
    return true;
  }

  /** Whoever waits for memory gets it, or fails, when no thread can free some. */
  #watchForStall(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    this.#shell.clock.after(STALL_MS, () => {
      this.#isWatching = false;
      if (this.isDead || !this.machine.memory.isAsked) return;
      const goesOn = this.#threads.some(({ run, asks }) => run !== undefined && asks < 0);
      if (goesOn) this.#watchForStall();
      else this.hear({ kind: "stalled" });
    });
  }

  /** Idle threads take what they can. */
  feed(): void {
    for (const thread of this.#threads) {
      if (this.isDead || thread.run !== undefined) continue;
      const ready = thread.ready.shift();
      if (ready !== undefined) this.#resume(thread, ready);
      else {
        const id = this.#ring.shift();
        if (id !== undefined) this.#begin(thread, id);
      }
    }
  }

  /** The process is gone, with all that it had. */
  kill(): void {
    this.isDead = true;
  }

  /** Clients of its threads. */
  get clients(): SimClient[] {
    return this.#threads.flatMap(({ client }) => (client === undefined ? [] : [client]));
  }

  #obey(command: WorkerCommand): void {
    const { store } = this;
    switch (command.kind) {
      case "run":
        this.#ring.push(...command.ids);
        return;
      case "take-back":
        return this.#takeBack(command.ids);
      case "spill": {
        const { id } = command;
        assert(!this.#isRead(id), `the value ${id} is spilled while it is read`);
        return store.spill(id, (error) => this.#fileEnded("spilled", id, error));
      }
      case "unspill":
        return store.unspill(command.id, (error) =>
          this.#fileEnded("unspilled", command.id, error),
        );
      case "evict":
        assert(!this.#isRead(command.id), `the value ${command.id} is evicted while it is read`);
        return store.evict(command.id);
      case "keep":
        return store.keep(command.id);
      case "discard":
        for (const id of command.ids) {
          assert(!this.#isRead(id), `the value ${id} is discarded while it is read`);
          store.discard(id, command.onDisk);
        }
        return;
      case "grant":
        return this.#grant(command.thread, command.bytes);
      case "deny":
        return this.#deny(command.thread);
      case "pinned":
        return this.#shell.pinned(command.reader, command.missing);
      case "warn":
      case "collect":
        return;
      case "fetch":
        for (const id of command.ids) this.#shell.network!.fetch(this, command.holder, id);
        return;
      case "receive":
        return this.#shell.network!.received(this, command.ids, true);
      case "refuse":
        return this.#shell.network!.received(this, command.ids, false);
      case "words":
        return this.#learn(command);
      case "inventory":
        return this.#shell.network!.rejoined(this, this.#withWords(command.inventory));
      default:
        return this.#report(command);
    }
  }

  #report(command: ShellCommand): void {
    if (command.kind === "uninstalled") this.#graphs.delete(command.base);
    const said = command.kind === "finished" ? this.#withWords(command) : command;
    this.#shell.tellScheduler({ ...said, worker: this.number });
  }

  /** In a cluster, values without bytes are words. */
  #withWords<C extends { readonly ids: Int32Array }>(columns: C): C {
    const { network } = this.#shell;
    if (network === undefined) return columns;
    const values = Array.from(columns.ids, (id) => this.store.find(id)!);
    if (!values.some(({ bytes }) => bytes === 0)) return columns;
    const tags = Uint8Array.from(values, ({ bytes }) => (bytes === 0 ? WORD_TAG : 0));
    const words = Float64Array.from(values, ({ bytes, name }) =>
      bytes === 0 ? network.wordOf(name) : 0,
    );
    return { ...columns, tags, words };
  }

  #learn({ ids, words }: Words): void {
    ids.forEach((id, i) => {
      this.store.lend(id, { name: this.#shell.network!.nameOf(words[i]!), bytes: 0 });
    });
  }

  #fileEnded(kind: "spilled" | "unspilled", id: number, error: string | undefined): void {
    this.hear(error === undefined ? { kind, id } : { kind, id, error });
  }

  #takeBack(ids: Int32Array): void {
    const got = [...ids].filter((id) => this.#ring.includes(id));
    for (const id of got) this.#ring.splice(this.#ring.indexOf(id), 1);
    if (got.length > 0) this.hear({ kind: "taken-back", ids: Int32Array.from(got) });
    for (const thread of this.#threads) {
      for (const run of thread.suspended) {
        if (!ids.includes(run.id) || !this.#isUnwanted(run)) continue;
        this.#shell.clock.after(0.1, () => this.#giveUp(thread, run));
      }
    }
  }

  #isUnwanted({ id }: SimRun): boolean {
    return this.machine.values.unwanted[id] === UNWANTED.yes;
  }

  /** A task that waits is asynchronous, and so can be ended at any time. */
  #giveUp(thread: SimThread, run: SimRun): void {
    if (this.isDead || !thread.suspended.delete(run)) return;
    const at = thread.ready.indexOf(run);
    if (at >= 0) thread.ready.splice(at, 1);
    run.isOver = true;
    run.dropChildren?.();
    this.hear({ kind: "taken-back", ids: Int32Array.of(run.id) });
  }

  #begin(thread: SimThread, id: number): void {
    const run = this.#runOf(id);
    const { values } = this.machine;
    this.runs++;
    assert(values.activity[id] === ACTIVITY.running, `task ${id} is not known as running`);
    for (const other of this.#threads) {
      const twice = other.run?.id === id || [...other.suspended].some((task) => task.id === id);
      assert(!twice, `task ${id} runs twice at once`);
    }
    this.#eachInput(run, (input, name) => {
      const value = this.store.heap.get(input);
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
      if (child !== undefined) this.#suspend(thread, run, child);
      else if (run.graph.work !== undefined) this.#work(thread, run, run.graph.work);
      else this.#ask(thread, run);
    });
  }

  /** The task really runs; only then is it known how much room its value takes. */
  #work(thread: SimThread, run: SimRun, work: SimWork): void {
    if (!this.#hasParts(run)) return this.#putOff(thread, run);
    const inputs: Uint8Array[] = [];
    this.#eachInput(run, (input) => inputs.push(this.store.heap.get(input)!.encoded!));
    this.#shell.network!.work(async () => {
      const outcome = await work.run(this.number, run.local, inputs);
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
    const isSeal = graph.facts.templates[templateOf(run)]?.bound === "inputs";
    if (parts.length === 0 || isSeal) return true;
    checkParts(graph, local, parts);
    const { network } = this.#shell;
    for (const { source, worker, isThere } of parts) {
      if (isThere()) continue;
      const mayBe = worker.isDead || network?.isConnected(worker) !== true;
      // Under a newer lease than it began with it may have read of what was before that.
      const isOld = this.machine.values.epoch[id] !== run.epoch;
      const isVoid = mayBe || isOld || !network.isLeased(this, id);
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
      this.store.grantedBytes -= run.grantedBytes;
      this.hear({ kind: "unstarted", ids: Int32Array.of(run.id) });
    });
  }

  /** The task takes the whole process with it. */
  #crash({ graph, local, id }: SimRun): void {
    this.#shell.network!.crashed(this, id, `${graph.name}[${local}]`);
  }

  /** Runs when the thread still runs the task then. */
  #after(ms: number, thread: SimThread, run: SimRun, then: () => void): void {
    this.#shell.clock.after(ms, () => {
      if (thread.run === run && !this.isDead) then();
    });
  }

  /** The task submits tasks and waits for them; its thread takes others meanwhile. */
  #suspend(thread: SimThread, run: SimRun, child: SimGraph): void {
    thread.client ??= this.#shell.connect();
    const { client } = thread;
    thread.suspended.add(run);
    thread.run = undefined;
    this.#tellWaits(run, true);
    client.submit(child, run.id, (outputs) => {
      if (run.isOver) return client.release(outputs);
      run.dropChildren = () => client.release(outputs);
      const settled = (): void => {
        run.dropChildren = undefined;
        const hasFailed = outputs.some((id) => client.statusOf(id) !== "finished");
        client.release(outputs);
        if (this.isDead || !thread.suspended.has(run)) return;
        run.hasFailed = hasFailed;
        thread.ready.push(run);
      };
      client.settled(outputs, settled, () => !run.isOver);
    });
  }

  #resume(thread: SimThread, run: SimRun): void {
    thread.suspended.delete(run);
    thread.run = run;
    this.#tellWaits(run, false);
    if (run.hasFailed) this.#fail(thread, run);
    else this.#ask(thread, run);
  }

  #tellWaits({ id }: SimRun, isWaiting: boolean): void {
    this.peakSuspended = Math.max(this.peakSuspended, this.suspended);
    const waits = Uint8Array.of(Number(isWaiting));
    this.hear({ kind: "suspended", ids: Int32Array.of(id), waits });
  }

  #ask(thread: SimThread, run: SimRun): void {
    const { store } = this;
    const bytes = run.graph.bytes[run.local]!;
    const isSmall = store.isSmall(bytes);
    if (bytes === 0 || (isSmall && store.fitsSlab(thread.number, bytes))) {
      return this.#finishLater(thread, run);
    }
    thread.asks = isSmall ? this.#options.slabBytes : bytes;
    this.hear({ kind: "request", thread: thread.number, id: run.id, bytes: thread.asks });
  }

  #grant(number: number, bytes: number): void {
    const thread = this.#threads[number]!;
    const { run } = thread;
    assert(run !== undefined && thread.asks === bytes, `thread ${number} did not ask for ${bytes}`);
    thread.asks = -1;
    if (this.store.isSmall(run.graph.bytes[run.local]!)) this.store.openSlab(number);
    else {
      run.grantedBytes = bytes;
      this.store.grantedBytes += bytes;
    }
    this.#finishLater(thread, run);
  }

  #deny(number: number): void {
    const thread = this.#threads[number]!;
    const { run } = thread;
    assert(run !== undefined && thread.asks >= 0, `thread ${number} did not ask for anything`);
    this.denials++;
    thread.asks = -1;
    thread.run = undefined;
    this.hear({ kind: "failed", id: run.id, error: "no room", blame: "memory" });
  }

  #finishLater(thread: SimThread, run: SimRun): void {
    const { graph, local, id } = run;
    const ms = graph.durationMs[local]! / 2;
    this.#after(ms, thread, run, () => {
      this.#shell.tellScheduler({
        kind: "durations",
        worker: this.number,
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
    this.store.grantedBytes -= grantedBytes;
    this.store.put(id, this.#valueOf(run), thread.number);
    this.hear({ kind: "ran", count: 1, ids: Int32Array.of(id), bytes: Float64Array.of(bytes) });
  }

  #valueOf(run: SimRun): SimValue {
    const { id, graph, local, encoded } = run;
    const name = `${graph.name}[${local}]`;
    const bytes = graph.bytes[local]!;
    const bound = graph.facts.templates[templateOf(run)]?.bound;
    const made = encoded === undefined ? { name, bytes } : { name, bytes, encoded };
    if (bound === "inputs") return { ...made, parts: run.parts };
    if (bound === undefined) return made;
    const isThere = (): boolean => !this.isDead && this.store.find(id) === value;
    const value: SimValue = { ...made, parts: [{ source: name, worker: this, isThere }] };
    return value;
  }

  #fail(thread: SimThread, run: SimRun, error: unknown = "thrown"): void {
    thread.run = undefined;
    this.store.grantedBytes -= run.grantedBytes;
    this.hear({ kind: "failed", id: run.id, error, blame: "user" });
  }

  /** The thread dies with all of its tasks; another takes its place. */
  #die(thread: SimThread): void {
    this.deaths++;
    const tasks = [...thread.suspended, ...(thread.run === undefined ? [] : [thread.run])];
    for (const { id, grantedBytes } of tasks) {
      this.store.grantedBytes -= grantedBytes;
      this.hear({ kind: "failed", id, error: { message: "died" }, blame: "worker" });
    }
    thread.run = undefined;
    thread.asks = -1;
    this.store.closeSlab(thread.number);
    thread.suspended.clear();
    thread.ready.length = 0;
    this.hear({ kind: "thread-died", thread: thread.number });
    if (thread.client !== undefined) this.#shell.leave(thread.client);
    thread.client = undefined;
  }

  #runOf(id: number): SimRun {
    for (const { base, count, body } of this.#graphs.values()) {
      if (id < base || id >= base + count) continue;
      const graph = body as SimGraph;
      return {
        id,
        epoch: this.machine.values.epoch[id]!,
        graph,
        local: id - base,
        grantedBytes: 0,
        parts: [],
        hasFailed: false,
        dropChildren: undefined,
        isOver: false,
      };
    }
    assert(false, `task ${id} belongs to no graph that is installed`);
  }

  #eachInput(run: SimRun, visit: (input: number, name: string) => void): void {
    const base = run.id - run.local;
    const { ids } = this.#graphs.get(base)!;
    const { facts, name, heldNames } = run.graph;
    for (let e = facts.depOffsets[run.local]!; e < facts.depOffsets[run.local + 1]!; e++) {
      const dep = facts.deps[e]!;
      visit(ids?.[dep] ?? base + dep, heldNames.get(dep) ?? `${name}[${dep}]`);
    }
  }

  /** Whether some thread reads the value now. */
  #isRead(id: number): boolean {
    let found = false;
    for (const thread of this.#threads) {
      const runs =
        thread.run === undefined ? [...thread.suspended] : [thread.run, ...thread.suspended];
      for (const run of runs) {
        this.#eachInput(run, (input) => {
          if (input === id) found = true;
        });
      }
    }
    return found;
  }

  /** More than there may be is never granted: it would end the process. */
  #checkMost(commands: readonly WorkerCommand[]): void {
    const { memory, values } = this.machine;
    const most = Math.max(memory.limitBytes, memory.mostBytes);
    let used = this.store.usedBytes;
    for (const command of commands) {
      if (command.kind === "evict") used -= values.bytes[command.id]!;
      if (command.kind === "discard") return;
      if (command.kind !== "grant" || command.bytes <= this.#options.slabValueBytes) continue;
      used += command.bytes;
      assert(used <= most, `${used} bytes are in use of ${most} at most`);
    }
  }

  /** More than the limit is granted only when nothing is left that could make room. */
  #checkOverdraft(commands: readonly WorkerCommand[]): void {
    if (this.#options.diskBytes < Number.POSITIVE_INFINITY) return;
    const { values, memory } = this.machine;
    let used = this.store.usedBytes;
    let granted = 0;
    for (const command of commands) {
      if (command.kind === "grant") granted += command.bytes;
      // Room that is made in the same step.
      if (command.kind === "evict") used -= values.bytes[command.id]!;
      if (command.kind === "discard") return;
    }
    if (granted === 0 || used + granted <= memory.limitBytes) return;
    const left = values.evictableBytes;
    assert(left === 0, `more than the limit is granted while ${left} bytes could go to disk`);
  }

  /** What its machine says lies here must be in the store, and the other way round. */
  checkPlaces(): void {
    const { place, bytes } = this.machine.values;
    for (let id = 0; id < this.machine.values.end; id++) {
      const value = this.store.find(id);
      const isHere = place[id] !== PLACE.nowhere;
      assert(isHere === (value !== undefined), `worker ${this.number} is wrong about ${id}`);
      assert(value === undefined || value.bytes === bytes[id], `the size of ${id} is wrong`);
    }
  }

  /** Everything has been released: nothing may be left. */
  checkEmpty(): void {
    for (const { number } of this.#threads) this.store.closeSlab(number);
    assert(this.store.usedBytes === 0, `${this.store.usedBytes} bytes are still in use`);
    assert(this.store.heap.size === 0, `${this.store.heap.size} values are still in the heap`);
    assert(this.store.disk.size === 0, `${this.store.disk.size} values are still on disk`);
    assert(this.machine.running === 0, `${this.machine.running} tasks are still running`);
    assert(this.machine.memory.reservedBytes === 0, "memory is still reserved");
    assert(this.#graphs.size === 0, `${this.#graphs.size} graphs are still installed`);
    assert(this.machine.values.evictableBytes === 0, "values are still listed as evictable");
    assert(!this.machine.values.pins.some((pins) => pins !== 0), "values are still pinned");
  }
}

function templateOf({ graph, local }: SimRun): number {
  return graph.facts.template[local]!;
}
