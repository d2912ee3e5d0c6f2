/**
 * @file A scheduler that has started anew with what its journal held. Until its workers have come
 * back, or are given up, it knows which values exist but not where; then what nobody has is made
 * again, and work goes on.
 */
import { loseValue } from "./loss.ts";
import { queue, unqueue } from "./placement.ts";
import { neverBrought } from "./scatter.ts";
import type { SchedulerState } from "./state.ts";
import { NOBODY, STATE } from "./task-table.ts";

/** Leases of each life of a scheduler have epochs of their own, up to so many for one task. */
const EPOCHS_OF_A_LIFE = 2 ** 20;

/** Nothing is dispatched from now on. `life` counts the starts of the scheduler. */
export function beginRecovery(s: SchedulerState, life: number): void {
  s.isRecovering = true;
  s.isSpread = true;
  const { state, epoch } = s.tasks;
  const floor = (life * EPOCHS_OF_A_LIFE) & 0x7fffffff;
  for (let id = 0; id < s.tasks.ranges.end; id++) {
    if (state[id] === STATE.memory || isAwaited(s, id)) continue;
    epoch[id] = floor;
  }
  s.tasks.beginEpochsAt(floor);
}

/** Whoever is not back now is gone, with what it had. */
export function endRecovery(s: SchedulerState): void {
  if (!s.isRecovering) return;
  s.isRecovering = false;
  const { state, holder } = s.tasks;
  for (let id = 0; id < s.tasks.ranges.end; id++) {
    if (isAwaited(s, id)) neverBrought(s, id);
    else if (state[id] === STATE.memory && holder[id] === NOBODY && !s.tasks.isWord(id)) {
      loseValue(s, id);
    }
  }
  for (const id of s.wishes.keys()) s.unsettled.add(id);
  // Those that are suspected, or whose inputs lie somewhere now, do not wait for just any worker.
  for (let id = 0; id < s.tasks.ranges.end; id++) {
    if (state[id] !== STATE.queued) continue;
    unqueue(s, id);
    queue(s, id);
  }
}

/** A value that a client was bringing. */
function isAwaited(s: SchedulerState, id: number): boolean {
  return s.tasks.state[id] === STATE.waiting && !s.hasRecipe(id);
}
