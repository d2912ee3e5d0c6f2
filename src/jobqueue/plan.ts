/**
 * @file One kind of job of a cluster, with everything decided: what options, configuration and the
 * place of the scheduler come to. A cluster has one plan for each group of its workers.
 */
import type { JobSettings } from "../machine/jobs/settings.ts";
import type { JobShape } from "./shape.ts";
import type { BatchSystem } from "./system.ts";

export interface JobPlan {
  readonly system: BatchSystem;
  readonly shape: JobShape;
  /** What differs from the usual in how its jobs are looked after. */
  readonly settings: Partial<JobSettings>;
  /** Name of the group: "default" for the cluster's own options. */
  readonly group: string;
  /**
   * Workers of a job are called `<prefix>-<id of the job>`, and `…-<index>` where a job has
   * several: so it is known which worker belongs to which job.
   */
  readonly prefix: string;
  /** Workers of one job, on all its nodes together. */
  readonly workersPerJob: number;
  readonly threadsPerWorker: number;
  readonly memoryPerWorkerBytes: number;
  /** The script that is submitted. */
  readonly script: string;
}
