/**
 * @file Ready-made clusters by function: each starts one, waits for its workers, and gives it with
 * its client. Everything is loaded when it is asked for, so that a program that only imports these
 * starts no later.
 */
import type { LocalClusterOptions } from "../cluster/local-cluster.ts";
import type { SLURMClusterOptions } from "../jobqueue/options.ts";
import type { SystemName } from "../jobqueue/system.ts";
import type { KindOptions } from "./cluster-kinds.ts";
import type { DaskCluster } from "./dask-cluster.ts";

/** How long is waited. */
export interface CreateOptions {
  /** Time for all workers to come; default as long as it takes. */
  readonly timeoutMs?: number;
}

export interface CreateLocalOptions extends LocalClusterOptions, CreateOptions {}

export interface CreateSlurmOptions extends SLURMClusterOptions, CreateOptions {}

/** A batch system and its options; which one it is, is found out unless it is said. */
export type CreateDistributedOptions =
  | (SLURMClusterOptions & CreateOptions & { readonly kind?: never })
  | { [K in SystemName]: { readonly kind: K } & KindOptions[K] & CreateOptions }[SystemName];

/** What a cluster of GPUs would take. */
export interface CreateGpuOptions {
  /** Workers, one for each GPU; default all that there are. */
  readonly nWorkers?: number;
  readonly threadsPerWorker?: number;
  /** Memory of each worker. */
  readonly memoryLimit?: number | string;
  /** Memory of each GPU that values may take. */
  readonly deviceMemoryLimit?: number | string;
  /** `"cpu"`: a local cluster without GPUs in place of an error. */
  readonly fallback?: "cpu";
}

/**
 * A cluster of worker processes on this machine; resolves when its workers are there. Options are
 * those of `LocalCluster`. Errors: `InvalidArgument`, `Timeout`.
 *
 * @example
 * import { createLocalCluster } from "heddle/deploy";
 * const cluster = await createLocalCluster({
 *   nWorkers: 2,
 *   threadsPerWorker: 1,
 *   memoryLimit: "1GB",
 * });
 * console.log(await cluster.submit((x: number) => x + 1, 41).result()); // 42
 * await cluster.close();
 */
export async function createLocalCluster(options: CreateLocalOptions = {}): Promise<DaskCluster> {
  const { createCluster } = await import("./create-cluster.ts");
  return await createCluster("local", options);
}

/**
 * Workers as jobs of Slurm; resolves when they are there, which may take as long as the queue. Each
 * job is one worker unless `processes` says otherwise, with `cores` (1) and `memory` (`"4GB"`);
 * `nWorkers` (1) of them are submitted. Options are those of `SLURMCluster`. Errors:
 * `InvalidArgument`, `Timeout`, and `JobFailed` with Slurm's own words, after which no job is left.
 *
 * ```ts
 * const cluster = await createSlurmCluster({
 *   nWorkers: 16,
 *   cores: 4,
 *   memory: "16GB",
 *   walltime: "02:00:00",
 *   queue: "gpu",
 * });
 * ```
 */
export async function createSlurmCluster(options: CreateSlurmOptions = {}): Promise<DaskCluster> {
  const { createBatchCluster } = await import("./create-cluster.ts");
  return await createBatchCluster("slurm", options);
}

/**
 * Workers as jobs of a batch system: of the one that takes jobs from this host, or of `kind`. As
 * `createSlurmCluster` otherwise. Errors: `NotSupported` where there is none.
 */
export async function createDistributedCluster(
  options: CreateDistributedOptions = {},
): Promise<DaskCluster> {
  const { createBatchCluster, batchSystemHere } = await import("./create-cluster.ts");
  const { kind, ...rest } = options;
  return await createBatchCluster(kind ?? batchSystemHere(), rest as CreateSlurmOptions);
}

/**
 * Would be a cluster with one worker for each GPU. Heddle does not compute on GPUs yet, so this is
 * an error that says so, and whether the machine has any; with `fallback: "cpu"` it is a local
 * cluster. For tasks that use a GPU by themselves give workers resources: `{ GPU: 1 }`. Errors:
 * `NotSupported`.
 */
export async function createGpuCluster(options: CreateGpuOptions = {}): Promise<DaskCluster> {
  const { createCpuCluster } = await import("./create-cluster.ts");
  return await createCpuCluster("createGpuCluster", options);
}

/** The same as `createGpuCluster`. */
export async function setupGpuCluster(options: CreateGpuOptions = {}): Promise<DaskCluster> {
  const { createCpuCluster } = await import("./create-cluster.ts");
  return await createCpuCluster("setupGpuCluster", options);
}
