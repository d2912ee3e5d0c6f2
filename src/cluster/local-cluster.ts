/**
 * @file A cluster on this machine: worker processes with a scheduler of their own, which end with
 * the program; or, without processes, the task threads of one engine.
 */
import { tmpdir } from "node:os";
import type { Security } from "../comm/security.ts";
import { config } from "../config/config.ts";
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { checkFlag } from "../core/task-options.ts";
import { nodeCrypto } from "../functions/crypto.ts";
import type { Adaptive } from "./adaptive.ts";
import type { AdaptOptions } from "./adaptive-target.ts";
import { checkName, checkPath, checkResources } from "./check-given.ts";
import { Cluster } from "./cluster.ts";
import type { ClusterInit } from "./cluster-thread.ts";
import { type EngineHandle, startEngine } from "./embedded.ts";
import { describeGiven } from "./given.ts";
import { LocalProcesses } from "./local-processes.ts";
import { resolvePreloads } from "./preload.ts";
import { RemoteEngine } from "./remote-engine.ts";
import type { WorkerSettings } from "./worker-settings.ts";
import { clusterShape, workerMemory } from "./worker-shape.ts";

export interface LocalClusterOptions {
  /**
   * Worker processes; default one for each core, or few with several threads where there are more
   * than four cores.
   */
  readonly nWorkers?: number;
  /** Task threads of each worker; default: the cores divided by the workers. */
  readonly threadsPerWorker?: number;
  /**
   * Memory of each worker, with all that its process takes: bytes, `"2GiB"`, a share of the
   * machine's such as 0.25, or `"auto"` (default), its share of the machine by its threads.
   */
  readonly memoryLimit?: number | string;
  /** Where spilled values go; default the system's temporary folder. */
  readonly localDirectory?: string;
  /** Whether workers are processes of their own, default; else they are threads of this one. */
  readonly processes?: boolean;
  /** Amounts of named resources that each worker has. */
  readonly resources?: Readonly<Record<string, number>>;
  /** Address at which the scheduler and the workers listen; default this machine only. */
  readonly host?: string;
  /** Name of a network interface to listen on, in place of `host`: `"eth0"`. */
  readonly interface?: string;
  /** `"tls"` with `security`, else `"tcp"`: default by whether there is `security`. */
  readonly protocol?: "tcp" | "tls";
  /** Port of the scheduler; default any that is free. */
  readonly schedulerPort?: number;
  /**
   * Certificates with which all connections are encrypted, such as `await Security.temporary()`;
   * default none: on one machine a secret token is enough.
   */
  readonly security?: Security;
  /**
   * Where `/health`, `/json` and `/metrics` are served: a port or a host and a port; the next free
   * port where it is taken. Default `":8787"` on this machine only; null for nowhere.
   */
  readonly dashboardAddress?: string | null;
  /**
   * Where each worker serves its own `/health`, `/json` and `/metrics`: `":0"` for any free port,
   * or the first of a row of ports; `schedulerInfo()` says where. Default nowhere.
   */
  readonly workerDashboardAddress?: string;
  readonly name?: string;
  /** Variables added to the environment of each worker. */
  readonly environ?: Readonly<Record<string, string>>;
  /** Modules that each worker loads first, with `setup(worker)` and `teardown(worker)`. */
  readonly preload?: readonly string[];
  /** A worker ends by itself after so long; default `worker.lifetime.duration`: never. */
  readonly lifetimeMs?: number;
  /** So much longer or shorter, by chance; default `worker.lifetime.stagger`. */
  readonly lifetimeStaggerMs?: number;
  /** Whether another process follows, which joins first; default `worker.lifetime.restart`. */
  readonly lifetimeRestart?: boolean;
  /** Workers end when the scheduler is out of reach for so long; default `comm.timeouts.dead`. */
  readonly deathTimeoutMs?: number;
  /**
   * Whether workers write nothing of what happens to them on stderr, default; `logs()` has it in
   * any case.
   */
  readonly silenceLogs?: boolean;
  /** Checks invariants and poisons freed memory; default false. */
  readonly validate?: boolean;
}

const CLUSTER_OPTIONS = [
  "nWorkers",
  "threadsPerWorker",
  "memoryLimit",
  "localDirectory",
  "processes",
  "resources",
  "host",
  "interface",
  "protocol",
  "schedulerPort",
  "security",
  "dashboardAddress",
  "workerDashboardAddress",
  "name",
  "environ",
  "preload",
  "lifetimeMs",
  "lifetimeStaggerMs",
  "lifetimeRestart",
  "deathTimeoutMs",
  "silenceLogs",
  "validate",
] satisfies (keyof LocalClusterOptions)[];

/**
 * Workers on this machine. Close it with `close()` or `await using`.
 *
 * @example
 * import { Client, LocalCluster } from "heddle";
 * const cluster = new LocalCluster({ nWorkers: 2, threadsPerWorker: 1 });
 * await Client.with(cluster, async (client) => {
 *   console.log(await client.submit((x: number) => x + 1, 41).result()); // 42
 * });
 * await cluster.close();
 */
export class LocalCluster extends Cluster {
  /** @internal */
  readonly engine: EngineHandle;
  readonly name: string;
  readonly ready: Promise<void>;
  readonly threadsPerWorker: number;
  readonly #processes: LocalProcesses | undefined;
  readonly #remote: RemoteEngine | undefined;
  #workers: number;

  constructor(options: LocalClusterOptions = {}) {
    super();
    checkOptionNames("LocalCluster", options, CLUSTER_OPTIONS);
    checkFlag("LocalCluster", "processes", options.processes);
    checkResources("LocalCluster: resources", options.resources);
    const { localDirectory: folder, host, name } = options;
    if (folder !== undefined) checkPath("LocalCluster: localDirectory", folder);
    if (host !== undefined) checkName("LocalCluster: host", host);
    if (name !== undefined) checkName("LocalCluster: name", name);
    const { workers, threads } = clusterShape(options);
    this.#workers = workers;
    this.threadsPerWorker = threads;
    this.name = name ?? `local-${nodeCrypto().randomBytes(3).toString("hex")}`;
    if (options.processes === false) {
      const { memoryLimit, localDirectory, resources, validate } = options;
      this.engine = startEngine({
        threads: threads * workers,
        memoryLimit: memoryLimit === "auto" ? undefined : memoryLimit,
        localDirectory,
        resources,
        validate,
      });
      this.ready = this.engine.ready;
      return;
    }
    const init = initOf(this.name, threads, options);
    const processes = new LocalProcesses(init);
    this.#processes = processes;
    const engine = new RemoteEngine(
      processes.listening.then((address) => ({
        address,
        token: init.token,
        security: options.security,
      })),
      {
        threads: workers * threads,
        memoryLimitBytes: workers * init.worker.memoryLimitBytes,
        workerCount: workers,
      },
    );
    processes.onGone = () => engine.forgetPlan();
    processes.onLost = (error) => engine.lost(error);
    this.#remote = engine;
    this.engine = engine;
    this.ready = processes.listening.then(() => undefined);
    this.ready.catch(() => undefined);
    processes.listening.then(() => processes.scale(workers)).catch(() => undefined);
  }

  get workers(): number {
    return this.#workers;
  }

  override async scale(workers: number): Promise<void> {
    this.#needProcesses();
    await super.scale(workers);
  }

  override adapt(options: AdaptOptions = {}): Adaptive {
    this.#needProcesses();
    return super.adapt(options);
  }

  async logs(): Promise<Readonly<Record<string, string>>> {
    await this.ready;
    return (await this.#processes?.logs()) ?? {};
  }

  protected async setWorkers(workers: number, going: readonly string[] = []): Promise<void> {
    const processes = this.#needProcesses();
    this.#workers = workers;
    this.#remote?.forgetPlan();
    await processes.scale(workers, going);
  }

  protected async end(): Promise<void> {
    await this.engine.close("the cluster was closed");
    await this.#processes?.close();
  }

  #needProcesses(): LocalProcesses {
    if (this.#processes !== undefined) return this.#processes;
    throw new HeddleError(
      "NotSupported",
      "a LocalCluster without processes has the threads that it began with: leave " +
        "{ processes: false } out to scale it",
    );
  }
}

function initOf(name: string, threads: number, options: LocalClusterOptions): ClusterInit {
  const { schedulerPort = 0, security } = options;
  const scheme = schemeOf(options);
  const host = hostOf(options);
  const at = host.includes(":") ? `[${host}]` : host;
  return {
    name,
    address: `${scheme}://${at}:${schedulerPort}`,
    token: nodeCrypto().randomBytes(32).toString("hex"),
    configuration: config.serialize(),
    dashboardAddress: options.dashboardAddress === undefined ? ":8787" : options.dashboardAddress,
    worker: {
      listen: [`${scheme}://${at}:0`],
      // Texts: what the processes get does not depend on files.
      ...(security === undefined ? {} : { security: security.withTexts() }),
      threads,
      memoryLimitBytes: workerMemory(options.memoryLimit ?? "auto", threads),
      resources: options.resources ?? config.get("worker.resources"),
      localDirectory: options.localDirectory ?? config.get("temporary-directory") ?? tmpdir(),
      validate: options.validate ?? config.get("worker.validate"),
      environ: options.environ ?? {},
      nodeOptions: [],
      preload: resolvePreloads(options.preload ?? config.get("worker.preload"), process.cwd()),
      ...lifetimeOf(options),
      ...loggingOf(options),
      ...(options.workerDashboardAddress === undefined
        ? {}
        : { dashboardAddress: options.workerDashboardAddress }),
    },
  };
}

function hostOf({ host, interface: named }: LocalClusterOptions): string {
  if (named === undefined) return host ?? "127.0.0.1";
  if (typeof named === "string" && named !== "" && host === undefined) return named;
  const why = host === undefined ? `is ${describeGiven(named)}` : "is given beside host";
  throw new HeddleError(
    "InvalidArgument",
    `LocalCluster: interface ${why}; it may be the name of a network interface, in place of host`,
  );
}

function schemeOf({ protocol, security }: LocalClusterOptions): "tcp" | "tls" {
  const fitting = security === undefined ? "tcp" : "tls";
  if (protocol === undefined || protocol === fitting) return fitting;
  const why =
    protocol === "tls"
      ? "needs { security }, such as await Security.temporary()"
      : "is not for that";
  throw new HeddleError(
    "InvalidArgument",
    `LocalCluster: protocol ${describeGiven(protocol)} ${why}; allowed are "tcp" and, with security, "tls"`,
  );
}

/** When workers give up, and whether they speak. */
function loggingOf(options: LocalClusterOptions): Pick<WorkerSettings, "deathMs" | "log"> {
  checkFlag("LocalCluster", "silenceLogs", options.silenceLogs);
  const deathMs = timeOf("deathTimeoutMs", options.deathTimeoutMs);
  return {
    ...(deathMs === undefined ? {} : { deathMs }),
    ...(options.silenceLogs === false ? { log: "text" } : {}),
  };
}

/** How long the workers live, where that is bounded. */
function lifetimeOf(options: LocalClusterOptions): Pick<WorkerSettings, "lifetime"> {
  const ms = timeOf("lifetimeMs", options.lifetimeMs) ?? config.get("worker.lifetime.duration");
  const stagger = timeOf("lifetimeStaggerMs", options.lifetimeStaggerMs);
  const staggerMs = stagger ?? config.get("worker.lifetime.stagger");
  checkFlag("LocalCluster", "lifetimeRestart", options.lifetimeRestart);
  const restart = options.lifetimeRestart ?? config.get("worker.lifetime.restart");
  return ms === null ? {} : { lifetime: { ms, staggerMs, restart } };
}

function timeOf(name: string, ms: number | undefined): number | undefined {
  if (ms === undefined || (typeof ms === "number" && ms >= 0)) return ms;
  throw new HeddleError(
    "InvalidArgument",
    `LocalCluster: ${name} is ${describeGiven(ms)}; it must be a time in milliseconds`,
  );
}
