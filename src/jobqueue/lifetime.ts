/**
 * @file When the workers of a job retire: early enough before its walltime is over to hand over
 * what they have, and not all at once.
 */
import { config } from "../config/config.ts";
import { HeddleError } from "../core/errors.ts";
import type { JobSettings } from "../machine/jobs/settings.ts";
import type { JobValues } from "./job-values.ts";
import { jobHeader } from "./script.ts";
import type { JobShape } from "./shape.ts";
import type { BatchSystem } from "./system.ts";

/** Workers of a long job have so long to hand over what they have; of a short one, such a part. */
const MARGIN_MS = 120_000;
const MARGIN_SHARE = 0.2;
const STAGGER_MS = 60_000;
const STAGGER_SHARE = 0.05;

/** Those that take their place need a moment to start, after what they wait in the queue. */
const START_MS = 30_000;
const START_SHARE = 0.2;
/** Of the margin so much is left for the end of processes. */
const LAST_MS = 10_000;

/** Walltimes without an end, as people write them. */
const ENDLESS = /^(unlimited|infinite|infinity|-1)$/i;

export interface JobLife {
  readonly lifetime?: { readonly ms: number; readonly staggerMs: number };
  /** Workers that are to end may take so long, unless the user has said how long. */
  readonly graceMs?: number;
  /** The batch system is to warn the job so long before its end. */
  readonly warnSeconds?: number;
  readonly settings: Partial<JobSettings>;
}

/**
 * What follows of the walltime. Errors: `InvalidArgument` for one that the system does not know,
 * and for margins that leave nothing of it.
 */
export function lifeOf(system: BatchSystem, values: JobValues, shape: JobShape): JobLife {
  const own = values.get("lifetime");
  const walltimeMs = knownWalltime(system, values, shape);
  if (walltimeMs === undefined) {
    const staggerMs = values.get("lifetime-stagger") ?? 0;
    return { ...(own === null ? {} : { lifetime: { ms: own, staggerMs } }), settings: {} };
  }
  const marginMs =
    values.get("walltime-margin") ?? wholeSeconds(Math.min(MARGIN_MS, MARGIN_SHARE * walltimeMs));
  const staggerMs =
    values.get("lifetime-stagger") ??
    wholeSeconds(Math.min(STAGGER_MS, STAGGER_SHARE * walltimeMs));
  const ms = own ?? walltimeMs - marginMs - staggerMs;
  if (ms <= 0 || ms + staggerMs > walltimeMs) {
    throw new HeddleError(
      "InvalidArgument",
      `${values.who}: of the walltime ${shape.walltime} (${walltimeMs / 1000} s) a margin of ` +
        `${marginMs / 1000} s and a stagger of ${staggerMs / 1000} s leave the workers ` +
        `${ms / 1000} s: give a longer walltime, or smaller walltimeMarginMs and lifetimeStaggerMs`,
    );
  }
  return {
    lifetime: { ms, staggerMs },
    ...(config.origin("worker.lifetime.grace").source === "default"
      ? { graceMs: graceOf(marginMs) }
      : {}),
    // By then the workers should be on their way: this is for those that are not.
    warnSeconds: Math.max(1, Math.round(marginMs / 2000)),
    // Others have to be there when the first of a job's workers go.
    settings: {
      walltimeMs,
      marginMs: marginMs + 2 * staggerMs + Math.min(START_MS, START_SHARE * walltimeMs),
    },
  };
}

/** The walltime, where the job has one, and it is known which. */
function knownWalltime(
  system: BatchSystem,
  values: JobValues,
  shape: JobShape,
): number | undefined {
  const { walltime } = shape;
  if (walltime === undefined || ENDLESS.test(walltime)) return undefined;
  const ms = system.walltimeMs(walltime);
  if (ms === undefined) {
    throw new HeddleError(
      "InvalidArgument",
      `${values.who}: walltime is "${walltime}", which ${system.title} would not understand; ` +
        `${EXAMPLES[system.name]}. For one of the site's own give walltime: null, ` +
        "jobExtraDirectives and lifetimeMs",
    );
  }
  // Where the usual one is skipped, another directive says it, and nobody knows here what.
  const isUsual = values.find("walltime").source === "default";
  const isSkipped = !jobHeader(system, shape).some((line) => line.includes(walltime));
  return isUsual && isSkipped ? undefined : ms;
}

const EXAMPLES: Readonly<Record<BatchSystem["name"], string>> = {
  slurm: 'it is written "minutes", "h:m:s" or "days-h:m:s"',
  pbs: 'it is written "hh:mm:ss", or in seconds',
  moab: 'it is written "[days:]hh:mm:ss", or in seconds',
  sge: 'it is written "hh:mm:ss", or in seconds',
  lsf: 'it is written "hh:mm", or in minutes',
  oar: 'it is written "hh:mm:ss", or in hours',
  htcondor: 'it is written "hh:mm:ss"',
};

/** Most of the margin: a task that runs may end, and then there is a moment for values. */
function graceOf(marginMs: number): number {
  return wholeSeconds(Math.max(marginMs / 2, marginMs - LAST_MS));
}

function wholeSeconds(ms: number): number {
  return Math.ceil(ms / 1000) * 1000;
}
