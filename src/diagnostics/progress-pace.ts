/**
 * @file From counts to pace: remembers recent counts of each group and derives tasks per second
 * from the last seconds, so that a change of speed shows. Time comes in as an argument.
 */
import type { GroupCounts } from "./feed.ts";
import { type GroupView, type ProgressView, settled } from "./progress-view.ts";

const WINDOW_MS = 10_000;
const MAX_SAMPLES = 32;

interface Sample {
  readonly atMs: number;
  readonly settled: number;
}

/** The pace of one group. */
class Pace {
  #samples: Sample[] = [];

  add(atMs: number, count: number): void {
    // Until the first task ends the group has not begun: its pace counts from here.
    if (count === 0) this.#samples.length = 0;
    const last = this.#samples.at(-1);
    if (last !== undefined && atMs - last.atMs < WINDOW_MS / MAX_SAMPLES) return;
    this.#samples.push({ atMs, settled: count });
    // One sample older than the window stays, so that the window is always covered.
    while ((this.#samples[1]?.atMs ?? atMs) < atMs - WINDOW_MS) this.#samples.shift();
  }

  /** Tasks in a second since the oldest sample kept. */
  rate(atMs: number, count: number): number {
    const first = this.#samples[0];
    if (first === undefined || atMs <= first.atMs) return 0;
    return ((count - first.settled) / (atMs - first.atMs)) * 1000;
  }
}

/** Counts of all running computations, merged by group name, with their pace. */
export class PaceBook {
  readonly #paces = new Map<string, Pace>();
  readonly #totalPace = new Pace();
  readonly #startMs: number;

  constructor(startMs: number) {
    this.#startMs = startMs;
    this.#totalPace.add(startMs, 0);
  }

  /** What to show at `nowMs`. */
  view(groups: readonly GroupCounts[], nowMs: number): ProgressView {
    return {
      groups: groups.map((group) => withRate(group, this.#paceOf(group.name), nowMs)),
      total: withRate(sumGroups(groups), this.#totalPace, nowMs),
      elapsedMs: nowMs - this.#startMs,
    };
  }

  #paceOf(name: string): Pace {
    const pace = this.#paces.get(name) ?? new Pace();
    this.#paces.set(name, pace);
    return pace;
  }
}

function withRate(group: GroupCounts, pace: Pace, nowMs: number): GroupView {
  const rate = pace.rate(nowMs, settled(group));
  pace.add(nowMs, settled(group));
  return { ...group, rate };
}

/** One line for everything. */
export function sumGroups(groups: readonly GroupCounts[]): GroupCounts {
  const sum = (pick: (group: GroupCounts) => number): number =>
    groups.reduce((total, group) => total + pick(group), 0);
  return {
    name: "total",
    total: sum((group) => group.total),
    done: sum((group) => group.done),
    failed: sum((group) => group.failed),
    ...measured(groups, "busyMs"),
    ...measured(groups, "bytes"),
  };
}

/** The sum of a field that not every group measures; nothing when none does. */
function measured<F extends "busyMs" | "bytes">(
  groups: readonly GroupCounts[],
  field: F,
): { [field in F]?: number } {
  const values = groups.map((group) => group[field]).filter((value) => value !== undefined);
  const none: { [field in F]?: number } = {};
  if (values.length === 0) return none;
  return { ...none, [field]: values.reduce((sum, value) => sum + value, 0) };
}

/** Groups of several computations as one list: equal names are added up. */
export function mergeGroups(lists: Iterable<readonly GroupCounts[]>): GroupCounts[] {
  const merged = new Map<string, GroupCounts>();
  for (const groups of lists) {
    for (const group of groups) {
      const other = merged.get(group.name);
      merged.set(
        group.name,
        other === undefined ? group : { ...sumGroups([other, group]), name: group.name },
      );
    }
  }
  return [...merged.values()];
}
