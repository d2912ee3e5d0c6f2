/**
 * @file A program that makes a cluster of the ranks it was launched with, as `dask_mpi.initialize`
 * does: what comes after it is run on one rank.
 */
import { Client } from "../cluster/client.ts";
import { defaultEngine, setDefaultEngine } from "../cluster/default-engine.ts";
import { HeddleError } from "../core/errors.ts";
import { checkFunction } from "../core/options.ts";
import { hydraLaunch } from "./hydra.ts";
import { LAUNCH_OPTIONS, type LaunchOptions } from "./options.ts";
import { type Rank, readRank } from "./rank.ts";
import { BaseRunner, RUNNER_OPTIONS, type RunnerOptions } from "./runner.ts";

/** Rank and size, for launchers that are not known. */
export interface GivenRank {
  readonly rank: number;
  readonly size: number;
  /** Number among the ranks of the same node, and how many these are. */
  readonly localRank?: number;
  readonly localSize?: number;
  /** A text that no other launch has; else a `schedulerFile` is needed. */
  readonly launch?: string;
  readonly jobId?: string;
}

/** Options of {@link initialize}. */
export interface InitializeOptions extends LaunchOptions {
  /** Rank and size; default what the launcher has put into the environment. */
  readonly comm?: GivenRank;
  /** Whether the processes of the other ranks end with the launch (true), or go on. */
  readonly exit?: boolean;
}

/** Options of {@link execute}. */
export interface ExecuteOptions extends RunnerOptions {
  /** Rank and size; default what the launcher has put into the environment. */
  readonly comm?: GivenRank;
}

/** A runner of any launcher. */
class LaunchedRunner extends BaseRunner {}

/** This process's rank, from the environment unless it is given. Throws `NoLauncher`. */
export function ownRank(comm?: GivenRank): Rank {
  if (comm === undefined) return readRank(process.env, hydraLaunch);
  const { rank, size, localRank, localSize, launch, jobId } = comm;
  const isRank = Number.isSafeInteger(rank) && rank >= 0;
  if (!isRank || !Number.isSafeInteger(size) || rank >= size) {
    throw new HeddleError("InvalidArgument", `comm: there is no rank ${rank} of ${size}`);
  }
  return { launcher: "given", rank, size, localRank, localSize, launch, jobId };
}

/**
 * Makes a cluster of the ranks of this launch (`mpirun -np 8 node program.mjs`, `srun -n 8 ...`):
 * rank 0 becomes the scheduler, rank 1 goes on with the program, and the others become workers. It
 * resolves to true on rank 1 alone, where `new Client()` is then a client of the cluster. On the
 * other ranks it never resolves: their processes end when the program has ended, however it did.
 * Errors: `WorldTooSmall` for fewer than three ranks (two with `exclusiveWorkers: false`),
 * `NoLauncher` outside of a launch, `ConnectFailed` when the scheduler does not come.
 *
 * With `exit: false` the other ranks go on, too, when the launch has ended, and it resolves to
 * false there; the program then ends the launch with `sendCloseSignal()`.
 *
 * ```ts
 * import { Client } from "heddle";
 * import { initialize } from "heddle/mpi";
 *
 * await initialize();
 * const client = new Client();
 * console.log(await client.gather(client.map((x: number) => x * x, [1, 2, 3])));
 * ```
 */
export async function initialize(options: InitializeOptions = {}): Promise<boolean> {
  const { exit = true } = options;
  const known = [...LAUNCH_OPTIONS, "comm", "exit"];
  const kind = { what: "initialize", known, exit };
  const runner = new LaunchedRunner(ownRank(options.comm), options, kind);
  if (runner.role === "client") {
    await runner.ready;
    setDefaultEngine(runner.engine);
    return true;
  }
  if (exit) return await never();
  await runner.over;
  return false;
}

/**
 * Runs a function on one rank, with a cluster of the others, and ends the launch with it: resolves
 * to what the function gives, on its rank alone. The processes of the other ranks end. Errors: as
 * `initialize`, and those of the function.
 *
 * ```ts
 * const total = await execute(async () => {
 *   const client = new Client();
 *   return await client.submit((a: number, b: number) => a + b, 20, 22).result();
 * });
 * ```
 */
export async function execute<R>(
  program: () => R | Promise<R>,
  options: ExecuteOptions = {},
): Promise<R> {
  checkFunction("execute", program, "execute(async () => { ... })");
  const kind = { what: "execute", known: [...RUNNER_OPTIONS, "comm"] };
  const runner = new LaunchedRunner(ownRank(options.comm), options, kind);
  if (runner.role !== "client") return await never();
  await runner.ready;
  setDefaultEngine(runner.engine);
  try {
    return await program();
  } finally {
    setDefaultEngine(undefined);
    await runner.close();
  }
}

/** What ranks wait for whose process ends by itself. */
async function never(): Promise<never> {
  return await new Promise(() => undefined);
}

/**
 * Ends the scheduler and the workers of the launch: what the end of the program does by itself,
 * unless `initialize` was told `exit: false`. Errors: `InvalidArgument` without `initialize`.
 */
export async function sendCloseSignal(): Promise<void> {
  if (defaultEngine() === undefined) {
    throw new HeddleError(
      "InvalidArgument",
      "sendCloseSignal ends a launch that initialize() has made, and there is none in this process",
    );
  }
  const client = new Client({ setAsDefault: false });
  await client.shutdown();
  setDefaultEngine(undefined);
}
