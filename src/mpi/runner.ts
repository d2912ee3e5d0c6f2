/**
 * @file One program, launched once a rank: the first process becomes the scheduler, the second goes
 * on as the program, the others become workers. Which rank a process is, a subclass says.
 */
/// <reference lib="esnext.disposable" preserve="true" />

import { isMainThread } from "node:worker_threads";
// For `new Client(runner)`.
import "../cluster/client.ts";
import type { EngineHandle } from "../cluster/embedded.ts";
import { RemoteEngine } from "../cluster/remote-engine.ts";
import type { RemoteOptions } from "../cluster/remote-options.ts";
import { remoteOptions } from "../cluster/remote-target.ts";
import { assert, HeddleError, isHeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { patienceMs, runSeat, type Seat } from "./launch.ts";
import { Lifeline } from "./lifeline.ts";
import { LAUNCH_OPTIONS, type LaunchOptions } from "./options.ts";
import type { Rank } from "./rank.ts";
import { awaitRendezvous, fillPath, rendezvousOf } from "./rendezvous.ts";
import { checkWorld, type Layout, rolesOf, workersOf } from "./roles.ts";

/** What a runner may be told. */
export interface RunnerOptions extends LaunchOptions {
  /** Rank of the scheduler (0). */
  readonly schedulerRank?: number;
  /** Rank of the program (1). */
  readonly clientRank?: number;
  /** Whether there is a program (true); without one all other ranks are workers. */
  readonly client?: boolean;
}

/** Names of {@link RunnerOptions}, for checks. */
export const RUNNER_OPTIONS: readonly string[] = [
  ...LAUNCH_OPTIONS,
  ...(["schedulerRank", "clientRank", "client"] satisfies (keyof RunnerOptions)[]),
];

/** How the package's own runners differ. */
export interface RunnerKind {
  /** Whether the process ends when its part is over, on other ranks than the program's (true). */
  readonly exit?: boolean;
  /** Names of options; default {@link RUNNER_OPTIONS}. */
  readonly known?: readonly string[];
  /** What messages call it; default the name of the class. */
  readonly what?: string;
}

/** Exit code of a rank that could not do its part. */
const FAILED = 1;

/**
 * A cluster of the processes of one launch. Begins when it is made; on the program's rank `ready`
 * resolves and `new Client(runner)` is a client of the cluster. The other ranks stay in `ready`, do
 * their part, and their processes end with the program: nothing after `await runner.ready` is run
 * there, so await it first.
 */
export abstract class BaseRunner {
  /** Resolves on the program's rank alone, when the scheduler can be reached. */
  readonly ready: Promise<void>;
  /** What this process is. */
  readonly role: "scheduler" | "client" | "worker";
  readonly rank: number;
  readonly size: number;
  /** How many ranks have workers: `await client.waitForWorkers(runner.nWorkers)`. */
  readonly nWorkers: number;
  /** @internal */
  readonly engine: EngineHandle;
  /** Exit code of a rank that is not the program's, once its part is over. */
  readonly over: Promise<number>;
  readonly #seat: Seat;
  #lifeline: Lifeline | undefined;
  #closing: Promise<void> | undefined;

  constructor(rank: Rank, options: RunnerOptions = {}, kind: RunnerKind = {}) {
    const { what = new.target.name, known = RUNNER_OPTIONS, exit = true } = kind;
    checkOptionNames(what, options, known);
    refuseInTask(what);
    const layout = layoutOf(options);
    checkWorld(rank.size, layout);
    this.#seat = seatOf(rank, layout, options);
    const { scheduler, program } = this.#seat.roles;
    this.role = scheduler ? "scheduler" : program ? "client" : "worker";
    this.rank = rank.rank;
    this.size = rank.size;
    this.nWorkers = workersOf(rank.size, layout);
    const access = program ? this.#join() : new Promise<RemoteOptions>(() => undefined);
    this.engine = new RemoteEngine(access);
    this.ready = access.then(() => undefined);
    this.over = program ? new Promise(() => undefined) : this.#run();
    for (const promise of [access, this.ready, this.over]) promise.catch(() => undefined);
    if (exit) this.#exitWhenOver();
  }

  /** Done on the scheduler's rank first. */
  protected async beforeSchedulerStart(): Promise<void> {}

  /** Done on each worker's rank first. */
  protected async beforeWorkerStart(): Promise<void> {}

  /** Done on the program's rank before `ready` resolves. */
  protected async beforeClientStart(): Promise<void> {}

  /** Ends the scheduler and all workers. On other ranks than the program's it does not return. */
  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Ends the process when its part is over; a failure is said on standard error. */
  #exitWhenOver(): void {
    this.over.then(
      (code) => process.exit(code),
      (error: unknown) => {
        const text = isHeddleError(error) ? error.message : String((error as Error).stack ?? error);
        process.stderr.write(`heddle: rank ${this.rank} of ${this.size}: ${text}\n`);
        process.exit(FAILED);
      },
    );
  }

  async #close(): Promise<void> {
    if (this.role !== "client") return await new Promise(() => undefined);
    await this.engine.close();
    await this.#lifeline?.close();
  }

  async #run(): Promise<number> {
    const { scheduler, worker } = this.#seat.roles;
    // A subclass's own fields are there after this turn.
    await Promise.resolve();
    if (scheduler) await this.beforeSchedulerStart();
    if (worker) await this.beforeWorkerStart();
    return await runSeat(this.#seat);
  }

  /** Finds the scheduler, which hears from now on when this process ends. */
  async #join(): Promise<RemoteOptions> {
    const { rank, rendezvous, options } = this.#seat;
    assert(rendezvous !== undefined, "a program without a scheduler");
    const info = await awaitRendezvous(rendezvous, rank, patienceMs(options));
    if (info === undefined) throw new HeddleError("ConnectFailed", "the launch is over already");
    this.#lifeline = await Lifeline.open(info.facts?.["lifeline"]);
    // So it hears at once; of other ends the closed connection tells.
    process.once("beforeExit", () => void this.#lifeline?.close());
    await this.beforeClientStart();
    return await remoteOptions({ schedulerFile: rendezvous.path });
  }
}

function layoutOf(options: RunnerOptions): Layout {
  const { schedulerRank = 0, clientRank = 1, client = true, exclusiveWorkers = true } = options;
  for (const [name, rank] of Object.entries({ schedulerRank, clientRank })) {
    if (Number.isSafeInteger(rank) && rank >= 0) continue;
    throw new HeddleError("InvalidArgument", `${name} is ${String(rank)}: give a rank, from 0 on`);
  }
  return { schedulerRank, programRank: client ? clientRank : null, exclusiveWorkers };
}

function seatOf(rank: Rank, layout: Layout, given: RunnerOptions): Seat {
  const { schedulerFile } = given;
  const file = schedulerFile === undefined ? undefined : fillPath(schedulerFile, rank);
  const options = file === undefined ? given : { ...given, schedulerFile: file };
  const rendezvous = rendezvousOf(rank, file);
  return { rank, layout, roles: rolesOf(rank.rank, layout), rendezvous, options, quiet: true };
}

/** A task that loads the program's own module would start all of it again. */
function refuseInTask(what: string): void {
  if (isMainThread) return;
  throw new HeddleError(
    "NotSupported",
    `${what} was called in a thread, perhaps because a task needs the module of the program: put ` +
      "functions of tasks into a module of their own",
  );
}
