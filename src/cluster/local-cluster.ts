/**
 * @file A cluster on this machine: worker processes with a scheduler of their own, which end with
 * the program; or, without processes, the task threads of one engine.
 */
/// <reference lib="esnext.disposable" preserve="true" />
import { tmpdir } from "node:os";
import { config } from "../config/config.ts";
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { inspectAsText } from "../core/symbols.ts";
import { checkFlag } from "../core/task-options.ts";
import { nodeCrypto } from "../functions/crypto.ts";
import type { ClusterInit } from "./cluster-thread.ts";
import { type EngineHandle, startEngine } from "./embedded.ts";
import { LocalProcesses } from "./local-processes.ts";
import { RemoteEngine } from "./remote-engine.ts";
import { checkCount, clusterShape, workerMemory } from "./worker-shape.ts";

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
  /** Port of the scheduler; default any that is free. */
  readonly schedulerPort?: number;
  readonly name?: string;
  /** Variables added to the environment of each worker. */
  readonly environ?: Readonly<Record<string, string>>;
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
  "schedulerPort",
  "name",
  "environ",
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
export class LocalCluster {
  /** @internal */
  readonly engine: EngineHandle;
  readonly name: string;
  /** Resolves when the scheduler listens; rejects when it cannot. */
  readonly ready: Promise<void>;
  readonly #processes: LocalProcesses | undefined;
  #workers: number;

  constructor(options: LocalClusterOptions = {}) {
    checkOptionNames("LocalCluster", options, CLUSTER_OPTIONS);
    checkFlag("LocalCluster", "processes", options.processes);
    const { workers, threads } = clusterShape(options);
    this.#workers = workers;
    this.name = options.name ?? `local-${nodeCrypto().randomBytes(3).toString("hex")}`;
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
      processes.listening.then((address) => ({ address, token: init.token })),
      { threads: workers * threads, memoryLimitBytes: workers * init.worker.memoryLimitBytes },
    );
    this.engine = engine;
    processes.onLost = (error) => engine.lost(error);
    this.ready = processes.listening.then(() => undefined);
    this.ready.catch(() => undefined);
    processes.listening.then(() => processes.scale(workers)).catch(() => undefined);
  }

  /** The scheduler's address; empty until it listens. */
  get address(): string {
    return this.engine.address;
  }

  /** Workers that there are to be. */
  get workers(): number {
    return this.#workers;
  }

  /** Task threads of all workers. */
  get threads(): number {
    return this.engine.threads;
  }

  /** Starts or ends workers until there are so many. */
  async scale(workers: number): Promise<void> {
    checkCount("workers", workers, 0);
    if (this.#processes === undefined) {
      throw new HeddleError(
        "NotSupported",
        "a LocalCluster without processes has the threads that it began with: leave " +
          "{ processes: false } out to scale it",
      );
    }
    await this.ready;
    this.#workers = workers;
    await this.#processes.scale(workers);
  }

  async close(): Promise<void> {
    await this.engine.close();
    await this.#processes?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  toString(): string {
    const parts = `${this.#workers} workers, ${this.threads} threads`;
    return `LocalCluster(${this.name}, ${this.address}, ${parts})`;
  }
}
inspectAsText(LocalCluster.prototype);

function initOf(name: string, threads: number, options: LocalClusterOptions): ClusterInit {
  const { host = "127.0.0.1", schedulerPort = 0 } = options;
  const at = host.includes(":") ? `[${host}]` : host;
  return {
    name,
    address: `tcp://${at}:${schedulerPort}`,
    token: nodeCrypto().randomBytes(32).toString("hex"),
    configuration: config.serialize(),
    worker: {
      listen: [`tcp://${at}:0`],
      threads,
      memoryLimitBytes: workerMemory(options.memoryLimit ?? "auto", threads),
      resources: options.resources ?? config.get("worker.resources"),
      localDirectory: options.localDirectory ?? config.get("temporary-directory") ?? tmpdir(),
      validate: options.validate ?? config.get("worker.validate"),
      environ: options.environ ?? {},
      nodeOptions: [],
    },
  };
}
