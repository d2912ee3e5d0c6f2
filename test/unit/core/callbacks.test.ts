/** @file Callbacks: registered ones are listed in order and end when they should. */
import { expect, test } from "vitest";
import { activeCallbacks, Callback } from "../../../src/core/callbacks.ts";
import type { TaskGraph } from "../../../src/core/task-graph.ts";

test("registering counts once, and ends with unregister, with a block, and when a promise settles", async () => {
  expect(activeCallbacks()).toBeUndefined();
  const one = new Callback().register().register();
  const two = new Callback();
  await expect(
    two.during(async () => {
      expect(activeCallbacks()).toEqual([one, two]);
      throw new Error("inside");
    }),
  ).rejects.toThrow("inside");
  expect(activeCallbacks()).toEqual([one]);
  one[Symbol.dispose]();
  expect(activeCallbacks()).toBeUndefined();
});

test("hooks and overridden methods both see the moments", () => {
  const seen: string[] = [];
  const graph = {} as TaskGraph;
  class Mine extends Callback {
    override posttask(): void {
      seen.push("overridden");
    }
  }
  new Mine().posttask();
  const hooked = new Callback({
    start: () => seen.push("start"),
    pretask: (key) => seen.push(key),
    posttask: ({ key, error }) => seen.push(`${key} ${error}`),
    finish: (_, failed) => seen.push(`failed ${failed}`),
  });
  hooked.start(graph);
  hooked.startState(graph);
  hooked.pretask("k", graph);
  hooked.posttask({ key: "k", error: 1 }, graph);
  hooked.finish(graph, true);
  expect(seen).toEqual(["overridden", "start", "k", "k 1", "failed true"]);
});
