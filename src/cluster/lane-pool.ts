/**
 * @file The threads of one lane (task threads, or the one table thread): starts them, restarts
 * those that die, feeds the lease ring, answers their mailboxes and reads their reports. Knows
 * nothing of what the tasks mean.
 */
import type { MessagePort, Worker } from "node:worker_threads";
import { HeddleError } from "../core/errors.ts";
import type { Extent } from "../heap/index.ts";
import { THREAD, threadWord, UNIT_BYTES } from "../threads/control-block.ts";
import { LeaseWriter } from "../threads/lease-ring.ts";
import type { ThreadAnswer, ThreadMessage } from "../threads/messages.ts";
import { readReports, sinceWord } from "../threads/reports.ts";
import { ANY_ARENA, MAIL } from "../threads/thread-heap.ts";
import { type LaneSpec, LaunchedThread } from "./thread-launch.ts";

export interface LaneOptions {
  readonly lane: LaneSpec;
  /** Its threads, which have been started. */
  readonly launched: readonly LaunchedThread[];
  /** A task thread's own client connects through this port. */
  connectClient(port: MessagePort): void;
  /** Everything a new thread must know before its first lease. */
  greet(): ThreadMessage[];
  /** A thread has answered a call. */
  answered(thread: number, answer: ThreadAnswer): void;
  /** A thread ended; its reports have been read already. */
  died(thread: number, death: ThreadDeath): void;
}

/** A thread that has not stopped by itself after this long is terminated. */
const STOP_MS = 200;

/** The engine ends when as many threads in a row could not start. */
const STARTS_MAX = 5;

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
  readonly #lane: LaneSpec;
  readonly #workers: (Worker | undefined)[] = [];
  readonly #leases: LeaseWriter;
  /** Leases that found the ring full. */
  readonly #backlog: { id: number; graph: number }[] = [];
  readonly #asked: boolean[] = [];
  /** Threads in a row that ended before they looked for leases. */
  #failedStarts = 0;
  #closing = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#lane = options.lane;
    this.words = new Int32Array(options.lane.block);
    this.#leases = new LeaseWriter(options.lane.block);
    for (const [i, thread] of options.launched.entries()) this.#adopt(i, thread);
  }

  post(message: ThreadMessage): void {
    for (const worker of this.#workers) worker?.postMessage(message);
  }

  postTo(i: number, message: ThreadMessage): void {
    this.#workers[i]?.postMessage(message);
  }

  /** Whether thread number `i` of the lane has nothing to run. */
  isAsleep(i: number): boolean {
    return Atomics.load(this.words, threadWord(i) + THREAD.sleeps) === 1;
  }

  /** The synchronous tasks that threads run now. */
  get runningNow(): { id: number; thread: number; elapsedMs: number }[] {
    return Array.from({ length: this.#lane.threads }, (_, i) =>
      this.#claimsOf(i).running.map((id) => {
        const elapsedMs = sinceWord(this.words[threadWord(i) + THREAD.claimedAt]!);
        return { id, thread: this.#lane.firstThread + i, elapsedMs };
      }),
    ).flat();
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
    for (let i = 0; i < this.#lane.threads; i++) {
      const thread = this.#lane.firstThread + i;
      count += readReports(this.words, i, (kind, a, b, c) => visit(thread, kind, a, b, c));
      if (count > 0) Atomics.notify(this.words, threadWord(i) + THREAD.reportHead);
    }
    if (this.#backlog.length > 0) this.#pushBacklog();
    return count;
  }

  /** Calls `visit` with each request for heap that was not seen before. */
  requests(visit: (thread: number, id: number, bytes: number) => void): void {
    for (let i = 0; i < this.#lane.threads; i++) {
      const block = threadWord(i);
      if (Atomics.load(this.words, block + THREAD.mailState) !== MAIL.asked) continue;
      if (this.#asked[i] === true) continue;
      this.#asked[i] = true;
      const bytes = this.words[block + THREAD.mailUnits]! * UNIT_BYTES;
      visit(this.#lane.firstThread + i, this.words[block + THREAD.mailId]!, bytes);
    }
  }

  /** The arena in which a thread would like its extent to lie; undefined when any will do. */
  nearOf(thread: number): number | undefined {
    const near = this.words[threadWord(thread - this.#lane.firstThread) + THREAD.mailArena]!;
    return near === ANY_ARENA ? undefined : near;
  }

  /** Answers a request; false when the thread has died and does not wait any more. */
  answer(thread: number, extent: Extent | undefined, isDiskFull = false): boolean {
    const i = thread - this.#lane.firstThread;
    const block = threadWord(i);
    if (this.#asked[i] !== true) return false;
    this.#asked[i] = false;
    if (extent !== undefined) {
      this.words[block + THREAD.mailArena] = extent.arena;
      this.words[block + THREAD.mailOffset] = extent.offset / UNIT_BYTES;
    }
    const refused = isDiskFull ? MAIL.refusedByDisk : MAIL.refused;
    const state = extent === undefined ? refused : MAIL.granted;
    Atomics.store(this.words, block + THREAD.mailState, state);
    Atomics.notify(this.words, block + THREAD.mailState);
    return true;
  }

  /** Whether some thread has reported or asked since the last look. */
  get hasNews(): boolean {
    for (let i = 0; i < this.#lane.threads; i++) {
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
    for (let i = 0; i < this.#lane.threads; i++) {
      const state = Atomics.load(this.words, threadWord(i) + THREAD.mailState);
      if (!this.isAsleep(i) && state !== MAIL.asked) return false;
    }
    return true;
  }

  has(thread: number): boolean {
    const i = thread - this.#lane.firstThread;
    return i >= 0 && i < this.#lane.threads;
  }

  /** Whether the task is the one that thread number `i` of the lane runs now. */
  isRunningOn(i: number, id: number): boolean {
    return this.#claimsOf(i).running.includes(id);
  }

  /** How many actors live in thread number `i` of the lane. */
  actorsOn(i: number): number {
    return this.words[threadWord(i) + THREAD.actors]!;
  }

  /** Ends a thread at once, whatever it does; resolves when another one has its place. */
  async kill(thread: number): Promise<void> {
    await this.#workers[thread - this.#lane.firstThread]?.terminate();
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

  #adopt(i: number, thread: LaunchedThread): void {
    this.#workers[i] = thread.worker;
    this.#options.connectClient(thread.clientPort);
    thread.onAnswer = (answer) => this.#options.answered(this.#lane.firstThread + i, answer);
    for (const message of this.#options.greet()) thread.worker.postMessage(message);
    thread.whenEnded((reason) => {
      if (!this.#closing) this.#exited(i, reason);
    });
  }

  #exited(i: number, reason: string): void {
    const stranded = this.#leases.takeStranded();
    const { running, unstarted } = this.#claimsOf(i);
    const wasTaken = (id: number): boolean => !stranded.includes(id);
    const death = {
      reason,
      running: running.filter(wasTaken),
      unstarted: [...unstarted.filter(wasTaken), ...stranded],
    };
    this.#asked[i] = false;
    const block = threadWord(i);
    this.words.fill(0, block, block + THREAD.reportHead);
    this.words[block + THREAD.mailState] = MAIL.idle;
    this.words[block + THREAD.sleeps] = 0;
    this.words[block + THREAD.actors] = 0;
    this.#failedStarts = this.words[block + THREAD.started] === 1 ? 0 : this.#failedStarts + 1;
    this.words[block + THREAD.started] = 0;
    if (this.#failedStarts >= STARTS_MAX) {
      throw new HeddleError("ConnectFailed", `the engine's threads cannot start: ${reason}`);
    }
    this.#options.died(this.#lane.firstThread + i, death);
    this.#adopt(i, new LaunchedThread(this.#lane, i));
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
