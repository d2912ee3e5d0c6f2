/**
 * @file Schedulers of a simulated cluster one after the other: each knows what those before it have
 * noted, and workers and clients come back to it.
 */
import { Prng } from "../core/prng.ts";
import { type Fact, FactLog } from "../machine/scheduler/facts.ts";
import { beginRecovery } from "../machine/scheduler/recovery.ts";
import { replay } from "../machine/scheduler/replay.ts";
import { restore, save } from "../machine/scheduler/saved.ts";
import { SchedulerMachine } from "../machine/scheduler/scheduler.ts";
import { SchedulerState } from "../machine/scheduler/state.ts";
import type { SimCluster } from "./sim-cluster.ts";

/** Time in which schedulers end. */
const ACTIVE_MS = 450;

export class SimRestarts {
  readonly #cluster: SimCluster;
  readonly #prng: Prng;
  readonly #facts: Fact[] = [];
  readonly #log = new FactLog();

  constructor(cluster: SimCluster, seed: number) {
    this.#cluster = cluster;
    this.#prng = new Prng(seed);
    this.#note(cluster.scheduler);
    for (let i = 1 + this.#prng.integer(3); i > 0; i--) {
      cluster.clock.after(this.#prng.random() * ACTIVE_MS, () => this.#restart());
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
    const options = { allowedFailures: 3, homeBytes: this.#cluster.options.homeBytes };
    let state = new SchedulerState(options);
    replay(state, this.#facts);
    if (this.#prng.chance(0.5)) state = restore(save(state), options);
    beginRecovery(state, this.#cluster.restarts + 1);
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
