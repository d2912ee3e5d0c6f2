/**
 * @file `heddle mpi`: a cluster of the processes that `mpirun` or `srun` has launched. Each of them
 * runs this command, finds out which rank it is, and becomes the scheduler or a worker.
 */
import { hostname } from "node:os";
import { fileURLToPath } from "node:url";
import { config } from "../config/config.ts";
import { HeddleError } from "../core/errors.ts";
import { helloLine } from "../mpi/hello.ts";
import { ownRank } from "../mpi/initialize.ts";
import { jobScript } from "../mpi/job-script.ts";
import { runSeat, type Seat } from "../mpi/launch.ts";
import type { LaunchedWorkerOptions, LaunchOptions } from "../mpi/options.ts";
import type { Rank } from "../mpi/rank.ts";
import { fillPath, rendezvousOf } from "../mpi/rendezvous.ts";
import { checkWorld, type Layout, rolesOf } from "../mpi/roles.ts";
import { badFlag, integerOf, portsOf } from "./flags.ts";
import type { JobScriptFlags, MPIFlags } from "./mpi-flags.ts";

/** The scheduler's file unless another one is asked for. */
const SCHEDULER_FILE = "scheduler.json";

/** Runs what this rank has to run; resolves to its exit code. */
export async function runMPI(address: string | undefined, flags: MPIFlags): Promise<number> {
  const rank = ownRank();
  if (flags.hello === true) {
    sayHello(rank, flags.json === true);
    return 0;
  }
  return await runSeat(planMPI(rank, address, flags));
}

function sayHello(rank: Rank, isJson: boolean): void {
  const host = hostname();
  // Ranks of MPICH have the variables of the node where mpirun was called.
  const node = rank.launcher === "MPICH" ? undefined : process.env["SLURMD_NODENAME"];
  const line = isJson
    ? JSON.stringify({ type: "rank", ...rank, host, node, pid: process.pid })
    : helloLine(rank, host, node);
  process.stdout.write(`${line}\n`);
}

/** What the flags ask of a rank. Errors: `InvalidArgument`, `WorldTooSmall`. */
export function planMPI(rank: Rank, address: string | undefined, flags: MPIFlags): Seat {
  const schedulerRank = integerOf("--scheduler-rank", flags.schedulerRank, 0);
  const { scheduler, exclusiveWorkers } = flags;
  const layout: Layout = {
    schedulerRank: scheduler ? schedulerRank : null,
    programRank: null,
    exclusiveWorkers,
  };
  if (scheduler && address !== undefined) {
    badFlag(address, "", "--no-scheduler with the address of a scheduler that runs already");
  }
  checkWorld(rank.size, layout);
  const schedulerFile = fillPath(flags.schedulerFile ?? SCHEDULER_FILE, rank);
  return {
    rank,
    layout,
    roles: rolesOf(rank.rank, layout),
    // Whoever has started the scheduler has named the file; it is of another launch.
    rendezvous: scheduler ? rendezvousOf(rank, schedulerFile) : undefined,
    address,
    options: { ...optionsOf(flags), schedulerFile },
    json: flags.json === true,
    quiet: false,
  };
}

function optionsOf(flags: MPIFlags): LaunchOptions {
  const { localDirectory, memoryLimit, workerClass, dashboardAddress, protocol, name } = flags;
  const { interface: network, nthreads, schedulerPort, workerOptions, nanny, dashboard } = flags;
  return {
    nanny,
    dashboard,
    name,
    ...(network === undefined ? {} : { interface: network }),
    ...(nthreads === undefined ? {} : { nThreads: integerOf("--nthreads", nthreads, 1) }),
    ...(localDirectory === undefined ? {} : { localDirectory }),
    ...(memoryLimit === undefined ? {} : { memoryLimit }),
    ...(workerClass === undefined ? {} : { workerClass }),
    ...(dashboardAddress === undefined ? {} : { dashboardAddress }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(schedulerPort === undefined
      ? {}
      : { schedulerPort: portsOf("--scheduler-port", schedulerPort) }),
    ...(workerOptions === undefined ? {} : { workerOptions: parseWorkerOptions(workerOptions) }),
  };
}

function parseWorkerOptions(text: string): LaunchedWorkerOptions {
  try {
    const given: unknown = JSON.parse(text);
    if (typeof given === "object" && given !== null && !Array.isArray(given)) return given;
  } catch {
    // Said below.
  }
  const example = '{"resources": {"GPU": 1}, "lifetime": "1h"}';
  throw new HeddleError(
    "InvalidArgument",
    `--worker-options ${text}: give an object as JSON, such as '${example}'`,
  );
}

/** Prints the batch script of a launch; `words` are the flags of the launch itself. */
export function printJobScript(flags: JobScriptFlags, words: readonly string[]): void {
  const { queue, account, launcher, memory, ...others } = flags;
  const cpusPerTask = integerOf("--cpus-per-task", flags.cpusPerTask, 1);
  const tasksPerNode = integerOf("--ntasks-per-node", flags.ntasksPerNode, 1);
  const nodes = integerOf("--nodes", flags.nodes, 1);
  const { exclusiveWorkers } = flags;
  checkWorld(nodes * tasksPerNode, { schedulerRank: 0, programRank: null, exclusiveWorkers });
  const script = jobScript({
    jobName: others.jobName,
    nodes,
    tasksPerNode,
    cpusPerTask,
    memory,
    walltime: others.walltime,
    queue,
    account,
    logDirectory: others.logDirectory,
    modules: others.module ?? [],
    prologue: others.prologue ?? [],
    launcher,
    heddle: heddleWords(flags),
    args: launchWords(flags, words),
  });
  process.stdout.write(script);
}

/** The command on the nodes: with a module for Node that one, else this one. */
function heddleWords({ command, module = [] }: JobScriptFlags): string[] {
  if (command !== undefined) return command.split(" ");
  const node = module.length > 0 ? "node" : (config.get("worker.node") ?? process.execPath);
  return [node, fileURLToPath(new URL("./main.js", import.meta.url))];
}

/** The file and the threads always stand there. */
function launchWords(flags: JobScriptFlags, words: readonly string[]): string[] {
  const { schedulerFile, nthreads, cpusPerTask } = flags;
  return [
    ...words,
    ...(schedulerFile === undefined ? ["--scheduler-file", SCHEDULER_FILE] : []),
    ...(nthreads === undefined ? ["--nthreads", cpusPerTask] : []),
  ];
}
