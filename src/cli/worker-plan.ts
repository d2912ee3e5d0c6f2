/**
 * @file What the flags of `heddle worker` ask for: how many workers, with how many threads and how
 * much memory, listening where. Flags that exclude each other are refused, as Dask refuses them.
 */
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { resolvePreloads } from "../cluster/preload.ts";
import type { Lifetime } from "../cluster/worker-settings.ts";
import { clusterShape, workerMemory } from "../cluster/worker-shape.ts";
import { parseAddress, type Security } from "../comm/index.ts";
import { config } from "../config/config.ts";
import { HeddleError } from "../core/errors.ts";
import {
  badFlag,
  flagOrConfig,
  integerOf,
  type ListenFlags,
  listenAddress,
  portsOf,
  type SecurityFlags,
  securityOf,
  timeOrConfig,
  tokenOf,
} from "./flags.ts";

export interface WorkerFlags extends ListenFlags, SecurityFlags {
  readonly schedulerFile?: string;
  readonly nworkers?: string;
  readonly nthreads?: string;
  readonly memoryLimit?: string;
  readonly name?: string;
  readonly resources?: string;
  readonly localDirectory?: string;
  readonly workerPort?: string;
  readonly nannyPort?: string;
  readonly listenAddress?: string;
  readonly contactAddress?: string;
  /** Whether a supervisor looks after the workers. */
  readonly nanny: boolean;
  readonly dashboardAddress?: string;
  readonly deathTimeout?: string;
  readonly lifetime?: string;
  readonly lifetimeStagger?: string;
  readonly lifetimeRestart?: boolean;
  readonly lifetimeGrace?: string;
  readonly preload?: string[];
  readonly preloadNanny?: string[];
  readonly pidFile?: string;
  readonly validate?: boolean;
  readonly json?: boolean;
  readonly endWithStdin?: boolean;
}

export interface WorkerPlan {
  readonly workers: number;
  readonly threads: number;
  readonly memoryLimitBytes: number;
  /** Whether a worker that takes more memory than that is ended. */
  readonly isLimited: boolean;
  readonly resources: Readonly<Record<string, number>>;
  readonly localDirectory: string;
  /** Where to listen; without it on the address from which the scheduler is reached. */
  readonly listen: string | undefined;
  readonly ports: string;
  readonly contact: string | undefined;
  readonly security: Security | undefined;
  readonly token: string | undefined;
  /** Where each worker shows its state over HTTP, if it does. */
  readonly dashboardAddress: string | undefined;
  readonly deathMs: number;
  readonly lifetime: Lifetime | undefined;
  /** A worker that is to end may take so long. */
  readonly graceMs: number;
  readonly preload: readonly string[];
  readonly preloadNanny: readonly string[];
  readonly validate: boolean;
  readonly format: "json" | "text";
}

/** Reads the flags. Errors: `InvalidArgument` and of files. */
export function planWorkers(flags: WorkerFlags, folder: string, cores: number): WorkerPlan {
  const { workers, threads } = shapeOf(flags, cores);
  refuseContradictions(flags, workers);
  const limit = flags.memoryLimit ?? config.get("worker.memory.limit");
  const isLimited = !(limit === "0" || limit === 0);
  const local = flags.localDirectory ?? config.get("temporary-directory") ?? tmpdir();
  const ports = portsOf("--worker-port", flags.workerPort ?? "0");
  return {
    workers,
    threads,
    memoryLimitBytes: isLimited ? memoryOf(limit, threads) : workerMemory("auto", cores),
    isLimited,
    resources: flagOrConfig("--resources", flags.resources, "worker.resources"),
    localDirectory: resolve(folder, local),
    listen: listenOf(flags, ports),
    ports,
    contact: flags.contactAddress && checked("--contact-address", flags.contactAddress),
    security: securityOf(flags),
    token: tokenOf(flags),
    dashboardAddress: flags.dashboardAddress,
    deathMs: timeOrConfig("--death-timeout", flags.deathTimeout, "worker.death-timeout"),
    lifetime: lifetimeOf(flags),
    graceMs: timeOrConfig("--lifetime-grace", flags.lifetimeGrace, "worker.lifetime.grace"),
    preload: resolvePreloads(flags.preload ?? config.get("worker.preload"), folder),
    preloadNanny: resolvePreloads(flags.preloadNanny ?? config.get("nanny.preload"), folder),
    validate: flags.validate ?? config.get("worker.validate"),
    format: flags.json === true ? "json" : "text",
  };
}

/**
 * How many workers, and threads of each: `n`, `-n` (that many fewer than cores and one), `auto`.
 */
function shapeOf(flags: WorkerFlags, cores: number): { workers: number; threads: number } {
  const { nworkers = "1", nthreads } = flags;
  if (nworkers === "auto") {
    if (nthreads === undefined) return clusterShape({});
    badFlag("--nthreads", nthreads, "no --nthreads with --nworkers auto, which chooses both");
  }
  const given = Number(nworkers);
  const workers = given < 0 ? cores + 1 + given : given;
  if (!Number.isSafeInteger(given) || nworkers.trim() === "" || workers < 1) {
    badFlag("--nworkers", nworkers, `a number of at least 1, -1 to -${cores}, or auto`);
  }
  const asked = nthreads === undefined ? 0 : integerOf("--nthreads", nthreads, 0);
  return { workers, threads: asked || Math.max(1, Math.floor(cores / workers)) };
}

function memoryOf(limit: string | number, threads: number): number {
  try {
    return workerMemory(limit, threads);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new HeddleError("InvalidArgument", `--memory-limit: ${message}`, { cause });
  }
}

function refuseContradictions(flags: WorkerFlags, workers: number): void {
  const { listenAddress: listen, workerPort, name, nanny } = flags;
  if (!nanny && workers > 1) {
    badFlag("--no-nanny", "", `--nworkers 1: ${workers} processes need a supervisor`);
  }
  if (flags.contactAddress !== undefined && listen === undefined) {
    badFlag("--contact-address", flags.contactAddress, "--listen-address with it");
  }
  if (listen !== undefined) {
    if (workers > 1) badFlag("--listen-address", listen, "--nworkers 1 with it");
    const others = { "--host": flags.host, "--interface": flags.interface };
    for (const [flag, value] of Object.entries({ ...others, "--worker-port": workerPort })) {
      if (value !== undefined) badFlag(flag, value, "either this or --listen-address");
    }
  }
  const isOnePort = workerPort !== undefined && /^0*[1-9]\d*$/.test(workerPort);
  if (workers > 1 && isOnePort) {
    badFlag("--worker-port", workerPort, `a range of ports for ${workers} workers, or 0`);
  }
  if (flags.nannyPort !== undefined) portsOf("--nanny-port", flags.nannyPort);
  if (name?.trim() === "") badFlag("--name", `"${name}"`, "a name");
}

function listenOf(flags: WorkerFlags, ports: string): string | undefined {
  if (flags.listenAddress !== undefined) return checked("--listen-address", flags.listenAddress);
  if (flags.host === undefined && flags.interface === undefined) return undefined;
  return listenAddress(flags, "", ports);
}

function checked(flag: string, address: string): string {
  try {
    parseAddress(address, 0);
    return address;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new HeddleError("InvalidArgument", `${flag}: ${message}`, { cause });
  }
}

function lifetimeOf(flags: WorkerFlags): Lifetime | undefined {
  const ms = timeOrConfig("--lifetime", flags.lifetime, "worker.lifetime.duration");
  const { lifetimeStagger: stagger } = flags;
  const staggerMs = timeOrConfig("--lifetime-stagger", stagger, "worker.lifetime.stagger");
  const restart = flags.lifetimeRestart ?? config.get("worker.lifetime.restart");
  return ms === null ? undefined : { ms, staggerMs, restart };
}
