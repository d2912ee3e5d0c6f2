/**
 * @file Jobs and workers in one view: what clusters on batch systems have published about their
 * jobs, with the workers that their scheduler knows.
 */
import type { Client } from "../cluster/client.ts";
import type { WorkerInfo } from "../cluster/messages.ts";
import { type ClusterJob, JOBS_KEY, type PublishedJobs } from "./publish-jobs.ts";

/** A job as it is shown. */
export interface JobRow extends ClusterJob {
  readonly cluster: string;
  /** Name of the batch system, as in the configuration. */
  readonly system: string;
  /** Since it was submitted. */
  readonly ageMs: number;
  /** Tasks that its workers are running. */
  readonly running: number;
}

/** A worker as it is shown. */
export interface WorkerRow
  extends Pick<
    WorkerInfo,
    "name" | "address" | "host" | "threads" | "running" | "memoryBytes" | "memoryLimitBytes"
  > {
  /** Id of its job, where it is of one. */
  readonly job?: string;
}

/** Jobs, oldest first, and workers of a scheduler. */
export interface JobTable {
  /**
   * When the jobs were last heard of as others than before, in milliseconds since 1970. If that is
   * long ago, nothing happens, or the program is gone that watched them.
   */
  readonly changedMs?: number;
  readonly jobs: readonly JobRow[];
  readonly workers: readonly WorkerRow[];
}

/** Reads both, with the client of any program. */
export async function readJobTable(client: Client, nowMs: number = Date.now()): Promise<JobTable> {
  const [info, published] = await Promise.all([
    client.schedulerInfo(),
    client.getMetadata(JOBS_KEY, { default: {} }),
  ]);
  const clusters = Object.values(published as unknown as Readonly<Record<string, PublishedJobs>>);
  return tableOf(clusters, Object.values(info.workers), nowMs);
}

/** The view of what was published, and of these workers. */
export function tableOf(
  clusters: readonly PublishedJobs[],
  workers: readonly WorkerInfo[],
  nowMs: number,
): JobTable {
  const there = new Map(workers.map((worker) => [worker.name, worker]));
  const jobs = clusters.flatMap(({ cluster, system, jobs: all }) =>
    all.map((job): JobRow => {
      const running = job.workers.map((name) => there.get(name)?.running ?? 0);
      const ageMs = Math.max(0, nowMs - job.submittedMs);
      return { ...job, cluster, system, ageMs, running: running.reduce((a, b) => a + b, 0) };
    }),
  );
  const jobOf = new Map(jobs.flatMap(({ id, workers: names }) => names.map((name) => [name, id])));
  const changedMs = Math.max(...clusters.map((one) => one.changedMs));
  return {
    ...(clusters.length === 0 ? {} : { changedMs }),
    jobs: jobs.sort((a, b) => a.submittedMs - b.submittedMs),
    workers: workers.map((worker) => workerRow(worker, jobOf.get(worker.name))),
  };
}

function workerRow(worker: WorkerInfo, job: string | undefined): WorkerRow {
  const { name, address, host, threads, running, memoryBytes, memoryLimitBytes } = worker;
  return {
    ...{ name, address, host, threads, running, memoryBytes, memoryLimitBytes },
    ...(job === undefined ? {} : { job }),
  };
}
