/**
 * @file Plays facts into a machine that has no workers: afterwards it knows what the one knew that
 * noted them, but for who was given what. Tasks that were under lease are queued, and values have
 * no holders.
 */
import { assert } from "../../core/errors.ts";
import { acceptGraph } from "./accept.ts";
import { convict, inherit, suspect } from "./blame.ts";
import { cancel, clientLeft, rejoined, release, retry, want } from "./clients.ts";
import { replicate, wantCopies } from "./copies.ts";
import type { DoneFact, Fact } from "./facts.ts";
import { loseValue } from "./loss.ts";
import { unqueue } from "./placement.ts";
import { bring } from "./scatter.ts";
import type { SchedulerState } from "./state.ts";
import { NOBODY, STATE } from "./task-table.ts";
import { fail, loseForGood, remember } from "./transitions.ts";
import { attemptFailed } from "./workers.ts";

type FactOf<K extends Fact["kind"]> = Extract<Fact, { kind: K }>;

/** Plays facts in order; what the machine would say is dropped. */
export function replay(s: SchedulerState, facts: readonly Fact[]): void {
  for (const fact of facts) play(s, fact);
  s.out.take();
}

function play(s: SchedulerState, fact: Fact): void {
  switch (fact.kind) {
    case "graph":
      return playGraph(s, fact);
    case "brought":
      return playBrought(s, fact);
    case "brought-again":
      s.tasks.epoch[fact.id] = fact.epoch;
      return;
    case "done":
      return playDone(s, fact);
    case "gone":
      return playGone(s, fact);
    case "erred":
      toWaiting(s, fact.id);
      return attemptFailed(s, fact.id, fact.error, fact.blame);
    case "suspected":
      suspect(s, fact.id);
      return;
    case "convicted":
      convict(s, fact.id, fact.blame);
      return;
    case "inherited":
      return inherit(s, fact.id);
    case "failed":
      return fail(s, fact.id, fact.failure);
    case "want":
      return want(s, fact.client, fact.ids);
    case "release":
      return release(s, fact.client, fact.ids, fact.seen);
    case "retry":
      return retry(s, fact.client, fact.ids);
    case "cancel":
      return cancel(s, fact, fact.spared);
    case "client-left":
      return clientLeft(s, fact.client);
    case "rejoined":
      return rejoined(s, fact);
    case "replicate":
      return replicate(s, fact);
  }
}

function playGraph(s: SchedulerState, fact: FactOf<"graph">): void {
  const { client, request, parent, base, facts, body, ids } = fact;
  const from = parent === undefined ? {} : { parent };
  acceptGraph(s, { kind: "graph", client, request, graph: facts, body, ...from }, base);
  if (facts.count === 0) return;
  const record = s.graphs[s.tasks.graph[base]!];
  // A graph that brought nothing new is gone already.
  if (record?.base !== base || record.ids === undefined) return;
  const known = record.ids;
  const isSame = ids?.length === known.length && known.every((id, i) => ids[i] === id);
  assert(isSame, `the journal gives other ids to the tasks of the graph at ${base}`);
}

function playBrought(s: SchedulerState, fact: FactOf<"brought">): void {
  const { base, bytes, epochs, broadcast } = fact;
  bring(s, { ...fact, count: bytes.length }, base);
  for (let i = 0; i < bytes.length; i++) {
    s.tasks.epoch[base + i] = epochs[i]!;
    s.tasks.bytes[base + i] = bytes[i]!;
    s.tasks.holder[base + i] = NOBODY;
    s.tasks.state[base + i] = STATE.waiting;
    if (broadcast > 1) wantCopies(s, base + i, broadcast);
  }
}

function playDone(s: SchedulerState, fact: DoneFact): void {
  const { ids, epochs, bytes, tags, words } = fact;
  const { state, epoch } = s.tasks;
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    toWaiting(s, id);
    assert(state[id] === STATE.waiting, `the journal has a value for ${id}, which needs none`);
    epoch[id] = epochs[i]!;
    if (s.suspects.size > 0) s.suspects.delete(id);
    remember(s, id, NOBODY, bytes[i]!, tags[i]!, words[i]!);
  }
}

function playGone(s: SchedulerState, { ids, how }: FactOf<"gone">): void {
  for (const id of ids) {
    if (s.tasks.state[id] === STATE.memory) {
      s.tasks.holder[id] = NOBODY;
      loseValue(s, id, how);
    } else if (s.tasks.state[id] === STATE.waiting && !s.hasRecipe(id)) loseForGood(s, id, how);
  }
}

function toWaiting(s: SchedulerState, id: number): void {
  if (s.tasks.state[id] !== STATE.queued) return;
  unqueue(s, id);
  s.tasks.state[id] = STATE.waiting;
}
