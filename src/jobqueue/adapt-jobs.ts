/**
 * @file How a cluster of jobs adapts itself: bounds in whatever unit as numbers of jobs, and more
 * patience than elsewhere. A job waits in a queue before it is of use, so it is not given back
 * between two computations.
 */
import type { AdaptOptions } from "../cluster/adaptive-target.ts";
import { config } from "../config/config.ts";
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { type JobSize, jobsOf } from "./job-size.ts";
import type { JobPlan } from "./plan.ts";

/** Options of `adapt` for a cluster of jobs. */
export interface JobAdaptOptions extends AdaptOptions {
  /** Fewest and most jobs, in place of workers. */
  readonly minimumJobs?: number;
  readonly maximumJobs?: number;
  readonly minimumCores?: number;
  readonly maximumCores?: number;
  readonly minimumMemory?: number | string;
  readonly maximumMemory?: number | string;
  /** The group of workers that adapts (`"default"`); others stay as they are. */
  readonly group?: string;
}

/** Time between two looks. */
const INTERVAL_MS = 2000;
/** Jobs of no use are kept so long. */
const IDLE_MS = 300_000;
/**
 * What there is to do should be over in about so much time: less is not worth a place in a queue.
 */
const TARGET_MS = 60_000;

const OPTIONS = [
  "minimum",
  "maximum",
  "intervalMs",
  "waitCount",
  "targetDurationMs",
  "minimumJobs",
  "maximumJobs",
  "minimumCores",
  "maximumCores",
  "minimumMemory",
  "maximumMemory",
] satisfies (keyof JobAdaptOptions)[];

/** The rules in units of jobs. Errors: `InvalidArgument`, also for a bound in two units. */
export function jobRules(plan: JobPlan, options: JobAdaptOptions): AdaptOptions {
  checkOptionNames("adapt", options, [...OPTIONS, "group"]);
  const { minimum, maximum, intervalMs = INTERVAL_MS } = options;
  const least = sizeOf("minimum", {
    workers: minimum,
    jobs: options.minimumJobs,
    cores: options.minimumCores,
    memory: options.minimumMemory,
  });
  const most = sizeOf("maximum", {
    workers: maximum === Number.POSITIVE_INFINITY ? undefined : maximum,
    jobs: options.maximumJobs,
    cores: options.maximumCores,
    memory: options.maximumMemory,
  });
  const usual = config.get("adaptive.maximum");
  return {
    intervalMs,
    waitCount: options.waitCount ?? Math.ceil(IDLE_MS / intervalMs),
    targetDurationMs: options.targetDurationMs ?? TARGET_MS,
    minimum: jobsOf("adapt: minimum", plan, least ?? config.get("adaptive.minimum")),
    ...(most !== undefined
      ? { maximum: jobsOf("adapt: maximum", plan, most) }
      : maximum === undefined && usual !== null
        ? { maximum: jobsOf("adapt: maximum", plan, usual) }
        : { maximum: Number.POSITIVE_INFINITY }),
  };
}

type Given = { readonly [U in keyof Required<JobSize>]: JobSize[U] | undefined };

/** The one size that was given, if one was. */
function sizeOf(bound: string, sizes: Given): JobSize | undefined {
  const given = Object.entries(sizes).filter(([, size]) => size !== undefined);
  if (given.length > 1) {
    throw new HeddleError(
      "InvalidArgument",
      `adapt: the ${bound} is given in ${given.map(([unit]) => unit).join(" and ")}; one is enough`,
    );
  }
  return given.length === 0 ? undefined : Object.fromEntries(given);
}
