/** @file What the functions of `create.ts` do once they are called. */
import { existsSync } from "node:fs";
import { config } from "../config/config.ts";
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import type { JobOptions } from "../jobqueue/options.ts";
import type { SystemName } from "../jobqueue/system.ts";
import type { ClusterKind, KindOptions } from "./cluster-kinds.ts";
import type { CreateGpuOptions, CreateOptions } from "./create.ts";
import { DaskCluster, type DaskClusterOptions } from "./dask-cluster.ts";

export { batchSystemHere } from "./batch-here.ts";

/** A cluster of that kind with all its workers; nothing is left of it when they do not come. */
export async function createCluster<K extends ClusterKind>(
  kind: K,
  { timeoutMs, ...options }: KindOptions[K] & CreateOptions,
): Promise<DaskCluster> {
  const cluster = new DaskCluster({ ...options, kind } as unknown as DaskClusterOptions);
  try {
    await cluster.waitForWorkers(cluster.workers, timeoutMs === undefined ? {} : { timeoutMs });
    return cluster;
  } catch (error) {
    await cluster.close();
    throw error;
  }
}

/** The same on a batch system, with sizes for those who say nothing of them. */
export async function createBatchCluster(
  system: SystemName,
  options: KindOptions["slurm"] & CreateOptions,
): Promise<DaskCluster> {
  const { jobs, nWorkers } = options;
  const count = jobs === undefined && nWorkers === undefined ? { nWorkers: 1 } : {};
  return await createCluster(system, { ...count, ...usualSize(system), ...options });
}

/** One core and 4 GB for one worker, where the configuration says nothing else. */
function usualSize(system: SystemName): Pick<JobOptions, "cores" | "memory" | "processes"> {
  const { cores, memory, processes } = {
    cores: config.get(`jobqueue.${system}.cores`),
    memory: config.get(`jobqueue.${system}.memory`),
    processes: config.get(`jobqueue.${system}.processes`),
  };
  return { cores: cores ?? 1, memory: memory ?? "4GB", processes: processes ?? 1 };
}

const GPU_OPTIONS = [
  "nWorkers",
  "threadsPerWorker",
  "memoryLimit",
  "deviceMemoryLimit",
  "fallback",
] satisfies (keyof CreateGpuOptions)[];

/** See `createGpuCluster`. */
export async function createCpuCluster(
  what: string,
  options: CreateGpuOptions,
  hasGpu: () => boolean = seesGpu,
): Promise<DaskCluster> {
  checkOptionNames(what, options, GPU_OPTIONS);
  const { fallback, deviceMemoryLimit, ...rest } = options;
  if (fallback === "cpu") return await createCluster("local", rest);
  if (fallback !== undefined) {
    const given = JSON.stringify(fallback);
    throw new HeddleError("InvalidArgument", `${what}: fallback is ${given}; it may be "cpu"`);
  }
  const found = hasGpu();
  const here = found
    ? "This machine has one, but Heddle does not compute on GPUs yet"
    : "This machine has none that can be seen, and Heddle does not compute on GPUs yet";
  throw new HeddleError(
    "NotSupported",
    `${what}: ${here}. { fallback: "cpu" } gives a local cluster instead; tasks that use a GPU by ` +
      "themselves go to workers that have it: LocalCluster({ resources: { GPU: 1 } }) and " +
      "client.options({ resources: { GPU: 1 } }).submit(…)",
    { fields: { hasGpu: found } },
  );
}

/** Whether drivers show a GPU of NVIDIA's or AMD's. */
function seesGpu(): boolean {
  return existsSync("/proc/driver/nvidia/version") || existsSync("/dev/kfd");
}
