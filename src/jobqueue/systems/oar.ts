/** @file OAR: `oarsub`, `oarstat`, `oardel`. */

import type { JobPhase, JobReport } from "../../machine/jobs/events.ts";
import { oarMemory } from "../memory-text.ts";
import { type JobShape, logFolder } from "../shape.ts";
import type { BatchSystem } from "../system.ts";
import { idsOf } from "../system-output.ts";
import { oarWalltime } from "../walltime.ts";

function directives(job: JobShape): string[] {
  const { walltime, own, logDirectory } = job;
  const spec = own.resourceSpec ?? `/nodes=${job.nodes}/core=${job.cores}`;
  const log = `${logFolder(job)}${job.jobName}-%jobid%`;
  return [
    `-n ${job.jobName}`,
    ...(job.queue === undefined ? [] : [`-q ${job.queue}`]),
    ...(job.account === undefined ? [] : [`--project ${job.account}`]),
    `-l ${spec}${walltime === undefined ? "" : `,walltime=${walltime}`}`,
    ...(logDirectory === undefined ? [] : [`-O ${log}.out`, `-E ${log}.err`]),
  ];
}

/** The property that bounds memory, and the user's own `-p`, are one condition. */
function withExtra(lines: readonly string[], job: JobShape): string[] {
  const { extraDirectives: extra, own } = job;
  const name = own.memoryPerCorePropertyName;
  const { memoryBytes } = job;
  if (name === undefined || memoryBytes === undefined) return [...lines, ...extra];
  const bound = `${name}>=${oarMemory(memoryBytes, job.cores)}`;
  const at = extra.findLastIndex((line) => line.startsWith("-p "));
  if (at < 0) return [...lines, ...extra, `-p ${bound}`];
  const condition = (extra[at] as string).slice(3).replace(/^(['"])(.*)\1$/, "$2");
  return [...lines, ...extra.toSpliced(at, 1), `-p '${condition} AND ${bound}'`];
}

const PHASES: Readonly<Record<string, JobPhase>> = {
  Waiting: "queued",
  Hold: "queued",
  toLaunch: "queued",
  toAckReservation: "queued",
  Terminated: "ended",
  Error: "ended",
};

interface OarJob {
  readonly state?: string;
  readonly message?: string;
  readonly exit_code?: number | null;
}

export const oar: BatchSystem = {
  name: "oar",
  title: "OAR",
  prefix: "#OAR",
  directives,
  withExtra,
  submit: (script, count) => ({
    file: "oarsub",
    // The script need not exist on the node: its lines are the command, its directives options.
    args: [...options(script), ...(count > 1 ? ["--array", String(count)] : []), commands(script)],
  }),
  submitted(stdout, count) {
    const ids = [...stdout.matchAll(/^OAR_JOB_ID=(\d+)\s*$/gm)].map(([, id]) => id as string);
    if (ids.length !== count) idsOf("oarsub", stdout, /^(?!)/);
    return { ids };
  },
  cancel: (ids) => ({ file: "oardel", args: ids }),
  list: () => ({ file: "oarstat", args: ["--json", "--user"] }),
  listed(stdout) {
    const reports = new Map<string, JobReport>();
    if (stdout.trim() === "") return reports;
    const jobs = JSON.parse(stdout) as Readonly<Record<string, OarJob>>;
    for (const [id, { state = "", message, exit_code: exitCode }] of Object.entries(jobs)) {
      reports.set(id, {
        phase: PHASES[state] ?? "running",
        state,
        ...(message === undefined || message === "" ? {} : { reason: message }),
        ...(typeof exitCode === "number" ? { exitCode } : {}),
      });
    }
    return reports;
  },
  logFiles: (id, job) => {
    if (job.logDirectory === undefined) {
      return ["stderr", "stdout"].map((end) => `OAR.${job.jobName}.${id}.${end}`);
    }
    return ["err", "out"].map((end) => `${logFolder(job)}${job.jobName}-${id}.${end}`);
  },
  ownId: "$OAR_JOB_ID",
  walltimeMs: oarWalltime,
  warnsBeforeEnd: false,
};

const isDirective = (line: string): boolean => line.startsWith(`${oar.prefix} `);

/** `-l /nodes=1,walltime=…` as two arguments, without the quotes that a shell would take away. */
function options(script: string): string[] {
  return script
    .split("\n")
    .filter(isDirective)
    .flatMap((line) => {
      const [flag = "", ...rest] = line.slice(oar.prefix.length + 1).split(" ");
      const value = rest.join(" ").replace(/^(['"])(.*)\1$/, "$2");
      return value === "" ? [flag] : [flag, value];
    });
}

function commands(script: string): string {
  return script
    .split("\n")
    .filter((line) => !line.startsWith("#") && line.trim() !== "")
    .join("\n");
}
