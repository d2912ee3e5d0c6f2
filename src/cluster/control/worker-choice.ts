/**
 * @file Which workers are meant: by address, name or host, or so many of the scheduler's choice.
 */
import { HeddleError, nearestName } from "../../core/errors.ts";
import type { SchedulerState } from "../../machine/scheduler/state.ts";
import type { WorkerSeat } from "../scheduler-host.ts";
import type { RetireOp } from "./ops.ts";

type Seats = ReadonlyMap<number, WorkerSeat>;

/** The workers that have one of the names; all when none is given. */
export function chosenWorkers(seats: Seats, names: readonly string[] | undefined): number[] {
  if (names === undefined) return [...seats.keys()];
  const chosen = new Set<number>();
  for (const name of names) {
    const found = [...seats].filter(([, seat]) => namesOf(seat).includes(name));
    if (found.length === 0) throw noWorker(seats, name);
    for (const [worker] of found) chosen.add(worker);
  }
  return [...chosen];
}

/**
 * Those named, or those whose end costs least: they run little and hold little. Of the latter only
 * such as `mayGo`, by address.
 */
export function workersToRetire(
  state: SchedulerState,
  seats: Seats,
  op: RetireOp,
  mayGo: ReadonlySet<string>,
): number[] {
  const { workers, count } = op;
  if (workers !== undefined) return chosenWorkers(seats, workers);
  if (count === undefined) return [...seats.keys()];
  const leased = (worker: number): number => state.workers.get(worker)?.leased ?? 0;
  const free = [...seats].filter(([, { facts }]) => mayGo.has(facts.address));
  const cheapest = free
    .map(([worker]) => worker)
    .sort((a, b) => leased(a) - leased(b) || state.heldBytes(a) - state.heldBytes(b) || b - a);
  return cheapest.slice(0, count);
}

function namesOf({ facts, host }: WorkerSeat): string[] {
  return [facts.address, facts.name ?? facts.address, host];
}

function noWorker(seats: Seats, name: string): HeddleError {
  const known = [...seats.values()].flatMap(namesOf);
  const near = nearestName(name, known);
  const hint = near === undefined ? "." : `; did you mean "${near}"?`;
  const addresses = [...seats.values()].map(({ facts }) => facts.address).join(", ") || "none";
  return new HeddleError(
    "InvalidArgument",
    `there is no worker "${name}"${hint} A worker is named by its address, name or host; ` +
      `workers: ${addresses}`,
    { fields: { worker: name } },
  );
}
