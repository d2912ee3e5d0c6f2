/** @file What the functions of `create.ts` do once they are called. */
import { existsSync } from "node:fs";
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { JobValues } from "../jobqueue/job-values.ts";
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
  { timeoutMs, ...options }: KindOptions["slurm"] & CreateOptions,
): Promise<DaskCluster> {
  const { jobs, nWorkers } = options;
  const count = jobs === undefined && nWorkers === undefined ? { nWorkers: 1 } : {};
  const wait = timeoutMs === undefined ? {} : { timeoutMs };
  return await createCluster(system, {
    ...{ ...count, ...usualSize(system, options), ...options },
    ...wait,
  });
}

/**
 * One core and 4 GB for one worker, for what neither options nor configuration say. Where only
 * groups say what jobs are, nothing: else there would be one kind more.
 */
export function usualSize(
  system: SystemName,
  options: KindOptions["slurm"],
): Pick<JobOptions, "cores" | "memory" | "processes"> {
  const values = new JobValues(system, options);
  const isSaid = (key: "cores" | "memory" | "processes"): boolean =>
    values.find(key).source !== "default";
  if (options.groups !== undefined && !isSaid("cores")) return {};
  return {
    ...(isSaid("cores") ? {} : { cores: 1 }),
    ...(isSaid("memory") ? {} : { memory: "4GB" }),
    ...(isSaid("processes") ? {} : { processes: 1 }),
  };
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
