/** @file Grid Engine (Sun, Son of, Univa, Altair): `qsub`, `qstat`, `qdel`, `qacct`. */

import type { JobPhase, JobReport } from "../../machine/jobs/events.ts";
import { type JobShape, logFolder } from "../shape.ts";
import type { BatchSystem } from "../system.ts";
import { elements, idsOf, xmlText } from "../system-output.ts";
import { colonWalltime } from "../walltime.ts";

function directives(job: JobShape): string[] {
  const { logDirectory, walltime, own } = job;
  const log = logFolder(job);
  return [
    `-N ${job.jobName}`,
    ...(job.queue === undefined ? [] : [`-q ${job.queue}`]),
    ...(job.account === undefined ? [] : [`-P ${job.account}`]),
    ...(own.resourceSpec === undefined ? [] : [`-l ${own.resourceSpec}`]),
    ...(walltime === undefined ? [] : [`-l h_rt=${walltime}`, ...warning(job)]),
    ...(logDirectory === undefined ? [] : [`-e ${log}`, `-o ${log}`]),
    "-cwd",
    "-j y",
    // Without it a job is killed without a word; with it there is a signal first.
    "-notify",
    "-r n",
  ];
}

/** At the hard limit there is no signal that could be heard; at the soft one there is SIGUSR1. */
function warning({ walltime = "", warnSeconds }: JobShape): string[] {
  const ms = colonWalltime(walltime);
  if (ms === undefined || warnSeconds === undefined) return [];
  const seconds = ms / 1000 - warnSeconds;
  return seconds > 0 ? [`-l s_rt=${seconds}`] : [];
}

/** A state is letters: `qw` waits, `r` runs, `t` is on its way, `E` in it is an error. */
function phaseOf(state: string): JobPhase {
  return /[rtdRTsS]/.test(state) && !state.includes("w") ? "running" : "queued";
}

/** Elements of an array that wait share an entry: `2-5:1` or `2,4`. */
function tasksOf(tasks: string | undefined): string[] {
  if (tasks === undefined || tasks === "") return [""];
  return tasks.split(",").flatMap((part) => {
    const [, first, last = first, step = "1"] = /^(\d+)(?:-(\d+)(?::(\d+))?)?$/.exec(part) ?? [];
    if (first === undefined) return [];
    const count = Math.floor((Number(last) - Number(first)) / Number(step)) + 1;
    return Array.from({ length: count }, (_, i) => `.${Number(first) + i * Number(step)}`);
  });
}

function listed(stdout: string): Map<string, JobReport> {
  const reports = new Map<string, JobReport>();
  for (const [, entry = ""] of stdout.matchAll(/<job_list[^>]*>([\s\S]*?)<\/job_list>/g)) {
    const [number, state = ""] = [xmlText(entry, "JB_job_number"), xmlText(entry, "state")];
    if (number === undefined) continue;
    const failed = state.includes("E");
    for (const task of tasksOf(xmlText(entry, "tasks"))) {
      reports.set(`${number}${task}`, {
        phase: phaseOf(state),
        state,
        ...(failed ? { isHopeless: true, reason: "the job is in an error state: qstat -j" } : {}),
      });
    }
  }
  return reports;
}

/** `qacct -j`: lines of a name and a value. */
function ended(stdout: string): JobReport | undefined {
  const of = (name: string) => new RegExp(`^${name}\\s+(.*?)\\s*$`, "m").exec(stdout)?.[1];
  const [exit, failed = "0"] = [of("exit_status"), of("failed")];
  if (exit === undefined) return undefined;
  return {
    phase: "ended",
    state: failed === "0" ? "done" : "failed",
    exitCode: Number.parseInt(exit, 10),
    ...(failed === "0" ? {} : { reason: `failed ${failed}` }),
  };
}

export const sge: BatchSystem = {
  name: "sge",
  title: "Grid Engine",
  prefix: "#$",
  directives,
  submit: (script, count) => ({
    file: "qsub",
    args: ["-terse", ...(count > 1 ? ["-t", `1-${count}`] : [])],
    input: script,
  }),
  submitted(stdout, count) {
    const [id] = idsOf("qsub", stdout, /^(\d+)(?:\.\d+-\d+:\d+)?$/);
    return { ids: count === 1 ? [id] : elements(count, (i) => `${id}.${i}`, 1) };
  },
  cancel: (ids) => ({ file: "qdel", args: ids }),
  list: () => ({ file: "qstat", args: ["-xml", "-g", "d"] }),
  listed,
  post: (id) => {
    const [number = "", task] = id.split(".");
    return { file: "qacct", args: ["-j", number, ...(task === undefined ? [] : ["-t", task])] };
  },
  ended,
  // Both outputs are one file.
  logFiles: (id, job) => {
    const folder = job.logDirectory === undefined ? "" : logFolder(job);
    return [`${folder}${job.jobName}.o${id}`];
  },
  // The number of an element in a job that is no array is "undefined".
  ownId: `$JOB_ID$([ "\${SGE_TASK_ID:-undefined}" = undefined ] || echo ".$SGE_TASK_ID")`,
  walltimeMs: colonWalltime,
  warnsBeforeEnd: true,
};
