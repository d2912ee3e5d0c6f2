/** @file Merging, culling, fusing and ordering never change results, on random graphs. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { runSync } from "../../src/cluster/sync.ts";
import { Prng } from "../../src/core/prng.ts";
import { type TaskGraph, taskKey } from "../../src/core/task-graph.ts";
import { criticalPathOrder } from "../../src/optimize/critical-path.ts";
import { depthFirstOrder } from "../../src/optimize/depth-first.ts";
import { cull } from "../../src/optimize/draft.ts";
import { optimizeGraph } from "../../src/optimize/flatten.ts";
import { orderTasks } from "../../src/optimize/order.ts";
import { dependentsOf, distinctEdges, type Edges, sortTasks } from "../../src/optimize/topology.ts";
import { naiveValue, randomGraph } from "../helpers/random-graphs.ts";

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

function expectValidRanks({ count, depOffsets, deps }: Edges, rank: Int32Array): void {
  expect([...rank].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
  for (let task = 0; task < count; task++) {
    for (let e = depOffsets[task] as number; e < (depOffsets[task + 1] as number); e++) {
      expect(rank[deps[e] as number]).toBeLessThan(rank[task] as number);
    }
  }
}

test("results, fused or not, are those of the plainest evaluation", async () => {
  let fused = 0;
  await fc.assert(
    fc.asyncProperty(seeds, async (seed) => {
      const { outputs } = randomGraph(seed);
      const expected = outputs.map(naiveValue);
      const plain = optimizeGraph(outputs, { fuse: false });
      const smaller = optimizeGraph(outputs);
      expect(await runSync(plain)).toEqual(expected);
      expect(await runSync(smaller)).toEqual(expected);
      if (smaller.count < plain.count) fused++;
      expectValidRanks(plain, plain.rank);
      expectValidRanks(smaller, smaller.rank);
      expectKeysKept(plain, smaller);
    }),
    { numRuns: 400 },
  );
  // The generator must really make graphs that fuse, or the test would prove nothing.
  expect(fused).toBeGreaterThan(40);
});

function expectKeysKept(plain: TaskGraph, smaller: TaskGraph): void {
  const keysOf = (graph: TaskGraph, ids: Iterable<number>): string[] =>
    Array.from(ids, (id) => taskKey(graph, id));
  expect(keysOf(smaller, smaller.outputs)).toEqual(keysOf(plain, plain.outputs));
  const all = new Set(keysOf(plain, plain.rank.keys()));
  for (const key of keysOf(smaller, smaller.rank.keys())) expect(all).toContain(key);
}

test("culling keeps exactly what the outputs reach", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const { outputs } = randomGraph(seed);
      const draft = cull(outputs);
      const reached = new Set<number>();
      const visit = (id: number): void => {
        if (reached.has(id)) return;
        reached.add(id);
        draft.deps.slice(draft.depOffsets[id], draft.depOffsets[id + 1]).forEach(visit);
      };
      draft.outputs.forEach(visit);
      expect(reached.size).toBe(draft.count);
    }),
  );
});

test("every order is complete and respects dependencies, with ids in any order", () => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 1, max: 60 }), (seed, count) => {
      const edges = randomEdges(new Prng(seed), count);
      const sorted = sortTasks(edges, String);
      const distinct = distinctEdges(edges);
      const users = dependentsOf(distinct);
      expectValidRanks(edges, depthFirstOrder(distinct, users, sorted));
      const path = criticalPathOrder(distinct, users, sorted);
      if (path !== undefined) expectValidRanks(edges, path);
      const given = Int32Array.from({ length: count }, (_, i) =>
        distinct.depOffsets[i] === distinct.depOffsets[i + 1] && i % 3 === 0 ? -1 : 0,
      );
      expectValidRanks(edges, orderTasks(edges, sorted, given));
    }),
    { numRuns: 300 },
  );
});

/** An acyclic graph whose ids are shuffled, with some edges twice. */
function randomEdges(prng: Prng, count: number): Edges {
  const id = prng.shuffle(Array.from({ length: count }, (_, i) => i));
  const lists = new Array<number[]>(count);
  for (let i = 0; i < count; i++) {
    const degree = i === 0 ? 0 : prng.integer(4);
    lists[id[i] as number] = Array.from({ length: degree }, () => id[prng.integer(i)] as number);
  }
  const depOffsets = new Int32Array(count + 1);
  for (let i = 0; i < count; i++) {
    depOffsets[i + 1] = (depOffsets[i] as number) + (lists[i] as number[]).length;
  }
  return { count, depOffsets, deps: Int32Array.from(lists.flat()) };
}
