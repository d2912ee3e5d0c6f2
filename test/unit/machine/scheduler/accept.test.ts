/** @file Graphs coming in: ids, known work, held values, inputs that are gone. */
import { describe, expect, test } from "vitest";
import { graphOf, leased, TestScheduler } from "../graphs.ts";

describe("a graph", () => {
  test("gets a range of ids, and its tasks wait or are leased", () => {
    const s = new TestScheduler();
    s.join({ threads: 4 });
    expect(s.graph(graphOf([[], [], [0, 1]]))).toEqual([
      { kind: "accepted", client: 1, request: 1, base: 0 },
      { kind: "lease", worker: 0, ids: [0, 1], epochs: [1, 1] },
    ]);
    expect(s.stateOf(0, 1, 2)).toEqual(["leased", "leased", "waiting"]);
    expect(s.graph(graphOf([[]]))[0]).toMatchObject({ base: 3, request: 2 });
  });

  test("is told to a worker before its first lease, with what nobody looks at", () => {
    const s = new TestScheduler();
    s.join({ threads: 1 });
    s.join({ worker: 1, address: "b" });
    const body = { opaque: true };
    const commands = s.all(s.graphEvent(graphOf([[], []], { functions: ["f", "g"] }), { body }));
    expect(commands.map(({ kind }) => kind)).toEqual([
      "accepted",
      "install",
      "install",
      "lease",
      "lease",
    ]);
    expect(commands[1]).toMatchObject({ worker: 0, graph: { base: 0, count: 2, body, serial: 1 } });
    const later = s.all(s.graphEvent(graphOf([[]])), s.finished([1], 1));
    expect(later.filter(({ kind }) => kind === "install")).toMatchObject([
      { worker: 1, graph: { base: 2, serial: 2 } },
    ]);
  });

  test("without tasks is accepted and leaves nothing behind", () => {
    const s = new TestScheduler();
    s.join();
    expect(s.graph(graphOf([]))).toEqual([{ kind: "accepted", client: 1, request: 1, base: 0 }]);
    expect(s.graph(graphOf([[]]))).toMatchObject([{ base: 0 }, { kind: "lease", ids: [0] }]);
    expect(s.finish(0)).toMatchObject([{ kind: "done", ids: [0] }]);
  });

  test("of a task runs before graphs that came earlier", () => {
    const s = new TestScheduler();
    s.join({ threads: 1 });
    s.graph(graphOf([[], []]));
    s.graph(graphOf([[]]), { parent: 0 });
    expect(leased(s.finish(0))).toEqual([2]);
  });
});

describe("known work", () => {
  test("equal pure layers share their tasks", () => {
    const s = new TestScheduler();
    s.join();
    s.graph(graphOf([[], [0]], { name: "layer", pure: true }));
    const again = s.graph(graphOf([[], [0]], { name: "layer", pure: true }), { client: 2 });
    expect(again[0]).toEqual({ kind: "accepted", client: 2, request: 2, base: 2, ids: [0, 1] });
    s.finish(0);
    expect(s.finish(1)).toContainEqual({ kind: "done", client: 2, ids: [1] });
  });

  test("impure layers are never shared", () => {
    const s = new TestScheduler();
    s.graph(graphOf([[]], { name: "layer" }));
    expect(s.graph(graphOf([[]], { name: "layer" }))[0]).not.toHaveProperty("ids");
  });

  test("settled tasks are told at once: values and failures", () => {
    const s = new TestScheduler();
    s.join({ threads: 2 });
    const graph = graphOf([[], []], { name: "layer", pure: true });
    s.graph(graph);
    s.finish(0);
    s.step(s.erred(1));
    const told = s.graph(graph, { client: 2 });
    expect(told).toContainEqual({ kind: "done", client: 2, ids: [0] });
    expect(told).toContainEqual(
      expect.objectContaining({ kind: "failed", client: 2, ids: [1], culprit: "layer[1]" }),
    );
  });

  test("rows left out by culling are told apart", () => {
    const s = new TestScheduler();
    const whole = graphOf([[], [], []], { name: "layer", pure: true });
    const rows = (kept: number[]) => {
      const graph = graphOf(
        kept.map(() => []),
        { name: "layer", pure: true },
      );
      return { ...graph, segments: [{ ...graph.segments[0]!, rows: Int32Array.from(kept) }] };
    };
    s.graph({ ...whole, outputs: Int32Array.of(0, 2) });
    expect(s.graph(rows([2]))[0]).toMatchObject({ ids: [2] });
    expect(s.graph(rows([1, 0]))[0]).toMatchObject({ ids: [1, 0] });
  });

  test("only what the unknown part needs is made", () => {
    const s = new TestScheduler();
    s.join({ threads: 2 });
    s.graph(graphOf([[], [0]], { name: "layer", pure: true }));
    s.finish(0);
    s.finish(1);
    // The second graph has the layer and a task on top of it: only that one is new.
    const graph = graphOf([[], [0], [1]], { name: "layer", pure: true });
    const both = {
      ...graph,
      segments: [
        { start: 0, count: 2, name: "layer", pure: true },
        { start: 2, count: 1, name: "top", pure: false },
      ],
    };
    expect(leased(s.graph(both))).toEqual([4]);
  });

  test("a value that is not needed any more but still known is computed again", () => {
    const s = new TestScheduler();
    s.join({ threads: 2 });
    s.graph(graphOf([[], [0]], { name: "layer", pure: true }));
    s.finish(0);
    s.finish(1);
    expect(s.stateOf(0, 1)).toEqual(["released", "memory"]);
    const again = graphOf([[], [0]], { name: "layer", pure: true, outputs: [0] });
    expect(leased(s.graph(again))).toEqual([0]);
  });
});

describe("held values", () => {
  test("are the inputs of new tasks", () => {
    const s = new TestScheduler();
    s.join();
    s.graph(graphOf([[]]));
    s.finish(0);
    expect(s.graph(graphOf([[1]], { held: [0] }))).toEqual([
      { kind: "accepted", client: 1, request: 2, base: 1, ids: [1, 0] },
      { kind: "lease", worker: 0, ids: [1], epochs: [1] },
    ]);
    // The input is kept for the new task when its own future goes.
    expect(s.tell("release", [0])).toEqual([]);
    expect(s.finish(1)).toEqual([
      { kind: "done", client: 1, ids: [1] },
      { kind: "free", worker: 0, ids: [0] },
    ]);
  });

  test("that have failed fail the graph", () => {
    const s = new TestScheduler();
    s.join();
    s.graph(graphOf([[]]));
    s.step(s.erred(0));
    const told = s.graph(graphOf([[2], [0]], { held: [0] }));
    expect(told).toContainEqual(
      expect.objectContaining({ kind: "failed", ids: [2], culprit: "g" }),
    );
    expect(s.stateOf(1, 2)).toEqual(["erred", "erred"]);
  });

  test("that were cancelled fail the graph with that reason", () => {
    const s = new TestScheduler();
    s.join();
    s.graph(graphOf([[]], { name: "first" }));
    s.tell("cancel", [0]);
    const told = s.graph(graphOf([[1]], { held: [0] }));
    expect(told).toContainEqual(
      expect.objectContaining({
        kind: "failed",
        error: { plain: true, code: "Cancelled", message: "task first was cancelled" },
      }),
    );
  });

  test("that are not known fail the graph, and whoever gets the id is left alone", () => {
    const s = new TestScheduler();
    s.join();
    // Id 1 will be the new graph's own.
    const told = s.graph(graphOf([[1]], { held: [1], name: "late" }));
    expect(told).toContainEqual(
      expect.objectContaining({ kind: "failed", error: expect.objectContaining({ code: "Lost" }) }),
    );
    expect(s.tell("retry", [0])).toContainEqual(
      expect.objectContaining({ kind: "failed", ids: [0] }),
    );
    s.tell("release", [0]);
    s.uninstalled(0);
    expect(leased(s.graph(graphOf([[], [0]])))).toEqual([0]);
    s.finish(0);
    expect(s.finish(1)).toContainEqual({ kind: "done", client: 1, ids: [1] });
    expect(s.tell("release", [1])).toContainEqual({
      kind: "uninstall",
      worker: 0,
      base: 0,
      count: 2,
    });
  });

  test("gone ones that nothing uses are forgotten at once", () => {
    const s = new TestScheduler();
    s.join();
    const graph = graphOf([[]], { held: [77] });
    s.graph(graph);
    expect(s.stateOf(0, 1)).toEqual(["leased", "forgotten"]);
  });
});
