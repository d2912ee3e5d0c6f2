/**
 * @file What Heddle needs to know of a batch system: how a job's script begins, which commands
 * submit, list and cancel jobs, and what their output says. One table for each system; all else is
 * the same for all.
 */
import type { JobReport } from "../machine/jobs/events.ts";
import type { JobShape } from "./shape.ts";

/** Names as in the configuration: `jobqueue.<name>`. */
export type SystemName = "slurm" | "pbs" | "sge" | "lsf" | "oar" | "moab" | "htcondor";

/** A command that is run without a shell. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** Its standard input. */
  readonly input?: string;
  /** The input is in a file, whose path is the last argument. */
  readonly inFile?: boolean;
}

/** Jobs that were submitted together: one id, or one for each element of an array. */
export interface Submitted {
  readonly ids: readonly string[];
}

export interface BatchSystem {
  readonly name: SystemName;
  /** As people call it, for messages. */
  readonly title: string;
  /** What stands before each directive: `#SBATCH`. */
  readonly prefix: string;
  /** The directives that a job's shape makes, without the prefix, in the order of the script. */
  directives(job: JobShape): string[];
  /** These and the user's own; default: the user's after them. */
  withExtra?(directives: readonly string[], job: JobShape): string[];
  /** The whole script, where it is not directives and commands: HTCondor's submit file. */
  script?(job: JobShape, command: string): string;
  /** Submits `count` jobs with this script, as one array where there are more than one. */
  submit(script: string, count: number, job: JobShape): Command;
  /** The ids in what the command has written. Throws `JobFailed` for anything unexpected. */
  submitted(stdout: string, count: number): Submitted;
  cancel(ids: readonly string[], job: JobShape): Command;
  /** Lists the jobs of that name, or of this user, in one command whatever their number. */
  list(jobName: string): Command;
  /** What is listed, by id. */
  listed(stdout: string): Map<string, JobReport>;
  /** What the list command says, as an error, where there is nothing to list. */
  readonly nothingListed?: RegExp;
  /** How a job ended that is listed no more, where that can be asked. */
  post?(id: string): Command;
  ended?(stdout: string): JobReport | undefined;
  /**
   * Files with what a job has written, errors first, from the folder in which it was submitted;
   * `post` is what the command of that name has said.
   */
  logFiles(id: string, job: JobShape, post: string): readonly string[];
  /**
   * The id of the job in which a shell command runs, as text for the shell: it names the workers.
   */
  readonly ownId: string;
  /** Milliseconds of a walltime as this system writes it; undefined when it cannot be read. */
  walltimeMs(text: string): number | undefined;
  /** Sent to the job's command some seconds before its walltime is over, if the system can. */
  readonly warnsBeforeEnd: boolean;
}
