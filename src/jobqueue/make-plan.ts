/**
 * @file From what a user says to a plan of jobs: options and configuration become a shape, the
 * command of the workers and the script that is submitted.
 */
import { config } from "../config/config.ts";
import { HeddleError } from "../core/errors.ts";
import { formatBytes } from "../core/units.ts";
import { JOB_SETTINGS, type JobSettings } from "../machine/jobs/settings.ts";
import { JobValues } from "./job-values.ts";
import { lifeOf } from "./lifetime.ts";
import { CLASS_NAMES } from "./option-names.ts";
import type { JobQueueOptions } from "./options.ts";
import type { JobPlan } from "./plan.ts";
import { jobScript } from "./script.ts";
import type { JobShape, SystemShape } from "./shape.ts";
import { expanded } from "./shell-text.ts";
import type { SystemName } from "./system.ts";
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
  { connectionFile, clusterName, group = "default" }: PlanAccess,
): JobPlan {
  const values = new JobValues(system, options, group);
  const batch = SYSTEMS[system];
  const bare = shapeOf(values);
  const life = lifeOf(batch, values, bare);
  const shape: JobShape = {
    ...bare,
    ...(life.warnSeconds === undefined ? {} : { warnSeconds: life.warnSeconds }),
  };
  const threads = Math.floor(shape.cores / shape.processes);
  const memoryBytes = workerMemory(values, shape);
  const prefix = group === "default" ? clusterName : `${clusterName}-${group}`;
  const command = workerCommand({
    node: nodePath(values),
    workerCommand: values.get("worker-command") ?? undefined,
    connectionFile,
    name: `${prefix}-${batch.ownId}`,
    processes: shape.processes,
    threads,
    memoryBytes,
    deathMs: values.get("death-timeout"),
    lifetime: life.lifetime,
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
    script: jobScript(batch, shape, command),
  };
}

/** All plans of a cluster: of its own options, unless only groups say what jobs are, and groups. */
export function makePlans(
  system: SystemName,
  options: JobQueueOptions,
  access: Omit<PlanAccess, "group">,
): JobPlan[] {
  const groups = Object.keys(options.groups ?? {});
  const hasOwn = groups.length === 0 || new JobValues(system, options).get("cores") !== null;
  return [...(hasOwn ? ["default"] : []), ...groups].map((group) =>
    makePlan(system, options, { ...access, group }),
  );
}

function shapeOf(values: JobValues): JobShape {
  const cores = values.get("cores") ?? values.get("job-cpu") ?? values.get("ncpus") ?? undefined;
  const memoryBytes = memoryOf(values);
  if (cores === undefined || memoryBytes === undefined) throw tooLittle(values, cores, memoryBytes);
  const processes = values.get("processes") ?? usualProcesses(cores);
  if (processes > cores) {
    throw values.wrong("processes", processes, `at most the ${cores} cores of a job`);
  }
  const text = (key: "queue" | "walltime" | "log-directory"): string | undefined =>
    values.get(key) ?? undefined;
  const extra = values.get("job-extra-directives");
  const account = accountOf(values);
  return {
    jobName: jobNameOf(values),
    cores,
    ...(memoryBytes === null ? {} : { memoryBytes }),
    processes,
    nodes: values.get("nodes"),
    ...given("queue", text("queue")),
    ...given("account", account),
    ...given("walltime", text("walltime")),
    ...given("logDirectory", text("log-directory")),
    shebang: values.get("shebang"),
    extraDirectives: Array.isArray(extra) ? (extra as readonly string[]) : [],
    directivesSkip: values.get("job-directives-skip"),
    prologue: [...environment(values), ...values.get("job-script-prologue")],
    epilogue: values.get("job-script-epilogue"),
    own: ownShape(values, extra),
  };
}

/** Bytes of a job; null: none are asked for; undefined: nobody has said it. */
function memoryOf(values: JobValues): number | null | undefined {
  const { value, source } = values.find("memory");
  if (source === "option" || value !== null) return value as number | null;
  const asked = values.get("job-mem");
  if (asked !== null && asked !== undefined) return parseSlurm(values, asked);
  const mem = values.get("mem");
  if (mem !== null && mem !== undefined) return mem;
  const others = ["mem-per-cpu", "mem-per-gpu", "resource-spec"] as const;
  const isSaid = others.some((key) => (values.get(key) ?? null) !== null);
  return isSaid ? null : undefined;
}

/** What Slurm writes "50G" is GiB; without a unit MiB. */
function parseSlurm(values: JobValues, text: string): number {
  const found = /^(\d+)([KMGT]?)B?$/i.exec(text.trim());
  if (found === null)
    throw values.wrong("jobMem", text, 'a size as Slurm writes it, such as "50G"');
  const power = { K: 1, M: 2, G: 3, T: 4 }[found[2]?.toUpperCase() || "M"] as number;
  return Number(found[1]) * 1024 ** power;
}

function tooLittle(
  values: JobValues,
  cores: number | undefined,
  memoryBytes: number | null | undefined,
): HeddleError<"InvalidArgument"> {
  const missing = [
    ...(cores === undefined ? ["cores"] : []),
    ...(memoryBytes === undefined ? ["memory"] : []),
  ];
  const example = `new ${CLASS_NAMES[values.system]}({ cores: ${cores ?? 8}, memory: "24GB" })`;
  return new HeddleError(
    "InvalidArgument",
    `${values.who} needs ${missing.join(" and ")}: what a job has on its node, as in ${example}, ` +
      `or in the configuration: ${missing.map((key) => `jobqueue.${values.system}.${key}`).join(", ")}` +
      (memoryBytes === undefined ? ". memory: null asks for none" : ""),
    { fields: { missing } },
  );
}

/** As Dask: all of few cores, else the least divisor that is not below the square root. */
function usualProcesses(cores: number): number {
  if (cores <= 4) return cores;
  let processes = Math.ceil(Math.sqrt(cores));
  while (cores % processes !== 0) processes++;
  return processes;
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

/** The runtime on the nodes: what is said of this system, then what is said in general. */
function nodePath(values: JobValues): string {
  const general = process.env["HEDDLE_NODE"] || config.get("worker.node");
  return values.get("node") ?? general ?? process.execPath;
}

function accountOf(values: JobValues): string | undefined {
  return values.get("account") ?? values.get("project") ?? undefined;
}

/** Names that all systems take. */
function jobNameOf(values: JobValues): string {
  const name = values.get("name");
  if (/^[A-Za-z_][\w.+-]*$/.test(name)) return name;
  throw values.wrong("jobName", name, "a letter, then letters, digits and any of _ . + -");
}

/** Lines that set the variables of the workers' environment. */
function environment(values: JobValues): string[] {
  return Object.entries(values.get("environ")).map(([name, value]) => {
    if (!/^[A-Za-z_]\w*$/.test(name)) {
      throw values.wrong("environ", { [name]: value }, "names of variables, with texts");
    }
    return `export ${name}=${expanded(value)}`;
  });
}

function ownShape(values: JobValues, extra: unknown): SystemShape {
  return {
    ...given("resourceSpec", values.get("resource-spec")),
    ...given("jobCpu", values.get("job-cpu")),
    ...given("jobMem", values.get("job-mem")),
    ...given("memPerCpu", values.get("mem-per-cpu")),
    ...given("memPerGpu", values.get("mem-per-gpu")),
    ...given("ncpus", values.get("ncpus")),
    ...given("memBytes", values.get("mem")),
    ...given("lsfUnits", values.get("lsf-units")),
    ...given("useStdin", values.get("use-stdin")),
    ...given("memoryPerCorePropertyName", values.get("memory-per-core-property-name")),
    ...given("diskBytes", values.get("disk")),
    ...given("submitCommandExtra", values.get("submit-command-extra")),
    ...given("cancelCommandExtra", values.get("cancel-command-extra")),
    ...(Array.isArray(extra) ? {} : { extraAttributes: extra as Readonly<Record<string, string>> }),
  };
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

/** An object with the value, or without it. */
function given<K extends string, T>(
  name: K,
  value: T | null | undefined,
): { readonly [N in K]?: T } {
  return value === null || value === undefined ? {} : ({ [name]: value } as { [N in K]: T });
}
