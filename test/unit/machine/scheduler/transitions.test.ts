/** @file From waiting to memory and away again: release by counts, failure along the edges. */
import { describe, expect, test } from "vitest";
import { graphOf, leased, TestScheduler } from "../graphs.ts";

describe("values", () => {
  test("go as soon as the last dependent has run and no client wants them", () => {
    const s = new TestScheduler();
    s.join({ threads: 3 });
    s.graph(graphOf([[], [0], [0], [1, 2]]));
    expect(s.finish(0)).toEqual([{ kind: "lease", worker: 0, ids: [1, 2], epochs: [1, 1] }]);
    expect(s.finish(1)).toEqual([]);
    expect(s.finish(2)).toContainEqual({ kind: "free", worker: 0, ids: [0] });
    expect(s.finish(3)).toEqual(
      [
        { kind: "free", worker: 0, ids: [1, 2] },
        { kind: "done", client: 1, ids: [3] },
      ].toReversed(),
    );
    expect(s.stateOf(0, 1, 2, 3)).toEqual(["released", "released", "released", "memory"]);
  });

  test("that clients want stay, and all is forgotten when they do not", () => {
    const s = new TestScheduler();
    s.join({ threads: 2 });
    s.graph(graphOf([[], [0]], { outputs: [0, 1] }));
    s.finish(0);
    expect(s.finish(1)).toEqual([{ kind: "done", client: 1, ids: [1] }]);
    expect(s.tell("release", [1])).toEqual([{ kind: "free", worker: 0, ids: [1] }]);
    expect(s.stateOf(0, 1)).toEqual(["memory", "forgotten"]);
    expect(s.tell("release", [0])).toEqual([
      { kind: "free", worker: 0, ids: [0] },
      { kind: "uninstall", worker: 0, base: 0, count: 2 },
    ]);
  });

  test("a task that uses one value twice counts it twice", () => {
    const s = new TestScheduler();
    s.join();
    s.graph(graphOf([[], [0, 0]]));
    expect(leased(s.finish(0))).toEqual([1]);
    expect(s.finish(1)).toContainEqual({ kind: "free", worker: 0, ids: [0] });
  });

  test("work that nobody needs any more is withdrawn", () => {
    const s = new TestScheduler();
    s.join({ threads: 1 });
    s.graph(graphOf([[], [], [0, 1]]));
    expect(s.tell("release", [2])).toEqual([
      { kind: "revoke", worker: 0, ids: [0], epochs: [1] },
      { kind: "uninstall", worker: 0, base: 0, count: 3 },
    ]);
    expect(s.machine.state.workers.get(0)?.leased).toBe(0);
    expect(s.machine.state.ready.isEmpty).toBe(true);
  });

  test("ids are used again only when every worker has let go of their graph", () => {
    const s = new TestScheduler();
    s.join();
    s.join({ worker: 1, address: "b" });
    s.join({ worker: 2, address: "c" });
    // One task each for the first two; the third is never told of the graph.
    s.graph(graphOf([[], []]));
    s.finish(0);
    s.step(s.finished([1], 1));
    s.tell("release", [0, 1]);
    expect(s.graph(graphOf([[], []]))[0]).toMatchObject({ base: 2 });
    s.uninstalled(0);
    expect(s.graph(graphOf([[]]))[0]).toMatchObject({ base: 4 });
    s.uninstalled(0, 1);
    expect(s.graph(graphOf([[]]))[0]).toMatchObject({ base: 0 });
  });

  test("a chain of 100,000 tasks needs no call stack", () => {
    const s = new TestScheduler();
    s.join();
    const chain = Array.from({ length: 100_000 }, (_, i) => (i === 0 ? [] : [i - 1]));
    s.graph(graphOf(chain));
    s.step(s.erred(0));
    expect(s.stateOf(0, 50_000, 99_999)).toEqual(["erred", "erred", "erred"]);
    s.tell("retry", [99_999]);
    expect(s.stateOf(0, 99_999)).toEqual(["leased", "waiting"]);
    s.tell("release", [99_999]);
    expect(s.machine.counts()).toMatchObject({ forgotten: 100_000 });
  });

  test("every change of state is counted", () => {
    const s = new TestScheduler();
    s.join();
    s.graph(graphOf([[]]));
    expect(s.machine.state.transitions).toBe(3); // waiting, queued, leased
    s.finish(0);
    s.tell("release", [0]);
    expect(s.machine.state.transitions).toBe(6); // memory, released, forgotten
  });
});

describe("failure", () => {
  test("reaches all that wait, with the key of the task that failed itself", () => {
    const s = new TestScheduler();
    s.join({ threads: 2 });
    s.graph(graphOf([[], [0], [1], []], { outputs: [1, 2, 3] }));
    expect(s.step(s.erred(0))).toEqual([
      {
        kind: "failed",
        client: 1,
        ids: [1, 2],
        error: { message: "no" },
        culprit: "g[0]",
        attempts: 1,
      },
    ]);
    expect(s.stateOf(0, 1, 2, 3)).toEqual(["erred", "erred", "erred", "leased"]);
  });

  test("lets go of inputs that only the failed task needed", () => {
    const s = new TestScheduler();
    s.join({ threads: 1 });
    s.graph(graphOf([[], [0]]));
    s.finish(0);
    expect(s.step(s.erred(1))).toContainEqual({ kind: "free", worker: 0, ids: [0] });
  });

  test("stops other work that only the failed branch needed", () => {
    const s = new TestScheduler();
    s.join({ threads: 2 });
    s.graph(graphOf([[], [], [0, 1]]));
    expect(s.step(s.erred(0))).toContainEqual({ kind: "revoke", worker: 0, ids: [1], epochs: [1] });
    expect(s.stateOf(1)).toEqual(["released"]);
  });
});
