import { expect, it } from "vitest";
import type { TaskGraph } from "../../../src/core/task-graph.ts";
import { Feed, type GroupCounts, groupsOf } from "../../../src/diagnostics/feed.ts";

const groups: GroupCounts[] = [{ name: "inc", total: 2, done: 0, failed: 0 }];

it("hands everything to every listener until it stops listening", () => {
  const feed = new Feed();
  const heard: string[] = [];
  expect(feed.isWatched).toBe(false);
  const stop = feed.listen({
    onGraph: (id, list) => heard.push(`graph ${id} ${list.length}`),
    onProgress: (id, list) => heard.push(`progress ${id} ${list[0]?.done}`),
    onFinish: (id, outcome) => heard.push(`finish ${id} ${outcome.status}`),
  });
  const stopOther = feed.listen({ onFinish: () => heard.push("other") });
  const id = feed.begin(groups);
  feed.progress(id, [{ name: "inc", total: 2, done: 1, failed: 0 }]);
  feed.end(id, { status: "finished" });
  stop();
  expect(feed.isWatched).toBe(true);
  stopOther();
  expect(feed.isWatched).toBe(false);
  expect(feed.begin(groups)).not.toBe(id);
  expect(heard).toEqual([`graph ${id} 1`, `progress ${id} 1`, `finish ${id} finished`, "other"]);
});

it("groups a graph by function name; values that exist already are no tasks", () => {
  const template = (name: string) => ({ name, fn: () => 0, args: [] });
  const graph: TaskGraph = {
    count: 4,
    templates: [template("load"), template("sum"), template("load")],
    template: Int32Array.of(0, -1, 1, 2),
    depOffsets: new Int32Array(5),
    deps: new Int32Array(0),
    segments: [],
    rank: new Int32Array(4),
    outputs: new Int32Array(0),
  };
  expect(groupsOf(graph)).toEqual([
    { name: "load", total: 2, done: 0, failed: 0 },
    { name: "sum", total: 1, done: 0, failed: 0 },
  ]);
});
