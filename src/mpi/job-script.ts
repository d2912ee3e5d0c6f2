/**
 * @file The batch script of `heddle mpi --job-script`: one job over several nodes, with one launch
 * of a cluster in it.
 */
import { HeddleError } from "../core/errors.ts";
import { parseBytes } from "../core/units.ts";
import { isJobName, isPath, isWord, PATH, WORD } from "../jobqueue/directive-text.ts";
import { slurmMemory } from "../jobqueue/memory-text.ts";
import { expanded } from "../jobqueue/shell-text.ts";
import { slurmWalltime } from "../jobqueue/walltime.ts";

/** What the job asks for, and what it runs. */
export interface JobScriptOptions {
  readonly jobName: string;
  readonly nodes: number;
  readonly tasksPerNode: number;
  readonly cpusPerTask: number;
  /** Memory of each node; without it what the site gives. */
  readonly memory?: string | undefined;
  readonly walltime: string;
  readonly queue?: string | undefined;
  readonly account?: string | undefined;
  readonly logDirectory: string;
  readonly modules: readonly string[];
  /** Lines before the launch. */
  readonly prologue: readonly string[];
  readonly launcher: "srun" | "mpirun";
  /** What runs `heddle` there, such as `"heddle"`, or Node and Heddle's own file. */
  readonly heddle: readonly string[];
  /** Arguments of `heddle mpi`. */
  readonly args: readonly string[];
}

/** Names of modules, several with blanks between them. */
const MODULES = /^[\w./+@:-]+( +[\w./+@:-]+)*$/;

/** Nothing that is said may leave its place in the script. */
function checkTexts({ jobName, queue, account, logDirectory, modules }: JobScriptOptions): void {
  const check = (
    flag: string,
    text: string | undefined,
    isGood: boolean,
    expects: string,
  ): void => {
    if (text === undefined || isGood) return;
    throw new HeddleError("InvalidArgument", `${flag} ${JSON.stringify(text)}: give ${expects}`);
  };
  const name = "a letter, then letters, digits and any of _ . + -";
  check("--job-name", jobName, isJobName(jobName), name);
  check("--queue", queue, isWord(queue ?? ""), WORD);
  check("--account", account, isWord(account ?? ""), WORD);
  check("--log-directory", logDirectory, isPath(logDirectory), PATH);
  for (const one of modules) check("--module", one, MODULES.test(one), "the name of a module");
}

/** The script. Throws `InvalidArgument` for what Slurm would not take or take otherwise. */
export function jobScript(options: JobScriptOptions): string {
  checkTexts(options);
  const { jobName, nodes, tasksPerNode, queue, account, logDirectory, memory } = options;
  const { walltime, cpusPerTask, modules, prologue, launcher } = options;
  if (slurmWalltime(walltime) === undefined) {
    throw new HeddleError(
      "InvalidArgument",
      `--walltime ${walltime}: give minutes, hours:minutes:seconds or days-hours:minutes:seconds`,
    );
  }
  const log = `${logDirectory.replace(/\/$/, "")}/${jobName}-%j`;
  const directives = [
    `-J ${jobName}`,
    `-o ${log}.out`,
    `-e ${log}.err`,
    ...(queue === undefined ? [] : [`-p ${queue}`]),
    ...(account === undefined ? [] : [`-A ${account}`]),
    `--nodes=${nodes}`,
    `--ntasks-per-node=${tasksPerNode}`,
    `--cpus-per-task=${cpusPerTask}`,
    ...(memory === undefined ? [] : [`--mem=${slurmMemory(parseBytes(memory))}`]),
    `-t ${walltime}`,
  ];
  const launch =
    launcher === "srun"
      ? // The step has the job's cores, and goes on when one task fails.
        `srun --cpus-per-task=${cpusPerTask} --kill-on-bad-exit=0`
      : `mpirun -np ${nodes * tasksPerNode}`;
  const before = [...modules.map((name) => `module load ${name}`), ...prologue];
  return [
    "#!/usr/bin/env bash",
    "",
    ...directives.map((directive) => `#SBATCH ${directive}`),
    "",
    ...(before.length === 0 ? [] : [...before, ""]),
    `# One of the ${nodes * tasksPerNode} ranks becomes the scheduler, the others become workers.`,
    `${launch} \\`,
    `  ${options.heddle.map(expanded).join(" ")} mpi ${options.args.map(expanded).join(" ")}`,
    "",
  ].join("\n");
}
