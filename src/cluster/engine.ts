/**
 * @file The embedded engine's control thread: the scheduler machine and one worker machine, run to
 * a standstill on every turn, and the shell around them (threads, heap, disk, clients). All
 * decisions are the machines'; here they are carried out. The thread sleeps until a task thread
 * rings, a client posts, or a file operation ends.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { MessagePort } from "node:worker_threads";
import type {
  InstalledGraph,
  SchedulerCommand,
  SchedulerEvent,
} from "../machine/scheduler/events.ts";
import { progressOf } from "../machine/scheduler/progress.ts";
import { SchedulerMachine } from "../machine/scheduler/scheduler.ts";
import { STATE } from "../machine/scheduler/task-table.ts";
import type { WorkerCommand, WorkerEvent } from "../machine/worker/events.ts";
import { ACTIVITY } from "../machine/worker/value-table.ts";
import { WorkerMachine } from "../machine/worker/worker.ts";
import { InterruptCell } from "../table/interrupt.ts";
import { WORD } from "../threads/control-block.ts";
import type { GraphImage } from "../threads/graph-image.ts";
import type { ThreadGraph, ThreadMessage } from "../threads/messages.ts";
import { SLAB_BYTES, SLAB_VALUE_BYTES_MAX } from "../threads/thread-heap.ts";
import { ClientPorts } from "./client-ports.ts";
import { GraphWatch } from "./graph-watch.ts";
import { LanePool, type ThreadDeath } from "./lane-pool.ts";
import type { EngineInfo, Query, WireError } from "./messages.ts";
import { ReportReader } from "./report-reader.ts";
import {
  ADDRESS,
  type EngineInit,
  type LaneSpec,
  LaunchedThread,
  laneOf,
} from "./thread-launch.ts";
import { ownerOf, ValueStore } from "./value-store.ts";

/** The embedded engine has one worker. */
const WORKER = 0;
/** Part of the memory that goes to the table engine once it is used. */
const TABLE_SHARE = 0.5;
/** While tasks run, clients are told of results this often. */
const CLIENT_BATCH_MS = 1;
/** While threads wait for memory, it is looked this often whether all of them do. */
const STALL_CHECK_MS = 20;

/** A synchronous task that was cancelled may go on for so long. */
const CANCELLED_MS = 5000;
/** Threads are told of graphs to forget at the latest when there are so many. */
const FORGET_AT_MOST = 64;
/** A graph of at most so many bytes may be remembered for a while. */
const SMALL_GRAPH_BYTES = 65_536;

export class Engine {
  readonly #init: EngineInit;
  readonly scheduler: SchedulerMachine;
  readonly worker: WorkerMachine;
  readonly store: ValueStore;
  readonly #clients: ClientPorts;
  readonly watch: GraphWatch = new GraphWatch();
  readonly #tasks: LanePool;
  #table: LanePool | undefined;
  readonly #reports: ReportReader;
  #schedulerEvents: SchedulerEvent[] = [];
  #workerEvents: WorkerEvent[] = [];
  /** Graphs by scheduler slot: what threads were told. */
  readonly #graphs = new Map<number, ThreadGraph>();
  #nextGraph = 1;
  /** Small graphs that threads still remember: telling them costs more than that. */
  #forgotten: number[] = [];
  #active = false;
  #clientsToldMs = 0;
  #stallTimer: NodeJS.Timeout | undefined;
  /** What is taken back in this turn was cancelled, not just dropped. */
  #isCancelling = false;
  #closed = false;

  /** The task threads have been started; what they run comes from here. */
  constructor(init: EngineInit, lane: LaneSpec, launched: readonly LaunchedThread[]) {
    this.#init = init;
    this.scheduler = new SchedulerMachine({ allowedFailures: init.allowedFailures });
    this.worker = new WorkerMachine({
      ...init,
      slabValueBytes: SLAB_VALUE_BYTES_MAX,
      slabBytes: SLAB_BYTES,
    });
    this.store = new ValueStore(init.memoryLimitBytes, init.spillDirectory, init.validate, {
      arena: (memory) => this.#tellAll({ kind: "arena", memory }),
      page: (buffer) => this.#tellAll({ kind: "page", buffer }),
    });
    this.#clients = new ClientPorts(this);
    this.#reports = new ReportReader(this.store, this.watch, (id) => this.#isRunning(id));
    this.#tasks = this.#makeLane(lane, launched);
    this.#schedulerEvents.push({
      kind: "worker-joined",
      worker: WORKER,
      address: ADDRESS,
      threads: init.threads,
      memoryLimitBytes: init.memoryLimitBytes,
      resources: init.resources,
      leasesMax: 4096,
    });
    this.#listen(this.#tasks);
    this.wake();
  }

  connect(client: number, port: MessagePort): void {
    this.#clients.add(client, port);
  }

  /** Takes events of a client and handles them now. */
  tell(events: readonly SchedulerEvent[]): void {
    for (const event of events) this.#schedulerEvents.push(event);
    if (events.some(({ kind }) => kind === "cancel")) this.#isCancelling = true;
    this.wake();
  }

  tellWorker(event: WorkerEvent): void {
    this.#workerEvents.push(event);
    this.wake();
  }

  /** Puts a client's own values into the heap as tasks that are in memory already. */
  adopt(client: number, request: number, name: string, values: readonly Uint8Array[]): void {
    // The machine gives the ids; the values are stored under them before anything else can ask for
    // them.
    const sizes = Float64Array.from(values, (value) => value.length);
    const event: SchedulerEvent = {
      kind: "adopt",
      client,
      request,
      worker: WORKER,
      count: values.length,
      bytes: sizes,
      name,
    };
    this.#flush();
    const commands = this.scheduler.step([event]);
    const accepted = commands.find((c) => c.kind === "accepted");
    if (accepted?.kind === "accepted") {
      const ids = Int32Array.from(values, (_, i) => accepted.base + i);
      this.#store(ids, values);
    }
    this.#obeyScheduler(commands);
    this.wake();
  }

  /** Values go to disk when memory has no room for them. */
  #store(ids: Int32Array, values: readonly Uint8Array[]): void {
    const onDisk = new Uint8Array(ids.length);
    const bytes = Float64Array.from(values, (value, i) => {
      const id = ids[i]!;
      const fits = this.store.heap.usedBytes + value.length <= this.worker.memory.limitBytes;
      const inHeap = fits ? this.store.put(id, value) : -1;
      if (inHeap >= 0) return inHeap;
      if (!this.store.putOnDisk(id, value)) return this.store.put(id, value);
      onDisk[i] = 1;
      return value.length;
    });
    const lost = ids.filter((_, i) => bytes[i]! < 0);
    if (lost.length > 0) this.#schedulerEvents.push({ kind: "lost", worker: WORKER, ids: lost });
    const sizes = bytes.map((size) => Math.max(0, size));
    this.#workerEvents.push({ kind: "adopt", ids, bytes: sizes, onDisk });
  }

  /** Answers a client's question. */
  answer(what: Query, ids: Int32Array | undefined): unknown {
    if (what === "info") return this.#info();
    if (what === "progress") return progressOf(this.scheduler.state, ids?.[0] ?? -1);
    const { state } = this.scheduler;
    return Array.from(ids ?? [], (id) => ({
      state: this.scheduler.stateOf(id),
      workers: state.tasks.state[id] === STATE.memory ? [ADDRESS] : [],
      bytes: state.tasks.bytes[id] ?? 0,
    }));
  }

  #info(): EngineInfo {
    const { threads, memoryLimitBytes } = this.#init;
    return {
      address: ADDRESS,
      threads,
      memoryLimitBytes,
      transitions: this.scheduler.state.transitions,
      workers: {
        [ADDRESS]: {
          name: ADDRESS,
          threads,
          memoryLimitBytes,
          memoryBytes: this.store.heap.usedBytes,
          peakBytes: this.store.heap.peakBytes,
          spilledBytes: this.store.spilledBytes,
          running: this.worker.running,
        },
      },
    };
  }

  /** Runs turns until nothing is left to do, giving the event loop its turn in between. */
  wake(): void {
    if (this.#active || this.#closed) return;
    this.#active = true;
    this.#cycle();
  }

  async close(): Promise<void> {
    this.#closed = true;
    let isOpen = this.#table !== undefined;
    // A thread that is in a query hears of nothing else.
    this.#stopQueries(() => isOpen);
    await Promise.all([this.#tasks.close(), this.#table?.close()]);
    isOpen = false;
    this.store.close();
  }

  #cycle(): void {
    if (this.#closed) return;
    for (const lane of this.#lanes()) Atomics.store(lane.words, WORD.controlSleeps, 0);
    const worked = this.#turn();
    if (worked) {
      setImmediate(() => this.#cycle());
      return;
    }
    this.#active = false;
    this.#arm();
    if (this.worker.memory.isAsked) this.#watchForStall();
  }

  /** Threads wait for memory: when no other thread can free some, one of them gets it. */
  #watchForStall(): void {
    if (this.#stallTimer !== undefined) return;
    this.#stallTimer = setTimeout(() => {
      this.#stallTimer = undefined;
      if (this.#closed || !this.worker.memory.isAsked) return;
      if (this.#lanes().every((lane) => lane.allWait)) this.tellWorker({ kind: "stalled" });
      else this.#watchForStall();
    }, STALL_CHECK_MS);
  }

  /** One pass over all that has come in; false when there was nothing. */
  #turn(): boolean {
    let worked = false;
    for (const lane of this.#lanes()) {
      const count = lane.read((thread, kind, a, b, c) =>
        this.#reports.report(thread, kind, a, b, c),
      );
      if (count > 0) worked = true;
      lane.requests((thread, id, bytes) => {
        this.#workerEvents.push({ kind: "request", thread, id, bytes });
      });
    }
    this.#reports.take(WORKER, this.#workerEvents, this.#schedulerEvents);
    if (this.#workerEvents.length + this.#schedulerEvents.length > 0) worked = true;
    this.#flush();
    // While much runs, clients hear of many tasks at a time; when nothing runs, they hear at once.
    const nowMs = performance.now();
    const isIdle = !worked || this.worker.running === 0;
    if (isIdle || nowMs - this.#clientsToldMs > CLIENT_BATCH_MS) {
      this.#clientsToldMs = nowMs;
      this.#clients.tellWatchers();
      this.#clients.flush();
    }
    return worked;
  }

  /** Runs both machines until neither has anything to say. */
  #flush(): void {
    while (this.#workerEvents.length + this.#schedulerEvents.length > 0) {
      const workerEvents = this.#workerEvents;
      this.#workerEvents = [];
      if (workerEvents.length > 0) {
        const usedBytes = this.store.heap.usedBytes - this.store.unspillingBytes;
        this.#obeyWorker(this.worker.step(workerEvents, usedBytes));
      }
      const schedulerEvents = this.#schedulerEvents;
      this.#schedulerEvents = [];
      if (schedulerEvents.length > 0) this.#obeyScheduler(this.scheduler.step(schedulerEvents));
    }
    this.#isCancelling = false;
  }

  #obeyScheduler(commands: readonly SchedulerCommand[]): void {
    for (const command of commands) {
      switch (command.kind) {
        case "install":
          this.#install(command.graph);
          break;
        case "warn":
          this.#clients.warn(command.message);
          break;
        default:
          if ("client" in command) this.#clients.say(command);
          else if (command.kind !== "retired") this.#workerEvents.push(command);
      }
    }
  }

  #obeyWorker(commands: readonly WorkerCommand[]): void {
    const small: number[] = [];
    for (const command of commands) {
      switch (command.kind) {
        case "run":
          this.#run(command.table, command.ids);
          break;
        case "take-back":
          this.#takeBack(command.ids);
          break;
        case "spill":
          if (command.bytes > SLAB_VALUE_BYTES_MAX) this.#spill([command.id]);
          else small.push(command.id);
          break;
        case "unspill":
          this.#operate([command.id], "unspilled", this.store.unspill(command.id));
          break;
        case "evict":
          this.store.evict(command.id);
          break;
        case "keep":
          this.store.dropFile(command.id);
          break;
        case "discard":
          for (const id of command.ids) this.store.discard(id);
          break;
        case "grant":
          this.#grant(command.thread, command.bytes);
          break;
        case "pinned":
          this.#clients.pinned(command.reader, command.missing);
          break;
        case "warn":
          this.#clients.warn(command.message);
          break;
        case "collect":
          this.#clients.collect(performance.now());
          break;
        case "uninstalled":
          this.#uninstall(command.base);
          this.#schedulerEvents.push({ ...command, worker: WORKER });
          break;
        // There is no other worker to have anything from, or to join again.
        case "fetch":
        case "words":
        case "inventory":
        case "receive":
        case "refuse":
          break;
        default:
          if (this.watch.isActive) this.#tellWatch(command);
          this.#schedulerEvents.push({ ...command, worker: WORKER });
      }
    }
    if (small.length > 0) this.#spill(small);
  }

  #spill(ids: readonly number[]): void {
    this.#operate(ids, "spilled", this.store.spill(ids));
  }

  #tellWatch(command: WorkerCommand): void {
    if (command.kind === "finished") this.watch.ended(command.ids);
    else if (command.kind === "erred") this.watch.failed(command.id);
  }

  #install(installed: InstalledGraph): void {
    this.store.ensure(installed.base + installed.count);
    this.#workerEvents.push({ kind: "install", graph: installed });
    const { base, count, ids } = installed;
    const { depOffsets, deps, template } = installed.graph;
    const image = installed.body as GraphImage;
    const graph: ThreadGraph = {
      number: this.#nextGraph++,
      base,
      count,
      depOffsets,
      deps,
      template,
      image,
      ...(ids === undefined ? {} : { ids }),
    };
    this.#graphs.set(base, graph);
    for (const lane of this.#lanes()) lane.post({ kind: "graph", graph });
  }

  #uninstall(base: number): void {
    const graph = this.#graphs.get(base);
    if (graph === undefined) return;
    this.#graphs.delete(base);
    this.watch.remove(base);
    this.#forgotten.push(graph.number);
    if (this.#forgotten.length >= FORGET_AT_MOST || !isSmall(graph)) this.#tellForgotten();
    if (graph.image.usesScratch) {
      const folder = join(this.#init.spillDirectory, `graph-${graph.number}`);
      rm(folder, { recursive: true, force: true }).catch((error: unknown) => {
        this.#clients.warn(`the folder of an exchange stays behind: ${String(error)}`);
      });
    }
  }

  /** Stops the queries of the table thread for as long as `goesOn` says; all, or those meant. */
  #stopQueries(goesOn: () => boolean, isMeant?: (task: number) => boolean): void {
    const cell = new InterruptCell(this.#init.interruptCell);
    cell.stopWhile(goesOn, isMeant).catch((error: unknown) => {
      this.#clients.warn(`a query goes on: ${String(error)}`);
    });
  }

  #tellForgotten(): void {
    const numbers = this.#forgotten;
    this.#forgotten = [];
    for (const lane of this.#lanes()) lane.post({ kind: "forget", numbers });
  }

  #run(table: boolean, ids: Int32Array): void {
    const lane = table ? this.#tableLane() : this.#tasks;
    let graph: ThreadGraph | undefined;
    for (const id of ids) {
      if (graph === undefined || id < graph.base || id >= graph.base + graph.count) {
        graph = this.#graphs.get(this.scheduler.state.graphOf(id).base)!;
      }
      lane.push(id, graph.number);
    }
    lane.ring(ids.length);
  }

  #takeBack(ids: Int32Array): void {
    const got = this.#lanes().flatMap((lane) => [...lane.takeBack(ids)]);
    if (got.length > 0) this.#workerEvents.push({ kind: "taken-back", ids: Int32Array.from(got) });
    const back = new Set(got);
    const running = ids.filter((id) => !back.has(id) && this.#isRunning(id));
    if (running.length === 0) return;
    for (const lane of this.#lanes()) lane.post({ kind: "give-up", ids: running });
    if (this.#isCancelling) this.#endLater(running);
    // A query can be stopped at once.
    if (this.#table === undefined) return;
    const goesOn = (id: number): boolean => this.#isUnwanted(id);
    this.#stopQueries(
      () => running.some(goesOn),
      (task) => running.includes(task) && goesOn(task),
    );
  }

  /** Whether the task runs although nobody wants it: a later one of the same id is another. */
  #isUnwanted(id: number): boolean {
    return this.#isRunning(id) && this.worker.values.unwanted[id] === 1;
  }

  /**
   * A synchronous task cannot be stopped. One that was cancelled has some time to end; then its
   * thread is replaced, unless others run there.
   */
  #endLater(ids: Int32Array): void {
    const epochs = ids.map((id) => this.scheduler.state.tasks.epoch[id]!);
    const goesOn = (id: number, i: number): boolean =>
      this.#isUnwanted(id) && this.scheduler.state.tasks.epoch[id] === epochs[i];
    const timer = setTimeout(() => {
      if (this.#closed) return;
      const left = ids.filter(goesOn);
      for (let thread = 0; thread < this.#init.threads; thread++) {
        const isStuck = left.some((id) => this.#tasks.isRunningOn(thread, id));
        if (isStuck && this.#reports.underWay(thread).length === 0) this.#tasks.kill(thread);
      }
    }, CANCELLED_MS);
    timer.unref();
  }

  /** A file operation: its end is an event. */
  #operate(ids: readonly number[], kind: "spilled" | "unspilled", operation: Promise<void>): void {
    const ended = (failure: { readonly error?: string }): void => {
      for (const id of ids) this.#workerEvents.push({ kind, id, ...failure });
      this.wake();
    };
    operation.then(
      () => ended({}),
      (error: unknown) => ended({ error: String(error) }),
    );
  }

  #grant(thread: number, bytes: number): void {
    const lane = this.#lanes().find((candidate) => candidate.has(thread));
    const near = lane?.nearOf(thread);
    const extent = this.store.heap.allocate(bytes, {
      owner: ownerOf(thread),
      ...(near === undefined ? {} : { near }),
    });
    if (lane?.answer(thread, extent) !== true && extent !== undefined) this.store.heap.free(extent);
  }

  #makeLane(lane: LaneSpec, launched: readonly LaunchedThread[]): LanePool {
    return new LanePool({
      lane,
      launched,
      connectClient: (port) => this.#clients.addThread(port),
      greet: () => this.#greeting(),
      died: (thread, death) => this.#died(thread, death),
    });
  }

  /** The table thread is started when the first task needs it. */
  #tableLane(): LanePool {
    if (this.#table === undefined) {
      const { threads, memoryLimitBytes } = this.#init;
      const share = Math.floor(memoryLimitBytes * TABLE_SHARE);
      const table = { interruptCell: this.#init.interruptCell, threads, memoryLimitBytes: share };
      const lane = laneOf(this.#init, table);
      this.#table = this.#makeLane(lane, [new LaunchedThread(lane, 0)]);
      this.#workerEvents.push({ kind: "limit", bytes: memoryLimitBytes - share });
      this.#listen(this.#table);
    }
    return this.#table;
  }

  #lanes(): LanePool[] {
    return this.#table === undefined ? [this.#tasks] : [this.#tasks, this.#table];
  }

  #greeting(): ThreadMessage[] {
    return [
      ...this.store.heap.memories.map((memory) => ({ kind: "arena", memory }) as const),
      ...this.store.buffers.map((buffer) => ({ kind: "page", buffer }) as const),
      ...[...this.#graphs.values()].map((graph) => ({ kind: "graph", graph }) as const),
    ];
  }

  #tellAll(message: ThreadMessage & { kind: "arena" | "page" }): void {
    for (const lane of this.#lanes()) lane.post(message);
    this.#clients.broadcast(message);
  }

  #died(thread: number, death: ThreadDeath): void {
    this.#turn();
    this.store.freeOwner(thread);
    const under = [...death.running, ...this.#reports.underWay(thread)];
    const running = [...new Set(under)].filter((id) => this.#isRunning(id));
    for (const id of running) {
      const error: WireError = { plain: true, code: "KilledWorker", message: death.reason };
      this.#workerEvents.push({ kind: "failed", id, error, blame: "worker" });
    }
    if (running.length === 0) {
      // A task that has ended left something behind that threw: nobody else would hear of it.
      this.#clients.warn(`a task thread ended and was replaced: ${death.reason}`);
    }
    const unstarted = Int32Array.from(death.unstarted.filter((id) => this.#isRunning(id)));
    if (unstarted.length > 0) this.#workerEvents.push({ kind: "unstarted", ids: unstarted });
    this.#reports.forget(thread);
    this.#workerEvents.push({ kind: "thread-died", thread });
    this.wake();
  }

  #isRunning(id: number): boolean {
    return this.worker.values.activity[id] === ACTIVITY.running;
  }

  /** Goes to sleep: the next ring of a task thread wakes the control thread. */
  #arm(): void {
    for (const lane of this.#lanes()) Atomics.store(lane.words, WORD.controlSleeps, 1);
    if (this.#lanes().some((lane) => lane.hasNews)) {
      this.wake();
      return;
    }
  }

  #listen(lane: LanePool): void {
    const seen = Atomics.load(lane.words, WORD.controlBell);
    const waiting = Atomics.waitAsync(lane.words, WORD.controlBell, seen);
    const rung = (): void => {
      if (this.#closed) return;
      this.#listen(lane);
      this.wake();
    };
    if (waiting.async) waiting.value.then(rung);
    else setImmediate(rung);
  }
}

function isSmall({ deps, depOffsets, image }: ThreadGraph): boolean {
  const columns = image.segments.flatMap((segment) => segment.columns);
  const bytes = [
    deps.byteLength,
    depOffsets.byteLength,
    ...image.templates.map((template) => template.call.byteLength),
    ...columns.map((column) => (column.kind === "number" ? column.data : column.bytes).byteLength),
  ];
  return bytes.reduce((sum, part) => sum + part, 0) <= SMALL_GRAPH_BYTES;
}
