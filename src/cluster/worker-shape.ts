/**
 * @file How many workers a machine should have, with how many threads and how much memory each:
 * from what the user asks for and what the machine has. The same rules as Dask's.
 */
import { availableParallelism, totalmem } from "node:os";
import { HeddleError } from "../core/errors.ts";
import { formatBytes, parseBytes } from "../core/units.ts";
import { refuseGiven } from "./check-given.ts";
import { textOf } from "./given.ts";

/** What the user may choose. */
export interface ShapeOptions {
  readonly nWorkers?: number;
  readonly threadsPerWorker?: number;
  readonly processes?: boolean;
}

/** More are a slip of the pen: each is a process, or a thread with a heap of its own. */
export const WORKERS_MAX = 4096;
export const THREADS_MAX = 1024;
/** A process needs so much for itself. */
const MEMORY_LEAST_BYTES = 192 * 2 ** 20;
/** With so many cores or fewer each has a process of its own. */
const FEW_CORES = 4;

/** How many workers, and threads of each. */
export function clusterShape(options: ShapeOptions): { workers: number; threads: number } {
  const { nWorkers, threadsPerWorker } = options;
  if (nWorkers !== undefined) checkCount("nWorkers", nWorkers, 0, WORKERS_MAX);
  if (threadsPerWorker !== undefined) {
    checkCount("threadsPerWorker", threadsPerWorker, 1, THREADS_MAX);
  }
  const cores = availableParallelism();
  if (options.processes === false && nWorkers === undefined) {
    return { workers: 1, threads: threadsPerWorker ?? cores };
  }
  if (nWorkers !== undefined) {
    return { workers: nWorkers, threads: threadsPerWorker ?? divided(cores, nWorkers) };
  }
  if (threadsPerWorker !== undefined) {
    return { workers: divided(cores, threadsPerWorker), threads: threadsPerWorker };
  }
  const workers = cores <= FEW_CORES ? cores : Math.max(4, Math.round(Math.sqrt(cores)));
  return { workers, threads: divided(cores, workers) };
}

function divided(cores: number, by: number): number {
  return Math.max(1, Math.floor(cores / Math.max(1, by)));
}

/** Throws `InvalidArgument` unless the count is an integer from `least` to `most`. */
export function checkCount(
  name: string,
  count: number,
  least: number,
  most: number = Number.POSITIVE_INFINITY,
): void {
  if (Number.isInteger(count) && count >= least && count <= most) return;
  const end = most === Number.POSITIVE_INFINITY ? "" : ` and at most ${most}`;
  throw new HeddleError(
    "InvalidArgument",
    `${name} is ${textOf(count)}; it must be an integer of at least ${least}${end}`,
    { fields: { option: name } },
  );
}

/** Memory of this machine, or of the container that the process is in. */
function machineMemory(): number {
  const container = process.constrainedMemory();
  return container > 0 ? Math.min(container, totalmem()) : totalmem();
}

/**
 * Bytes of one worker, from bytes, a size, a share of the machine, or `"auto"`: the machine's by
 * the worker's threads. Throws `InvalidArgument`.
 */
export function workerMemory(limit: number | string, threads: number): number {
  const machine = machineMemory();
  const cores = availableParallelism();
  if (typeof limit !== "number" && typeof limit !== "string") {
    refuseGiven("memoryLimit", limit, 'a number of bytes, a text such as "2GiB", or "auto"');
  }
  const bytes =
    limit === "auto"
      ? Math.floor((machine * Math.min(threads, cores)) / cores)
      : typeof limit === "number" && !(limit > 0)
        ? limit
        : parseBytes(limit, machine);
  if (bytes >= MEMORY_LEAST_BYTES && bytes <= 4 * machine) return bytes;
  const given = typeof limit === "string" ? `"${limit}"` : limit;
  throw new HeddleError(
    "InvalidArgument",
    `memoryLimit is ${given}; a worker process needs at least ${formatBytes(MEMORY_LEAST_BYTES)}. ` +
      'Give bytes, a size such as "2GiB", a share of the machine such as 0.25, or "auto".',
    { fields: { memoryLimit: bytes } },
  );
}
