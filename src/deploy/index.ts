/**
 * @file `heddle/deploy`: clusters whose processes are started by somebody else than this machine,
 * and one class and ready-made functions for clusters of all kinds.
 */
// For `cluster.getClient()`.
import "../cluster/client.ts";

export type { Adaptive } from "../cluster/adaptive.ts";
export type { AdaptOptions } from "../cluster/adaptive-target.ts";
export { Cluster } from "../cluster/cluster.ts";
export { LocalCluster, type LocalClusterOptions } from "../cluster/local-cluster.ts";
export type { JobRow, JobTable, WorkerRow } from "../jobqueue/job-table.ts";
export type { ClusterKind, KindOptions } from "./cluster-kinds.ts";
export {
  type CreateDistributedOptions,
  type CreateGpuOptions,
  type CreateLocalOptions,
  type CreateOptions,
  type CreateSlurmOptions,
  createDistributedCluster,
  createGpuCluster,
  createLocalCluster,
  createSlurmCluster,
  setupGpuCluster,
} from "./create.ts";
export { type ClusterReport, DaskCluster, type DaskClusterOptions } from "./dask-cluster.ts";
export {
  type ClusterAccess,
  type Job,
  type SchedulerJob,
  SpecCluster,
  type SpecClusterOptions,
} from "./spec-cluster.ts";
export { SSHCluster } from "./ssh-cluster.ts";
export type { SSHConnectOptions } from "./ssh-job.ts";
export type {
  SSHClusterOptions,
  SSHSchedulerOptions,
  SSHWorkerOptions,
} from "./ssh-options.ts";
export { SubprocessCluster, type SubprocessClusterOptions } from "./subprocess-cluster.ts";
export type { WorkerFlagOptions, WorkerShape } from "./worker-arguments.ts";
