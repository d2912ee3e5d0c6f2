/**
 * @file Sizes of a cluster, in whatever unit they are given, as a number of whole jobs: a job is
 * what batch systems start and end, so more is had rather than less, and never a part of one.
 */
import { checkCount, WORKERS_MAX } from "../cluster/worker-shape.ts";
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { parseBytes } from "../core/units.ts";
import type { JobPlan } from "./plan.ts";

/** A size, in one of these units; rounded up to whole jobs. */
export interface JobSize {
  readonly jobs?: number;
  readonly workers?: number;
  readonly cores?: number;
  /** Bytes, or a text such as `"1TB"`. */
  readonly memory?: number | string;
}

const UNITS = ["jobs", "workers", "cores", "memory"] as const satisfies (keyof JobSize)[];

export const JOB_UNITS: readonly string[] = UNITS;

/** What one job brings, by unit. */
function perJob({
  shape,
  workersPerJob,
  memoryPerWorkerBytes,
}: JobPlan): Required<Record<keyof JobSize, number>> {
  return {
    jobs: 1,
    workers: workersPerJob,
    cores: shape.cores * shape.nodes,
    memory: memoryPerWorkerBytes * workersPerJob,
  };
}

/**
 * So many jobs are meant; a number alone counts workers. Errors: `InvalidArgument` unless it is one
 * size from 0 on.
 */
export function jobsOf(what: string, plan: JobPlan, size: number | JobSize): number {
  if (typeof size === "number") return jobsOf(what, plan, { workers: size });
  checkOptionNames(what, size, JOB_UNITS);
  const given = UNITS.filter((unit) => size[unit] !== undefined);
  const [unit] = given;
  if (unit === undefined || given.length > 1) {
    const which = given.length === 0 ? "none" : given.join(" and ");
    throw new HeddleError(
      "InvalidArgument",
      `${what} takes one of ${UNITS.join(", ")}, but was given ${which}: a size in two units would ` +
        "be two sizes",
    );
  }
  const amount = amountOf(what, unit, size[unit] as number | string);
  const each = perJob(plan)[unit];
  if (each === 0) {
    throw new HeddleError(
      "InvalidArgument",
      `${what}: how much memory a job has is not known, since its options ask for none: give jobs, ` +
        "workers or cores",
    );
  }
  const jobs = Math.ceil(amount / each);
  checkCount(`${what}: the number of workers`, jobs * plan.workersPerJob, 0, WORKERS_MAX);
  return jobs;
}

function amountOf(what: string, unit: keyof JobSize, amount: number | string): number {
  if (unit !== "memory") {
    checkCount(`${what}: ${unit}`, amount as number, 0);
    return amount as number;
  }
  const bytes = typeof amount === "string" ? parseBytes(amount) : amount;
  if (typeof bytes === "number" && bytes >= 0 && bytes < Number.POSITIVE_INFINITY) return bytes;
  throw new HeddleError(
    "InvalidArgument",
    `${what}: memory is ${String(amount)}; it may be bytes from 0 on, or a text such as "1TB"`,
  );
}
