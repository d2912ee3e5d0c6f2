/**
 * @file What of its node a rank's worker may take, unless it is told: the node's memory and cores,
 * as far as the job has them, divided by the ranks that are on it.
 */
import { availableParallelism, totalmem } from "node:os";
import type { Environ, Rank } from "./rank.ts";

/** What a node has. */
export interface Node {
  /** Cores that this process may run on: launchers and batch systems bind processes to some. */
  readonly cores: number;
  readonly memoryBytes: number;
}

/** Jobs that take all of what they have asked for are killed: so much of it is for workers. */
const JOB_SHARE = 0.95;

/** This node, as this process may use it. */
export function ownNode(): Node {
  const container = process.constrainedMemory();
  const machine = totalmem();
  const memoryBytes = container > 0 ? Math.min(container, machine) : machine;
  return { cores: availableParallelism(), memoryBytes };
}

/** Task threads of a rank's worker: what Slurm gives each task, or the rank's share of cores. */
export function threadsOf({ launcher, localSize }: Rank, environ: Environ, node: Node): number {
  const given = Number(environ["SLURM_CPUS_PER_TASK"]);
  if (launcher === "Slurm" && Number.isSafeInteger(given) && given > 0) return given;
  return Math.max(1, Math.floor(node.cores / (localSize ?? 1)));
}

/** Memory of a rank's worker: the rank's share of what the job has on the node. */
export function memoryOf({ localSize }: Rank, environ: Environ, node: Node): number {
  const job = jobMemoryBytes(environ);
  const bytes = job === undefined ? node.memoryBytes : Math.min(node.memoryBytes, JOB_SHARE * job);
  return Math.floor(bytes / (localSize ?? 1));
}

/** What the job may take on this node, where Slurm says it (in MiB). */
function jobMemoryBytes(environ: Environ): number | undefined {
  const perNode = Number(environ["SLURM_MEM_PER_NODE"]);
  if (perNode > 0) return perNode * 2 ** 20;
  const perCore = Number(environ["SLURM_MEM_PER_CPU"]);
  const cores = Number(environ["SLURM_CPUS_ON_NODE"]);
  return perCore > 0 && cores > 0 ? perCore * cores * 2 ** 20 : undefined;
}
