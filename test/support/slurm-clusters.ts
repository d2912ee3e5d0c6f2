/** @file What the tests of clusters on a real Slurm share. */
import type { SLURMClusterOptions } from "heddle/jobqueue";
import type { Lab } from "../lab/batch-lab.ts";

let nextName = 0;

/** Small jobs of one worker, under a name that no other test uses. */
export function smallJobs(
  folder: string,
  more: SLURMClusterOptions = {},
): SLURMClusterOptions & { readonly jobName: string } {
  return {
    jobName: `test-${process.pid}-${nextName++}`,
    cores: 1,
    processes: 1,
    memory: "512MiB",
    walltime: "10",
    logDirectory: folder,
    dashboardAddress: null,
    ...more,
  };
}

/** Ids of the jobs of that name that Slurm has not ended. */
export function queuedJobs(lab: Lab | undefined, jobName: string): string[] {
  const ids = lab?.run("squeue", "--noheader", "--array", `--name=${jobName}`, "--format=%i") ?? "";
  return ids.split("\n").filter((id) => id !== "");
}

/** States of all jobs of that name that Slurm remembers, by id. */
export function jobStates(lab: Lab | undefined, jobName: string): Record<string, string> {
  const states =
    lab?.run("squeue", "-h", "--array", "-t", "all", `--name=${jobName}`, "-o", "%i %T") ?? "";
  const lines = states.split("\n").filter((line) => line !== "");
  return Object.fromEntries(lines.map((line) => line.split(" ") as [string, string]));
}

/** The warnings of this process from now on. */
export function collectWarnings(): { readonly texts: string[]; stop(): void } {
  const texts: string[] = [];
  const note = ({ message }: Error): number => texts.push(message);
  process.on("warning", note);
  return { texts, stop: () => process.off("warning", note) };
}
