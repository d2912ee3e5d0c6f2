/**
 * @file What clients ask: wants and releases, cancellation, retry, and leaving, which releases all
 * that the client wanted.
 */
import { IdSet } from "../id-set.ts";
import type { SchedulerEvent } from "./events.ts";
import type { SchedulerState } from "./state.ts";
import { STATE } from "./task-table.ts";
import {
  cancelledFailure,
  fail,
  forgetIfUnneeded,
  letGo,
  need,
  notifyDone,
  notifyFailed,
  notifyReset,
} from "./transitions.ts";

type EventOf<K extends SchedulerEvent["kind"]> = Extract<SchedulerEvent, { kind: K }>;

export function want(s: SchedulerState, client: number, ids: Int32Array): void {
  const { wants, cancelled } = s.client(client);
  for (const id of ids) {
    const state = s.tasks.state[id];
    if (state === undefined || state === STATE.forgotten) {
      s.out.cancelled(client, id);
      continue;
    }
    if (wants.add(id)) s.tasks.wants[id] = s.tasks.wants[id]! + 1;
    if (cancelled.delete(id)) s.tasks.dependents[id] = s.tasks.dependents[id]! - 1;
    if (state === STATE.memory) notifyDone(s, id);
    else if (state === STATE.released) need(s, id);
    else if (state === STATE.erred) notifyFailed(s, client, id);
  }
}

/**
 * `seen`: number of the last request of which the client knew that it was accepted; all of them by
 * default.
 */
export function release(
  s: SchedulerState,
  client: number,
  ids: Int32Array,
  seen: number = Number.POSITIVE_INFINITY,
): void {
  const { wants, cancelled, askedAgain } = s.client(client);
  for (const id of ids) {
    if (askedAgain.size > 0) {
      if ((askedAgain.get(id) ?? 0) > seen) continue;
      askedAgain.delete(id);
    }
    if (wants.delete(id)) {
      s.tasks.wants[id] = s.tasks.wants[id]! - 1;
      letGo(s, id);
    } else if (cancelled.delete(id)) {
      s.tasks.dependents[id] = s.tasks.dependents[id]! - 1;
      forgetIfUnneeded(s, id);
    }
  }
}

/**
 * The client was away: what it does not refer to any more is released, but for what it cannot know
 * of yet (`kept`), and it is told how everything else is.
 */
export function rejoined(s: SchedulerState, { client, ids, kept }: EventOf<"rejoined">): void {
  const { wants, cancelled } = s.client(client);
  const referred = new IdSet();
  for (const id of ids) referred.add(id);
  for (const id of kept) referred.add(id);
  for (const known of [wants, cancelled]) {
    release(
      s,
      client,
      known.toIds().filter((id) => !referred.has(id)),
    );
  }
  for (const id of ids) {
    if (cancelled.has(id)) s.out.cancelled(client, id);
    else {
      s.out.reset(client, id);
      want(s, client, Int32Array.of(id));
    }
  }
}

export function clientLeft(s: SchedulerState, client: number): void {
  const { wants, cancelled } = s.client(client);
  release(s, client, wants.toIds());
  release(s, client, cancelled.toIds());
  s.clients.delete(client);
}

/**
 * Cancels for one client, or for all: tasks that wait for a cancelled one fail with it. What the
 * client asked for again after that, before it came here, is not meant.
 */
export function cancel(
  s: SchedulerState,
  { before = Number.POSITIVE_INFINITY, ...event }: EventOf<"cancel">,
  given?: Int32Array,
): void {
  const { askedAgain } = s.client(event.client);
  const ids = event.ids.filter((id) => (askedAgain.get(id) ?? 0) <= before);
  const spared = given ?? runningDependents(s, ids);
  s.facts?.add({ ...event, ids, spared });
  for (const id of ids) {
    const state = s.tasks.state[id];
    if (state === undefined || state === STATE.forgotten) continue;
    const others = s.tasks.wants[id]! - (s.client(event.client).wants.has(id) ? 1 : 0);
    if (others > 0 && event.force !== true) {
      dropWant(s, event.client, id);
      continue;
    }
    failDependents(s, id, spared);
    for (const client of [...s.clients.keys()]) dropWant(s, client, id);
  }
}

/** They have their inputs already. */
function runningDependents(s: SchedulerState, ids: Int32Array): Int32Array {
  const running: number[] = [];
  for (const id of ids) {
    if ((s.tasks.state[id] ?? STATE.forgotten) === STATE.forgotten) continue;
    s.eachDependent(id, (dependent) => {
      if (s.tasks.state[dependent] === STATE.leased) running.push(dependent);
    });
  }
  return Int32Array.from(running);
}

/** The client no longer wants the value, but goes on referring to the task until it releases it. */
function dropWant(s: SchedulerState, client: number, id: number): void {
  const { wants, cancelled } = s.client(client);
  if (!wants.delete(id)) return;
  s.out.cancelled(client, id);
  cancelled.add(id);
  s.tasks.dependents[id] = s.tasks.dependents[id]! + 1;
  s.tasks.wants[id] = s.tasks.wants[id]! - 1;
  letGo(s, id);
}

function failDependents(s: SchedulerState, id: number, spared: Int32Array): void {
  const failure = cancelledFailure(s, id);
  const waiting: number[] = [];
  s.eachDependent(id, (dependent) => {
    const state = s.tasks.state[dependent];
    if (state !== STATE.waiting && state !== STATE.queued) return;
    if (!spared.includes(dependent)) waiting.push(dependent);
  });
  for (const dependent of waiting) fail(s, dependent, failure);
}

/** Tries failed tasks again, from the task that failed first. */
export function retry(s: SchedulerState, client: number, ids: Int32Array): void {
  const { state } = s.tasks;
  const again: number[] = [];
  const stack = [...ids];
  while (stack.length > 0) {
    const id = stack.pop()!;
    if (state[id] !== STATE.erred || !s.hasRecipe(id)) continue;
    state[id] = STATE.released;
    s.transitions++;
    s.failures.delete(id);
    s.attempts.delete(id);
    // It runs alone all the same, but what it was suspected of is as good as forgotten.
    if (s.suspects.has(id)) s.suspects.set(id, 0);
    again.push(id);
    s.eachDependency(id, (dep) => {
      if (state[dep] === STATE.erred) stack.push(dep);
    });
    s.eachDependent(id, (dependent) => {
      if (state[dependent] === STATE.erred) stack.push(dependent);
    });
  }
  // All first: the next ones may fail again at once.
  for (const id of again) notifyReset(s, id);
  for (const id of again) if (s.tasks.wants[id]! > 0) need(s, id);
  // The client counts on an answer for each.
  for (const id of ids) {
    if (state[id] === STATE.memory) notifyDone(s, id);
    else if (state[id] === STATE.erred) notifyFailed(s, client, id);
    else if (!s.client(client).wants.has(id)) s.out.cancelled(client, id);
  }
}
