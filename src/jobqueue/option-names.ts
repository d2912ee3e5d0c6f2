/** @file Names of options, and what to say to those who write dask-jobqueue's. */
import { JOB_SYSTEMS, type JobSystem, sectionKeys } from "../config/jobqueue-keys.ts";
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import type { JobQueueOptions } from "./options.ts";

/** Names of classes, for messages. */
export const CLASS_NAMES: Readonly<Record<JobSystem, string>> = {
  slurm: "SLURMCluster",
  pbs: "PBSCluster",
  sge: "SGECluster",
  lsf: "LSFCluster",
  oar: "OARCluster",
  moab: "MoabCluster",
  htcondor: "HTCondorCluster",
};

/** Keys whose options are called otherwise; times say their unit. */
const RENAMED: Readonly<Record<string, string>> = {
  name: "jobName",
  "walltime-margin": "walltimeMarginMs",
  lifetime: "lifetimeMs",
  "lifetime-stagger": "lifetimeStaggerMs",
  "death-timeout": "deathTimeoutMs",
  "poll-interval": "pollIntervalMs",
  "start-timeout": "startTimeoutMs",
  grace: "graceMs",
};

/** The option that stands for a key of a section. */
export function optionName(key: string): string {
  return RENAMED[key] ?? key.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Keys that say something of the cluster as a whole, and not of one kind of job. */
const CLUSTER_KEYS: ReadonlySet<string> = new Set([
  "name",
  "shared-temp-directory",
  "scheduler-placement",
  "scheduler-options",
  "max-pending-jobs",
  "max-array-size",
  "poll-interval",
  "start-timeout",
  "grace",
  "max-failures",
  "on-client-exit",
]);

/** Options of a cluster that have no key. */
const KEYLESS = [
  "name",
  "configName",
  "nWorkers",
  "jobs",
  "host",
  "dashboardAddress",
  "protocol",
  "security",
  "groups",
] as const satisfies readonly (keyof JobQueueOptions)[];

/** Options of one kind of job. */
export function jobOptionNames(system: JobSystem): string[] {
  const keys = Object.keys(sectionKeys(system)).filter((key) => !CLUSTER_KEYS.has(key));
  return [...new Set([...keys.map(optionName), "account", "project"])];
}

/** All options of a system's cluster. */
export function clusterOptionNames(system: JobSystem): string[] {
  return [...jobOptionNames(system), ...[...CLUSTER_KEYS].map(optionName), ...KEYLESS];
}

/** What dask-jobqueue's words are here, where they are not the same in camelCase. */
const DASK_NAMES: Readonly<Record<string, string>> = {
  python: "node, the path of Node on the nodes",
  extra: "workerExtraArgs",
  envExtra: "jobScriptPrologue",
  jobExtra: "jobExtraDirectives",
  headerSkip: "jobDirectivesSkip",
  deathTimeout: "deathTimeoutMs, in milliseconds",
  schedulerCls: "schedulerOptions and schedulerPlacement",
  jobCls: "the class of the batch system",
  loop: "nothing: leave it out",
  asynchronous: "nothing: all methods return promises",
  silenceLogs: 'the configuration key "log.level"',
  scheduler: "schedulerPlacement",
};

function camel(name: string): string {
  return name.replace(/[-_]([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Throws `InvalidArgument` for options that there are not, with what is meant. */
export function checkJobOptions(system: JobSystem, options: JobQueueOptions): void {
  const title = CLASS_NAMES[system];
  check(system, title, options, clusterOptionNames(system));
  for (const [name, group] of Object.entries(options.groups ?? {})) {
    if (!/^[A-Za-z]\w*$/.test(name) || name === "default") {
      throw new HeddleError(
        "InvalidArgument",
        `${title}: groups has "${name}"; the name of a group begins with a letter and has letters, ` +
          'digits and _, and is not "default"',
      );
    }
    checkOneJob(system, `${title}: groups.${name}`, group);
  }
}

/** The same for the options of one kind of job; `who` is what they are called in messages. */
export function checkOneJob(system: JobSystem, who: string, options: unknown): void {
  check(system, who, options, jobOptionNames(system));
}

function check(system: JobSystem, who: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== "object" || options === null) return checkOptionNames(who, options, known);
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const hint = hintFor(system, unknown, known);
    if (hint !== undefined) {
      throw new HeddleError("InvalidArgument", `${who} has no option "${unknown}": ${hint}`, {
        fields: { option: unknown },
      });
    }
  }
  checkOptionNames(who, options, known);
}

/** What somebody means who writes an option of dask-jobqueue's, or of another system's class. */
function hintFor(system: JobSystem, name: string, known: readonly string[]): string | undefined {
  const own = camel(name);
  const dask = DASK_NAMES[own];
  if (dask !== undefined) return `what dask-jobqueue calls so is here ${dask}`;
  if (known.includes(own)) return `options are written in camelCase: ${own}`;
  if (clusterOptionNames(system).includes(own)) return "it belongs to the cluster, not to a group";
  const others = JOB_SYSTEMS.filter((other) => clusterOptionNames(other).includes(own));
  if (others.length === 0) return undefined;
  return `only ${others.map((other) => CLASS_NAMES[other]).join(", ")} has it`;
}
