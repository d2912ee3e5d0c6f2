/**
 * @file What a client can do to its cluster beside work: run functions on every worker, move
 * values, end and restart workers, bring files and plugins.
 */
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { checkFlag } from "../core/task-options.ts";
import { type CallOutcome, encodeCall, errorIn, valueIn } from "../functions/index.ts";
import { ActiveMemoryManager } from "./amm.ts";
import { checkName, checkPath, checkTimeMs } from "./check-given.ts";
import { ClusterView, type WorkersOption, workersIn, workersOf } from "./client-view.ts";
import { describeGiven } from "./given.ts";
import { type Futures, futuresIn } from "./given-futures.ts";
import { loadArrays } from "./link-values.ts";
import type {
  Plugin,
  RegisterOptions,
  SchedulerPlugin,
  SupervisorPlugin,
  WorkerPlugin,
} from "./plugins/plugin.ts";
import { within } from "./timeout.ts";

/** Options of `client.run`: the last argument, after those of the function. */
export interface WorkerRunOptions extends WorkersOption {
  /** Whether to wait for the results; without, failures are not heard of either. Default true. */
  readonly wait?: boolean;
  /** `"raise"` (default) throws the first error, `"return"` gives it as result, `"ignore"` leaves
   * out the workers where there was one. */
  readonly onError?: "raise" | "return" | "ignore";
  /**
   * `"one"` (default): on one task thread of each worker, one that is free if there is one.
   * `"all"`: on each of its task threads; results are lists.
   */
  readonly threads?: "one" | "all";
}

const RUN_OPTIONS = ["workers", "wait", "onError", "threads"] satisfies (keyof WorkerRunOptions)[];

type OnAll = WorkerRunOptions & { readonly threads: "all" };

/** Options of `client.restart`. */
export interface RestartOptions {
  /** How long to wait for the workers to come back; default 120,000. */
  readonly timeoutMs?: number;
  /** Whether to wait for them at all; default true. */
  readonly waitForWorkers?: boolean;
}

/** Options of `client.retireWorkers`. */
export interface RetireOptions extends WorkersOption {
  /** How many may go, where none is named: those that run and hold least. */
  readonly count?: number;
  /** Whether their processes end then, default; else they stay and do nothing. */
  readonly closeWorkers?: boolean;
}

const RESTART_MS = 120_000;
const PLUGIN_TARGETS = ["workers", "scheduler", "supervisors"];

export abstract class ClusterControl extends ClusterView {
  /**
   * Runs a function on every worker now, outside of scheduling, and resolves to the results by the
   * workers' addresses. It runs on a task thread: what it leaves in modules and `globalThis` is
   * seen by the tasks of that thread, and `getWorker()` tells it where it is. A thread that is in a
   * synchronous task begins after it.
   *
   * An object after the function's own arguments is taken for options. Errors: `TaskFailed` with
   * the error as `cause`; `NotSerializable`; `InvalidArgument` for workers that there are not.
   *
   * @example
   * import { Client } from "heddle";
   * await Client.with({ embedded: true }, async (client) => {
   *   const pids = await client.run(() => process.pid);
   *   console.log(Object.keys(pids).length); // 1
   * });
   */
  run<A extends unknown[], R>(
    fn: (...args: A) => R,
    ...args: [...A, OnAll]
  ): Promise<Record<string, Awaited<R>[]>>;
  run<A extends unknown[], R>(
    fn: (...args: A) => R,
    ...args: [...A, WorkerRunOptions] | A
  ): Promise<Record<string, Awaited<R>>>;
  async run(
    fn: (...args: never[]) => unknown,
    ...given: readonly unknown[]
  ): Promise<Record<string, unknown>> {
    checkFunctionGiven("client.run", fn);
    const { args, options } = splitOptions(fn, given);
    checkRunOptions(options);
    const { workers, wait = true, onError = "raise", threads = "one" } = options;
    await loadArrays();
    const call = encodeCall(fn, args);
    const each = threads === "all";
    const op = { kind: "run", call, each, ...workersOf("client.run", workers) } as const;
    const answer = this.link.control(op) as Promise<Map<string, readonly CallOutcome[]>>;
    if (!wait) {
      answer.catch(() => undefined);
      return {};
    }
    const results: Record<string, unknown> = {};
    for (const [address, outcomes] of await answer) {
      const read = await Promise.all(
        outcomes.map((one) => resultOf(one, `the function failed on ${address}`, onError)),
      );
      const kept = read.flat();
      if (kept.length > 0) results[address] = each ? kept : kept[0];
    }
    return results;
  }

  /** The same as `run`: a function may be asynchronous there, too. */
  async runCoroutine<A extends unknown[], R>(
    fn: (...args: A) => Promise<R>,
    ...args: [...A, WorkerRunOptions] | A
  ): Promise<Record<string, R>> {
    return (await this.run(fn as (...given: unknown[]) => unknown, ...args)) as Record<string, R>;
  }

  /**
   * Runs a function on the scheduler's thread, which does nothing else meanwhile; on the embedded
   * engine, on its control thread. Errors: `TaskFailed` with the error as `cause`.
   */
  async runOnScheduler<A extends unknown[], R>(
    fn: (...args: A) => R,
    ...args: A
  ): Promise<Awaited<R>> {
    checkFunctionGiven("client.runOnScheduler", fn);
    await loadArrays();
    const call = encodeCall(fn as never, args);
    const outcome = (await this.link.control({ kind: "run-on-scheduler", call })) as CallOutcome;
    const [value] = await resultOf(outcome, "the function failed on the scheduler", "raise");
    return value as Awaited<R>;
  }

  /**
   * Lets workers go: their values move to others first. Resolves to the addresses of those that
   * have gone; one stays whose values no other worker has room for within a minute, or whose tasks
   * wait for others that no other worker may run.
   */
  async retireWorkers(options: RetireOptions = {}): Promise<string[]> {
    checkOptionNames("client.retireWorkers", options, ["workers", "count", "closeWorkers"]);
    checkFlag("client.retireWorkers", "closeWorkers", options.closeWorkers);
    const { workers, count, closeWorkers: close = true } = options;
    if (count !== undefined) checkCount("client.retireWorkers", "count", count, 0);
    const chosen = workersOf("client.retireWorkers", workers);
    const many = count === undefined ? {} : { count };
    return (await this.link.control({ kind: "retire", close, ...chosen, ...many })) as string[];
  }

  /** Asks for `copies` copies of each value, on as many workers; they come as soon as they can. */
  async replicate(futures: Futures, options: { readonly copies?: number } = {}): Promise<void> {
    checkOptionNames("client.replicate", options, ["copies"]);
    const list = futuresIn("client.replicate", futures);
    const copies = options.copies ?? Object.keys(await this.nthreads()).length;
    checkCount("client.replicate", "copies", copies, 1);
    const ids = Int32Array.from(await Promise.all(list.map((future) => future.id())));
    await this.link.settled(ids);
    await this.link.control({ kind: "replicate", ids, copies });
  }

  /** Moves values from workers that hold much to those that hold little. */
  async rebalance(): Promise<void> {
    await this.link.control({ kind: "rebalance" });
  }

  /**
   * The active memory manager, which drops superfluous copies and evens out what workers hold.
   *
   * @example
   * import { Client } from "heddle";
   * await Client.with({ embedded: true }, async (client) => {
   *   await client.amm.start();
   *   console.log(await client.amm.running()); // true
   *   await client.amm.stop();
   * });
   */
  get amm(): ActiveMemoryManager {
    return new ActiveMemoryManager(async (action, options = {}) => {
      return (await this.link.control({ kind: "amm", action, ...options })) as boolean;
    });
  }

  /**
   * Forgets all tasks of all clients, whose futures are cancelled, and begins anew: worker
   * processes are replaced, on the embedded engine the task threads. Errors: `Timeout` when the
   * workers do not come back in time.
   */
  async restart(options: RestartOptions = {}): Promise<void> {
    checkOptionNames("client.restart", options, ["timeoutMs", "waitForWorkers"]);
    checkFlag("client.restart", "waitForWorkers", options.waitForWorkers);
    await this.#restart("client.restart", { kind: "restart", all: true }, options);
  }

  /**
   * Replaces the processes of some workers; what they held is computed again where it is needed.
   */
  async restartWorkers(
    workers: string | readonly string[],
    options: RestartOptions = {},
  ): Promise<void> {
    checkOptionNames("client.restartWorkers", options, ["timeoutMs", "waitForWorkers"]);
    const chosen = workersOf("client.restartWorkers", workers);
    await this.#restart(
      "client.restartWorkers",
      { kind: "restart", all: false, ...chosen },
      options,
    );
  }

  async #restart(
    what: string,
    op: { kind: "restart"; all: boolean; workers?: readonly string[] },
    { timeoutMs = RESTART_MS, waitForWorkers = true }: RestartOptions,
  ): Promise<void> {
    checkTimeMs(`${what}: timeoutMs`, timeoutMs);
    const count = Object.keys(await this.nthreads()).length;
    const restarted = this.link.control(op);
    const back = restarted.then(async () => {
      if (waitForWorkers) await this.waitForWorkers(count);
    });
    await within(timeoutMs, what, back);
  }

  /**
   * Runs a plugin on every worker, also on those that come later, on the scheduler, or where
   * workers are supervised. Another one of the same name is replaced. Errors: `TaskFailed` with
   * what its `setup` or `start` threw as `cause`: then it is registered nowhere.
   *
   * @example
   * import { Client } from "heddle";
   * import { Environ } from "heddle/distributed";
   * await Client.with({ embedded: true }, async (client) => {
   *   await client.registerPlugin(new Environ({ GREETING: "hello" }));
   *   console.log(await client.submit(() => process.env["GREETING"]).result()); // hello
   * });
   */
  async registerPlugin(
    plugin: WorkerPlugin | SchedulerPlugin,
    options?: RegisterOptions & { readonly target?: "workers" | "scheduler" },
  ): Promise<void>;
  async registerPlugin(
    plugin: SupervisorPlugin,
    options: RegisterOptions & { readonly target: "supervisors" },
  ): Promise<void>;
  async registerPlugin(plugin: Plugin, options: RegisterOptions = {}): Promise<void> {
    const { registerOp } = await import("./plugins/register.ts");
    const op = registerOp(plugin, options);
    const outcome = (await this.link.control(op)) as CallOutcome;
    await resultOf(outcome, `plugin "${op.name}" could not be set up`, "raise");
  }

  /**
   * Ends a plugin: `teardown` or `close` is called. Errors: `InvalidArgument` for unknown names.
   */
  async unregisterPlugin(
    name: string,
    options: Pick<RegisterOptions, "target"> = {},
  ): Promise<void> {
    checkName("client.unregisterPlugin: the name", name);
    checkOptionNames("client.unregisterPlugin", options, ["target"]);
    const { target = "workers" } = options;
    checkOneOf("client.unregisterPlugin", "target", target, PLUGIN_TARGETS);
    const outcome = (await this.link.control({ kind: "unregister", target, name })) as CallOutcome;
    await resultOf(outcome, `plugin "${name}" did not end well`, "raise");
  }

  /**
   * Shows what is written on workers to stdout and stderr, by tasks and by whatever logs there, to
   * the clients, too: the loggers of JavaScript have nothing else in common. See `ForwardOutput`.
   */
  async forwardLogging(): Promise<void> {
    const { ForwardOutput } = await import("./plugins/built-in.ts");
    await this.registerPlugin(new ForwardOutput());
  }

  /** Ends `forwardLogging`. */
  async unforwardLogging(): Promise<void> {
    await this.unregisterPlugin("ForwardOutput");
  }

  /**
   * Copies a file into the folder of every worker, also of those that come later. Tasks find it at
   * `join(getWorker().localDirectory, name)`, and may import it from there.
   */
  async uploadFile(path: string): Promise<void> {
    checkPath("client.uploadFile: the path", path);
    const { UploadFile } = await import("./plugins/built-in.ts");
    await this.registerPlugin(new UploadFile(path));
  }

  /** Copies a folder with all that is in it into the folder of every worker, under its own name. */
  async uploadDirectory(path: string): Promise<void> {
    checkPath("client.uploadDirectory: the path", path);
    const { UploadDirectory } = await import("./plugins/built-in.ts");
    await this.registerPlugin(new UploadDirectory(path));
  }

  /**
   * Measures each worker's memory and disk, one after the other: bytes a second by size of what is
   * copied or written. Takes about a second a worker.
   */
  async benchmarkHardware(options: WorkersOption = {}): Promise<HardwareRates> {
    const workers = workersIn("client.benchmarkHardware", options);
    const { measureHardware } = await import("./control/hardware.ts");
    return await this.run(measureHardware, workers as WorkerRunOptions);
  }
}

/** Bytes a second, by worker, by what was measured, and by the size of the pieces. */
export type HardwareRates = Record<
  string,
  {
    readonly memory: Readonly<Record<string, number>>;
    readonly disk: Readonly<Record<string, number>>;
  }
>;

/** The value of an outcome, as a list of one; empty where errors are ignored. */
async function resultOf(
  { ok, bytes }: CallOutcome,
  problem: string,
  onError: "raise" | "return" | "ignore",
): Promise<unknown[]> {
  if (ok) {
    const { isNDArray } = await loadArrays();
    const value = await valueIn(bytes);
    return [isNDArray(value) ? value.copy() : value];
  }
  if (onError === "ignore") return [];
  const cause = await errorIn(bytes, new Error().stack);
  if (onError === "return") return [cause];
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw new HeddleError("TaskFailed", `${problem}: ${reason}`, { cause });
}

/** An object after the function's own arguments is for us. */
function splitOptions(
  fn: { readonly length: number },
  given: readonly unknown[],
): { args: readonly unknown[]; options: WorkerRunOptions } {
  const last = given.at(-1);
  const isBeyond = given.length > fn.length;
  if (!isBeyond || !isOptions(last)) return { args: given, options: {} };
  return { args: given.slice(0, -1), options: last };
}

function isOptions(value: unknown): value is WorkerRunOptions {
  if (typeof value !== "object" || value === null) return false;
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  return RUN_OPTIONS.some((name) => name in value);
}

function checkRunOptions(options: WorkerRunOptions): void {
  checkOptionNames("client.run", options, RUN_OPTIONS);
  checkFlag("client.run", "wait", options.wait);
  checkOneOf("client.run", "onError", options.onError, ["raise", "return", "ignore"]);
  checkOneOf("client.run", "threads", options.threads, ["one", "all"]);
}

function checkOneOf(what: string, name: string, value: unknown, allowed: readonly string[]): void {
  if (value === undefined || allowed.includes(value as string)) return;
  throw new HeddleError(
    "InvalidArgument",
    `${what}: ${name} is ${describeGiven(value)}; it may be ${allowed.join(", ")}`,
  );
}

function checkFunctionGiven(what: string, fn: unknown): void {
  if (typeof fn === "function") return;
  throw new HeddleError(
    "InvalidArgument",
    `${what} takes a function first, then its arguments, but was given ${describeGiven(fn)}`,
  );
}

function checkCount(what: string, name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new HeddleError(
    "InvalidArgument",
    `${what}: ${name} is ${describeGiven(value)}; it must be an integer of at least ${least}`,
  );
}
