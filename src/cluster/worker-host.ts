/**
 * @file A worker's control thread: the worker machine and the shell around it (threads, heap,
 * disk). All decisions are the machine's; here they are carried out. The thread sleeps until a task
 * thread rings, the scheduler or a client speaks, or a file operation ends. What is on the other
 * side of the `WorkerListener`, a scheduler in the same thread or one far away, makes no
 * difference.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { MessagePort } from "node:worker_threads";
import type { InstalledGraph, Inventory } from "../machine/scheduler/events.ts";
import type { WorkerCommand, WorkerEvent } from "../machine/worker/events.ts";
import { ACTIVITY } from "../machine/worker/value-table.ts";
import { WorkerMachine } from "../machine/worker/worker.ts";
import { InterruptCell } from "../table/interrupt.ts";
import { WORD } from "../threads/control-block.ts";
import type { GraphImage } from "../threads/graph-image.ts";
import type { ThreadGraph, ThreadMessage } from "../threads/messages.ts";
import { SLAB_BYTES, SLAB_VALUE_BYTES_MAX } from "../threads/thread-heap.ts";
import type { RunningTask } from "./control/ops.ts";
import { WorkerService } from "./control/worker-service.ts";
import { LanePool, type ThreadDeath } from "./lane-pool.ts";
import type { WireError } from "./messages.ts";
import { ReportReader } from "./report-reader.ts";
import { StuckTasks, type StuckThreads, type Unwanted } from "./stuck-tasks.ts";
import { tableBytesOf } from "./table-share.ts";
import { type EngineInit, type LaneSpec, LaunchedThread, laneOf } from "./thread-launch.ts";
import { ownerOf, ValueStore } from "./value-store.ts";
import type { WorkerReport } from "./worker-report.ts";

/** Smaller changes of what the process has room for are of no matter. */
const LIMIT_STEP_BYTES = 2 ** 20;
/** While threads or tasks wait for memory, it is looked this often whether all of them do. */
const STALL_CHECK_MS = 20;
/** And so often again, while the threads give back what they hold without need. */
const STALL_CHECKS = 2;
/** Threads are told of graphs to forget at the latest when there are so many. */
const FORGET_AT_MOST = 64;
/** A graph of at most so many bytes may be remembered for a while. */
const SMALL_GRAPH_BYTES = 65_536;

/** Whoever a worker works for. */
export interface WorkerListener {
  /** A turn: what has come in is handled, with `step`; false when there was nothing. */
  turn(): boolean;
  report(report: WorkerReport): void;
  warn(message: string): void;
  /** Memory is short: clients should let go of values that they have forgotten. */
  collect(): void;
  /**
   * More than the limit may be given: time to look what the whole process takes, and to say it
   * (`limitValues`). Returns what values may take at most if no task runs.
   */
  measure?(): number;
  /** The values that a reader asked for are in memory, except the missing ones. */
  pinned(reader: number, missing: Int32Array): void;
  /** Values are to come from another worker; each ends in `fetched` or `fetch-failed`. */
  fetch(command: Extract<WorkerCommand, { kind: "fetch" }>): void;
  /** A client may bring these values, or not; answers `offered`. */
  taken(ids: Int32Array, isTaken: boolean): void;
  /** What there is here, for a scheduler that knows nothing of it. */
  inventory(inventory: Inventory): void;
  /** A task thread's own client connects through this port. */
  connectClient(port: MessagePort): void;
  /** Memory that readers of values in this process must know. */
  share(message: Extract<ThreadMessage, { kind: "arena" | "page" }>): void;
}

export class WorkerHost {
  readonly machine: WorkerMachine;
  readonly store: ValueStore;
  /** What is done beside tasks. */
  readonly service: WorkerService;
  readonly #init: EngineInit;
  readonly #listener: WorkerListener;
  #tasks: LanePool | undefined;
  #table: LanePool | undefined;
  readonly #reports: ReportReader;
  #events: WorkerEvent[] = [];
  /** What the process has room for, beside all else that it takes. */
  #valuesBytes: number = Number.POSITIVE_INFINITY;
  #mostBytes: number = Number.POSITIVE_INFINITY;
  /** Graphs by base: what threads were told. */
  readonly #graphs = new Map<number, ThreadGraph>();
  #nextGraph = 1;
  /** Small graphs that threads still remember: telling them costs more than that. */
  #forgotten: number[] = [];
  #active = false;
  #stallTimer: NodeJS.Timeout | undefined;
  /** Why what is taken back in this step is to end, where it need not just go on. */
  #ends: Unwanted | undefined;
  readonly #stuck: StuckTasks;
  /** Threads that are being ended because of what they run: the rest of it is not to blame. */
  readonly #ending = new Set<number>();
  #closed = false;
  /** Threads end because they were told to: nobody need hear of it. */
  #isRestarting = false;

  constructor(init: EngineInit, listener: WorkerListener) {
    this.#init = init;
    this.#listener = listener;
    this.machine = new WorkerMachine({
      ...init,
      slabValueBytes: SLAB_VALUE_BYTES_MAX,
      slabBytes: SLAB_BYTES,
    });
    this.store = new ValueStore(init.memoryLimitBytes, init.spillDirectory, init.validate, {
      arena: (memory) => this.#tellAll({ kind: "arena", memory }),
      page: (buffer) => this.#tellAll({ kind: "page", buffer }),
      actorGone: (id) => this.#tasks?.post({ kind: "actors-gone", ids: [id] }),
    });
    this.#reports = new ReportReader(this.store, (id) => this.#isRunning(id));
    this.service = new WorkerService(this.#serviceHost());
    this.#stuck = new StuckTasks(this.#stuckThreads());
  }

  /** The task threads have been started; what they run comes from here from now on. */
  start(lane: LaneSpec, launched: readonly LaunchedThread[]): void {
    this.#tasks = this.#makeLane(lane, launched);
    this.#listen(this.#tasks);
    this.wake();
  }

  /** Tasks handed to the threads and not ended. */
  get running(): number {
    return this.machine.running;
  }

  /** The tasks that threads run now, and for how long. */
  get runningNow(): RunningTask[] {
    const inLanes = this.#lanes().flatMap((lane) => lane.runningNow);
    return [...inLanes.filter(({ id }) => this.#isRunning(id)), ...this.#reports.goingOn];
  }

  /** What is known of the worker's memory and work now. */
  get load(): WorkerLoad {
    return {
      memoryBytes: this.store.heap.usedBytes,
      peakBytes: this.store.heap.peakBytes,
      spilledBytes: this.store.spilledBytes,
      running: this.running,
    };
  }

  /** Takes an event, which the next step handles. */
  tell(event: WorkerEvent): void {
    if (event.kind === "install") this.#install(event.graph);
    this.#events.push(event);
    if (event.kind === "revoke") this.#ends = event.ends ?? this.#ends;
  }

  /**
   * The process has room for so many bytes of values, whatever their own limit; a task that needs
   * more than the most, when nothing can make room, fails.
   */
  limitValues(bytes: number, mostBytes: number): void {
    const isNear = (a: number, b: number): boolean => Math.abs(a - b) < LIMIT_STEP_BYTES;
    if (isNear(bytes, this.#valuesBytes) && isNear(mostBytes, this.#mostBytes)) return;
    this.#valuesBytes = bytes;
    this.#mostBytes = mostBytes;
    this.#tellLimit();
    this.wake();
  }

  /** Puts values into memory, or on disk when it has no room for them; returns those lost. */
  hold(ids: Int32Array, values: readonly Uint8Array[]): Int32Array {
    const onDisk = new Uint8Array(ids.length);
    const bytes = Float64Array.from(values, (value, i) => {
      const id = ids[i]!;
      const fits = this.store.heap.usedBytes + value.length <= this.machine.memory.limitBytes;
      const inHeap = fits ? this.store.put(id, value) : -1;
      if (inHeap >= 0) return inHeap;
      if (!this.store.putOnDisk(id, value)) return this.store.put(id, value);
      onDisk[i] = 1;
      return value.length;
    });
    const sizes = bytes.map((size) => Math.max(0, size));
    this.#events.push({ kind: "adopt", ids, bytes: sizes, onDisk });
    return ids.filter((_, i) => bytes[i]! < 0);
  }

  /** Runs turns until nothing is left to do, giving the event loop its turn in between. */
  wake(): void {
    if (this.#active || this.#closed || this.#tasks === undefined) return;
    this.#active = true;
    this.#cycle();
  }

  /** Runs the machine over what has come in; false when there was nothing. */
  step(): boolean {
    if (this.#events.length === 0) return false;
    const events = this.#events;
    this.#events = [];
    const usedBytes = this.store.heap.usedBytes - this.store.unspillingBytes;
    this.#obey(this.machine.step(events, usedBytes));
    this.#ends = undefined;
    return true;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stuck.close();
    let isOpen = this.#table !== undefined;
    // A thread that is in a query hears of nothing else.
    this.#stopQueries(() => isOpen);
    await Promise.all([this.#tasks?.close(), this.#table?.close()]);
    isOpen = false;
    this.store.close();
  }

  #cycle(): void {
    if (this.#closed) return;
    for (const lane of this.#lanes()) Atomics.store(lane.words, WORD.controlSleeps, 0);
    if (this.#turn()) {
      setImmediate(() => this.#cycle());
      return;
    }
    this.#active = false;
    this.#arm();
    if (this.machine.memory.isAsked) this.#watchForStall();
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
        if (!this.machine.memory.fits(bytes)) this.#listener.measure?.();
        this.#events.push({ kind: "request", thread, id, bytes });
      });
    }
    this.#reports.take(this.#events, (report) => this.#listener.report(report));
    return this.#listener.turn() || worked;
  }

  /**
   * Memory is waited for. When no thread can free some, not even by giving back what it holds
   * without need, somebody gets it or fails.
   */
  #watchForStall(checks = 0): void {
    if (this.#stallTimer !== undefined) return;
    this.#stallTimer = setTimeout(() => {
      this.#stallTimer = undefined;
      if (this.#closed || !this.machine.memory.isAsked) return;
      if (!this.#lanes().every((lane) => lane.allWait)) return this.#watchForStall();
      if (checks === 0) for (const lane of this.#lanes()) lane.post({ kind: "rest" });
      if (checks < STALL_CHECKS) return this.#watchForStall(checks + 1);
      const mostBytes = this.#listener.measure?.();
      this.tell({ kind: "stalled", ...(mostBytes === undefined ? {} : { mostBytes }) });
      this.wake();
    }, STALL_CHECK_MS);
  }

  #obey(commands: readonly WorkerCommand[]): void {
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
        case "deny":
          this.#deny(command.thread, command.isDiskFull);
          break;
        case "pinned":
          this.#listener.pinned(command.reader, command.missing);
          break;
        case "warn":
          this.#listener.warn(command.message);
          break;
        case "collect":
          this.#listener.collect();
          break;
        case "fetch":
          this.#listener.fetch(command);
          break;
        case "receive":
        case "refuse":
          this.#listener.taken(command.ids, command.kind === "receive");
          break;
        case "inventory":
          this.#listener.inventory(command.inventory);
          break;
        case "words":
          this.store.setWords(command);
          break;
        case "uninstalled":
          this.#uninstall(command.base);
          this.#listener.report(command);
          break;
        default:
          this.#listener.report(command);
      }
    }
    if (small.length > 0) this.#spill(small);
  }

  #spill(ids: readonly number[]): void {
    this.#operate(ids, "spilled", this.store.spill(ids));
  }

  #install(installed: InstalledGraph): void {
    this.store.ensure(installed.base + installed.count);
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
    for (const lane of this.#lanesFor(installed)) lane.post({ kind: "graph", graph });
  }

  #uninstall(base: number): void {
    const graph = this.#graphs.get(base);
    if (graph === undefined) return;
    this.#graphs.delete(base);
    this.#forgotten.push(graph.number);
    if (this.#forgotten.length >= FORGET_AT_MOST || !isSmall(graph)) this.#tellForgotten();
    if (graph.image.usesScratch) {
      const folder = join(this.#init.spillDirectory, `graph-${graph.number}`);
      rm(folder, { recursive: true, force: true }).catch((error: unknown) => {
        this.#listener.warn(`the folder of an exchange stays behind: ${String(error)}`);
      });
    }
  }

  /** Stops the queries of the table thread for as long as `goesOn` says; all, or those meant. */
  #stopQueries(goesOn: () => boolean, isMeant?: (task: number) => boolean): void {
    const cell = new InterruptCell(this.#init.interruptCell);
    cell.stopWhile(goesOn, isMeant).catch((error: unknown) => {
      this.#listener.warn(`a query goes on: ${String(error)}`);
    });
  }

  #tellForgotten(): void {
    const numbers = this.#forgotten;
    this.#forgotten = [];
    for (const lane of this.#lanes()) lane.post({ kind: "forget", numbers });
  }

  #run(table: boolean, ids: Int32Array): void {
    const lane = table ? this.#tableLane() : this.#tasks!;
    let graph: ThreadGraph | undefined;
    for (const id of ids) {
      if (graph === undefined || id < graph.base || id >= graph.base + graph.count) {
        graph = this.#graphs.get(this.machine.baseOf(id))!;
      }
      lane.push(id, graph.number);
    }
    lane.ring(ids.length);
  }

  #takeBack(ids: Int32Array): void {
    const got = this.#lanes().flatMap((lane) => [...lane.takeBack(ids)]);
    if (got.length > 0) this.#events.push({ kind: "taken-back", ids: Int32Array.from(got) });
    const back = new Set(got);
    // One that is only asked for back, and has begun, goes on.
    const running = ids.filter((id) => !back.has(id) && this.#isUnwanted(id));
    if (running.length === 0) return;
    for (const lane of this.#lanes()) lane.post({ kind: "give-up", ids: running });
    if (this.#ends !== undefined) this.#stuck.add(running, this.#ends);
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
    return this.#isRunning(id) && this.machine.values.unwanted[id] === 1;
  }

  #stuckThreads(): StuckThreads {
    const { values } = this.machine;
    return {
      count: this.#init.threads,
      unwantedRun: (id) => (this.#isUnwanted(id) ? values.epoch[id] : undefined),
      isRunningOn: (thread, id) => this.#tasks?.isRunningOn(thread, id) === true,
      isShared: (thread) =>
        this.#reports.underWay(thread).length > 0 || (this.#tasks?.actorsOn(thread) ?? 0) > 0,
      end: (thread) => {
        this.#ending.add(thread);
        this.#tasks?.kill(thread).catch(() => undefined);
      },
    };
  }

  /** A file operation: its end is an event. */
  #operate(ids: readonly number[], kind: "spilled" | "unspilled", operation: Promise<void>): void {
    const ended = (failure: { readonly error?: string }): void => {
      for (const id of ids) this.#events.push({ kind, id, ...failure });
      this.wake();
    };
    operation.then(
      () => ended({}),
      (error: unknown) => ended({ error: String(error) }),
    );
  }

  #deny(thread: number, isDiskFull: boolean): void {
    const lane = this.#lanes().find((candidate) => candidate.has(thread));
    lane?.answer(thread, undefined, isDiskFull);
  }

  #grant(thread: number, bytes: number): void {
    const lane = this.#lanes().find((candidate) => candidate.has(thread));
    const near = lane?.nearOf(thread);
    const { heap } = this.store;
    const where = { owner: ownerOf(thread), ...(near === undefined ? {} : { near }) };
    const extent = heap.allocate(bytes, where);
    if (lane?.answer(thread, extent) !== true && extent !== undefined) this.store.heap.free(extent);
  }

  #makeLane(lane: LaneSpec, launched: readonly LaunchedThread[]): LanePool {
    return new LanePool({
      lane,
      launched,
      connectClient: (port) => this.#listener.connectClient(port),
      greet: () => [
        ...this.#greeting(),
        ...(lane.table === undefined ? this.service.greeting() : []),
      ],
      answered: (_thread, answer) => this.service.answered(answer),
      died: (thread, death) => this.#died(thread, death),
    });
  }

  /** The table thread is started when the first task needs it. */
  #tableLane(): LanePool {
    if (this.#table === undefined) {
      const { threads, interruptCell } = this.#init;
      const memoryLimitBytes = this.#tableShareBytes;
      const lane = laneOf(this.#init, { interruptCell, threads, memoryLimitBytes });
      this.#table = this.#makeLane(lane, [new LaunchedThread(lane, 0)]);
      this.#tellLimit();
      this.#listen(this.#table);
    }
    return this.#table;
  }

  get #tableShareBytes(): number {
    const { memoryLimitBytes, processLimitBytes } = this.#init;
    return tableBytesOf(memoryLimitBytes, processLimitBytes);
  }

  /** What the table engine has of the memory for values: nothing until it is used. */
  get tableBytes(): number {
    return this.#table === undefined ? 0 : this.#tableShareBytes;
  }

  /** What values may take: less once the table thread has its part, or the process is short. */
  #tellLimit(): void {
    const ofAll = this.#init.memoryLimitBytes - this.tableBytes;
    const bytes = Math.min(ofAll, this.#valuesBytes);
    this.#events.push({ kind: "limit", bytes, mostBytes: this.#mostBytes });
  }

  /** The lanes that run tasks of a graph: the threads of others need not wake to hear of it. */
  #lanesFor({ graph }: InstalledGraph): LanePool[] {
    const runs = (table: boolean): boolean =>
      graph.templates.some((template) => (template.lane === "table") === table);
    return this.#lanes().filter((lane) => runs(lane === this.#table));
  }

  #lanes(): LanePool[] {
    return [this.#tasks, this.#table].filter((lane) => lane !== undefined);
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
    this.#listener.share(message);
  }

  #serviceHost(): ConstructorParameters<typeof WorkerService>[0] {
    const host = this;
    return {
      threads: this.#init.threads,
      get runningNow() {
        return host.runningNow;
      },
      postTo: (thread, message) => this.#tasks?.postTo(thread, message),
      isAsleep: (thread) => this.#tasks?.isAsleep(thread) ?? false,
      restartThreads: async () => {
        this.#isRestarting = true;
        const threads = Array.from({ length: this.#init.threads }, (_, thread) => thread);
        await Promise.all(threads.map(async (thread) => await this.#tasks?.kill(thread)));
        this.#isRestarting = false;
      },
    };
  }

  #died(thread: number, death: ThreadDeath): void {
    this.#turn();
    this.service.threadDied(thread, death.reason);
    this.store.freeOwner(thread);
    const under = [...death.running, ...this.#reports.underWay(thread)];
    const running = [...new Set(under)].filter((id) => this.#isRunning(id));
    const isEnded = this.#ending.delete(thread);
    const isInnocent = (id: number): boolean => isEnded && !this.#isUnwanted(id);
    for (const id of running) {
      if (isInnocent(id)) continue;
      const error: WireError = { plain: true, code: "KilledWorker", message: death.reason };
      this.#events.push({ kind: "failed", id, error, blame: "worker" });
    }
    if (running.length === 0 && !this.#isRestarting) {
      // A task that has ended left something behind that threw: nobody else would hear of it.
      this.#listener.warn(`a task thread ended and was replaced: ${death.reason}`);
    }
    const again = death.unstarted.filter((id) => this.#isRunning(id));
    const unstarted = Int32Array.from([...again, ...running.filter(isInnocent)]);
    if (unstarted.length > 0) this.#events.push({ kind: "unstarted", ids: unstarted });
    this.#reports.forget(thread);
    this.#events.push({ kind: "thread-died", thread });
    this.wake();
  }

  #isRunning(id: number): boolean {
    return this.machine.values.activity[id] === ACTIVITY.running;
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

/** What a worker's memory holds, and how much it runs. */
export interface WorkerLoad {
  /** Bytes of values and of running tasks' arrays in the heap. */
  readonly memoryBytes: number;
  /** The most there were at any time. */
  readonly peakBytes: number;
  readonly spilledBytes: number;
  readonly running: number;
}
