/** @file The script of a job: directives, then the commands that run its workers. */
import type { JobShape } from "./shape.ts";
import type { BatchSystem } from "./system.ts";

/**
 * The text that is submitted.
 *
 *     #!/usr/bin/env bash
 *
 *     #SBATCH -J heddle-worker
 *     module load gcc
 *     exec node … worker …
 *
 * The command replaces the shell, so that the signals of the batch system reach it. With an
 * epilogue the shell has to stay: it passes signals on, and waits.
 */
export function jobScript(system: BatchSystem, job: JobShape, command: string): string {
  if (system.script !== undefined) return system.script(job, command);
  const lines = [job.shebang, "", ...jobHeader(system, job), ...jobCommands(job, command)];
  return `${lines.join("\n")}\n`;
}

/** The commands of a job, as lines of a shell. */
export function jobCommands(job: JobShape, command: string): string[] {
  return [...job.prologue, ...run(command, job.epilogue)];
}

/** The directives, with their prefix. */
export function jobHeader(system: BatchSystem, job: JobShape): string[] {
  const made = system.directives(job).filter((line) => !isSkipped(line, job.directivesSkip));
  const all = system.withExtra?.(made, job) ?? [...made, ...job.extraDirectives];
  return all.map((line) => `${system.prefix} ${line}`);
}

/**
 * Whether one of the words stands in a directive as a word of its own: "-t" in "-t 01:00:00" but
 * not in "--cpus-per-task=4", "--mem" in "--mem=4G", "select" in "-l select=1:ncpus=4".
 */
function isSkipped(line: string, skip: readonly string[]): boolean {
  return skip.some((word) => {
    for (let at = line.indexOf(word); at >= 0; at = line.indexOf(word, at + 1)) {
      const [before, after] = [line[at - 1], line[at + word.length]];
      if (isEdge(before) && isEdge(after)) return true;
    }
    return false;
  });
}

function isEdge(character: string | undefined): boolean {
  return character === undefined || /[\s=:,]/.test(character);
}

function run(command: string, epilogue: readonly string[]): string[] {
  if (epilogue.length === 0) return [`exec ${command}`];
  return [
    `${command} &`,
    "heddle_worker=$!",
    `trap 'kill -TERM "$heddle_worker"' TERM INT USR1 USR2`,
    // A signal ends a wait; the worker may take its time to go.
    "while :; do",
    `wait "$heddle_worker"; heddle_status=$?`,
    `kill -0 "$heddle_worker" 2> /dev/null || break`,
    "done",
    ...epilogue,
    `exit "$heddle_status"`,
  ];
}
