/**
 * @file The scheduler of a cluster, where its options want it: in a thread of this program, as a
 * process on this host, or as a job.
 */
import { connectionFile, secretsFile } from "./access-file.ts";
import { JobScheduler } from "./job-scheduler.ts";
import { DEFAULT_GROUP, JobValues } from "./job-values.ts";
import { makeLogFolder } from "./log-folder.ts";
import { makeSchedulerPlan } from "./make-plan.ts";
import type { JobQueueOptions } from "./options.ts";
import { ProcessScheduler } from "./process-scheduler.ts";
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
  for (const group of [DEFAULT_GROUP, ...Object.keys(options.groups ?? {})]) {
    makeLogFolder(new JobValues(system, options, group));
  }
  const place = { name, file };
  if (settings.placement === "client") return new ThreadScheduler(values, settings, place);
  if (settings.placement === "process") return new ProcessScheduler(values, settings, place);
  const files = { secrets: secretsFile(file), connectionFile: file };
  const plan = makeSchedulerPlan(system, options, settings, files);
  return new JobScheduler(plan, settings, place);
}
