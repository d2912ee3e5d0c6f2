/**
 * @file HTCondor: `condor_submit`, `condor_q`, `condor_rm`. What is submitted is no script but a
 * file of attributes, one of which holds the commands.
 */
import { HeddleError } from "../../core/errors.ts";
import type { JobPhase, JobReport } from "../../machine/jobs/events.ts";
import { jobCommands } from "../script.ts";
import { type JobShape, logFolder } from "../shape.ts";
import type { BatchSystem } from "../system.ts";
import { elements, idsOf } from "../system-output.ts";
import { colonWalltime } from "../walltime.ts";

/** `JobStatus`. */
const STATES: readonly string[] = [
  "UNEXPANDED",
  "IDLE",
  "RUNNING",
  "REMOVED",
  "COMPLETED",
  "HELD",
  "TRANSFERRING_OUTPUT",
  "SUSPENDED",
];
const PHASES: Readonly<Record<string, JobPhase>> = {
  UNEXPANDED: "queued",
  IDLE: "queued",
  HELD: "queued",
  REMOVED: "ended",
  COMPLETED: "ended",
};

/** The attributes, by key; those that the user gives replace them. */
function attributes(job: JobShape, command: string): Map<string, string> {
  const { own, logDirectory } = job;
  const { diskBytes } = own;
  if (diskBytes === undefined) {
    throw new HeddleError(
      "InvalidArgument",
      'HTCondorCluster takes disk, the disk space of a job such as "10GB": HTCondor needs it',
    );
  }
  const script = argument(oneLine(jobCommands(job, command)));
  const hasMemory = job.memoryBytes !== undefined;
  const only = (isSaid: boolean, key: string, value: string): [string, string][] =>
    isSaid ? [[key, value]] : [];
  const made = new Map<string, string>([
    ["MY.HeddleClusterName", `"${job.jobName}"`],
    ["batch_name", job.jobName],
    ["MY.HeddleWorkerCores", String(job.cores)],
    ...only(hasMemory, "MY.HeddleWorkerMemory", String(job.memoryBytes)),
    ["MY.HeddleWorkerDisk", String(diskBytes)],
    ["RequestCpus", "MY.HeddleWorkerCores"],
    ...only(hasMemory, "RequestMemory", "floor(MY.HeddleWorkerMemory / 1048576)"),
    ["RequestDisk", "floor(MY.HeddleWorkerDisk / 1024)"],
    ["MY.JobId", '"$(ClusterId).$(ProcId)"'],
    ["Environment", '"HEDDLE_JOB_ID=$(ClusterId).$(ProcId)"'],
  ]);
  if (logDirectory !== undefined) {
    const log = `${logFolder(job)}worker-$(ClusterId).$(ProcId)`;
    made.set("Output", `${log}.out`).set("Error", `${log}.err`).set("Log", `${log}.log`);
    made.set("Stream_Output", "True").set("Stream_Error", "True");
  }
  made.set("Executable", "/bin/sh");
  made.set("Arguments", `"-c '${script}'"`);
  for (const key of job.directivesSkip) made.delete(key);
  for (const [key, value] of Object.entries(own.extraAttributes ?? {})) made.set(key, value);
  return made;
}

/** Lines of a shell as one: after some words a command goes on, and `;` would be an error. */
function oneLine(lines: readonly string[]): string {
  const all = lines.flatMap((line) => line.split("\n")).filter((line) => /^\s*[^#\s]/.test(line));
  const joined = all.map((line, i) => {
    if (i === all.length - 1) return line;
    return /(&|\||;|\{|\(|\b(then|do|else))\s*$/.test(line) ? `${line} ` : `${line}; `;
  });
  return joined.join("");
}

/** Within quotes each quote stands twice; what looks like a macro would be replaced. */
function argument(text: string): string {
  return text.replaceAll("'", "''").replaceAll('"', '""').replaceAll("$(", "$(DOLLAR)(");
}

interface CondorJob {
  readonly ClusterId: number;
  readonly ProcId: number;
  readonly JobStatus: number;
  readonly HoldReason?: string;
  readonly ExitCode?: number;
}

export const htcondor: BatchSystem = {
  name: "htcondor",
  title: "HTCondor",
  prefix: "",
  directives: () => [],
  script(job, command) {
    const lines = [...attributes(job, command)].map(([key, value]) => `${key} = ${value}`);
    return [job.shebang, "", ...lines, ""].join("\n");
  },
  submit: (script, count, { own }) => ({
    file: "condor_submit",
    args: [...(own.submitCommandExtra ?? []), "-queue", String(count)],
    input: script,
  }),
  submitted(stdout, count) {
    const [id] = idsOf("condor_submit", stdout, /submitted to cluster (\d+)/);
    return { ids: elements(count, (i) => `${id}.${i}`) };
  },
  cancel: (ids, { own }) => ({
    file: "condor_rm",
    args: [...(own.cancelCommandExtra ?? []), ...ids],
  }),
  list: (jobName) => ({
    file: "condor_q",
    args: [
      "-json",
      "-constraint",
      `HeddleClusterName == "${jobName}"`,
      "-attributes",
      "ClusterId,ProcId,JobStatus,HoldReason,ExitCode",
    ],
  }),
  listed(stdout) {
    const reports = new Map<string, JobReport>();
    if (stdout.trim() === "") return reports;
    for (const job of JSON.parse(stdout) as readonly CondorJob[]) {
      const state = STATES[job.JobStatus] ?? `status ${job.JobStatus}`;
      const { HoldReason: reason, ExitCode: exitCode } = job;
      reports.set(`${job.ClusterId}.${job.ProcId}`, {
        phase: PHASES[state] ?? "running",
        state,
        ...(reason === undefined ? {} : { reason }),
        // A job is held for what it is; it stays so until somebody acts.
        ...(state === "HELD" ? { isHopeless: true } : {}),
        ...(exitCode === undefined ? {} : { exitCode }),
      });
    }
    return reports;
  },
  logFiles: (id, job) => {
    if (job.logDirectory === undefined) return [];
    return ["err", "out", "log"].map((end) => `${logFolder(job)}worker-${id}.${end}`);
  },
  ownId: "$HEDDLE_JOB_ID",
  walltimeMs: colonWalltime,
  warnsBeforeEnd: false,
};
