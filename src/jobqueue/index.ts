/** @file `heddle/jobqueue`: clusters whose workers are jobs of a batch system. */
// For `cluster.getClient()`.
import "../cluster/client.ts";

export type { Adaptive } from "../cluster/adaptive.ts";
export type { JobStage, JobView } from "../machine/jobs/events.ts";
export type { JobAdaptOptions } from "./adapt-jobs.ts";
export {
  HTCondorCluster,
  LSFCluster,
  MoabCluster,
  OARCluster,
  PBSCluster,
  SGECluster,
  SLURMCluster,
} from "./clusters.ts";
export { JobQueueCluster, type ScaleSize } from "./job-queue-cluster.ts";
export type { JobSize } from "./job-size.ts";
export type {
  ClusterOptions,
  HTCondorClusterOptions,
  HTCondorJobOptions,
  JobOptions,
  JobQueueOptions,
  LSFClusterOptions,
  LSFJobOptions,
  MoabClusterOptions,
  OARClusterOptions,
  OARJobOptions,
  PBSClusterOptions,
  ResourceSpecOptions,
  SchedulerOptions,
  SchedulerPlacement,
  SGEClusterOptions,
  SLURMClusterOptions,
  SLURMJobOptions,
} from "./options.ts";
export type { ClusterJob } from "./publish-jobs.ts";
