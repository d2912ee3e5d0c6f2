/**
 * @file PBS Professional and OpenPBS (`qsub`, `qstat`, `qdel`) and Moab (`msub`, `showq`,
 * `canceljob`), whose directives are the same.
 */

import type { JobPhase, JobReport } from "../../machine/jobs/events.ts";
import { pbsMemory } from "../memory-text.ts";
import { type JobShape, logFolder } from "../shape.ts";
import type { BatchSystem } from "../system.ts";
import { elements, idsOf } from "../system-output.ts";
import { colonWalltime } from "../walltime.ts";

function directives(job: JobShape): string[] {
  const { logDirectory, walltime, memoryBytes } = job;
  const memory = memoryBytes === undefined ? "" : `:mem=${pbsMemory(memoryBytes)}`;
  const select = `select=${job.nodes}:ncpus=${job.cores}${memory}`;
  const log = logFolder(job);
  return [
    `-N ${job.jobName}`,
    ...(job.queue === undefined ? [] : [`-q ${job.queue}`]),
    ...(job.account === undefined ? [] : [`-A ${job.account}`]),
    `-l ${job.own.resourceSpec ?? select}`,
    ...(job.nodes > 1 ? ["-l place=scatter"] : []),
    ...(walltime === undefined ? [] : [`-l walltime=${walltime}`]),
    ...(logDirectory === undefined ? [] : [`-e ${log}`, `-o ${log}`]),
    "-r n",
  ];
}

/** Letters of `job_state`. */
const PHASES: Readonly<Record<string, JobPhase>> = {
  Q: "queued",
  H: "queued",
  W: "queued",
  T: "queued",
  M: "queued",
  B: "running",
  R: "running",
  E: "running",
  S: "running",
  U: "running",
  F: "ended",
  X: "ended",
};

interface PbsJob {
  readonly job_state?: string;
  readonly comment?: string;
  readonly Exit_status?: number;
}

/** `{ "Jobs": { "3.server": { "job_state": "Q", "comment": … } } }`; else nothing. */
function listed(stdout: string): Map<string, JobReport> {
  const reports = new Map<string, JobReport>();
  if (stdout.trim() === "") return reports;
  const { Jobs = {} } = JSON.parse(stdout) as { Jobs?: Readonly<Record<string, PbsJob>> };
  for (const [id, { job_state: state = "", comment, Exit_status: exitCode }] of Object.entries(
    Jobs,
  )) {
    reports.set(id, {
      phase: PHASES[state] ?? "running",
      state,
      ...(comment === undefined ? {} : { reason: comment }),
      ...(/\bcan never run\b/i.test(comment ?? "") ? { isHopeless: true } : {}),
      ...(exitCode === undefined ? {} : { exitCode }),
    });
  }
  return reports;
}

/** OpenPBS: `DIR/3.server.OU`; else, and with Torque, `NAME.o3`, of an array `NAME.o3.0`. */
function pbsLogFiles(id: string, job: JobShape): string[] {
  const [, number = id, index] = /^(?:Moab\.)?(\d+)(?:\[(\d+)\])?/.exec(id) ?? [];
  const plain = `${number}${index === undefined ? "" : `.${index}`}`;
  const folder = job.logDirectory === undefined ? "" : logFolder(job);
  const own = job.logDirectory === undefined ? [] : [`${folder}${id}.ER`, `${folder}${id}.OU`];
  return [...own, `${folder}${job.jobName}.e${plain}`, `${folder}${job.jobName}.o${plain}`];
}

export const pbs: BatchSystem = {
  name: "pbs",
  title: "PBS",
  prefix: "#PBS",
  directives,
  submit: (script, count) => ({
    file: "qsub",
    args: count > 1 ? ["-J", `0-${count - 1}`] : [],
    input: script,
  }),
  submitted(stdout, count) {
    // The first id of a server is 0; that of an array is "3[].server".
    const [number, brackets, server = ""] = idsOf("qsub", stdout, /^(\d+)(\[\])?(\.\S+)?$/);
    if (brackets === undefined) return { ids: [`${number}${server}`] };
    return { ids: elements(count, (i) => `${number}[${i}]${server}`) };
  },
  cancel: (ids) => ({ file: "qdel", args: ids }),
  list: () => ({ file: "qstat", args: ["-t", "-f", "-F", "json"] }),
  listed,
  logFiles: pbsLogFiles,
  ownId: "$PBS_JOBID",
  walltimeMs: colonWalltime,
  warnsBeforeEnd: false,
};

const MOAB_PHASES: Readonly<Record<string, JobPhase>> = {
  Running: "running",
  Starting: "running",
  Suspended: "running",
  Completed: "ended",
  Removed: "ended",
  Vacated: "ended",
};

export const moab: BatchSystem = {
  ...pbs,
  name: "moab",
  title: "Moab",
  submit: (script, count) => ({
    file: "msub",
    // Moab's own variables are in the job's environment only with -E.
    args: ["-E", ...(count > 1 ? ["-t", `0-${count - 1}`] : [])],
    input: script,
  }),
  submitted(stdout, count) {
    const [id] = idsOf("msub", stdout, /^((?:Moab\.)?\d+)(?:\[\])?(?:\.\S+)?$/);
    return { ids: count === 1 ? [id] : elements(count, (i) => `${id}[${i}]`) };
  },
  ownId: `\${MOAB_JOBID:-$PBS_JOBID}`,
  cancel: (ids) => ({ file: "canceljob", args: ids }),
  list: () => ({ file: "showq", args: ["--xml"] }),
  listed(stdout) {
    const reports = new Map<string, JobReport>();
    for (const [, attributes = ""] of stdout.matchAll(/<job\s([^>]*)>/g)) {
      const of = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1];
      const [id, state] = [of("JobID"), of("State")];
      if (id === undefined || state === undefined) continue;
      reports.set(id, { phase: MOAB_PHASES[state] ?? "queued", state });
    }
    return reports;
  },
};
