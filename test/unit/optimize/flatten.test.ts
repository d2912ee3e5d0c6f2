/** @file Layers to task graph: what is merged, culled, fused and refused. */
import { describe, expect, test } from "vitest";
import type { Layer, LayerKind, TaskRef } from "../../../src/core/graph.ts";
import { regularOffsets } from "../../../src/core/graph.ts";
import { taskKey } from "../../../src/core/task-graph.ts";
import { optimizeGraph } from "../../../src/optimize/flatten.ts";

const fn = (...args: unknown[]): unknown => args;

function layer(
  name: string,
  count: number,
  inputs: Layer[] = [],
  more: Partial<Layer> = {},
): Layer {
  const arity = inputs.length;
  const starts = inputs.map((_, k) => inputs.slice(0, k).reduce((sum, one) => sum + one.count, 0));
  return {
    name,
    kind: arity === 0 ? "source" : "blockwise",
    count,
    templates: [{ name, fn, args: inputs.map((_, index) => ({ kind: "dep", index })) }],
    inputs,
    depOffsets: regularOffsets(count, arity),
    deps: Int32Array.from(
      { length: count * arity },
      (_, e) => (starts[e % arity] as number) + Math.floor(e / arity),
    ),
    columns: [],
    ...more,
  };
}

const all = (one: Layer): TaskRef[] =>
  Array.from({ length: one.count }, (_, index) => ({ layer: one, index }));

const keys = (outputs: TaskRef[], fuse = false): string[] => {
  const graph = optimizeGraph(outputs, { fuse });
  return Array.from({ length: graph.count }, (_, id) => taskKey(graph, id)).sort();
};

describe("merge and cull", () => {
  test("layers of one name are run once", () => {
    const twin = () => layer("x-1", 2);
    const both = layer("sum", 2, [twin(), twin()]);
    expect(keys(all(both))).toEqual(["sum[0]", "sum[1]", "x-1[0]", "x-1[1]"]);
  });

  test("impure layers of one name stay apart", () => {
    const twin = () => layer("x", 1, [], { pure: false });
    expect(optimizeGraph(all(layer("sum", 1, [twin(), twin()])), { fuse: false }).count).toBe(3);
  });

  test("a held layer stands for all of its name, and nothing below it runs", () => {
    const below = layer("below", 2);
    const made = layer("x-1", 2, [below]);
    const engine = {};
    const held = layer("x-1", 2, [], { held: { engine, ids: Int32Array.of(40, 41) } });
    const graph = optimizeGraph(all(layer("sum", 2, [made, held])), { fuse: false });
    expect(graph.count).toBe(4);
    expect([...(graph.held ?? [])]).toEqual([40, 41, -1, -1]);
    expect([...graph.template]).toEqual([-1, -1, 0, 0]);
    expect(graph.holders?.[0]?.engine).toBe(engine);
  });

  test("a culled layer keeps keys and rows of what is left", () => {
    const x = layer("x", 6, [], { grid: [2, 3] });
    const y = layer("y", 6, [x], { grid: [2, 3] });
    expect(keys([{ layer: y, index: 4 }])).toEqual(["x[1,1]", "y[1,1]"]);
    expect(keys([{ layer: x, index: 5 }])).toEqual(["x[1,2]"]);
  });

  test("outputs come in the order asked for, also twice", () => {
    const x = layer("x", 3);
    const graph = optimizeGraph([2, 0, 2].map((index) => ({ layer: x, index })));
    expect(Array.from(graph.outputs, (id) => taskKey(graph, id))).toEqual(["x[2]", "x[0]", "x[2]"]);
  });

  test("names that clash are refused", () => {
    const clash = layer("sum", 1, [layer("x", 1), layer("x", 2)]);
    expect(() => optimizeGraph(all(clash))).toThrow(
      expect.objectContaining({ code: "InvariantViolated" }),
    );
  });
});

describe("fusion", () => {
  const chain = (kind: LayerKind, more: Partial<Layer> = {}) =>
    layer("c", 4, [layer("b", 4, [layer("a", 4)])], { kind, ...more });

  test("a chain of blocks is one task a block, under the last key", () => {
    expect(keys(all(chain("blockwise")), true)).toEqual(["c[0]", "c[1]", "c[2]", "c[3]"]);
  });

  test("two producers go into one block by block consumer, not into a reduction", () => {
    const pair = (kind: LayerKind) => layer("c", 4, [layer("a", 4), layer("b", 4)], { kind });
    expect(optimizeGraph(all(pair("blockwise"))).count).toBe(4);
    expect(optimizeGraph(all(pair("reduction"))).count).toBe(12);
  });

  test("a reduction of one input takes that in", () => {
    expect(optimizeGraph(all(chain("reduction"))).count).toBe(4);
  });

  test("what writes a run takes in what makes its source", () => {
    expect(optimizeGraph(all(chain("exchange"))).count).toBe(4);
  });

  test("nothing goes into delayed calls, or into other options", () => {
    expect(optimizeGraph(all(chain("call"))).count).toBe(8);
    const base = chain("blockwise");
    const template = { ...base.templates[0], options: { resources: { GPU: 1 } } };
    expect(optimizeGraph(all({ ...base, templates: [template as never] })).count).toBe(8);
  });

  test("what is wanted itself, or used twice, keeps a task of its own", () => {
    const b = layer("b", 4);
    const c = layer("c", 4, [b]);
    expect(optimizeGraph([...all(c), { layer: b, index: 0 }]).count).toBe(8);
    const d = layer("d", 4, [b]);
    expect(optimizeGraph([...all(c), ...all(d)]).count).toBe(12);
    const twice = layer("e", 4, [b, b]);
    expect(optimizeGraph(all(twice)).count).toBe(8);
  });

  test("`fuse: false` leaves every task", () => {
    expect(optimizeGraph(all(chain("blockwise")), { fuse: false }).count).toBe(12);
  });

  test("very long chains are cut before they would overflow the stack", () => {
    let top = layer("l0", 2);
    for (let i = 1; i < 1000; i++) top = layer(`l${i}`, 2, [top]);
    const { count } = optimizeGraph(all(top));
    expect(count).toBeGreaterThan(2);
    expect(count).toBeLessThan(100);
  });
});

describe("bad graphs", () => {
  test("a circle of layers names them", () => {
    const a: Layer & { inputs: Layer[] } = { ...layer("a", 1), inputs: [] };
    const b = layer("b", 1, [a]);
    a.inputs.push(b);
    expect(() => optimizeGraph(all(b))).toThrow(
      expect.objectContaining({ code: "CycleInGraph", message: expect.stringMatching(/a.*b/) }),
    );
  });

  test("a circle of tasks names their keys", () => {
    const ring = layer("ring", 3, [], {
      self: true,
      depOffsets: regularOffsets(3, 1),
      deps: Int32Array.of(1, 2, 0),
    });
    expect(() => optimizeGraph(all(ring))).toThrow(
      expect.objectContaining({
        code: "CycleInGraph",
        fields: { keys: ["ring[0]", "ring[1]", "ring[2]"] },
      }),
    );
  });

  test("references to tasks that are not there are refused", () => {
    const x = layer("x", 2);
    const missing = expect.objectContaining({ code: "MissingKey" });
    expect(() => optimizeGraph([{ layer: x, index: 2 }])).toThrow(missing);
    const bad = layer("y", 1, [x], { deps: Int32Array.of(7) });
    expect(() => optimizeGraph(all(bad))).toThrow(missing);
  });

  test("no outputs make an empty graph", () => {
    expect(optimizeGraph([]).count).toBe(0);
    expect(optimizeGraph(all(layer("none", 0))).count).toBe(0);
  });
});

test("a million tasks take columns, not objects", () => {
  const count = 1_000_000;
  const x = layer("x", count);
  const y = layer("y", count, [x], { kind: "call" });
  const graph = optimizeGraph(all(y));
  expect(graph.count).toBe(2 * count);
  expect(graph.segments.length).toBe(2);
  const bytes = [graph.template, graph.depOffsets, graph.deps, graph.rank, graph.outputs];
  const perTask = bytes.reduce((sum, { byteLength }) => sum + byteLength, 0) / graph.count;
  expect(perTask).toBeLessThan(20);
});
