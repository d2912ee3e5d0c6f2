/** @file What a launch may be told, by programs and by the command line, and what that means. */

import type { SchedulerFlags } from "../cli/scheduler.ts";
import type { WorkerFlags } from "../cli/worker-plan.ts";
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import type { Environ, Rank } from "./rank.ts";
import { memoryOf, type Node, ownNode, threadsOf } from "./shares.ts";

/** What workers may be given beyond the common options; as the flags of `heddle worker`. */
export interface LaunchedWorkerOptions {
  /** Worker processes on each rank (1). */
  readonly nWorkers?: number;
  readonly nThreads?: number;
  readonly memoryLimit?: number | string;
  readonly localDirectory?: string;
  readonly resources?: string | Readonly<Record<string, number>>;
  readonly workerPort?: number | string;
  readonly dashboardAddress?: string;
  /** Spans of time: milliseconds, or texts such as `"60s"`. */
  readonly deathTimeout?: number | string;
  readonly lifetime?: number | string;
  readonly lifetimeStagger?: number | string;
  readonly lifetimeRestart?: boolean;
  readonly preload?: string | readonly string[];
  readonly preloadNanny?: string | readonly string[];
  readonly validate?: boolean;
}

/** What every kind of launch takes. */
export interface LaunchOptions {
  /** Network interface on which scheduler and workers listen, such as `"ib0"`. */
  readonly interface?: string;
  /** Task threads of each worker; default the rank's share of its node's cores. */
  readonly nThreads?: number;
  /** Folder for spilled data; default `temporary-directory`. */
  readonly localDirectory?: string;
  /** Memory of each worker; default `"auto"`: the rank's share of what the job has on its node. */
  readonly memoryLimit?: number | string;
  /**
   * Whether workers are processes of their own, which the rank's process replaces when they die
   * (true). They are no ranks, so that their deaths do not end the launch.
   */
  readonly nanny?: boolean;
  /** Dask's way to say the same: `"Nanny"` or `"Worker"`. */
  readonly workerClass?: string;
  readonly workerOptions?: LaunchedWorkerOptions;
  /** Whether the scheduler shows its state over HTTP (true). */
  readonly dashboard?: boolean;
  /** Where; default `":8787"`, or the next free port. */
  readonly dashboardAddress?: string;
  /** `"tls"` (default), with certificates made for this launch, or `"tcp"`, with a token alone. */
  readonly protocol?: "tcp" | "tls";
  /** Port of the scheduler (0: any that is free). */
  readonly schedulerPort?: number | string;
  /**
   * File in which to leave how the scheduler is reached, readable for you alone, on a folder that
   * all nodes share; `{job_id}` in it stands for the batch job's id.
   */
  readonly schedulerFile?: string;
  /** Whether workers have ranks of their own (true), or the scheduler's rank has one, too. */
  readonly exclusiveWorkers?: boolean;
  /** What names of workers begin with, before the rank; default nothing. */
  readonly name?: string;
}

/** Names of {@link LaunchOptions}, for checks. */
export const LAUNCH_OPTIONS: readonly string[] = [
  "interface",
  "nThreads",
  "localDirectory",
  "memoryLimit",
  "nanny",
  "workerClass",
  "workerOptions",
  "dashboard",
  "dashboardAddress",
  "protocol",
  "schedulerPort",
  "schedulerFile",
  "exclusiveWorkers",
  "name",
] satisfies (keyof LaunchOptions)[];

const WORKER_OPTIONS: readonly string[] = [
  "nWorkers",
  "nThreads",
  "memoryLimit",
  "localDirectory",
  "resources",
  "workerPort",
  "dashboardAddress",
  "deathTimeout",
  "lifetime",
  "lifetimeStagger",
  "lifetimeRestart",
  "preload",
  "preloadNanny",
  "validate",
] satisfies (keyof LaunchedWorkerOptions)[];

/** Whether connections are encrypted. Throws `InvalidArgument` for other protocols. */
export function isEncrypted({ protocol = "tls" }: LaunchOptions): boolean {
  if (protocol === "tls" || protocol === "tcp") return protocol === "tls";
  throw new HeddleError("InvalidArgument", `protocol is "${String(protocol)}": give tcp or tls`);
}

/** What `heddle scheduler` would be given. */
export function schedulerFlags(options: LaunchOptions): SchedulerFlags {
  const { interface: network, dashboard = true, dashboardAddress, schedulerPort = 0 } = options;
  return {
    port: String(schedulerPort),
    protocol: isEncrypted(options) ? "tls" : "tcp",
    dashboard,
    ...(network === undefined ? {} : { interface: network }),
    ...(dashboardAddress === undefined ? {} : { dashboardAddress }),
  };
}

/** What `heddle worker` would be given on that rank. Throws `InvalidArgument`. */
export function workerFlags(
  rank: Rank,
  options: LaunchOptions,
  environ: Environ = process.env,
  node: Node = ownNode(),
): WorkerFlags {
  const { interface: network, name, workerOptions = {} } = options;
  checkOptionNames("workerOptions", workerOptions, WORKER_OPTIONS);
  const { nThreads, memoryLimit = "auto", localDirectory } = { ...options, ...workerOptions };
  const { nWorkers = 1, resources, workerPort, dashboardAddress, validate } = workerOptions;
  const { deathTimeout, lifetime, lifetimeStagger, lifetimeRestart } = workerOptions;
  const memory =
    memoryLimit === "auto" ? Math.floor(memoryOf(rank, environ, node) / nWorkers) : memoryLimit;
  const threads = nThreads ?? Math.max(1, Math.floor(threadsOf(rank, environ, node) / nWorkers));
  return withoutUndefined({
    nworkers: String(nWorkers),
    nthreads: String(threads),
    memoryLimit: String(memory),
    name: name === undefined ? String(rank.rank) : `${name}-${rank.rank}`,
    nanny: hasNanny(options),
    interface: network,
    protocol: network === undefined ? undefined : isEncrypted(options) ? "tls" : "tcp",
    localDirectory,
    resources: resources === undefined ? undefined : resourcesText(resources),
    workerPort: workerPort === undefined ? undefined : String(workerPort),
    dashboardAddress,
    deathTimeout: timeText(deathTimeout),
    lifetime: timeText(lifetime),
    lifetimeStagger: timeText(lifetimeStagger),
    lifetimeRestart,
    preload: listOf(workerOptions.preload),
    preloadNanny: listOf(workerOptions.preloadNanny),
    validate,
  });
}

type Given<T> = { readonly [K in keyof T]: T[K] | undefined };

/** Flags that were not given are not there. */
function withoutUndefined(flags: Given<WorkerFlags>): WorkerFlags {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as unknown as WorkerFlags;
}

/** Dask names classes; here it is an option whether somebody replaces workers that die. */
function hasNanny({ nanny = true, workerClass }: LaunchOptions): boolean {
  if (workerClass === undefined) return nanny;
  const name = workerClass.replace(/^(dask\.)?distributed\./, "");
  if (name === "Nanny") return true;
  if (name === "Worker") return false;
  throw new HeddleError(
    "NotSupported",
    `workerClass is "${workerClass}": there are no classes of workers. Give "Nanny" (workers that ` +
      'die are replaced) or "Worker"; what workers do first is a module in workerOptions.preload.',
  );
}

function resourcesText(given: string | Readonly<Record<string, number>>): string {
  if (typeof given === "string") return given;
  return Object.entries(given)
    .map(([what, amount]) => `${what}=${amount}`)
    .join(" ");
}

function timeText(given: number | string | undefined): string | undefined {
  return typeof given === "number" ? `${given}ms` : given;
}

function listOf(given: string | readonly string[] | undefined): string[] | undefined {
  if (given === undefined) return undefined;
  return typeof given === "string" ? [given] : [...given];
}
