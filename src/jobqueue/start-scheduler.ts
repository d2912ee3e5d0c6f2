/**
 * @file The scheduler of a cluster, where its options want it: in a thread of this program, as a
 * process on this host, or as a job.
 */
import { connectionFile } from "./access-file.ts";
import { JobValues } from "./job-values.ts";
import type { JobQueueOptions } from "./options.ts";
import type { SchedulerPlace } from "./scheduler-place.ts";
import { schedulerSettings } from "./scheduler-settings.ts";
import type { SystemName } from "./system.ts";
import { ThreadScheduler } from "./thread-scheduler.ts";

/** The file by which workers and clients find the scheduler of a cluster of this name. */
export function connectionFileOf(
  system: SystemName,
  options: JobQueueOptions,
  name: string,
): string {
  return connectionFile(new JobValues(system, options), name);
}

/**
 * Starts the scheduler; its file is there when `access` resolves. Errors: `InvalidArgument` for
 * options; what comes later rejects `access`.
 */
export function startScheduler(
  system: SystemName,
  options: JobQueueOptions,
  name: string,
  file: string,
): SchedulerPlace {
  const values = new JobValues(system, options);
  const settings = schedulerSettings(values, options);
  return new ThreadScheduler(values, settings, { name, file });
}
