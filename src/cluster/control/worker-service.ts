/**
 * @file What a worker does at the scheduler's word beside tasks: calls on its task threads, and
 * plugins, which every thread of it gets, those that are started later, too.
 */
import { type CallOutcome, outcomeOf } from "../../functions/index.ts";
import type { ThreadAnswer, ThreadMessage, ThreadOp } from "../../threads/messages.ts";
import { ThreadCalls } from "../thread-calls.ts";
import type { RunningTask, WorkerOp, WorkerResult } from "./ops.ts";
import type { Profiler } from "./profiler.ts";
import { ownVersions } from "./versions.ts";

/** What is needed of the worker's host. */
export interface ServiceHost {
  readonly threads: number;
  readonly runningNow: RunningTask[];
  postTo(thread: number, message: ThreadMessage): void;
  isAsleep(thread: number): boolean;
  /** Ends all task threads; resolves when others have taken their places. */
  restartThreads(): Promise<void>;
}

export class WorkerService {
  /** Shows what tasks print to clients, or not. */
  onForward: (on: boolean) => void = () => undefined;
  readonly #host: ServiceHost;
  readonly #calls: ThreadCalls;
  /** What each new thread is told first. */
  readonly #plugins = new Map<string, Uint8Array>();
  /** Loaded with the first profile. */
  #ownProfiler: Profiler | undefined;

  constructor(host: ServiceHost) {
    this.#host = host;
    this.#calls = new ThreadCalls((thread, message) => host.postTo(thread, message));
  }

  async handle<O extends WorkerOp>(op: O): Promise<WorkerResult<O>> {
    return (await this.#handle(op)) as WorkerResult<O>;
  }

  /** What a thread that takes the place of another must know. */
  greeting(): ThreadMessage[] {
    return [...this.#plugins].map(([name, plugin]) => {
      return { kind: "call", call: 0, op: { kind: "set-up", name, plugin } };
    });
  }

  answered(answer: ThreadAnswer): void {
    this.#calls.answered(answer);
  }

  threadDied(thread: number, reason: string): void {
    this.#calls.threadDied(thread, reason).catch(() => undefined);
  }

  async #handle(op: WorkerOp): Promise<WorkerResult> {
    switch (op.kind) {
      case "run":
        if (op.each) return await this.#onEach(op);
        return [await this.#calls.call(this.#freeThread(), op)];
      case "set-up":
        this.#plugins.set(op.name, op.plugin);
        return await this.#inTurn(op);
      case "tear-down":
        this.#plugins.delete(op.name);
        return await this.#inTurn(op);
      case "forward-output":
        this.onForward(op.on);
        return null;
      case "running":
        return this.#host.runningNow;
      case "profile-start":
        await (await this.#profiler()).start(op.id, op.intervalUs);
        return null;
      case "profile-stop":
        return await (await this.#profiler()).stop(op.id);
      case "versions":
        return ownVersions();
      case "restart-threads":
        await this.#host.restartThreads();
        return null;
    }
  }

  async #profiler(): Promise<Profiler> {
    const { Profiler: Made } = await import("./profiler.ts");
    this.#ownProfiler ??= new Made(this.#calls, this.#host.threads);
    return this.#ownProfiler;
  }

  /** One that has nothing to do, if there is one. */
  #freeThread(): number {
    for (let thread = 0; thread < this.#host.threads; thread++) {
      if (this.#host.isAsleep(thread)) return thread;
    }
    return 0;
  }

  async #onEach(op: ThreadOp): Promise<CallOutcome[]> {
    const { threads } = this.#host;
    return await Promise.all(Array.from({ length: threads }, (_, i) => this.#calls.call(i, op)));
  }

  /** One thread after the other: what is done for the whole process is done by the first. */
  async #inTurn(op: ThreadOp): Promise<CallOutcome> {
    let last: CallOutcome | undefined;
    for (let thread = 0; thread < this.#host.threads; thread++) {
      last = await this.#calls.call(thread, op);
      if (!last.ok) return last;
    }
    return last ?? (await outcomeOf(async () => undefined));
  }
}
