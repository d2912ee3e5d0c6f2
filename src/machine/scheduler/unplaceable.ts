/**
 * @file Tasks that no worker may run. They wait, since such a worker may still join; but whoever
 * misspelt a name would wait for ever without a word. So each kind of them is spoken of once.
 */
import { placementProblem } from "../../core/placement.ts";
import type { ReadyLane } from "./ready.ts";
import type { SchedulerState } from "./state.ts";

/** Warnings that are remembered; then all may be given again. */
const REMEMBERED_MAX = 1000;

/** Warns of queued tasks that no worker of those present may run. */
export function warnOfUnplaceable(s: SchedulerState): void {
  // Without any worker all tasks wait: more may be on their way.
  if (s.workers.size === 0 || !s.ready.hasUnchecked) return;
  const workers = [...s.workers.values()];
  for (const lane of s.ready.takeUnchecked()) {
    if (lane.options === undefined || lane.ranks.size === 0) continue;
    const problem = placementProblem(workers, lane.options, nameIn(s, lane));
    if (problem === undefined) continue;
    // The message tells of all workers: it is another one whenever one joins.
    const { workers: names, resources } = lane.options;
    const about = JSON.stringify([problem.code, nameIn(s, lane), names, resources]);
    if (s.warnings.has(about)) continue;
    if (s.warnings.size >= REMEMBERED_MAX) s.warnings.clear();
    s.warnings.add(about);
    s.out.say({ kind: "warn", message: `${problem.message} It waits until such a worker joins.` });
  }
}

/** The name of the lane's first task. */
function nameIn(s: SchedulerState, lane: ReadyLane): string {
  const { facts, localOfRank } = s.graphs[lane.graph]!;
  const local = localOfRank[lane.ranks.first()]!;
  return facts.templates[facts.template[local]!]?.name ?? "a task";
}
