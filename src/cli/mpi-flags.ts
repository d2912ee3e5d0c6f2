/** @file The flags of `heddle mpi`. */
import { type Command, Option } from "commander";
import type { LaunchOptions } from "../mpi/options.ts";

export interface MPIFlags {
  readonly schedulerFile?: string;
  readonly schedulerPort?: string;
  readonly schedulerRank: string;
  readonly interface?: string;
  readonly protocol?: NonNullable<LaunchOptions["protocol"]>;
  readonly nthreads?: string;
  readonly memoryLimit?: string;
  readonly localDirectory?: string;
  readonly scheduler: boolean;
  readonly nanny: boolean;
  readonly exclusiveWorkers: boolean;
  readonly workerClass?: string;
  readonly workerOptions?: string;
  readonly dashboard: boolean;
  readonly dashboardAddress?: string;
  readonly name: string;
  readonly json?: boolean;
  readonly hello?: boolean;
  readonly jobScript?: boolean;
}

/** What `--job-script` takes in addition. */
export interface JobScriptFlags extends MPIFlags {
  readonly jobName: string;
  readonly nodes: string;
  readonly ntasksPerNode: string;
  readonly cpusPerTask: string;
  readonly memory?: string;
  readonly walltime: string;
  readonly queue?: string;
  readonly account?: string;
  readonly logDirectory: string;
  readonly module?: string[];
  readonly prologue?: string[];
  readonly launcher: "srun" | "mpirun";
  readonly command?: string;
}

/** Heading of the flags that are about the job's script, in the help. */
const JOB_GROUP = "Options of --job-script:";

export function addMPI(program: Command, setExitCode: (code: number) => void): void {
  const command = program
    .command("mpi")
    .description("become a part of a cluster, as one of the processes of mpirun or srun")
    .argument("[scheduler]", "with --no-scheduler: address of the scheduler")
    .option(
      "--scheduler-file <path>",
      "file in which to leave how the scheduler is reached (scheduler.json)",
    )
    .option("--scheduler-port <port>", "port of the scheduler, or a range (any that is free)")
    .option("--scheduler-rank <rank>", "rank of the scheduler", "0")
    .option("--scheduler", "one rank is the scheduler", true)
    .option("--no-scheduler", "all ranks are workers of a scheduler that runs already")
    .option("--exclusive-workers", "workers have ranks of their own", true)
    .option("--interface <name>", "network interface to listen on, such as eth0 or ib0")
    .addOption(
      new Option("--protocol <name>", "tcp, or tls (unless given)").choices(["tcp", "tls"]),
    )
    .option("--nthreads <n>", "task threads of each worker; the rank's share of its node")
    .option("--memory-limit <size>", "memory of each worker; the rank's share of its node")
    .option("--local-directory <path>", "folder for spilled data")
    .option("--nanny", "workers are processes that the rank replaces when they die", true)
    .option("--no-nanny", "the rank's process is the worker")
    .option("--worker-class <name>", "Dask's way to say that: Nanny or Worker")
    .option("--worker-options <json>", "more options of workers, such as resources and lifetime")
    .option("--dashboard", "the scheduler shows its state over HTTP", true)
    .option("--no-dashboard", "it does not")
    .option("--dashboard-address <address>", "where; the next free port if taken (:8787)")
    .option("--name <name>", "what the names of workers begin with, before the rank", "heddle-mpi")
    .option("--json", "the first line and the log as JSON")
    .option("--hello", "say rank, size, host and launcher, and end: whether the launcher works");
  inclusive(command);
  addJobScript(command);
  command
    .addHelpText("after", EXAMPLES)
    .action(async (address: string | undefined, flags: JobScriptFlags) => {
      const { printJobScript, runMPI } = await import("./mpi.ts");
      if (flags.jobScript === true) return printJobScript(flags, launchWords(command));
      const code = await runMPI(address, flags);
      setExitCode(code);
      if (flags.hello !== true) process.exit(code);
    });
}

/** The flags that were given, but for those about the script. */
function launchWords(command: Command): string[] {
  const words: string[] = [];
  for (const option of command.options) {
    const name = option.attributeName();
    const isOfScript = option.helpGroupHeading === JOB_GROUP || name === "jobScript";
    if (isOfScript || command.getOptionValueSource(name) !== "cli") continue;
    const value: unknown = command.getOptionValue(name);
    if (option.negate ? value === false : value === true) words.push(option.long ?? "");
    else if (typeof value === "string") words.push(option.long ?? "", value);
  }
  return words;
}

/** The opposite of a flag that has a name of its own. */
function inclusive(command: Command): void {
  command.option("--inclusive-workers", "the scheduler's rank has a worker, too");
  command.on("option:inclusive-workers", () => {
    command.setOptionValueWithSource("exclusiveWorkers", false, "cli");
  });
}

function addJobScript(command: Command): void {
  command.option("--job-script", "print a batch script for Slurm with this launch in it, and end");
  const add = (flags: string, about: string, initial?: string): void => {
    command.addOption(new Option(flags, about).default(initial).helpGroup(JOB_GROUP));
  };
  const addList = (flags: string, about: string): void => {
    const list = (value: string, before: string[] = []): string[] => [...before, value];
    command.addOption(new Option(flags, about).argParser(list).helpGroup(JOB_GROUP));
  };
  add("--job-name <name>", "name of the job", "heddle-mpi");
  add("--nodes <n>", "nodes of the job", "1");
  add("--ntasks-per-node <n>", "ranks on each node", "8");
  add("--cpus-per-task <n>", "cores of each rank", "1");
  add("--memory <size>", "memory of each node, such as 32GB");
  add("--walltime <time>", "as Slurm takes it", "00:30:00");
  add("--queue <name>", "partition");
  add("--account <name>", "account");
  add("--log-directory <path>", "folder for what the job writes", ".");
  addList("--module <name>", "module to load; may be given several times");
  addList("--prologue <line>", "line before the launch; may be given several times");
  add("--command <words>", "what runs heddle there; Node and Heddle's own file unless given");
  command.addOption(
    new Option("--launcher <name>", "what starts the ranks")
      .choices(["srun", "mpirun"])
      .default("srun")
      .helpGroup(JOB_GROUP),
  );
}

const EXAMPLES = `
Rank 0 becomes the scheduler, the others become workers; programs connect with
new Client({ schedulerFile: "scheduler.json" }). It ends when a client calls shutdown().

  mpirun -np 8 heddle mpi --scheduler-file scheduler.json
  srun -n 8 heddle mpi --scheduler-file 'scheduler-{job_id}.json'
  mpirun -np 4 heddle mpi --hello
  heddle mpi --job-script --nodes 4 --ntasks-per-node 8 --module nodejs > cluster.job`;
