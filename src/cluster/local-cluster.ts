/**
 * @file A cluster on this machine. It runs in this process for now, as Dask's
 * `LocalCluster(processes=False)` does: its workers are task threads of one engine.
 */
/// <reference lib="esnext.disposable" preserve="true" />
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { inspectAsText } from "../core/symbols.ts";
import { type EngineHandle, startEngine } from "./embedded.ts";

export interface LocalClusterOptions {
  /** Default 1. */
  readonly workers?: number;
  /** Default: the cores divided by the workers. */
  readonly threadsPerWorker?: number;
  /** Memory of each worker, e.g. `"2GiB"`; default a share of 60 % of the machine's. */
  readonly memoryLimit?: number | string;
  /** Where spilled values go; default the system's temporary folder. */
  readonly localDirectory?: string;
  /** Whether workers are processes of their own: not in this version; default false. */
  readonly processes?: boolean;
}

const CLUSTER_OPTIONS = [
  "workers",
  "threadsPerWorker",
  "memoryLimit",
  "localDirectory",
  "processes",
] satisfies (keyof LocalClusterOptions)[];

/**
 * Workers on this machine. Close it with `close()` or `await using`.
 *
 * @example
 * import { Client, LocalCluster } from "heddle";
 * const cluster = new LocalCluster({ workers: 1, threadsPerWorker: 2 });
 * await Client.with(cluster, async (client) => console.log(client.threads)); // 2
 * await cluster.close();
 */
export class LocalCluster {
  /** @internal */
  readonly engine: EngineHandle;

  constructor(options: LocalClusterOptions = {}) {
    checkOptionNames("LocalCluster", options, CLUSTER_OPTIONS);
    if (options.processes === true) {
      throw new HeddleError(
        "NotSupported",
        "LocalCluster({ processes: true }) is not in this version: leave processes out to run in threads",
      );
    }
    const workers = options.workers ?? 1;
    if (!Number.isInteger(workers) || workers < 1) {
      throw new HeddleError("InvalidArgument", `workers is ${workers}; a cluster needs at least 1`);
    }
    const { threadsPerWorker, memoryLimit, localDirectory } = options;
    this.engine = startEngine({
      threads: threadsPerWorker === undefined ? undefined : threadsPerWorker * workers,
      memoryLimit,
      localDirectory,
    });
  }

  get address(): string {
    return this.engine.address;
  }

  get threads(): number {
    return this.engine.threads;
  }

  async close(): Promise<void> {
    await this.engine.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  toString(): string {
    return `LocalCluster(${this.address}, ${this.threads} threads)`;
  }
}
inspectAsText(LocalCluster.prototype);
