/** @file What the status port of a worker shows: what only the worker itself knows exactly. */
import type { WorkerLoad } from "../worker-host.ts";
import { gauge, processText, type Sample } from "./metrics.ts";
import { statusToken } from "./source.ts";
import { StatusServer } from "./status-server.ts";

/** A worker as its port shows it. */
export interface WorkerStatus {
  readonly name: string;
  readonly address: string;
  readonly threads: number;
  /** Memory of its process, as it was asked for. */
  readonly memoryLimitBytes: number;
  load(): WorkerLoad;
  /** Memory of its process, without room that its values have left free. */
  takenBytes(): number;
}

/** Opens the port; it takes the token that the scheduler's takes. */
export async function openWorkerStatus(
  worker: WorkerStatus,
  where: { readonly address: string; readonly token: string },
): Promise<StatusServer> {
  const { hostname: host } = new URL(worker.address.replace(/^\w+:/, "http:"));
  const token = statusToken(where.token);
  return await StatusServer.start({ address: where.address, host, token }, sourceOf(worker));
}

function sourceOf(worker: WorkerStatus): Parameters<typeof StatusServer.start>[1] {
  const { name, address, threads, memoryLimitBytes } = worker;
  const identity = { type: "worker", name, address, threads, memoryLimitBytes, pid: process.pid };
  const counts = (): object => ({ ...worker.load(), takenBytes: worker.takenBytes() });
  return {
    json(part) {
      if (part === "") return { identity, counts: counts() };
      return part === "identity" ? identity : part === "counts" ? counts() : undefined;
    },
    metrics: () => workerText(worker),
  };
}

/** The same names as in what the scheduler tells of its workers. */
function workerText({ name, threads, memoryLimitBytes, load, takenBytes }: WorkerStatus): string {
  const { memoryBytes, peakBytes, spilledBytes, running } = load();
  const of = (value: number, type?: string): Sample => [
    { worker: name, ...(type === undefined ? {} : { type }) },
    value,
  ];
  return [
    gauge("worker_threads", "Task threads", [of(threads)]),
    gauge("worker_tasks", "Tasks running", [of(running)]),
    gauge("worker_memory_bytes", "Memory by what it is for", [
      of(memoryBytes, "managed"),
      of(Math.max(0, takenBytes() - memoryBytes), "unmanaged"),
      of(spilledBytes, "spilled"),
    ]),
    gauge("worker_memory_peak_bytes", "The most memory of values", [of(peakBytes)]),
    gauge("worker_memory_limit_bytes", "Memory that a worker may take", [of(memoryLimitBytes)]),
    processText(),
  ].join("");
}
