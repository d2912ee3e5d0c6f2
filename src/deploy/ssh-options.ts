/** @file What an `SSHCluster` is told, and what that is for each of its hosts. */
import type { Security } from "../comm/security.ts";
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import type { SSHConnectOptions } from "./ssh-job.ts";
import { WORKER_FLAGS, type WorkerFlagOptions, type WorkerShape } from "./worker-arguments.ts";

/** The workers of each host. */
export interface SSHWorkerOptions extends WorkerShape, WorkerFlagOptions {
  /** Workers on each host (1). */
  readonly nWorkers?: number;
}

/** The scheduler on the first host. */
export interface SSHSchedulerOptions {
  /** Port, or a range such as `"8786:8799"` (0: any that is free). */
  readonly port?: number | string;
  /** Address that it listens on; default all. */
  readonly host?: string;
  /** Network interface that it listens on, in place of `host`: `"ib0"`. */
  readonly interface?: string;
  /** Where it shows its state over HTTP (`":8787"`); null for nowhere. */
  readonly dashboardAddress?: string | null;
  /** It ends after so long with nothing to do; default never. */
  readonly idleTimeoutMs?: number;
  /** Modules that it loads first. */
  readonly preload?: readonly string[];
}

export interface SSHClusterOptions {
  /** The scheduler's host, then those of the workers; one alone has both. */
  readonly hosts: readonly string[];
  /** How `ssh` connects: to all hosts, or to each in the order of `hosts`. */
  readonly connect?: SSHConnectOptions | readonly SSHConnectOptions[];
  readonly workerOptions?: SSHWorkerOptions;
  readonly schedulerOptions?: SSHSchedulerOptions;
  /** Short for `workerOptions.nWorkers`: workers on each host (1). */
  readonly nWorkers?: number;
  /** Short for `workerOptions.nThreads`: task threads of each worker; the host's cores. */
  readonly nThreads?: number;
  /** Short for `workerOptions.memoryLimit`: memory of each, as after `--memory-limit`. */
  readonly memoryLimit?: number | string;
  /** Short for `workerOptions.localDirectory`. */
  readonly localDirectory?: string;
  /** Short for `workerOptions.resources`. */
  readonly resources?: Readonly<Record<string, number>>;
  /** Short for `workerOptions.workerPort`: as after `--worker-port`. */
  readonly workerPort?: number | string;
  /** Short for `schedulerOptions.port`. */
  readonly schedulerPort?: number | string;
  /** Short for `schedulerOptions.host`. */
  readonly schedulerHost?: string;
  /**
   * Node on the other hosts, the same on all or one for each in the order of `hosts`; default
   * `worker.node`, or the path that it has here.
   */
  readonly remoteNode?: string | readonly string[];
  /** The command there in place of Node and Heddle's own file, such as `"heddle"`. */
  readonly remoteCommand?: string | readonly string[];
  /** Variables added to the environment of the programs. */
  readonly environ?: Readonly<Record<string, string>>;
  /** Certificates with which all connections are encrypted; default none, but for a token. */
  readonly security?: Security;
  readonly name?: string;
}

const OPTIONS = [
  "hosts",
  "connect",
  "workerOptions",
  "schedulerOptions",
  "nWorkers",
  "nThreads",
  "memoryLimit",
  "localDirectory",
  "resources",
  "workerPort",
  "schedulerPort",
  "schedulerHost",
  "remoteNode",
  "remoteCommand",
  "environ",
  "security",
  "name",
] satisfies (keyof SSHClusterOptions)[];

const SHAPE = [
  "nWorkers",
  "nThreads",
  "memoryLimit",
  "localDirectory",
  "resources",
  "workerPort",
] satisfies (keyof SSHWorkerOptions)[];

const SCHEDULER_OPTIONS = [
  "port",
  "host",
  "interface",
  "dashboardAddress",
  "idleTimeoutMs",
  "preload",
] satisfies (keyof SSHSchedulerOptions)[];

/** One host with how it is reached. */
export interface SSHHost {
  readonly host: string;
  readonly connect: SSHConnectOptions;
  readonly remoteNode: string | undefined;
}

/** What the options come to. */
export interface SSHPlan {
  readonly scheduler: SSHHost;
  readonly schedulerOptions: SSHSchedulerOptions;
  /** At least one. */
  readonly workerHosts: readonly SSHHost[];
  readonly workerOptions: SSHWorkerOptions;
}

/** Reads the options. Errors: `InvalidArgument`. */
export function readSSHOptions(options: SSHClusterOptions): SSHPlan {
  checkOptionNames("SSHCluster", options, OPTIONS);
  const { hosts, connect = {}, remoteNode, workerOptions = {}, schedulerOptions = {} } = options;
  if (!Array.isArray(hosts) || hosts.length === 0) {
    throw new HeddleError(
      "InvalidArgument",
      "SSHCluster takes { hosts }: the scheduler's host, then those of the workers",
    );
  }
  const connects = forEach("connect", connect, hosts.length);
  const nodes = forEach("remoteNode", remoteNode, hosts.length);
  const all = (hosts as readonly string[]).map(
    (host, i): SSHHost => ({ host, connect: connects[i] ?? {}, remoteNode: nodes[i] }),
  );
  const scheduler = all[0] as SSHHost;
  checkOptionNames("SSHCluster: workerOptions", workerOptions, [
    ...SHAPE,
    ...Object.keys(WORKER_FLAGS),
  ]);
  checkOptionNames("SSHCluster: schedulerOptions", schedulerOptions, SCHEDULER_OPTIONS);
  const { schedulerPort: port, schedulerHost: host } = options;
  const short = Object.fromEntries(SHAPE.map((name) => [name, options[name]]));
  return {
    scheduler,
    schedulerOptions: merged("schedulerOptions", { port, host }, schedulerOptions),
    workerHosts: all.length === 1 ? all : all.slice(1),
    workerOptions: merged("workerOptions", short, workerOptions),
  };
}

/** One for each host. */
function forEach<T>(name: string, given: T | readonly T[], count: number): readonly T[] {
  if (!Array.isArray(given)) return Array.from({ length: count }, () => given as T);
  if (given.length === count) return given as readonly T[];
  throw new HeddleError(
    "InvalidArgument",
    `SSHCluster: ${name} is a list of ${given.length}, but there are ${count} hosts: give one for ` +
      "all, or one for each in the order of hosts",
  );
}

/** What is given in short, and in full; the same one twice is an error. */
function merged<T extends object>(
  name: string,
  short: { readonly [K in keyof T]?: unknown },
  full: T,
): T {
  const given = Object.entries(short).filter(([, value]) => value !== undefined);
  const twice = given.find(([key]) => (full as Record<string, unknown>)[key] !== undefined);
  if (twice === undefined) return { ...full, ...Object.fromEntries(given) };
  throw new HeddleError(
    "InvalidArgument",
    `SSHCluster: ${twice[0]} is given twice, in ${name} and beside it`,
  );
}
