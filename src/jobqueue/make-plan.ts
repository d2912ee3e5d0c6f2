/**
 * @file From what a user says to a plan of jobs: options and configuration become a shape, the
 * command of the workers and the script that is submitted.
 */
import { HeddleError } from "../core/errors.ts";
import { formatBytes } from "../core/units.ts";
import { JOB_SETTINGS, type JobSettings } from "../machine/jobs/settings.ts";
import { DEFAULT_GROUP, JobValues } from "./job-values.ts";
import { launched } from "./launch.ts";
import { type JobLife, lifeOf } from "./lifetime.ts";
import { nodePath } from "./node-path.ts";
import type { JobQueueOptions } from "./options.ts";
import type { JobPlan } from "./plan.ts";
import { readShape } from "./read-shape.ts";
import { type SchedulerFiles, schedulerCommand } from "./scheduler-command.ts";
import type { SchedulerSettings } from "./scheduler-settings.ts";
import { jobScript } from "./script.ts";
import type { JobShape } from "./shape.ts";
import type { BatchSystem, SystemName } from "./system.ts";
import { SYSTEMS } from "./systems/index.ts";
import { workerCommand } from "./worker-command.ts";

/** How the workers of a plan get into their cluster. */
export interface PlanAccess {
  /** File that the nodes see, with the scheduler's addresses, the token and certificates. */
  readonly connectionFile: string;
  readonly clusterName: string;
  /** Group of workers; "default" (default) for the cluster's own options. */
  readonly group?: string;
}

/** A process of a worker needs so much for itself. */
const WORKER_LEAST_BYTES = 192 * 2 ** 20;

/**
 * The plan of one kind of job. Errors: `InvalidArgument` for options that are missing, unknown or
 * make no sense, and those of the configuration.
 */
export function makePlan(
  system: SystemName,
  options: JobQueueOptions,
  { connectionFile, clusterName, group = DEFAULT_GROUP }: PlanAccess,
): JobPlan {
  const values = new JobValues(system, options, group);
  const batch = SYSTEMS[system];
  const { shape, life } = shapeAndLife(batch, values);
  const threads = Math.floor(shape.cores / shape.processes);
  const memoryBytes = workerMemory(values, shape);
  const prefix = group === DEFAULT_GROUP ? clusterName : `${clusterName}-${group}`;
  const command = (nameEnd: string): string =>
    workerCommand({
      node: nodePath(values),
      workerCommand: values.get("worker-command") ?? undefined,
      connectionFile,
      name: `${prefix}-${batch.ownId}${nameEnd}`,
      processes: shape.processes,
      threads,
      memoryBytes,
      deathMs: values.get("death-timeout"),
      lifetime: life.lifetime,
      graceMs: life.graceMs,
      localDirectory: values.get("local-directory") ?? undefined,
      interface: values.get("interface") ?? undefined,
      resources: values.get("resources"),
      nanny: values.get("nanny"),
      extraArgs: values.get("worker-extra-args"),
    });
  return {
    system: batch,
    shape,
    settings: { ...settingsOf(values), ...life.settings },
    group,
    prefix,
    workersPerJob: shape.processes * shape.nodes,
    threadsPerWorker: threads,
    memoryPerWorkerBytes: memoryBytes ?? 0,
    script: jobScript(batch, shape, launched(batch, shape, command)),
  };
}

/** The plan of the job in which a scheduler runs; what its options leave out is as with workers. */
export function makeSchedulerPlan(
  system: SystemName,
  options: JobQueueOptions,
  settings: SchedulerSettings,
  files: SchedulerFiles,
): JobPlan {
  const own = { ...SCHEDULER_JOB, ...settings.job };
  const values = new JobValues(system, options, { name: "schedulerOptions.job", own });
  const batch = SYSTEMS[system];
  const { shape, life } = shapeAndLife(batch, values);
  return {
    system: batch,
    shape,
    settings: { ...settingsOf(values), ...life.settings },
    group: "scheduler",
    prefix: "",
    workersPerJob: 0,
    threadsPerWorker: 0,
    memoryPerWorkerBytes: 0,
    script: jobScript(batch, shape, schedulerCommand(nodePath(values), settings, files)),
  };
}

/** A scheduler needs little, whatever the jobs of workers are. */
const SCHEDULER_JOB = { cores: 1, memory: "4GB", processes: 1, nodes: 1 } as const;

function shapeAndLife(system: BatchSystem, values: JobValues): { shape: JobShape; life: JobLife } {
  const bare = readShape(values);
  const life = lifeOf(system, values, bare);
  const { warnSeconds } = life;
  return { shape: { ...bare, ...(warnSeconds === undefined ? {} : { warnSeconds }) }, life };
}

/** All plans of a cluster: of its own options, unless only groups say what jobs are, and groups. */
export function makePlans(
  system: SystemName,
  options: JobQueueOptions,
  access: Omit<PlanAccess, "group">,
): JobPlan[] {
  const groups = Object.keys(options.groups ?? {});
  const hasOwn = groups.length === 0 || new JobValues(system, options).get("cores") !== null;
  return [...(hasOwn ? [DEFAULT_GROUP] : []), ...groups].map((group) =>
    makePlan(system, options, { ...access, group }),
  );
}

/** Each worker's part of what the job may take; undefined: its part of the node. */
function workerMemory(values: JobValues, { memoryBytes, processes }: JobShape): number | undefined {
  if (memoryBytes === undefined) return undefined;
  const bytes = Math.floor((memoryBytes * values.get("memory-share")) / processes);
  if (bytes >= WORKER_LEAST_BYTES) return bytes;
  throw new HeddleError(
    "InvalidArgument",
    `${values.who}: a memory of ${formatBytes(memoryBytes)} leaves each of ${processes} workers ` +
      `${formatBytes(bytes)}; a worker needs at least ${formatBytes(WORKER_LEAST_BYTES)}. Give more ` +
      "memory, or fewer processes",
  );
}

function settingsOf(values: JobValues): Partial<JobSettings> {
  const pollMs = values.get("poll-interval");
  return {
    pollMs,
    pollIdleMs: Math.max(pollMs, JOB_SETTINGS.pollIdleMs),
    pendingMax: values.get("max-pending-jobs"),
    arrayMax: values.get("max-array-size"),
    startMs: values.get("start-timeout"),
    graceMs: values.get("grace"),
    failuresMax: values.get("max-failures"),
  };
}
