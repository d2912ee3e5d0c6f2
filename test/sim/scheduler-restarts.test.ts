/**
 * @file Seeded runs of a cluster whose scheduler ends again and again: the next one knows what the
 * last has noted, workers and clients come back to it, and everything settles as if nothing had
 * been.
 */
import { describe, expect, test } from "vitest";
import { Prng } from "../../src/core/prng.ts";
import { type Fact, FactLog } from "../../src/machine/scheduler/facts.ts";
import { beginRecovery } from "../../src/machine/scheduler/recovery.ts";
import { replay } from "../../src/machine/scheduler/replay.ts";
import { restore, save } from "../../src/machine/scheduler/saved.ts";
import { SchedulerMachine } from "../../src/machine/scheduler/scheduler.ts";
import { SchedulerState } from "../../src/machine/scheduler/state.ts";
import type { SimCluster } from "../../src/testing/sim-cluster.ts";
import { simulateCluster } from "../../src/testing/simulate-cluster.ts";

/** A cluster's schedulers one after the other, with what they note. */
class Schedulers {
  restarts = 0;
  readonly #cluster: SimCluster;
  readonly #prng: Prng;
  readonly #facts: Fact[] = [];
  readonly #log = new FactLog();

  constructor(cluster: SimCluster, seed: number) {
    this.#cluster = cluster;
    this.#prng = new Prng(seed);
    this.#note(cluster.scheduler);
    for (let i = 1 + this.#prng.integer(3); i > 0; i--) {
      cluster.clock.after(this.#prng.random() * 450, () => this.#restart());
    }
  }

  #note(scheduler: SchedulerMachine): void {
    scheduler.state.facts = this.#log;
    const step = scheduler.step.bind(scheduler);
    scheduler.step = (events, nowMs) => {
      const commands = step(events, nowMs);
      this.#facts.push(...this.#log.take());
      return commands;
    };
  }

  #restart(): void {
    this.restarts++;
    const options = { allowedFailures: 3, homeBytes: this.#cluster.options.homeBytes };
    let state = new SchedulerState(options);
    replay(state, this.#facts);
    if (this.#prng.chance(0.5)) state = restore(save(state), options);
    beginRecovery(state, this.restarts);
    const scheduler = new SchedulerMachine(options, state);
    this.#note(scheduler);
    this.#cluster.restartScheduler(scheduler, (client, request) => {
      for (const fact of this.#facts) {
        if (fact.kind !== "graph" || fact.client !== client || fact.request !== request) continue;
        const { base, ids, facts } = fact;
        const outputs = facts.outputs.map((local) => ids?.[local] ?? base + local);
        const where = ids === undefined ? {} : { ids };
        return { accepted: { kind: "accepted", client, request, base, ...where }, outputs };
      }
      return undefined;
    });
  }
}

describe("schedulers that start anew", () => {
  test("60 seeds keep every invariant and settle every output", () => {
    let restarts = 0;
    for (let seed = 1; seed <= 60; seed++) {
      let schedulers: Schedulers | undefined;
      const prepare = (cluster: SimCluster): void => {
        schedulers = new Schedulers(cluster, seed);
      };
      simulateCluster(seed, 1 + (seed % 4), { prepare });
      restarts += schedulers?.restarts ?? 0;
    }
    expect(restarts).toBeGreaterThan(80);
  });
});
