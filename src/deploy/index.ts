/**
 * @file `heddle/deploy`: clusters whose processes are started by somebody else than this machine.
 */
// For `cluster.getClient()`.
import "../cluster/client.ts";

export type { Adaptive } from "../cluster/adaptive.ts";
export type { AdaptOptions } from "../cluster/adaptive-target.ts";
export { Cluster } from "../cluster/cluster.ts";
export { LocalCluster, type LocalClusterOptions } from "../cluster/local-cluster.ts";
export {
  type ClusterAccess,
  type Job,
  type SchedulerJob,
  SpecCluster,
  type SpecClusterOptions,
} from "./spec-cluster.ts";
export { SSHCluster, type SSHClusterOptions } from "./ssh-cluster.ts";
export type { SSHConnectOptions } from "./ssh-job.ts";
export { SubprocessCluster, type SubprocessClusterOptions } from "./subprocess-cluster.ts";
