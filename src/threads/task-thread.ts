/**
 * @file The loop of a task thread: claim leases, run their functions, store the values, report. One
 * synchronous task runs at a time; an asynchronous one holds the slot until it ends or waits for
 * other tasks. The thread sleeps with its event loop alive, so timers and sockets of user code go
 * on.
 */
import "../functions/index.ts";
import { join } from "node:path";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { dropActors } from "../actors/kept.ts";
import { onLivingActors } from "../actors/living.ts";
import { config } from "../config/config.ts";
import { assert, HeddleError, isHeddleError } from "../core/errors.ts";
import { setAllocator } from "../ndarray/allocation.ts";
import { dropScratch } from "../ndarray/kernels/wasm/meeting.ts";
import type { InterruptCell } from "../table/interrupt.ts";
import { CLAIMS_MAX, THREAD, threadWord, WORD } from "./control-block.ts";
import { LeaseReader } from "./lease-ring.ts";
import type { ThreadAnswer, ThreadInit, ThreadMessage, ThreadOp } from "./messages.ts";
import { flushOutput, sendOutput } from "./output.ts";
import { clockWord, REPORT, ReportWriter, timeWord } from "./reports.ts";
import { ResultWriter } from "./results.ts";
import { setScratch } from "./scratch.ts";
import { type Holding, Slot } from "./slot.ts";
import { runInTask, runSynchronously } from "./task-context.ts";
import { type HeldInputs, LocalContext, TaskInputs } from "./task-inputs.ts";
import { LocalGraph, type LocalTemplate } from "./thread-graphs.ts";
import { TaskAllocator, ThreadHeap } from "./thread-heap.ts";
import type { ThreadService } from "./thread-service.ts";
import { ValuePages } from "./value-pages.ts";

/** Tasks shorter than this are claimed several at a time. */
const SHORT_MS = 0.005;
/** The event loop gets a turn after this long. */
const TURN_MS = 10;
/** A thread gives back what it does not need when it has slept this long. */
const REST_MS = 50;
/** Times are reported for at most this many tasks together. */
const TIMED_MAX = 256;

/** What belongs to an asynchronous task until it ends. */
interface UnderWay {
  readonly holding: Holding;
  readonly context: LocalContext;
  readonly inputs: HeldInputs;
}

class TaskThread {
  readonly #words: Int32Array;
  readonly #block: number;
  /** How many threads claim from the ring. */
  readonly #threads: number;
  /** On the table thread: through which its queries are stopped. */
  readonly #cell: InterruptCell | undefined;
  readonly #leases: LeaseReader;
  readonly #reports: ReportWriter;
  readonly #pages: ValuePages;
  readonly #heap: ThreadHeap;
  readonly #results: ResultWriter;
  readonly #allocator: TaskAllocator;
  readonly #graphs = new Map<number, LocalGraph>();
  /** Graph of the task that is running. */
  #graphNumber = 0;
  #stopping = false;
  readonly #slot: Slot = new Slot((id, waits) => {
    this.#reports.write(REPORT.suspended, id, Number(waits), 0);
    this.#reports.announce();
  });
  /** Asynchronous tasks by id; the function gives one up. */
  readonly #underWay = new Map<number, () => void>();
  readonly #claimedIds = new Int32Array(CLAIMS_MAX);
  readonly #claimedGraphs = new Int32Array(CLAIMS_MAX);
  readonly #at: TaskInputs;
  /** Context of synchronous tasks: one after the other. */
  #context: LocalContext = this.#synchronousContext();
  /** Mean time of the last tasks: short ones are claimed in bundles. */
  #meanMs = Number.POSITIVE_INFINITY;
  #timedTemplate: LocalTemplate | undefined;
  #timedId = 0;
  #timedCount = 0;
  #timedSinceMs = 0;
  /** What is done beside tasks; loaded when there is some of it. */
  #service: ThreadService | undefined;
  /** Plugins are being set up or torn down: no task begins before that has ended. */
  #changing: Promise<void> | undefined;

  constructor(init: ThreadInit, cell?: InterruptCell) {
    this.#cell = cell;
    this.#words = new Int32Array(init.block);
    this.#block = threadWord(init.thread);
    this.#threads = init.threads;
    this.#leases = new LeaseReader(this.#words, init.thread);
    this.#reports = new ReportWriter(this.#words, init.thread);
    this.#pages = new ValuePages(() => this.#readInbox("a page of values"));
    this.#heap = new ThreadHeap(this.#words, init.thread, this.#reports, init.budgetBytes, () =>
      this.#readInbox("an arena"),
    );
    onLivingActors((count) => {
      this.#words[this.#block + THREAD.actors] = count;
    });
    setScratch(() => join(init.scratch, `graph-${this.#graphNumber}`));
    this.#allocator = new TaskAllocator(this.#heap, init.threads);
    setAllocator(this.#allocator);
    this.#at = new TaskInputs(this.#pages, this.#heap, init.validate);
    this.#results = new ResultWriter(this.#pages, this.#heap, this.#allocator, this.#reports);
  }

  async run(): Promise<void> {
    parentPort?.on("message", (message: ThreadMessage) => this.#handle(message));
    // What was posted while the thread was loading comes before any lease.
    while (this.#readNext());
    this.#words[this.#block + THREAD.started] = 1;
    let turnEndsMs = performance.now() + TURN_MS;
    while (!this.#stopping) {
      if (this.#slot.isTaken) {
        this.#reports.announce();
        await this.#slot.free();
        continue;
      }
      if (this.#changing !== undefined) {
        await this.#changing;
        continue;
      }
      const count = this.#claim();
      if (count === 0) {
        this.#reportTime();
        this.#reports.announce();
        await this.#sleep();
        turnEndsMs = performance.now() + TURN_MS;
        continue;
      }
      // The control thread sees in time that there is soon nothing left to claim.
      if (this.#reports.hasUnannounced && this.#leases.length < this.#threads) {
        this.#reports.announce();
      }
      await this.#runClaimed(count);
      const nowMs = performance.now();
      this.#allocator.outside.look(nowMs);
      if (nowMs > turnEndsMs) {
        await new Promise(setImmediate);
        turnEndsMs = performance.now() + TURN_MS;
      }
    }
  }

  #claim(): number {
    const wanted = this.#meanMs < SHORT_MS ? CLAIMS_MAX : 1;
    this.#words[this.#block + THREAD.claimsDone] = 0;
    let count = 0;
    while (count < wanted && this.#leases.claim(count)) {
      this.#claimedIds[count] = this.#leases.id;
      this.#claimedGraphs[count++] = this.#leases.graph;
    }
    if (count > 0) this.#words[this.#block + THREAD.claimedAt] = clockWord();
    return count;
  }

  async #runClaimed(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const id = this.#claimedIds[i]!;
      const graph = this.#claimedGraphs[i]!;
      const local = this.#graphs.get(graph) ?? this.#graph(graph);
      const index = id - local.graph.base;
      const found = local.template(index);
      const loading = found instanceof Promise ? found : local.prepare(index);
      const template = loading === undefined ? found : await this.#loaded(id, index, local);
      if (template !== undefined) this.#start(id, index, local, template as LocalTemplate);
      this.#words[this.#block + THREAD.claimsDone] = i + 1;
      if (this.#slot.isTaken && i + 1 < count) await this.#slot.free();
    }
    this.#words[this.#block + THREAD.claimCount] = 0;
  }

  /** Waits for the task's modules; undefined when one cannot be loaded, which fails the task. */
  async #loaded(id: number, index: number, local: LocalGraph): Promise<LocalTemplate | undefined> {
    try {
      const template = await local.template(index);
      await local.prepare(index);
      return template;
    } catch (error) {
      this.#results.fail(id, error);
      return undefined;
    }
  }

  #start(id: number, index: number, local: LocalGraph, template: LocalTemplate): void {
    if (template !== this.#timedTemplate || this.#timedCount >= TIMED_MAX) {
      this.#reportTime();
      this.#timedTemplate = template;
      this.#timedId = id;
      this.#timedSinceMs = performance.now();
    }
    this.#heap.task = id;
    this.#graphNumber = local.graph.number;
    if (this.#cell !== undefined) this.#cell.task = id;
    const holding = { id, share: 1 / template.concurrency, waits: 0, isOver: false };
    const isSync = template.isAsync === false;
    const context = isSync ? this.#context : new LocalContext(() => this.#slot.suspend(holding));
    context.aim(id, local);
    if (this.#service?.isWatching) this.#service.transition(context.key, "waiting", "executing");
    let value: unknown;
    try {
      this.#at.aim(local, index);
      value = isSync
        ? runSynchronously(context, template.invoke, this.#at)
        : runInTask(context, template.invoke, this.#at);
    } catch (error) {
      this.#fail(id, context, error);
      this.#at.revokeInputs();
      context.end();
      return;
    }
    if (isPromise(value)) {
      if (isSync) this.#context = this.#synchronousContext();
      this.#timedTemplate = undefined;
      this.#timedCount = 0;
      template.isAsync = true;
      this.#follow(id, value, { holding, context, inputs: this.#at.takeInputs() });
      return;
    }
    context.end();
    template.isAsync ??= false;
    this.#keep(id, context, value, this.#at.problem());
    this.#at.revokeInputs();
    this.#timedCount++;
    if (this.#meanMs >= SHORT_MS) this.#reportTime();
  }

  /** An asynchronous task: holds its share of the slot until it settles or is given up. */
  #follow(id: number, value: PromiseLike<unknown>, { holding, context, inputs }: UnderWay): void {
    const startMs = performance.now();
    this.#slot.enter(holding);
    this.#reports.write(REPORT.began, id, 0, 0);
    const end = (store: () => void, isGivenUp = false): void => {
      if (holding.isOver) return;
      this.#underWay.delete(id);
      this.#heap.task = id;
      store();
      inputs.revoke();
      this.#slot.leave(holding);
      context.end(isGivenUp);
      this.#reports.write(REPORT.time, id, 1, timeWord(performance.now() - startMs));
      this.#reports.announce();
    };
    this.#underWay.set(id, () => {
      end(() => this.#reports.write(REPORT.givenUp, id, 0, 0), true);
    });
    value.then(
      (result) => end(() => this.#keep(id, context, result, inputs.problem())),
      (error) => end(() => this.#fail(id, context, error)),
    );
  }

  #synchronousContext(): LocalContext {
    const context: LocalContext = new LocalContext(() =>
      this.#slot.suspend({ id: context.id, share: 1, waits: 0, isOver: false }),
    );
    return context;
  }

  #keep(id: number, context: LocalContext, value: unknown, problem?: HeddleError): void {
    if (problem !== undefined) return this.#fail(id, context, problem);
    this.#results.store(id, value);
    if (this.#service?.isWatching) this.#service.transition(context.key, "executing", "memory");
  }

  #fail(id: number, context: LocalContext, error: unknown): void {
    const isAgain = asksAgain(error);
    if (isAgain) this.#reports.write(REPORT.again, id, 0, 0);
    else this.#results.fail(id, error);
    if (!this.#service?.isWatching) return;
    this.#service.transition(context.key, "executing", isAgain ? "released" : "error");
  }

  /** Does something beside tasks, plugins one after the other, and posts what became of it. */
  #serve(call: number, op: ThreadOp): void {
    const before = this.#changing ?? Promise.resolve();
    const served = before.then(async () => {
      if (this.#service === undefined) {
        const { ThreadService: Service } = await import("./thread-service.ts");
        this.#service ??= new Service();
      }
      const outcome = await this.#service.handle(op);
      parentPort?.postMessage({ kind: "called", call, outcome } satisfies ThreadAnswer);
    });
    if (op.kind === "run") return;
    const changing = served.finally(() => {
      if (this.#changing === changing) this.#changing = undefined;
    });
    this.#changing = changing;
  }

  #reportTime(): void {
    if (this.#timedTemplate === undefined || this.#timedCount === 0) return;
    const meanMs = (performance.now() - this.#timedSinceMs) / this.#timedCount;
    this.#meanMs = meanMs;
    this.#reports.write(REPORT.time, this.#timedId, this.#timedCount, timeWord(meanMs));
    this.#timedTemplate = undefined;
    this.#timedCount = 0;
  }

  async #sleep(): Promise<void> {
    const words = this.#words;
    const seen = Atomics.load(words, WORD.taskBell);
    Atomics.store(words, this.#block + THREAD.sleeps, 1);
    if (this.#leases.isEmpty && !this.#stopping) {
      const waiting = Atomics.waitAsync(words, WORD.taskBell, seen);
      const rest = this.#heap.isHolding ? setTimeout(() => this.#rest(), REST_MS) : undefined;
      if (waiting.async) await waiting.value;
      clearTimeout(rest);
    }
    Atomics.store(words, this.#block + THREAD.sleeps, 0);
  }

  /** A thread that has had nothing to do for a while holds nothing. */
  #rest(): void {
    dropScratch(this.#heap.memories);
    this.#allocator.collect();
    this.#heap.closeSlab();
    this.#reports.announce();
  }

  #graph(number: number): LocalGraph {
    for (;;) {
      const graph = this.#graphs.get(number);
      if (graph !== undefined) return graph;
      this.#readInbox(`graph ${number}`);
    }
  }

  #readInbox(wanted: string): void {
    if (this.#readNext()) return;
    throw new HeddleError("InvariantViolated", `a lease refers to ${wanted}, which never came`);
  }

  /** Handles a message that has come; false when there is none. */
  #readNext(): boolean {
    assert(parentPort, "a task thread runs as a worker");
    const received = receiveMessageOnPort(parentPort);
    if (received === undefined) return false;
    this.#handle(received.message as ThreadMessage);
    return true;
  }

  #handle(message: ThreadMessage): void {
    switch (message.kind) {
      case "graph":
        this.#graphs.set(message.graph.number, new LocalGraph(message.graph));
        return;
      case "forget":
        for (const number of message.numbers) this.#graphs.delete(number);
        return;
      case "give-up":
        for (const id of message.ids) this.#underWay.get(id)?.();
        return;
      case "actors-gone":
        return dropActors(message.ids);
      case "call":
        return this.#serve(message.call, message.op);
      case "page":
        this.#pages.add(message.buffer);
        return;
      case "arena":
        this.#heap.addArena(message.memory);
        return;
      case "rest":
        this.#allocator.outside.collect();
        if (this.#words[this.#block + THREAD.sleeps] === 1) this.#rest();
        return;
      case "stop":
        this.#stopping = true;
        flushOutput().then(
          () => process.exit(0),
          () => process.exit(1),
        );
        return;
    }
  }
}

/** Whether a task has thrown `Reschedule`. Looking at what was thrown may throw in turn. */
function asksAgain(error: unknown): boolean {
  try {
    return isHeddleError(error, "Reschedule");
  } catch {
    return false;
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    "then" in value &&
    typeof value.then === "function"
  );
}

const init = workerData as ThreadInit;
config.adopt(init.configuration);
sendOutput(init.outputPort);
let cell: InterruptCell | undefined;
if (init.table !== undefined) {
  const { interruptCell, threads, memoryLimitBytes } = init.table;
  const { configureTableEngine, InterruptCell: Cell } = await import("../table/index.ts");
  const tempDirectory = join(init.scratch, "table");
  cell = new Cell(interruptCell);
  configureTableEngine({ threads, memoryLimitBytes, tempDirectory }, cell);
}
const thread = new TaskThread(init, cell);
await thread.run();
