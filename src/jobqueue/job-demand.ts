/**
 * @file What there is to do, seen in jobs: who decides how many there should be (`adaptive-target`)
 * then never ends a part of one, and a job goes only when none of its workers is of use.
 */
import { type Demand, leastUseful, type WorkerDemand } from "../cluster/adaptive-target.ts";
import type { JobView } from "../machine/jobs/events.ts";
import type { JobPlan } from "./plan.ts";

export interface JobsNow {
  readonly plan: JobPlan;
  readonly jobs: readonly JobView[];
  /** Jobs that are wanted: some may not be submitted yet. */
  readonly target: number;
}

/** The job that a worker is of, by the worker's name. */
type JobOf = (worker: string) => string | undefined;

/**
 * The demand with a job in place of its workers; those that wait, which cost nothing to let go,
 * come first. What is not submitted yet has no name.
 */
export function demandInJobs(demand: Demand, now: JobsNow, jobOf: JobOf): Demand {
  const { plan, target } = now;
  const jobs = byJob(demand, now, jobOf);
  const unsubmitted = Array.from({ length: Math.max(0, target - jobs.length) }, () => idle(""));
  const workers = [...unsubmitted, ...jobs];
  const eachBytes = plan.memoryPerWorkerBytes * plan.workersPerJob;
  return { ...demand, memoryLimitBytes: workers.length * eachBytes, workers };
}

/** The jobs that run and whose end costs least, `count` of them; jobs that must stay never. */
export function jobsToEnd(demand: Demand, now: JobsNow, jobOf: JobOf, count: number): string[] {
  const started = new Set(now.jobs.filter(hasStarted).map(({ id }) => id));
  const running = byJob(demand, now, jobOf).filter(({ name }) => started.has(name));
  return [...leastUseful(running, count)];
}

/** Jobs with a worker that a plugin of the scheduler wants to stay. */
export function jobsThatStay(demand: Demand, now: JobsNow, jobOf: JobOf): number {
  return byJob(demand, now, jobOf).filter(({ stays }) => stays === true).length;
}

/** Jobs that count, those that wait first. */
function byJob(demand: Demand, { jobs }: JobsNow, jobOf: JobOf): WorkerDemand[] {
  const counted = jobs.filter(({ stage }) => stage !== "leaving" && stage !== "expiring");
  counted.sort((a, b) => Number(hasStarted(a)) - Number(hasStarted(b)));
  const sums = new Map<string, WorkerDemand>(counted.map(({ id }) => [id, idle(id)]));
  for (const worker of demand.workers) {
    const sum = sums.get(jobOf(worker.name) ?? "");
    if (sum === undefined) continue;
    sums.set(sum.name, {
      name: sum.name,
      threads: sum.threads + worker.threads,
      leased: sum.leased + worker.leased,
      heldBytes: sum.heldBytes + worker.heldBytes,
      ...(sum.stays === true || worker.stays === true ? { stays: true } : {}),
    });
  }
  return [...sums.values()];
}

function idle(name: string): WorkerDemand {
  return { name, threads: 0, leased: 0, heldBytes: 0 };
}

function hasStarted({ startedMs }: JobView): boolean {
  return startedMs !== undefined;
}
