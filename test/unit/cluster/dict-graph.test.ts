import { expect, test } from "vitest";
import { type DictGraph, submitDict } from "../../../src/cluster/dict-graph.ts";

const inc = (x: number): number => x + 1;
const add = (x: number, y: number): number => x + y;
const sum = (values: readonly number[]): number => values.reduce(add, 0);

function run(graph: DictGraph, ...keys: string[]): { values: unknown[]; calls: number } {
  let calls = 0;
  const values = submitDict(graph, keys, (fn, args) => {
    calls++;
    return fn(...args);
  });
  return { values, calls };
}

test("tasks, aliases, lists, nested tasks and values", () => {
  const graph = { x: 1, y: [inc, "x"], z: [add, "y", 10], same: "z", all: [sum, ["x", "y", "z"]] };
  expect(run(graph, "z", "same", "all", "x")).toEqual({ values: [12, 12, 15, 1], calls: 3 });
  expect(run({ x: 1, n: [add, [inc, [inc, "x"]], "x"], text: "free" }, "n", "text").values).toEqual(
    [4, "free"],
  );
});

test("only what is needed is called, and once", () => {
  const graph = { a: [inc, 1], b: [add, "a", "a"], c: [inc, "b"], unused: [inc, "c"] };
  expect(run(graph, "b", "b")).toEqual({ values: [4, 4], calls: 2 });
});

test("long chains need no stack", () => {
  const graph: Record<string, unknown> = { k0: 0 };
  for (let i = 1; i <= 20_000; i++) graph[`k${i}`] = [inc, `k${i - 1}`];
  expect(run(graph, "k20000").values).toEqual([20_000]);
});

test("circles, unknown keys and what is no graph are refused", () => {
  expect(() => run({ a: [inc, "b"], b: [inc, "a"] }, "a")).toThrow(/needs itself/);
  expect(() => run({ a: [inc, "a"] }, "a")).toThrow(/needs itself/);
  expect(() => run({ a: 1 }, "b")).toThrow(/no key "b"/);
  expect(() => run([1] as never, "b")).toThrow(/takes an object of keys/);
  // A task that is needed twice before it comes is no circle.
  expect(run({ a: 1, b: [inc, "a"], c: [add, "a", "b"] }, "c").values).toEqual([3]);
});
