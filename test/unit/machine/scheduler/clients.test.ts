/**
 * @file What clients ask for: wanting, releasing, cancelling, trying again, bringing values,
 * leaving.
 */
import { describe, expect, test } from "vitest";
import type { SchedulerEvent } from "../../../../src/machine/scheduler/events.ts";
import { graphOf, leased, TestScheduler } from "../graphs.ts";

function scatter(count: number, client = 1): SchedulerEvent {
  const bytes = new Float64Array(count).fill(50);
  return { kind: "adopt", client, request: 9, worker: 0, count, bytes, name: "data" };
}

describe("wanting", () => {
  test("answers with the state of the task as it is", () => {
    const s = new TestScheduler();
    s.join({ threads: 2 });
    s.graph(graphOf([[], []]));
    s.finish(0);
    s.step(s.erred(1));
    expect(s.tell("want", [0], 2)).toEqual([
      { kind: "done", client: 1, ids: [0] },
      {
        kind: "done",
        client: 2,
        ids: [0],
      },
    ]);
    expect(s.tell("want", [1], 2)).toMatchObject([{ kind: "failed", client: 2, ids: [1] }]);
    expect(s.tell("want", [55], 2)).toEqual([{ kind: "cancelled", client: 2, ids: [55] }]);
  });

  test("a value stays while one of two clients wants it", () => {
    const s = new TestScheduler();
    s.join();
    s.graph(graphOf([[]]));
    s.finish(0);
    s.tell("want", [0], 2);
    expect(s.tell("release", [0], 1)).toEqual([]);
    expect(s.tell("release", [0], 1)).toEqual([]);
    expect(s.tell("release", [0], 2)).toContainEqual({ kind: "free", worker: 0, ids: [0] });
  });

  test("a released value that is still known is computed when it is wanted", () => {
    const s = new TestScheduler();
    s.join();
    s.graph(graphOf([[], [0]]));
    s.finish(0);
    s.finish(1);
    expect(leased(s.tell("want", [0]))).toEqual([0]);
  });
});

describe("releasing", () => {
  test("does not count when the same work was asked for again in the meantime", () => {
    const s = new TestScheduler();
    s.join();
    const graph = graphOf([[]], { name: "layer", pure: true });
    s.graph(graph);
    s.finish(0);
    s.graph(graph);
    // Sent before the client knew of the second answer.
    const ids = Int32Array.of(0);
    expect(s.step({ kind: "release", client: 1, ids, seen: 1 })).toEqual([]);
    expect(s.stateOf(0)).toEqual(["memory"]);
    const freed = s.step({ kind: "release", client: 1, ids, seen: 2 });
    expect(freed).toContainEqual({ kind: "free", worker: 0, ids: [0] });
  });

  test("of a client that leaves releases all that it wanted", () => {
    const s = new TestScheduler();
    s.join({ threads: 2 });
    s.graph(graphOf([[], []]));
    s.finish(0);
    s.tell("cancel", [1]);
    expect(s.step({ kind: "client-left", client: 1 })).toContainEqual({
      kind: "uninstall",
      worker: 0,
      base: 0,
      count: 2,
    });
    expect(s.machine.state.clients.size).toBe(0);
  });
});

describe("cancelling", () => {
  test("does not reach what was asked for again before it came", () => {
    const s = new TestScheduler();
    s.join();
    const graph = graphOf([[]], { name: "layer", pure: true });
    s.graph(graph);
    s.graph(graph);
    const event = { kind: "cancel", client: 1, ids: Int32Array.of(0), force: true } as const;
    expect(s.step({ ...event, before: 1 })).toEqual([]);
    expect(s.stateOf(0)).toEqual(["leased"]);
    expect(s.step({ ...event, before: 2 })).toContainEqual({
      kind: "cancelled",
      client: 1,
      ids: [0],
    });
  });

  test("withdraws the task and fails what waits for it", () => {
    const s = new TestScheduler();
    s.join();
    s.graph(graphOf([[], [0]], { outputs: [0, 1], name: "work" }));
    expect(s.tell("cancel", [0])).toEqual([
      {
        kind: "failed",
        client: 1,
        ids: [1],
        error: { plain: true, code: "Cancelled", message: "task work[0] was cancelled" },
        culprit: "work[0]",
        attempts: 0,
      },
      { kind: "cancelled", client: 1, ids: [0] },
      { kind: "revoke", worker: 0, ids: [0], epochs: [1] },
    ]);
  });

  test("drops a value that is in memory", () => {
    const s = new TestScheduler();
    s.join();
    s.graph(graphOf([[]]));
    s.finish(0);
    expect(s.tell("cancel", [0])).toEqual([
      { kind: "cancelled", client: 1, ids: [0] },
      { kind: "free", worker: 0, ids: [0] },
    ]);
  });

  test("leaves a task alone that another client wants, unless forced", () => {
    const s = new TestScheduler();
    s.join();
    s.graph(graphOf([[]]));
    s.tell("want", [0], 2);
    expect(s.tell("cancel", [0])).toEqual([{ kind: "cancelled", client: 1, ids: [0] }]);
    expect(s.stateOf(0)).toEqual(["leased"]);
    const event = { kind: "cancel", client: 1, ids: Int32Array.of(0), force: true } as const;
    expect(s.step(event)).toContainEqual({ kind: "cancelled", client: 2, ids: [0] });
    expect(s.stateOf(0)).toEqual(["released"]);
  });

  test("keeps the id taken until the client has released it", () => {
    const s = new TestScheduler();
    s.join();
    s.graph(graphOf([[]]));
    s.tell("cancel", [0]);
    s.uninstalled(0);
    expect(s.graph(graphOf([[]]))[0]).toMatchObject({ base: 1 });
    expect(s.tell("release", [0])).toContainEqual({
      kind: "uninstall",
      worker: 0,
      base: 0,
      count: 1,
    });
    s.uninstalled(0);
    expect(s.graph(graphOf([[]]))[0]).toMatchObject({ base: 0 });
  });

  test("makes equal work start afresh", () => {
    const s = new TestScheduler();
    s.join();
    const graph = graphOf([[]], { name: "layer", pure: true });
    s.graph(graph);
    s.tell("cancel", [0]);
    const again = s.graph(graph);
    expect(again[0]).not.toHaveProperty("ids");
    expect(leased(again)).toEqual([1]);
  });
});

describe("trying again", () => {
  test("starts from the task that failed first and tells who waits", () => {
    const s = new TestScheduler();
    s.join();
    s.graph(graphOf([[], [0], [1]]));
    s.step(s.erred(0));
    expect(s.tell("retry", [2])).toEqual([
      { kind: "reset", client: 1, ids: [2] },
      { kind: "lease", worker: 0, ids: [0], epochs: [2] },
    ]);
    s.finish(0);
    s.finish(1);
    expect(s.finish(2)).toContainEqual({ kind: "done", client: 1, ids: [2] });
  });

  test("forgets the attempts made before", () => {
    const s = new TestScheduler();
    s.join();
    s.graph(graphOf([[]], { options: { f: { retries: 1 } } }));
    s.step(s.erred(0));
    expect(s.step(s.erred(0))).toMatchObject([{ kind: "failed", attempts: 2 }]);
    s.tell("retry", [0]);
    expect(leased(s.step(s.erred(0)))).toEqual([0]);
  });

  test("is answered for every task, whatever became of it", () => {
    const s = new TestScheduler();
    s.join({ threads: 3 });
    s.graph(graphOf([[], [], []]));
    s.finish(0);
    s.tell("cancel", [1]);
    const told = s.tell("retry", [0, 1]);
    expect(told).toContainEqual({ kind: "done", client: 1, ids: [0] });
    expect(told).toContainEqual({ kind: "cancelled", client: 1, ids: [1] });
  });
});

describe("values of clients", () => {
  test("are in memory from the start", () => {
    const s = new TestScheduler();
    s.join();
    expect(s.step(scatter(2))).toEqual([
      { kind: "accepted", client: 1, request: 9, base: 0 },
      { kind: "done", client: 1, ids: [0, 1] },
    ]);
    expect(leased(s.graph(graphOf([[1]], { held: [0] })))).toEqual([2]);
  });

  test("none at all leave nothing behind", () => {
    const s = new TestScheduler();
    expect(s.step(scatter(0))).toEqual([{ kind: "accepted", client: 1, request: 9, base: 0 }]);
    expect(s.machine.state.graphs).toEqual([]);
  });

  test("are lost for good when they are lost, and when they were let go", () => {
    const s = new TestScheduler();
    s.join();
    s.step(scatter(2));
    s.graph(graphOf([[1]], { held: [1] }));
    s.finish(2);
    const lost = s.step({ kind: "lost", worker: 0, ids: Int32Array.of(0) });
    expect(lost).toMatchObject([
      { kind: "reset", ids: [0] },
      { kind: "failed", ids: [0], error: { code: "Lost" }, culprit: "data[0]" },
    ]);
    s.tell("release", [1]);
    // What was made of the released one cannot be made again.
    const again = s.step({ kind: "lost", worker: 0, ids: Int32Array.of(2) });
    expect(again).toMatchObject([
      { kind: "reset", ids: [2] },
      { kind: "failed", ids: [2], culprit: "data[1]" },
    ]);
  });
});
