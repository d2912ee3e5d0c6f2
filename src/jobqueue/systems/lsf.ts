/** @file LSF: `bsub`, `bjobs`, `bkill`. */

import type { JobPhase, JobReport } from "../../machine/jobs/events.ts";
import { lsfMemory } from "../memory-text.ts";
import { type JobShape, logFolder } from "../shape.ts";
import type { BatchSystem } from "../system.ts";
import { elements, idsOf } from "../system-output.ts";
import { lsfWalltime } from "../walltime.ts";

function directives(job: JobShape): string[] {
  const { logDirectory, walltime, own } = job;
  const memoryBytes = own.memBytes ?? job.memoryBytes;
  const slots = own.ncpus ?? job.cores * job.nodes;
  const log = `${logFolder(job)}${job.jobName}-%J`;
  const hosts = job.nodes === 1 ? "span[hosts=1]" : `span[ptile=${job.cores}]`;
  return [
    `-J ${job.jobName}`,
    ...(logDirectory === undefined ? [] : [`-e ${log}.err`, `-o ${log}.out`]),
    ...(job.queue === undefined ? [] : [`-q ${job.queue}`]),
    ...(job.account === undefined ? [] : [`-P "${job.account}"`]),
    `-n ${slots}`,
    ...(slots > 1 ? [`-R "${hosts}"`] : []),
    ...(memoryBytes === undefined ? [] : [`-M ${lsfMemory(memoryBytes, own.lsfUnits ?? "kb")}`]),
    ...(walltime === undefined ? [] : [`-W ${walltime}`]),
    "-rn",
  ];
}

const PHASES: Readonly<Record<string, JobPhase>> = {
  PEND: "queued",
  PROV: "queued",
  PSUSP: "queued",
  WAIT: "queued",
  DONE: "ended",
  EXIT: "ended",
};

/** `id|index|state|exit code|reason`. */
function listed(stdout: string): Map<string, JobReport> {
  const reports = new Map<string, JobReport>();
  for (const line of stdout.split("\n")) {
    const [id, index, state, exit, reason] = line.split("|").map((part) => part.trim());
    if (id === undefined || state === undefined || !/^\d+$/.test(id)) continue;
    const isElement = index !== undefined && /^[1-9]\d*$/.test(index);
    reports.set(isElement ? `${id}[${index}]` : id, {
      phase: PHASES[state] ?? "running",
      state,
      ...(/^\d+$/.test(exit ?? "") ? { exitCode: Number(exit) } : {}),
      ...(reason === undefined || reason === "" || reason === "-" ? {} : { reason }),
    });
  }
  return reports;
}

export const lsf: BatchSystem = {
  name: "lsf",
  title: "LSF",
  prefix: "#BSUB",
  directives,
  submit: (script, count, job) => ({
    file: "bsub",
    args: [
      ...(count > 1 ? ["-J", `${job.jobName}[1-${count}]`] : []),
      // Of a file LSF keeps a copy until the job begins: ours is gone by then.
      ...(job.own.useStdin === false ? ["-Zs"] : []),
    ],
    input: script,
    ...(job.own.useStdin === false ? { inFile: true } : {}),
  }),
  submitted(stdout, count) {
    const [id] = idsOf("bsub", stdout, /^Job <(\d+)> is submitted/);
    return { ids: count === 1 ? [id] : elements(count, (i) => `${id}[${i}]`, 1) };
  },
  cancel: (ids) => ({ file: "bkill", args: ids }),
  list: (jobName) => ({
    file: "bjobs",
    args: [
      "-a",
      "-noheader",
      "-J",
      jobName,
      "-o",
      "jobid jobindex stat exit_code pend_reason delimiter='|'",
    ],
  }),
  nothingListed: /\bno (?:\w+ )*jobs? (?:is )?found|is not found/i,
  listed,
  // Elements of an array share the files of the array.
  logFiles: (id, job) => {
    if (job.logDirectory === undefined) return [];
    const log = `${logFolder(job)}${job.jobName}-${id.replace(/\[.*/, "")}`;
    return [`${log}.err`, `${log}.out`];
  },
  // The index of a job that is no array is 0.
  ownId: `$LSB_JOBID$([ "\${LSB_JOBINDEX:-0}" = 0 ] || echo "[$LSB_JOBINDEX]")`,
  walltimeMs: lsfWalltime,
  warnsBeforeEnd: false,
};
