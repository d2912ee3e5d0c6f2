/**
 * @file The scheduler machine: `step(events)` changes the state and returns commands. Pure and
 * synchronous: no clock, no randomness, no I/O. The embedded engine and a cluster run this same
 * machine.
 */
import { HeddleError } from "../../core/errors.ts";
import { acceptGraph } from "./accept.ts";
import { cancel, clientLeft, rejoined, release, retry, want } from "./clients.ts";
import { rebalance, reduceReplicas, replicate, retire, settleCopies } from "./copies.ts";
import { dispatch } from "./dispatch.ts";
import type { SchedulerCommand, SchedulerEvent } from "./events.ts";
import type { AskedFact } from "./facts.ts";
import { lost, workerLost } from "./loss.ts";
import { failOversized } from "./oversized.ts";
import { unpark } from "./placement.ts";
import { recallForIdle } from "./recall.ts";
import { endRecovery } from "./recovery.ts";
import { adopt, placeWaiting, scatter, unplaced } from "./scatter.ts";
import { type SchedulerOptions, SchedulerState } from "./state.ts";
import { helpStranded } from "./stranded.ts";
import { STATE, STATE_NAMES } from "./task-table.ts";
import { warnOfUnplaceable } from "./unplaceable.ts";
import {
  durations,
  erred,
  finished,
  measured,
  paused,
  replicated,
  returned,
  suspended,
  uninstalled,
  unreachable,
  workerJoined,
} from "./workers.ts";

export class SchedulerMachine {
  readonly state: SchedulerState;

  /** `state`: one that was restored; see `saved.ts`. */
  constructor(options: Partial<SchedulerOptions> = {}, state?: SchedulerState) {
    this.state = state ?? new SchedulerState(options);
  }

  /** Handles events in order, then leases what the workers' credit allows. */
  step(events: readonly SchedulerEvent[], nowMs = 0): SchedulerCommand[] {
    const s = this.state;
    s.nowMs = nowMs;
    for (const event of events) if (isHeard(s, event)) handle(s, event);
    if (s.isRecovering) return s.out.take();
    if (s.parked.size > 0) unpark(s);
    if (s.unplaced.size > 0) placeWaiting(s);
    if (s.unsettled.size + s.stuckCopies.size + s.retiring.size > 0) settleCopies(s);
    if (s.oversized.size > 0) failOversized(s);
    dispatch(s);
    while (s.unreached.size > 0 && helpStranded(s)) dispatch(s);
    if (s.isSpread) recallForIdle(s);
    warnOfUnplaceable(s);
    return s.out.take();
  }

  /** When `step` should be called again even if nothing happens until then; often never. */
  get nextWakeMs(): number {
    const { stuckCopies, stuckUntilMs, recallMs, stealMs } = this.state;
    let next = Math.min(recallMs, stealMs);
    if (stuckCopies.size > 0) next = Math.min(next, stuckUntilMs);
    for (const untilMs of this.state.parked.values()) next = Math.min(next, untilMs);
    return next;
  }

  /** Number of tasks in each state; walks all tasks, for tests and dumps. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const name of STATE_NAMES) counts[name] = 0;
    const { state, ranges } = this.state.tasks;
    for (let id = 0; id < ranges.end; id++) {
      const name = STATE_NAMES[state[id]!] ?? "unknown";
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  stateOf(id: number): string {
    return STATE_NAMES[this.state.tasks.state[id] ?? STATE.forgotten] ?? "unknown";
  }
}

/** Events that are facts as they are. */
function isAsked(event: SchedulerEvent): event is AskedFact {
  return ASKED.has(event.kind);
}

const ASKED: ReadonlySet<string> = new Set<AskedFact["kind"]>([
  "want",
  "retry",
  "release",
  "client-left",
  "replicate",
  "rejoined",
]);

/** What is said by a worker that was lost is about the past. */
function isHeard(s: SchedulerState, event: SchedulerEvent): boolean {
  if (!("worker" in event) || event.kind === "worker-joined" || event.kind === "adopt") return true;
  return s.workers.has(event.worker);
}

function handle(s: SchedulerState, event: SchedulerEvent): void {
  if (s.facts !== undefined && isAsked(event)) s.facts.add(event);
  switch (event.kind) {
    case "finished":
      return finished(s, event);
    case "durations":
      return durations(s, event);
    case "erred":
      return erred(s, event);
    case "replicated":
      return replicated(s, event);
    case "unreachable":
      return unreachable(s, event);
    case "worker-paused":
      return paused(s, event);
    case "measured":
      return measured(s, event);
    case "returned":
      return returned(s, event);
    case "lost":
      return lost(s, event);
    case "graph":
      return acceptGraph(s, event);
    case "adopt":
      return adopt(s, event);
    case "scatter":
      return scatter(s, event);
    case "unplaced":
      return unplaced(s, event);
    case "retire":
      return retire(s, event);
    case "replicate":
      return replicate(s, event);
    case "rebalance":
      return rebalance(s);
    case "reduce-replicas":
      return reduceReplicas(s);
    case "want":
      return want(s, event.client, event.ids);
    case "release":
      return release(s, event.client, event.ids, event.seen);
    case "retry":
      return retry(s, event.client, event.ids);
    case "cancel":
      return cancel(s, event);
    case "client-left":
      return clientLeft(s, event.client);
    case "rejoined":
      return rejoined(s, event);
    case "recovered":
      return endRecovery(s);
    case "worker-joined":
      return workerJoined(s, event);
    case "worker-lost":
      return workerLost(s, event);
    case "uninstalled":
      return uninstalled(s, event);
    case "suspended":
      return suspended(s, event);
    default:
      throw new HeddleError("InvalidTransition", `no handler for ${JSON.stringify(event)}`);
  }
}
