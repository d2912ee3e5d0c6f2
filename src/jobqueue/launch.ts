/**
 * @file A command on every node of a job, by what the batch system has for that. A job's script
 * runs on its first node alone.
 */
import { HeddleError } from "../core/errors.ts";
import type { JobShape } from "./shape.ts";
import { quoted } from "./shell-text.ts";
import type { BatchSystem, SystemName } from "./system.ts";

interface Launcher {
  /** What tells a node from the others of its job: text for the shell that runs there. */
  readonly nodeId: string;
  /** Whether a node's shell knows nothing of what the job's script has set before. */
  readonly isBare: boolean;
  /** A command that runs the lines in a shell on each node, and lasts as long as these do. */
  run(job: JobShape, lines: string): string;
}

/** On the hosts of a list, by a command that takes one; signals reach it, and the nodes with it. */
function onHosts(list: string, command: string): string {
  const lines = [
    `for heddle_node in ${list}; do ${command} & done`,
    "trap 'kill -TERM $(jobs -p)' TERM INT USR1 USR2",
    'while [ -n "$(jobs -p)" ]; do wait; done',
  ];
  return `/bin/bash -c ${quoted(lines.join("\n"))}`;
}

const LAUNCHERS: Readonly<Partial<Record<SystemName, Launcher>>> = {
  slurm: {
    nodeId: "$SLURM_NODEID",
    isBare: false,
    run({ nodes, cores, own }, lines) {
      const step = `--nodes=${nodes} --ntasks=${nodes} --ntasks-per-node=1 --mpi=none`;
      // Since 22.05 a step does not inherit the cores of its job's tasks, and a worker that ends
      // must not take the others with it.
      const rest = `--cpus-per-task=${own.jobCpu ?? cores} --kill-on-bad-exit=0`;
      return `srun ${step} ${rest} /bin/sh -c ${quoted(lines)}`;
    },
  },
  pbs: {
    nodeId: "$PBS_NODENUM",
    isBare: true,
    run: (_, lines) => `pbsdsh -- /bin/sh -c ${quoted(lines)}`,
  },
  moab: {
    nodeId: "$PBS_NODENUM",
    isBare: true,
    run: (_, lines) => `pbsdsh -u /bin/sh -c ${quoted(lines)}`,
  },
  lsf: {
    nodeId: "$(hostname -s)",
    isBare: false,
    run: (_, lines) =>
      `blaunch -z "$(sort -u "$LSB_DJOB_HOSTFILE" | tr '\\n' ' ')" /bin/sh -c ${quoted(lines)}`,
  },
  oar: {
    nodeId: "$(hostname -s)",
    isBare: true,
    run(_, lines) {
      const there = `"export OAR_JOB_ID=$OAR_JOB_ID; "${quoted(lines)}`;
      return onHosts('$(sort -u "$OAR_NODEFILE")', `oarsh "$heddle_node" ${there}`);
    },
  },
};

/**
 * The command of a job: what `command` gives for the workers of a node, whose name ends with the
 * text it gets. Errors: `NotSupported` for jobs of several nodes where the system has no launcher.
 */
export function launched(
  system: BatchSystem,
  job: JobShape,
  command: (nameEnd: string) => string,
): string {
  if (job.nodes === 1) return command("");
  const launcher = LAUNCHERS[system.name];
  if (launcher === undefined) {
    throw new HeddleError(
      "NotSupported",
      `${system.title} has no command that runs workers on ${job.nodes} nodes of a job: leave ` +
        "nodes out, and scale to more jobs",
      { fields: { nodes: job.nodes } },
    );
  }
  const { nodeId, isBare } = launcher;
  const before = isBare ? job.prologue : [];
  return launcher.run(job, [...before, `exec ${command(`-${nodeId}`)}`].join("\n"));
}
