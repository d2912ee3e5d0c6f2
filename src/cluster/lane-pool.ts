/**
 * @file The threads of one lane (task threads, or the one table thread): starts them, restarts
 * those that die, feeds the lease ring, answers their mailboxes and reads their reports. Knows
 * nothing of what the tasks mean.
 */
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { config } from "../config/config.ts";
import type { Extent } from "../heap/index.ts";
import {
  makeControlBlock,
  THREAD,
  threadWord,
  UNIT_BYTES,
  WORD,
} from "../threads/control-block.ts";
import { LeaseWriter } from "../threads/lease-ring.ts";
import type { TableInit, ThreadInit, ThreadMessage } from "../threads/messages.ts";
import { readReports } from "../threads/reports.ts";
import { ANY_ARENA, MAIL } from "../threads/thread-heap.ts";

export interface LaneOptions {
  readonly threads: number;
  /** Number of the lane's first thread: numbers are unique over all lanes of the process. */
  readonly firstThread: number;
  readonly budgetBytes: number;
  readonly address: string;
  readonly scratch: string;
  readonly threadHeapMb: number;
  readonly threadYoungMb: number;
  readonly table?: TableInit;
  /** A task thread's own client connects through this port. */
  connectClient(port: MessagePort): void;
  /** Everything a new thread must know before its first lease. */
  greet(): ThreadMessage[];
  /** A thread ended; its reports have been read already. */
  died(thread: number, death: ThreadDeath): void;
}

/** A thread that has not stopped by itself after this long is terminated. */
const STOP_MS = 200;

/** What is known of a thread's end. */
export interface ThreadDeath {
  readonly reason: string;
  /** Ids that were running, without asynchronous tasks that had returned a promise. */
  readonly running: number[];
  /** Ids it had claimed and not begun. */
  readonly unstarted: number[];
}

export class LanePool {
  readonly words: Int32Array;
  readonly #options: LaneOptions;
  readonly #block: SharedArrayBuffer;
  readonly #workers: (Worker | undefined)[] = [];
  readonly #leases: LeaseWriter;
  /** Leases that found the ring full. */
  readonly #backlog: { id: number; graph: number }[] = [];
  readonly #asked: boolean[] = [];
  #closing = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#block = makeControlBlock(options.threads);
    this.words = new Int32Array(this.#block);
    this.#leases = new LeaseWriter(this.#block);
    for (let i = 0; i < options.threads; i++) this.#start(i);
  }

  post(message: ThreadMessage): void {
    for (const worker of this.#workers) worker?.postMessage(message);
  }

  push(id: number, graph: number): void {
    if (this.#backlog.length > 0 || !this.#leases.push(id, graph))
      this.#backlog.push({ id, graph });
  }

  /** Wakes the threads for `count` new leases. */
  ring(count: number): void {
    this.#leases.ring(Math.max(count, 1));
  }

  takeBack(ids: Int32Array): Int32Array {
    const got = this.#leases.takeBack(ids);
    const wanted = new Set(ids);
    const waiting = this.#backlog.filter((lease) => wanted.has(lease.id));
    if (waiting.length === 0) return got;
    const rest = this.#backlog.filter((lease) => !wanted.has(lease.id));
    this.#backlog.splice(0, this.#backlog.length, ...rest);
    return Int32Array.from([...got, ...waiting.map((lease) => lease.id)]);
  }

  /** Reads all reports; returns how many there were. */
  read(visit: (thread: number, kind: number, a: number, b: number, c: number) => void): number {
    let count = 0;
    for (let i = 0; i < this.#options.threads; i++) {
      const thread = this.#options.firstThread + i;
      count += readReports(this.words, i, (kind, a, b, c) => visit(thread, kind, a, b, c));
      if (count > 0) Atomics.notify(this.words, threadWord(i) + THREAD.reportHead);
    }
    if (this.#backlog.length > 0) this.#pushBacklog();
    return count;
  }

  /** Calls `visit` with each request for heap that was not seen before. */
  requests(visit: (thread: number, id: number, bytes: number) => void): void {
    for (let i = 0; i < this.#options.threads; i++) {
      const block = threadWord(i);
      if (Atomics.load(this.words, block + THREAD.mailState) !== MAIL.asked) continue;
      if (this.#asked[i] === true) continue;
      this.#asked[i] = true;
      const bytes = this.words[block + THREAD.mailUnits]! * UNIT_BYTES;
      visit(this.#options.firstThread + i, this.words[block + THREAD.mailId]!, bytes);
    }
  }

  /** The arena in which a thread would like its extent to lie; undefined when any will do. */
  nearOf(thread: number): number | undefined {
    const near = this.words[threadWord(thread - this.#options.firstThread) + THREAD.mailArena]!;
    return near === ANY_ARENA ? undefined : near;
  }

  /** Answers a request; false when the thread has died and does not wait any more. */
  answer(thread: number, extent: Extent | undefined): boolean {
    const i = thread - this.#options.firstThread;
    const block = threadWord(i);
    if (this.#asked[i] !== true) return false;
    this.#asked[i] = false;
    if (extent !== undefined) {
      this.words[block + THREAD.mailArena] = extent.arena;
      this.words[block + THREAD.mailOffset] = extent.offset / UNIT_BYTES;
    }
    const state = extent === undefined ? MAIL.refused : MAIL.granted;
    Atomics.store(this.words, block + THREAD.mailState, state);
    Atomics.notify(this.words, block + THREAD.mailState);
    return true;
  }

  /** Whether some thread has reported or asked since the last look. */
  get hasNews(): boolean {
    for (let i = 0; i < this.#options.threads; i++) {
      const block = threadWord(i);
      const written = Atomics.load(this.words, block + THREAD.reportTail);
      if (written !== this.words[block + THREAD.reportHead]) return true;
      const asks = Atomics.load(this.words, block + THREAD.mailState) === MAIL.asked;
      if (asks && this.#asked[i] !== true) return true;
    }
    return false;
  }

  /** Whether no thread runs anything: each sleeps or waits for memory. */
  get allWait(): boolean {
    let waiting = Atomics.load(this.words, WORD.sleepers);
    for (let i = 0; i < this.#options.threads; i++) {
      const state = Atomics.load(this.words, threadWord(i) + THREAD.mailState);
      if (state === MAIL.asked) waiting++;
    }
    return waiting >= this.#options.threads;
  }

  has(thread: number): boolean {
    const i = thread - this.#options.firstThread;
    return i >= 0 && i < this.#options.threads;
  }

  /** Whether the task is the one that thread number `i` of the lane runs now. */
  isRunningOn(i: number, id: number): boolean {
    return this.#claimsOf(i).running.includes(id);
  }

  /** Ends a thread at once, whatever it does. */
  kill(thread: number): void {
    this.#workers[thread - this.#options.firstThread]?.terminate();
  }

  /** Ends all threads: those that are idle after what they have printed is out, others at once. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(
      this.#workers.map(async (worker) => {
        if (worker === undefined) return;
        const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
        worker.postMessage({ kind: "stop" } satisfies ThreadMessage);
        await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, STOP_MS))]);
        await worker.terminate();
      }),
    );
  }

  #start(i: number): void {
    const { port1, port2 } = new MessageChannel();
    this.#options.connectClient(port1);
    const init: ThreadInit = {
      thread: i,
      configuration: config.serialize(),
      block: this.#block,
      budgetBytes: this.#options.budgetBytes,
      address: this.#options.address,
      scratch: this.#options.scratch,
      threads: this.#options.threads,
      clientPort: port2,
      ...(this.#options.table === undefined ? {} : { table: this.#options.table }),
    };
    const { threadHeapMb, threadYoungMb } = this.#options;
    const worker = new Worker(new URL("../threads/task-thread.js", import.meta.url), {
      workerData: init,
      transferList: [port2],
      name: `heddle-task-${this.#options.firstThread + i}`,
      resourceLimits: {
        maxOldGenerationSizeMb: threadHeapMb,
        maxYoungGenerationSizeMb: threadYoungMb,
      },
    });
    this.#workers[i] = worker;
    for (const message of this.#options.greet()) worker.postMessage(message);
    let reason = "";
    worker.on("error", (error) => {
      reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    });
    worker.on("exit", (code) => {
      port1.close();
      if (!this.#closing) this.#exited(i, reason || `the thread ended with exit code ${code}`);
    });
  }

  #exited(i: number, reason: string): void {
    const death = { reason, ...this.#claimsOf(i) };
    this.#asked[i] = false;
    const block = threadWord(i);
    this.words.fill(0, block, block + THREAD.reportHead);
    this.words[block + THREAD.mailState] = MAIL.idle;
    if (this.words[block + THREAD.sleeps] === 1) Atomics.sub(this.words, WORD.sleepers, 1);
    this.words[block + THREAD.sleeps] = 0;
    this.#options.died(this.#options.firstThread + i, death);
    this.#start(i);
  }

  #claimsOf(i: number): { running: number[]; unstarted: number[] } {
    const block = threadWord(i);
    const count = this.words[block + THREAD.claimCount]!;
    const done = this.words[block + THREAD.claimsDone]!;
    const claims = Array.from(
      this.words.subarray(block + THREAD.claims + done, block + THREAD.claims + count),
    );
    return { running: claims.slice(0, 1), unstarted: claims.slice(1) };
  }

  #pushBacklog(): void {
    let pushed = 0;
    for (const { id, graph } of this.#backlog) {
      if (!this.#leases.push(id, graph)) break;
      pushed++;
    }
    this.#backlog.splice(0, pushed);
    if (pushed > 0) this.ring(pushed);
  }
}
