/** @file What is said of tasks that no worker may run. */
import { expect, test } from "vitest";
import type { TaskOptions } from "../../../../src/core/graph.ts";
import type { SchedulerCommand } from "../../../../src/machine/scheduler/events.ts";
import { graphOf, leased, TestScheduler } from "../graphs.ts";

const warnings = (commands: readonly unknown[]): string[] =>
  (commands as SchedulerCommand[]).flatMap((c) => (c.kind === "warn" ? [c.message] : []));

/** A graph of two tasks that have these options. */
function constrained(options: TaskOptions): ReturnType<typeof graphOf> {
  const graph = graphOf([[], []]);
  return { ...graph, templates: graph.templates.map((one) => ({ ...one, options })) };
}

test("a misspelt worker is spoken of once for each kind of task", () => {
  const s = new TestScheduler();
  s.join({ worker: 0, address: "tcp://a:1", name: "alice" });
  const [message, ...more] = warnings(s.graph(constrained({ workers: ["alcie"] })));
  expect(more).toEqual([]);
  expect(message).toMatch(/may run on "alcie" only.*Did you mean "alice"\?.*until such a worker/);
  expect(warnings(s.graph(constrained({ workers: ["alcie"] })))).toEqual([]);
  expect(warnings(s.graph(constrained({ resources: { GPU: 1 } })))).toHaveLength(1);
});

test("nothing is said before a worker is there, nor of what one may run", () => {
  const s = new TestScheduler();
  expect(warnings(s.graph(constrained({ workers: ["bob"] })))).toEqual([]);
  expect(warnings(s.graph(constrained({ workers: ["eve"] })))).toEqual([]);
  const commands = s.join({ worker: 0, address: "tcp://b:1", name: "bob", threads: 2 });
  expect(leased(commands)).toEqual([0, 1]);
  expect(warnings(commands)).toEqual([expect.stringContaining('"eve"')]);
});

test("when the only worker that may run them leaves, the tasks that wait are spoken of", () => {
  const s = new TestScheduler();
  s.join({ worker: 0, address: "tcp://a:1", threads: 1, resources: { GPU: 1 } });
  s.join({ worker: 1, address: "tcp://b:1", threads: 1 });
  expect(warnings(s.graph(constrained({ resources: { GPU: 1 } })))).toEqual([]);
  const left = s.all({ kind: "worker-lost", worker: 0, reason: "gone" });
  expect(warnings(left)).toEqual([expect.stringContaining("needs GPU: 1, which no worker has")]);
});

test("a resource that nobody has is spoken of once, however many workers join", () => {
  const s = new TestScheduler();
  s.join({ worker: 0, address: "tcp://a:1" });
  const [message, ...more] = warnings(s.graph(constrained({ resources: { GPU: 1 } })));
  expect(more).toEqual([]);
  expect(message).toContain(
    'new LocalCluster({ resources: {"GPU":1} }), heddle worker --resources',
  );
  expect(warnings(s.join({ worker: 1, address: "tcp://b:1" }))).toEqual([]);
  expect(warnings(s.graph(constrained({ resources: { GPU: 1 } })))).toEqual([]);
  expect(warnings(s.graph(constrained({ resources: { GPU: 2 } })))).toHaveLength(1);
});

test("tasks run when the worker joins at last", () => {
  const s = new TestScheduler();
  s.join({ worker: 0, address: "tcp://a:1" });
  s.graph(constrained({ workers: ["tcp://b:1"] }));
  expect(leased(s.join({ worker: 1, address: "tcp://b:1", threads: 2 }))).toEqual([0, 1]);
});
