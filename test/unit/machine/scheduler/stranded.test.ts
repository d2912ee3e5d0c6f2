/** @file Tasks whose inputs lie where no worker that may run them can read them. */
import { describe, expect, test } from "vitest";
import type { SchedulerCommand, SchedulerEvent } from "../../../../src/machine/scheduler/events.ts";
import { graphOf, leased, plain, TestScheduler } from "../graphs.ts";

/**
 * Workers that are named by their numbers, of which some cannot fetch from others: they give back
 * what they cannot have the inputs of, and end everything else at once.
 */
class Divided extends TestScheduler {
  nowMs = 0;
  readonly warnings: string[] = [];
  readonly errors: { ids: number[]; error: { code: string; message: string } }[] = [];
  /** Tasks that have ended, and where. */
  readonly ran: string[] = [];
  readonly #isCut: (reader: number, holder: number) => boolean;

  constructor(
    workers: number,
    isCut: (reader: number, holder: number) => boolean,
    limits: readonly number[] = [],
  ) {
    super();
    this.#isCut = isCut;
    for (let worker = 0; worker < workers; worker++) {
      const address = `tcp://host-${worker}`;
      const memoryLimitBytes = limits[worker] ?? 1e9;
      this.join({ worker, name: `w${worker}`, address, threads: 2, memoryLimitBytes });
    }
  }

  /** Lets time pass until nothing happens any more. */
  run(...first: SchedulerEvent[]): void {
    let events = first;
    for (let step = 0; step < 1000; step++) {
      const commands = this.machine.step(events, this.nowMs);
      events = commands.flatMap((command) => this.#answer(command));
      if (events.length > 0) continue;
      const { nextWakeMs } = this.machine;
      if (nextWakeMs === Number.POSITIVE_INFINITY) return;
      this.nowMs = nextWakeMs;
    }
    throw new Error(`it goes on after ${this.nowMs} ms`);
  }

  #answer(command: SchedulerCommand): SchedulerEvent[] {
    if (command.kind === "warn") this.warnings.push(command.message);
    if (command.kind === "failed") this.errors.push(plain(command) as (typeof this.errors)[0]);
    if (command.kind === "copy") return this.#copy(command.worker, [...command.needs.ids]);
    if (command.kind !== "lease") return [];
    const { worker } = command;
    return leased([plain(command)]).flatMap((id) => this.#lease(worker, id));
  }

  #lease(worker: number, id: number): SchedulerEvent[] {
    const { epoch } = this.machine.state.tasks;
    const missing: number[] = [];
    this.machine.state.eachDependency(id, (dep) => {
      if (!this.#hasOrReads(worker, dep)) missing.push(dep);
    });
    if (missing.length === 0) {
      this.ran.push(`${this.machine.state.keyOf(id)} on ${worker}`);
      return [this.finished([id], worker)];
    }
    const ids = Int32Array.of(id);
    return [
      this.#unreachable(worker, missing),
      { kind: "returned", worker, ids, epochs: Int32Array.of(epoch[id]!) },
    ];
  }

  #unreachable(worker: number, ids: readonly number[]): SchedulerEvent {
    const { holder } = this.machine.state.tasks;
    return {
      kind: "unreachable",
      worker,
      ids: Int32Array.from(ids),
      holders: Int32Array.from(ids, (id) => holder[id]!),
      isGone: Uint8Array.from(ids, () => 0),
    };
  }

  #copy(worker: number, all: number[]): SchedulerEvent[] {
    const { epoch } = this.machine.state.tasks;
    const ids = all.filter((id) => this.#hasOrReads(worker, id));
    if (ids.length < all.length) return [this.#unreachable(worker, all)];
    const epochs = Int32Array.from(ids, (id) => epoch[id]!);
    return [{ kind: "replicated", worker, ids: Int32Array.from(ids), epochs }];
  }

  #hasOrReads(worker: number, dep: number): boolean {
    const { holder } = this.machine.state.tasks;
    const holders = [holder[dep]!, ...(this.machine.state.replicas.get(dep) ?? [])];
    return holders.some((from) => from === worker || !this.#isCut(worker, from));
  }
}

const AT = { zero: { workers: ["w0"] }, one: { workers: ["w1"] } };

describe("a task with inputs on two workers that never reach each other", () => {
  test("runs when the input that may be made elsewhere has been made again", () => {
    const s = new Divided(2, () => true);
    const functions = ["any", "one", "any"];
    s.run(s.graphEvent(graphOf([[], [], [0, 1]], { functions, options: AT })));
    expect(s.ran).toEqual(["g[0] on 0", "g[1] on 1", "g[0] on 1", "g[2] on 1"]);
    expect(s.warnings).toEqual([
      expect.stringMatching(/^worker w1 .* cannot fetch from worker w0/),
    ]);
    expect(s.nowMs).toBeLessThan(60_000);
    expect(s.machine.state.avoided.size + s.machine.state.stranded.size).toBe(0);
  });

  test("gets what lies on the other side over one that reaches both", () => {
    const s = new Divided(3, (reader, holder) => reader + holder === 1);
    const functions = ["zero", "one", "one"];
    s.run(s.graphEvent(graphOf([[], [], [0, 1]], { functions, options: AT })));
    expect(s.ran).toEqual(["g[0] on 0", "g[1] on 1", "g[2] on 1"]);
    expect(s.warnings).toEqual([]);
  });

  test("is given to one that reaches both, where it may run there", () => {
    const s = new Divided(3, (reader, holder) => reader + holder === 1);
    const functions = ["zero", "one", "any"];
    s.run(s.graphEvent(graphOf([[], [], [0, 1]], { functions, options: AT })));
    expect(s.ran.at(-1)).toBe("g[2] on 2");
    expect(s.nowMs).toBeLessThan(1000);
  });

  test("does not take a value from one that is about to read it, again and again", () => {
    const s = new Divided(2, () => true);
    const functions = ["any", "any", "zero", "one"];
    s.run(s.graphEvent(graphOf([[], [], [0, 1], [0, 1]], { functions, options: AT })));
    expect(s.stateOf(2, 3)).toEqual(["memory", "memory"]);
    expect(s.ran.length).toBeLessThanOrEqual(7);
  });

  test("fails after a minute by the names of both when neither can be made again", () => {
    const s = new Divided(2, () => true);
    const functions = ["zero", "one", "any"];
    s.run(s.graphEvent(graphOf([[], [], [0, 1]], { functions, options: AT })));
    expect(s.errors).toHaveLength(1);
    const { code, message } = s.errors[0]!.error;
    expect(code).toBe("Unreachable");
    expect(message).toMatch(
      /^task g\[2\] needs g\[[01]\], which worker w[01] \(tcp:\/\/host-[01]\) has/,
    );
    expect(message).toMatch(
      /worker w[01] \(tcp:\/\/host-[01]\) has not been able to fetch from there/,
    );
    expect(s.ran).toHaveLength(2);
  });

  test("fails all the same where only a worker that may not run it has room for its inputs", () => {
    const s = new Divided(3, () => true, [50, 50, 1e9]);
    const functions = ["zero", "one", "both"];
    const options = { ...AT, both: { workers: ["w0", "w1"] } };
    s.run(s.graphEvent(graphOf([[], [], [0, 1]], { functions, options })));
    expect(s.errors.map(({ error }) => error.code)).toEqual(["Unreachable"]);
  });

  test("waits for the network for less than a minute", () => {
    const s: Divided = new Divided(2, () => s.nowMs < 40_000);
    const functions = ["zero", "one", "any"];
    s.run(s.graphEvent(graphOf([[], [], [0, 1]], { functions, options: AT })));
    expect(s.errors).toEqual([]);
    expect(s.stateOf(2)).toEqual(["memory"]);
  });
});
