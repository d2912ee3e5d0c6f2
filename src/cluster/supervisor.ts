/**
 * @file Keeps worker processes alive: starts them, hears what memory they take, ends one that takes
 * too much, and starts another one when one dies. What it knows of a death (exit code, signal, last
 * reading) is told to whoever asked for the worker, who blames the right task with it.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { config } from "../config/config.ts";
import { formatBytes } from "../core/units.ts";
import { removeLeftovers } from "./leftovers.ts";
import type { WorkerSettings } from "./worker-settings.ts";

/** What a worker process says to its supervisor. */
export type FromProcess =
  | { readonly kind: "ready"; readonly address: string }
  | { readonly kind: "memory"; readonly rssBytes: number }
  /** Its lifetime is over: it ends when its supervisor says so, which first starts another one. */
  | { readonly kind: "over" }
  /** It ends by itself; another process is to take its place, or none. */
  | { readonly kind: "ended"; readonly reason: string; readonly restart: boolean }
  | { readonly kind: "failed"; readonly code: string; readonly message: string };

/** What the supervisor says to a worker process. */
export type ToProcess =
  | { readonly kind: "settings"; readonly settings: WorkerSettings }
  | { readonly kind: "stop" }
  /** It ends when others have what only it has, or after `graceMs`. */
  | { readonly kind: "leave"; readonly reason: string; readonly graceMs: number };

/** How a worker is ended: its process at once, in order at once (default), or in order in time. */
export interface StopOptions {
  readonly force?: boolean;
  /** So long it may bring its values to others and end its tasks. */
  readonly graceMs?: number;
  /** Why, for the log. */
  readonly reason?: string;
}

/** How a worker process ended. */
export interface ProcessDeath {
  readonly reason: string;
  readonly cause: "exit" | "memory" | "expected";
  /** The process: another one of the same name may be there already. */
  readonly pid?: number;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly memoryBytes?: number;
  readonly memoryLimitBytes: number;
}

export interface SupervisorListener {
  ready(worker: SupervisedWorker): void;
  died(worker: SupervisedWorker, death: ProcessDeath): void;
  /** Its lifetime is over, and another process shall take its place: then it is to be stopped. */
  over(worker: SupervisedWorker): void;
  /** Its process ended by itself, for good. */
  left(worker: SupervisedWorker, reason: string): void;
  /** It could not be started so often that it is not tried again. */
  failed(worker: SupervisedWorker, reason: string): void;
}

const STOPPED = "its supervisor stopped it";
/** A worker that was told to stop may take so long. */
const STOP_MS = 5000;
/** The longest that Node's timers can wait: 24 days. */
const TIMER_MOST_MS = 2 ** 31 - 1;
/** The first restart comes at once, the next ones later and later. */
const RESTART_MS = 250;
const RESTART_MOST_MS = 10_000;
/**
 * The system's allocator (glibc) keeps what is freed, up to a threshold that it raises by itself:
 * more than 100 MiB a thread, which count as taken. As Dask's nanny does, unless told otherwise.
 */
const FREED_AT_ONCE = { MALLOC_TRIM_THRESHOLD_: "65536" };
/** So many starts in a row without success end the attempts. */
const STARTS_MAX = 5;

/** One worker: a process, and those that follow it. */
export class SupervisedWorker {
  readonly settings: WorkerSettings;
  readonly #listener: SupervisorListener;
  #process: ChildProcess | undefined;
  #rssBytes: number | undefined;
  #isEnding = false;
  #isOverLimit = false;
  #isReady = false;
  #failedStarts = 0;
  #restart: NodeJS.Timeout | undefined;
  /** What the last process left behind is being removed. */
  #clearing: Promise<unknown> | undefined;
  #problem: string | undefined;
  /** What the process said of its end. */
  #end: { readonly reason: string; readonly restart: boolean } | undefined;

  constructor(settings: WorkerSettings, listener: SupervisorListener) {
    this.settings = settings;
    this.#listener = listener;
    this.#start();
  }

  /** A process that takes more is ended. */
  get #mostBytes(): number {
    const share = config.get("worker.memory.terminate");
    return share === false ? Number.POSITIVE_INFINITY : share * this.settings.memoryLimitBytes;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Ends the worker for good: gracefully, or at once. Resolves when its process is gone. */
  async stop({ force = false, graceMs = 0, reason = STOPPED }: StopOptions = {}): Promise<void> {
    this.#isEnding = true;
    clearTimeout(this.#restart);
    const process = this.#process;
    if (process === undefined) {
      await this.#clearing;
      return;
    }
    const ended = new Promise<void>((resolve) => process.once("exit", () => resolve()));
    if (force) process.kill("SIGKILL");
    else say(process, graceMs > 0 ? { kind: "leave", reason, graceMs } : { kind: "stop" });
    const lateMs = Math.min(graceMs + STOP_MS, TIMER_MOST_MS);
    const late = setTimeout(() => process.kill("SIGKILL"), lateMs);
    await ended;
    clearTimeout(late);
    await this.#clearing;
  }

  /** Ends the process at once; another one follows. */
  kill(): void {
    this.#process?.kill("SIGKILL");
  }

  /** Ends the process, gracefully or at once; another one follows. */
  async restart(how: StopOptions = {}): Promise<void> {
    if (this.#isEnding) return;
    if (this.#process !== undefined) {
      await this.stop(how);
      this.#isEnding = false;
    }
    clearTimeout(this.#restart);
    this.#failedStarts = 0;
    if (this.#process === undefined) this.#start();
  }

  #start(): void {
    const file = fileURLToPath(new URL("./worker-main.js", import.meta.url));
    const { nodeOptions, environ } = this.settings;
    const child = fork(file, [], {
      execPath: config.get("worker.node") ?? process.execPath,
      execArgv: [...nodeOptions],
      env: { ...FREED_AT_ONCE, ...process.env, ...environ },
      serialization: "advanced",
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#process = child;
    this.#rssBytes = undefined;
    this.#isReady = false;
    this.#isOverLimit = false;
    this.#problem = undefined;
    this.#end = undefined;
    child.on("message", (message) => this.#hear(message as FromProcess));
    child.on("error", (error) => {
      this.#problem = error.message;
    });
    child.once("exit", (code, signal) => this.#exited(child, code, signal));
    say(child, { kind: "settings", settings: this.settings });
  }

  #hear(message: FromProcess): void {
    switch (message.kind) {
      case "ready":
        this.#isReady = true;
        this.#failedStarts = 0;
        this.#listener.ready(this);
        return;
      case "failed":
        this.#problem = message.message;
        return;
      case "over":
        this.#listener.over(this);
        return;
      case "ended":
        this.#end = message;
        return;
      case "memory":
        this.#rssBytes = message.rssBytes;
        if (this.settings.isLimited === false) return;
        if (message.rssBytes <= this.#mostBytes) return;
        this.#isOverLimit = true;
        this.#process?.kill("SIGKILL");
    }
  }

  #exited({ pid }: ChildProcess, exitCode: number | null, signal: NodeJS.Signals | null): void {
    this.#process = undefined;
    // One that was killed could not do so itself, and perhaps no other follows.
    if (signal !== null) this.#clearing = removeLeftovers(this.settings.localDirectory);
    if (!this.#isReady) this.#failedStarts++;
    const death = this.#deathOf(exitCode, signal);
    this.#listener.died(this, { ...death, pid: pid ?? 0 });
    if (this.#isEnding) return;
    if (this.#end?.restart === false) {
      this.#isEnding = true;
      this.#listener.left(this, this.#end.reason);
      return;
    }
    if (this.#failedStarts >= STARTS_MAX) {
      const reason = this.#problem ?? `exit code ${exitCode}`;
      this.#listener.failed(this, reason);
      return;
    }
    const delayMs = Math.min(RESTART_MOST_MS, RESTART_MS * (2 ** this.#failedStarts - 1));
    this.#restart = setTimeout(() => this.#start(), delayMs);
  }

  #deathOf(exitCode: number | null, signal: NodeJS.Signals | null): ProcessDeath {
    const { memoryLimitBytes, name } = this.settings;
    const how = signal === null ? `with exit code ${exitCode}` : `by signal ${signal}`;
    const reading =
      this.#rssBytes === undefined ? "" : `; its last reading was ${formatBytes(this.#rssBytes)}`;
    const limit = formatBytes(memoryLimitBytes);
    const ended = this.#end?.reason;
    const reason =
      ended !== undefined
        ? `worker ${name} has ended: ${ended}`
        : this.#isOverLimit
          ? `worker ${name} took ${formatBytes(this.#rssBytes ?? 0)} of its memory limit of ${limit} and was ended`
          : `the process of worker ${name} ended ${how}${reading} (limit ${limit})${this.#problem === undefined ? "" : `: ${this.#problem}`}`;
    return {
      reason,
      cause:
        this.#isEnding || this.#end !== undefined
          ? "expected"
          : this.#isOverLimit
            ? "memory"
            : "exit",
      memoryLimitBytes,
      ...(exitCode === null ? {} : { exitCode }),
      ...(signal === null ? {} : { signal }),
      ...(this.#rssBytes === undefined ? {} : { memoryBytes: this.#rssBytes }),
    };
  }
}

/** What cannot be said any more to a process that ends need not be said. */
function say(child: ChildProcess, message: ToProcess): void {
  if (child.connected) child.send(message, () => undefined);
}
