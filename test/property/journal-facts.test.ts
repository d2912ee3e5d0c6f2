/**
 * @file What a scheduler notes of a run, played into another one, gives the same state, and so does
 * its saved state with the facts that follow.
 */
import { isDeepStrictEqual } from "node:util";
import { describe, expect, test } from "vitest";
import { Prng } from "../../src/core/prng.ts";
import { type Fact, FactLog } from "../../src/machine/scheduler/facts.ts";
import { replay } from "../../src/machine/scheduler/replay.ts";
import { restore, type SavedScheduler, save } from "../../src/machine/scheduler/saved.ts";
import { SchedulerState } from "../../src/machine/scheduler/state.ts";
import type { SimCluster } from "../../src/testing/sim-cluster.ts";
import { simulateCluster } from "../../src/testing/simulate-cluster.ts";

/** Notes all facts of the run, and calls `look` after some steps of the scheduler. */
function noteFacts(
  { scheduler }: SimCluster,
  share: number,
  prng: Prng,
  look: (facts: readonly Fact[]) => void,
): void {
  const log = new FactLog();
  const facts: Fact[] = [];
  scheduler.state.facts = log;
  const step = scheduler.step.bind(scheduler);
  scheduler.step = (events, nowMs) => {
    const commands = step(events, nowMs);
    facts.push(...log.take());
    if (prng.chance(share)) look(facts);
    return commands;
  };
}

/** As `toEqual`, which takes long for arrays. */
function expectSame(actual: SavedScheduler, expected: SavedScheduler): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toEqual(expected);
}

function played(facts: readonly Fact[], from?: SavedScheduler): SavedScheduler {
  const state = from === undefined ? new SchedulerState() : restore(from);
  replay(state, facts);
  return save(state);
}

describe("facts of a scheduler", () => {
  test.each(Array.from({ length: 30 }, (_, i) => i + 1))("seed %i: played and saved", (seed) => {
    const prng = new Prng(seed);
    let looks = 0;
    const prepare = (cluster: SimCluster): void => {
      const { state } = cluster.scheduler;
      let kept: { saved: SavedScheduler; at: number } | undefined;
      noteFacts(cluster, 0.03, prng, (facts) => {
        looks++;
        const saved = save(state);
        expectSame(played(facts), saved);
        expectSame(save(restore(saved)), saved);
        if (kept !== undefined) expectSame(played(facts.slice(kept.at), kept.saved), saved);
        if (kept === undefined || prng.chance(0.3)) kept = { saved, at: facts.length };
      });
    };
    simulateCluster(seed, 3, { prepare });
    expect(looks).toBeGreaterThan(0);
  });
});
