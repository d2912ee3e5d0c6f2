/**
 * @file What each rank does: one runs the scheduler, one may be the user's program, the others are
 * workers. With inclusive workers the scheduler's rank has one beside it.
 */
import { HeddleError } from "../core/errors.ts";

/** What one rank does; the scheduler's may have a worker, too. */
export interface Roles {
  readonly scheduler: boolean;
  readonly program: boolean;
  readonly worker: boolean;
}

/** How ranks are shared out. */
export interface Layout {
  /** Rank of the scheduler; null: it runs elsewhere. */
  readonly schedulerRank: number | null;
  /** Rank of the user's program; null: there is none. */
  readonly programRank: number | null;
  /** Whether workers have ranks of their own. */
  readonly exclusiveWorkers: boolean;
}

/** How many workers there are. */
export function workersOf(size: number, layout: Layout): number {
  let workers = 0;
  for (let rank = 0; rank < size; rank++) if (rolesOf(rank, layout).worker) workers++;
  return workers;
}

/** What a rank does. */
export function rolesOf(rank: number, layout: Layout): Roles {
  const scheduler = rank === layout.schedulerRank;
  const program = rank === layout.programRank;
  const worker = scheduler ? !layout.exclusiveWorkers : !program;
  return { scheduler, program, worker };
}

/** Throws `WorldTooSmall` unless everybody has a rank, and `InvalidArgument` for two on one. */
export function checkWorld(size: number, layout: Layout): void {
  const { schedulerRank, programRank, exclusiveWorkers } = layout;
  if (schedulerRank !== null && schedulerRank === programRank) {
    throw new HeddleError(
      "InvalidArgument",
      `rank ${schedulerRank} cannot have both the scheduler and the program: they need two ranks`,
    );
  }
  const own = [schedulerRank, programRank].filter((rank) => rank !== null);
  const isShared = !exclusiveWorkers && schedulerRank !== null;
  const least = Math.max(own.length + (isShared ? 0 : 1), ...own.map((rank) => rank + 1));
  if (size >= least) return;
  const parts = [
    ...(schedulerRank === null ? [] : [`the scheduler (rank ${schedulerRank})`]),
    ...(programRank === null ? [] : [`the program (rank ${programRank})`]),
    ...(isShared ? [] : ["a worker"]),
  ];
  const advice =
    exclusiveWorkers && schedulerRank !== null
      ? `Launch ${least} ranks or more, or let the scheduler's rank have a worker, too ` +
        "({ exclusiveWorkers: false }, --inclusive-workers)."
      : `Launch ${least} ranks or more.`;
  throw new HeddleError(
    "WorldTooSmall",
    `${size} ${size === 1 ? "rank was" : "ranks were"} launched, and ${least} are needed: ` +
      `${parts.join(", ")}. ${advice}`,
    { fields: { size, least } },
  );
}
