/**
 * @file Commands and flags. Each command loads its implementation when it is chosen, so that
 * `heddle --help` is quick. Wrong names are answered with the nearest right one.
 */
import { Command } from "commander";
import { packageVersion } from "../config/package-version.ts";
import type { ImportFlags } from "./import.ts";
import type { JobsFlags } from "./jobs.ts";
import { addMPI } from "./mpi-flags.ts";
import { addScheduler, addSSH, addWorker } from "./servers.ts";

/** The command line; `setExitCode` takes the exit code of a program that was run. */
export function makeProgram(setExitCode: (code: number) => void): Command {
  const program = new Command("heddle")
    .description("Parallel and distributed computing for TypeScript.")
    .version(packageVersion(), "-v, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .enablePositionalOptions()
    .exitOverride()
    .configureHelp({ showGlobalOptions: false });
  addRun(program, setExitCode);
  addInfo(program);
  addConfig(program);
  addScheduler(program, setExitCode);
  addWorker(program, setExitCode);
  addSSH(program, setExitCode);
  addMPI(program, setExitCode);
  addJobs(program);
  addDemo(program, setExitCode);
  for (const command of [program, ...program.commands]) pointToHelp(command as Command, "heddle");
  return program;
}

/** Whoever used a command wrongly is told how to see what it takes. */
function pointToHelp(command: Command, path: string): void {
  const name = command.name() === path ? path : `${path} ${command.name()}`;
  command.showHelpAfterError(`\`${name} --help\` lists what there is.`);
  for (const inner of command.commands) {
    if (name !== path) pointToHelp(inner as Command, name);
  }
}

function addRun(program: Command, setExitCode: (code: number) => void): void {
  program
    .command("run")
    .description("run a JavaScript or TypeScript program, with progress and a summary")
    .argument("<script>", "the program's file")
    .argument("[args...]", "arguments for the program")
    .option("--progress", "show progress", true)
    .option("--no-progress", "show no progress")
    .option("--summary", "print a summary at the end", true)
    .option("--no-summary", "print no summary at the end")
    .option("-q, --quiet", "neither progress nor summary")
    .passThroughOptions()
    .addHelpText("after", "\nFlags after the script go to the script.")
    .action(async (script: string, args: string[], flags: RunFlags) => {
      const { runScript } = await import("./run.ts");
      const quiet = flags.quiet === true;
      const options = { progress: flags.progress && !quiet, summary: flags.summary && !quiet };
      setExitCode(await runScript(script, args, options));
    });
}

interface RunFlags {
  progress: boolean;
  summary: boolean;
  quiet?: boolean;
}

function addInfo(program: Command): void {
  program
    .command("info")
    .description("show versions, cores, memory, and what Heddle found on this machine")
    .option("--json", "as JSON")
    .action(async (flags: { json?: boolean }) => {
      const { collectInfo, formatInfo } = await import("./info.ts");
      const info = await collectInfo(packageVersion());
      const text = flags.json === true ? JSON.stringify(info, null, 2) : formatInfo(info);
      process.stdout.write(`${text}\n`);
    });
}

function addConfig(program: Command): void {
  const config = program.command("config").description("show and change the configuration");
  config
    .command("get")
    .description("print the value of a key")
    .argument("<key>")
    .option("--json", "as JSON, with origin and default")
    .action(async (key: string, flags: { json?: boolean }) => {
      const { showValue } = await import("./config.ts");
      process.stdout.write(`${showValue(key, flags.json === true)}\n`);
    });
  config
    .command("set")
    .description("write a value into your configuration file")
    .argument("<key>")
    .argument("<value>")
    .option("--file <path>", "another file, such as ./heddle.yaml")
    .action(async (key: string, value: string, flags: { file?: string }) => {
      const { setValue } = await import("./config.ts");
      process.stdout.write(`${setValue(key, value, flags.file)}\n`);
    });
  config
    .command("find")
    .description("list keys whose name or description has all the words")
    .argument("<words...>")
    .option("--json", "as JSON")
    .action(async (words: string[], flags: { json?: boolean }) => {
      const { findItems } = await import("./config.ts");
      process.stdout.write(findItems(words.join(" "), flags.json === true));
    });
  config
    .command("list")
    .description("list all keys, or those of a group, with their origins")
    .argument("[group]")
    .option("--json", "as JSON")
    .action(async (group: string | undefined, flags: { json?: boolean }) => {
      const { listItems } = await import("./config.ts");
      process.stdout.write(listItems(group ?? "", flags.json === true));
    });
  config
    .command("import")
    .description("translate configuration files of Dask, such as dask.yaml and jobqueue.yaml")
    .argument("<files...>", "YAML files; where several say the same, the last one counts")
    .option("--output <path>", "write a file, such as ./heddle.yaml, instead of printing")
    .option("--overwrite", "replace that file if it is there")
    .action(async (files: string[], flags: ImportFlags) => {
      const { importFiles } = await import("./import.ts");
      const { text, summary } = importFiles(files, flags);
      process.stdout.write(text);
      process.stderr.write(summary);
    });
}

function addJobs(program: Command): void {
  program
    .command("jobs")
    .description("show the jobs of a cluster on a batch system, and its workers")
    .argument("[cluster]", "name or address of the cluster, or the file that it has left")
    .option("--scheduler-file <path>", "the file that the cluster has left")
    .option("--json", "as JSON")
    .action(async (cluster: string | undefined, flags: JobsFlags) => {
      const { showJobs } = await import("./jobs.ts");
      process.stdout.write(await showJobs(cluster, flags));
    });
}

function addDemo(program: Command, setExitCode: (code: number) => void): void {
  program
    .command("demo")
    .description("a tour of arrays, frames, delayed calls and errors; needs no files")
    .action(async () => {
      const { runDemo } = await import("./demo.ts");
      setExitCode(await runDemo());
    });
}
