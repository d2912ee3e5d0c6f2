/**
 * @file Slurm: `sbatch`, `squeue`, `scancel`. Behaviour as seen on 22.05 and as its manual says for
 * what could not be seen.
 */

import type { JobPhase, JobReport } from "../../machine/jobs/events.ts";
import { slurmMemory } from "../memory-text.ts";
import { type JobShape, logFolder } from "../shape.ts";
import type { BatchSystem } from "../system.ts";
import { elements, idsOf } from "../system-output.ts";
import { slurmWalltime } from "../walltime.ts";

/** Reasons for which a waiting job never starts as it is. */
const HOPELESS: ReadonlySet<string> = new Set([
  "PartitionConfig",
  "PartitionNodeLimit",
  "PartitionTimeLimit",
  "BadConstraints",
  "AssociationTimeLimit",
  "InvalidAccount",
  "InvalidQOS",
  "QOSTimeLimit",
  "DependencyNeverSatisfied",
]);

const QUEUED: ReadonlySet<string> = new Set([
  "PENDING",
  "CONFIGURING",
  "REQUEUED",
  "REQUEUE_FED",
  "REQUEUE_HOLD",
  "SPECIAL_EXIT",
  "RESV_DEL_HOLD",
]);
const RUNNING: ReadonlySet<string> = new Set([
  "RUNNING",
  "COMPLETING",
  "SUSPENDED",
  "STOPPED",
  "SIGNALING",
  "STAGE_OUT",
  "RESIZING",
]);

function phaseOf(state: string): JobPhase {
  if (QUEUED.has(state)) return "queued";
  return RUNNING.has(state) ? "running" : "ended";
}

/** The controller looks every 30 s, and warns those whose time would come before its next look. */
const EARLY_SECONDS = 30;

/** None for short jobs, which it would end early: they get SIGTERM at their end, and KillWait. */
function warning({ warnSeconds = 60 + EARLY_SECONDS }: JobShape): string[] {
  const seconds = warnSeconds - EARLY_SECONDS;
  return seconds > 0 ? [`--signal=B:USR1@${seconds}`] : [];
}

function directives(job: JobShape): string[] {
  const { own, logDirectory, walltime } = job;
  const log = `${logFolder(job)}${job.jobName}-%J`;
  return [
    `-J ${job.jobName}`,
    ...(logDirectory === undefined ? [] : [`-e ${log}.err`, `-o ${log}.out`]),
    ...(job.queue === undefined ? [] : [`-p ${job.queue}`]),
    ...(job.account === undefined ? [] : [`-A ${job.account}`]),
    `-n ${job.nodes}`,
    `-N ${job.nodes}`,
    `--cpus-per-task=${own.jobCpu ?? job.cores}`,
    ...memory(job),
    ...(walltime === undefined ? [] : [`-t ${walltime}`]),
    // A worker that came back hours later would be a stranger.
    "--no-requeue",
    ...(walltime === undefined ? [] : warning(job)),
  ];
}

/** Slurm takes one of the three. */
function memory({ own, memoryBytes }: JobShape): string[] {
  if (own.memPerCpu !== undefined) return [`--mem-per-cpu=${own.memPerCpu}`];
  if (own.memPerGpu !== undefined) return [`--mem-per-gpu=${own.memPerGpu}`];
  const text = own.jobMem ?? (memoryBytes === undefined ? undefined : slurmMemory(memoryBytes));
  return text === undefined ? [] : [`--mem=${text}`];
}

/** `id|state|reason`, one line for each job, elements of arrays too. */
function listed(stdout: string): Map<string, JobReport> {
  const reports = new Map<string, JobReport>();
  for (const line of stdout.split("\n")) {
    const [id, state, reason = "None"] = line.trim().split("|");
    if (id === undefined || state === undefined || id === "") continue;
    const phase = phaseOf(state);
    reports.set(id, {
      phase,
      state,
      ...(reason === "None" || reason === "" ? {} : { reason }),
      ...(phase === "queued" && HOPELESS.has(reason) ? { isHopeless: true } : {}),
    });
  }
  return reports;
}

/** `scontrol show job`: `JobState=FAILED Reason=NonZeroExitCode … ExitCode=3:0`: code, signal. */
function ended(stdout: string): JobReport | undefined {
  const of = (name: string) => new RegExp(`\\b${name}=(\\S+)`).exec(stdout)?.[1];
  const [state, reason, exit] = [of("JobState"), of("Reason"), of("ExitCode")];
  if (state === undefined || phaseOf(state) !== "ended") return undefined;
  const [code = "0", signal = "0"] = (exit ?? "").split(":");
  const why = signal === "0" ? reason : `signal ${signal}`;
  return {
    phase: "ended",
    state,
    ...(why === undefined || why === "None" ? {} : { reason: why }),
    exitCode: Number(code),
  };
}

/** `StdOut=/logs/work-%J.out`: patterns of some letters are left for the node to fill in. */
function toldLogs(post: string): string[] {
  const of = (name: string) => new RegExp(`\\b${name}=(\\S+)`).exec(post)?.[1];
  const values: Readonly<Record<string, string | undefined>> = {
    j: of("JobId"),
    J: of("JobId"),
    A: of("ArrayJobId") ?? of("JobId"),
    a: of("ArrayTaskId"),
    x: of("JobName"),
    N: of("BatchHost"),
  };
  const told = [of("StdErr"), of("StdOut")].filter((path) => path !== undefined);
  const filled = told.map((path) => path.replace(/%([a-zA-Z])/g, (all, of) => values[of] ?? all));
  return [...new Set(filled)];
}

export const slurm: BatchSystem = {
  name: "slurm",
  title: "Slurm",
  prefix: "#SBATCH",
  directives,
  submit: (script, count) => ({
    file: "sbatch",
    args: ["--parsable", ...(count > 1 ? [`--array=0-${count - 1}`] : [])],
    input: script,
  }),
  submitted(stdout, count) {
    // On sites with several clusters: "id;cluster".
    const [id] = idsOf("sbatch", stdout, /^(\d+)(?:;.+)?$/);
    return { ids: count === 1 ? [id] : elements(count, (i) => `${id}_${i}`) };
  },
  cancel: (ids) => ({ file: "scancel", args: ["--quiet", ...ids] }),
  list: (jobName) => ({
    file: "squeue",
    // Ended jobs are listed too, for as long as the controller remembers them.
    args: [
      "--me",
      "--noheader",
      "--array",
      "--states=all",
      `--name=${jobName}`,
      "--format=%i|%T|%r",
    ],
  }),
  listed,
  post: (id) => ({ file: "scontrol", args: ["show", "job", "--oneliner", id] }),
  ended,
  logFiles(id, { jobName, logDirectory }, post) {
    const told = toldLogs(post);
    if (told.length > 0) return told;
    if (logDirectory === undefined) return [`slurm-${id}.out`];
    const log = `${logDirectory.replace(/\/*$/, "")}/${jobName}-${id}`;
    return [`${log}.err`, `${log}.out`];
  },
  ownId: `\${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}\${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}`,
  walltimeMs: slurmWalltime,
  warnsBeforeEnd: true,
};
