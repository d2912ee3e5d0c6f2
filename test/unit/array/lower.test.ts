/** @file What arrays become: which layers, how many tasks, what is fused and what is a view. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as da from "../../../src/array/index.ts";
import { lowerAll } from "../../../src/array/lower.ts";
import { config } from "../../../src/config/config.ts";
import type { Layer } from "../../../src/core/graph.ts";

/** Words and numbers of tasks of all layers below an array, sources first. */
function layersOf(x: da.DistArray<da.DType, da.Rank>): string[] {
  const seen = new Map<string, Layer>();
  const visit = (layer: Layer): void => {
    if (seen.has(layer.name)) return;
    layer.inputs.forEach(visit);
    seen.set(layer.name, layer);
  };
  lowerAll([x.expr])[0]?.layers.forEach(visit);
  return [...seen.values()].map(
    ({ name, count }) => `${name.replace(/-[0-9a-f]{32}.*$/, "")} ${count}`,
  );
}

const x = da.random.defaultRng(1).random([100, 100], { chunks: 10 });

describe("fusion", () => {
  test("a chain of functions and its partial sums are one task per block", () => {
    expect(layersOf(x.mul(2).add(1).sqrt().sum({ splitEvery: 100 }))).toEqual([
      "random 100",
      "sum-partial 100",
      "sum 1",
    ]);
  });

  test("a value used by two reductions is computed once", () => {
    const y = x.exp();
    expect(
      layersOf(y.sum({ axis: 0, splitEvery: 16 }).add(y.max({ axis: 0, splitEvery: 16 }))),
    ).toEqual([
      "random 100",
      "exp 100",
      "sum-partial 100",
      "sum 10",
      "max-partial 100",
      "max 10",
      "add 10",
    ]);
  });

  test("constant arrays are constants of the kernel", () => {
    expect(layersOf(x.add(da.ones([100, 100], { chunks: 10 })))).toEqual(["random 100", "add 100"]);
    expect(layersOf(da.ones([10], { chunks: 5 }).add(1))).toEqual(["ones 2", "add 2"]);
  });

  test("long chains end in several kernels", () => {
    let y: da.DistArray<"float64"> = x;
    for (let i = 0; i < 100; i++) y = y.add(i);
    expect(layersOf(y)).toHaveLength(4);
  });

  test("ten thousand steps lower without overflowing the stack", () => {
    let y: da.DistArray<"float64"> = da.ones([4], { chunks: 4 });
    for (let i = 0; i < 10_000; i++) y = y.add(1);
    expect(layersOf(y).length).toBeGreaterThan(100);
  });

  test("equal expressions made twice are one", () => {
    const running = (): da.DistArray => x.add(1).cumsum({ axis: 0 });
    expect(layersOf(running().add(running()))).toEqual([
      "random 100",
      "add 100",
      "cumsum-local 100",
      "cumsum-carry 90",
      "cumsum 100",
      "add 100",
    ]);
  });
});

describe("views", () => {
  test("slices move below arithmetic, and only the blocks they show are needed", () => {
    const y = x.add(x.T).at("::2, 50:");
    expect(layersOf(y)).toEqual(["random 100", "add 50"]);
    expect(y.chunks).toEqual([new Array(10).fill(5), new Array(5).fill(10)]);
    expect(y.graph.count).toBe(50 + 75);
  });

  test("turning back and whole slices are nothing", () => {
    expect(layersOf(x.T.T.at(":", "0:100"))).toEqual(["random 100"]);
    expect(x.T.T.expr).toBe(x.expr);
  });

  test("choosing blocks makes no tasks", () => {
    const part = x.blocks.at(0, "1:3");
    expect(part.shape).toEqual([10, 20]);
    expect(layersOf(part)).toEqual(["random 100"]);
    expect(part.graph.count).toBe(2);
  });

  test("splitting blocks is a view, joining them gathers", () => {
    expect(layersOf(x.rechunk([5, 10]))).toEqual(["random 100", "view 200"]);
    expect(layersOf(x.rechunk([20, 10]))).toEqual(["random 100", "rechunk 50"]);
  });

  test("a view of constants is constant", () => {
    const ones = da.ones([10, 10], { chunks: 5 }).at("::3", 0);
    expect(layersOf(ones)).toEqual(["ones 2"]);
    expect(ones.chunks).toEqual([[2, 2]]);
  });
});

describe("reductions of blocks in memory", () => {
  beforeAll(() => config.set({ "worker.threads": 2, "worker.memory.limit": 2 ** 30 }));
  afterAll(() => {
    config.pop("worker.threads");
    config.pop("worker.memory.limit");
  });

  /** An array of 100 blocks that an engine holds. */
  function held(side: number): da.DistArray<"float64"> {
    const array = da.ones([side, side], { chunks: side / 10 }).add(1) as da.DistArray<"float64">;
    const { outputs, rebuild } = array.lower();
    const ids = Int32Array.from(outputs, ({ index }) => index);
    const layers = new Map(
      outputs.map(({ layer }) => [layer, { ...layer, inputs: [], held: { engine: {}, ids } }]),
    );
    return rebuild(
      outputs.map(({ layer, index }) => ({ layer: layers.get(layer) as Layer, index })),
    ) as typeof array;
  }

  test("are read several at a time, as their partial results were combined", () => {
    expect(layersOf(held(100).sum({ axis: 0 })).slice(1)).toEqual(["sum-combine 30", "sum 10"]);
    expect(layersOf(held(100).std({ axis: 1 })).slice(1)).toEqual(["std-combine 30", "std 10"]);
    expect(layersOf(held(100).sum()).slice(1)).toEqual([
      "sum-combine 25",
      "sum-combine 9",
      "sum-combine 4",
      "sum 1",
    ]);
  });

  test("are read one by one where that is much work, or they are too many or too large", () => {
    const alone = ["sum-partial 100", "sum-combine 30", "sum 10"];
    expect(layersOf(held(100).sqrt().sum({ axis: 0 })).slice(1)).toEqual(alone);
    expect(layersOf(held(20_000).sum({ axis: 0 })).slice(1)).toEqual(alone);
    expect(layersOf(held(100).sum({ splitEvery: 100 })).slice(1)).toEqual([
      "sum-partial 100",
      "sum 1",
    ]);
  });
});

describe("names", () => {
  test("equal work has equal names, other work others", () => {
    const make = (): da.DistArray => da.arange(10, { chunks: 5 }).add(1);
    expect(make().name).toBe(make().name);
    expect(make().name).not.toBe(da.arange(10, { chunks: 4 }).add(1).name);
    expect(make().name).not.toBe(da.arange(10, { chunks: 5 }).add(2).name);
  });

  test("unseeded draws differ at every call", () => {
    expect(da.random.random(5).name).not.toBe(da.random.random(5).name);
    expect(da.random.defaultRng(3).random(5).name).toBe(da.random.defaultRng(3).random(5).name);
  });
});

test("a reduction's tree takes splitEvery blocks at a time", () => {
  const y = da.ones([64], { chunks: 1 });
  expect(layersOf(y.sum({ splitEvery: 4 }))).toEqual([
    "ones 64",
    "sum-partial 64",
    "sum-combine 16",
    "sum-combine 4",
    "sum 1",
  ]);
});
