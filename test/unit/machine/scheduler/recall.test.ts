/** @file Leases on a slow worker while another one idles. */
import { expect, test } from "vitest";
import type { SchedulerEvent } from "../../../../src/machine/scheduler/events.ts";
import { graphOf, leased, plain, TestScheduler } from "../graphs.ts";

test("are asked for back when they would start sooner elsewhere, and go there", () => {
  const s = new TestScheduler({ roundTripMs: 1 });
  const step = (ms: number, ...events: Parameters<typeof s.machine.step>[0][number][]) =>
    s.machine.step(events, ms);
  s.join({ threads: 1 });
  s.graph(graphOf([[], [], [], [], [], []]));
  // It looks as if all took half a millisecond: many are leased ahead.
  s.step({
    kind: "durations",
    worker: 0,
    ids: Int32Array.of(0),
    counts: Int32Array.of(100),
    meanMs: Float64Array.of(0.5),
  });
  expect(s.machine.state.workers.get(0)?.leased).toBe(6);
  step(1, s.finished([0]));
  s.join({ worker: 1, address: "b", threads: 1 });
  expect(step(2).filter(({ kind }) => kind === "recall")).toEqual([]);
  expect(s.machine.nextWakeMs).toBeLessThan(20);
  const [recall] = step(20).filter(({ kind }) => kind === "recall");
  expect(recall).toMatchObject({ worker: 0 });
  const ids = (recall as unknown as { ids: Int32Array }).ids;
  expect([...ids]).toEqual([5]);
  const epochs = Int32Array.of(s.machine.state.tasks.epoch[5]!);
  expect(leased(step(21, { kind: "returned", worker: 0, ids, epochs }))).toEqual(expect.anything());
  expect(s.machine.state.tasks.holder[5]).toBe(1);
});

/** Two workers with a thread each, and what the function takes at the 95th percentile. */
function two(meanMs: number): {
  s: TestScheduler;
  step: (ms: number, ...events: SchedulerEvent[]) => unknown[];
} {
  const s = new TestScheduler({ roundTripMs: 0.1 });
  s.join({ threads: 1 });
  s.join({ worker: 1, address: "b", threads: 1 });
  s.graph(graphOf([[]], { name: "first" }));
  s.step({
    kind: "durations",
    worker: 0,
    ids: Int32Array.of(0),
    counts: Int32Array.of(100),
    meanMs: Float64Array.of(meanMs),
  });
  s.finish(0);
  s.tell("release", [0]);
  s.uninstalled(0);
  return { s, step: (ms, ...events) => s.machine.step(events, ms).map(plain) };
}

/** What workers are asked to give back. */
function recalled(commands: readonly unknown[]): { worker: number; ids: number[] }[] {
  const all = commands as { kind: string; worker: number; ids: number[] }[];
  return all.filter(({ kind }) => kind === "recall");
}

test("nothing is leased behind a task while another worker idles", () => {
  const { s, step } = two(1);
  step(0, s.graphEvent(graphOf([[]])));
  step(1, s.graphEvent(graphOf([[]])));
  const { holder } = s.machine.state.tasks;
  expect([...holder.subarray(0, 2)].sort()).toEqual([0, 1]);
});

test("nothing is leased behind a task that takes longer than it should have", () => {
  const { s, step } = two(1);
  step(0, s.graphEvent(graphOf([[]])));
  step(100, s.graphEvent(graphOf([[]])));
  const [late, early] = [...s.machine.state.tasks.holder.subarray(0, 2)];
  expect(leased(step(101, s.graphEvent(graphOf([[]]))))).toEqual([2]);
  expect(s.machine.state.tasks.holder[2]).toBe(early);
  // Both are late by now: the next one waits for whoever is free first.
  expect(leased(step(300, s.graphEvent(graphOf([[]]))))).toEqual([]);
  expect(leased(step(301, s.finished([0], late!)))).toContain(3);
  expect(s.machine.state.tasks.holder[3]).toBe(late);
});

test("is not asked for back before it was given", () => {
  const { s, step } = two(16);
  // Stretches of two: 0 and 1 are for the worker that began with them.
  const after0 = Array.from({ length: 16 }, () => [0]);
  const graph = graphOf(after0.map((deps, i) => ({ 0: [], 1: [8], 8: [] })[i] ?? deps));
  const [accepted] = step(0, s.graphEvent(graph)) as { base: number }[];
  const [first, second, other] = [0, 1, 8].map((local) => accepted!.base + local);
  const { holder } = s.machine.state.tasks;
  const worker = holder[first!]!;
  expect(holder[other!]).toBe(1 - worker);
  const given = step(1, s.finished([other!], 1 - worker));
  expect(leased(given)).toEqual([second]);
  expect(holder[second!]).toBe(worker);
  expect(recalled(given)).toEqual([]);
  expect(s.machine.nextWakeMs).toBeLessThan(10);
  expect(recalled(step(s.machine.nextWakeMs))).toMatchObject([{ worker, ids: [second] }]);
});

test("is asked for again while the worker ends nothing", () => {
  const s = new TestScheduler({ roundTripMs: 1 });
  const step = (ms: number, ...events: SchedulerEvent[]) => s.machine.step(events, ms).map(plain);
  s.join({ threads: 1 });
  s.graph(graphOf([[], [], [], [], []]));
  s.step({
    kind: "durations",
    worker: 0,
    ids: Int32Array.of(0),
    counts: Int32Array.of(100),
    meanMs: Float64Array.of(0.5),
  });
  s.join({ worker: 1, address: "b", threads: 1 });
  const { epoch } = s.machine.state.tasks;
  const ended: number[] = [];
  for (let ms = 100, asked = step(ms); ended.length < 4; ms += 10) {
    const given = recalled(asked)[0]?.ids ?? [];
    expect(given, `after ${ended}`).toHaveLength(1);
    const ids = Int32Array.from(given);
    const epochs = ids.map((id) => epoch[id]!);
    expect(leased(step(ms + 1, { kind: "returned", worker: 0, ids, epochs }))).toEqual(given);
    ended.push(...given);
    asked = step(ms + 2, s.finished(given, 1));
  }
  expect(ended).toEqual([4, 3, 2, 1]);
});

test("a task whose inputs lie at a busy worker goes elsewhere when that ends nothing", () => {
  const { s, step } = two(64);
  // The value takes longer to bring than the task that is in its way should take.
  const bringMs = 500;
  step(0, s.graphEvent(graphOf([[]])));
  const { holder } = s.machine.state.tasks;
  const busy = holder[0]!;
  const bytes = bringMs * s.machine.state.workers.get(busy)!.bytesPerMs;
  step(1, { ...s.finished([0], busy), bytes: Float64Array.of(bytes) });
  const options = { f: { workers: [s.machine.state.workers.get(busy)!.address] } };
  step(2, s.graphEvent(graphOf([[]], { options })));
  expect(leased(step(3, s.graphEvent(graphOf([[1]], { held: [0] }))))).toEqual([]);
  expect(leased(step(400))).toEqual([]);
  const wakeMs = s.machine.nextWakeMs;
  expect(wakeMs).toBeGreaterThan(400);
  expect(leased(step(wakeMs))).toEqual([2]);
  expect(holder[2]).toBe(1 - busy);
});

test("a failure is an end as well: the worker gets tasks ahead again", () => {
  const { s, step } = two(1);
  step(0, s.graphEvent(graphOf([[]])));
  const worker = s.machine.state.workers.get(s.machine.state.tasks.holder[0]!)!;
  worker.isBehind = true;
  step(50, { ...s.erred(0), worker: worker.worker });
  expect(worker).toMatchObject({ isBehind: false, progressMs: 50 });
});
