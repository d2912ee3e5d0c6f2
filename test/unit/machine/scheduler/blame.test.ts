/** @file Who killed a worker. */
import { expect, test } from "vitest";
import { graphOf, leased, plain, TestScheduler } from "../graphs.ts";

function lose(s: TestScheduler, worker: number, running: number[] = []): unknown[] {
  return s.step({
    kind: "worker-lost",
    worker,
    reason: "it was killed",
    running: Int32Array.from(running),
    facts: { exitCode: 134, signal: "SIGABRT", memoryBytes: 5 },
  });
}

function join(s: TestScheduler, worker: number, threads = 3): unknown[] {
  return s.join({ worker, address: `w${worker}`, threads });
}

test("all that a worker had begun run alone, one after the other, until they have ended", () => {
  const s = new TestScheduler();
  join(s, 0);
  s.graph(graphOf([[], [], []]));
  lose(s, 0);
  expect(leased(join(s, 1))).toEqual([0]);
  expect(leased(s.step(s.finished([0], 1)))).toEqual([1]);
  s.step(s.finished([1], 1));
  s.step(s.finished([2], 1));
  expect(s.machine.state.suspects.size).toBe(0);
  expect(s.stateOf(0, 1, 2)).toEqual(["memory", "memory", "memory"]);
});

test("a task that kills its worker does so at most allowedFailures + 1 times", () => {
  const s = new TestScheduler({ allowedFailures: 3 });
  s.graph(graphOf([[], [], []], { functions: ["killer", "f", "g"] }));
  let deaths = 0;
  const failed: unknown[] = [];
  for (let worker = 0; worker < 10; worker++) {
    join(s, worker);
    for (;;) {
      const { state, holder } = s.machine.state.tasks;
      if (state[0] === 4) {
        deaths++;
        failed.push(...lose(s, worker));
        break;
      }
      const other = [1, 2].find((id) => state[id] === 4 && holder[id] === worker);
      if (other === undefined) break;
      s.step(s.finished([other], worker));
    }
  }
  expect(deaths).toBe(4);
  expect(failed.map(plain)).toContainEqual(
    expect.objectContaining({
      kind: "failed",
      ids: [0],
      error: expect.objectContaining({
        code: "KilledWorker",
        message: expect.stringContaining("exit code 134, signal SIGABRT, memory last read 5 bytes"),
        fields: expect.objectContaining({ deaths: 4, signal: "SIGABRT" }),
      }),
    }),
  );
  expect(s.stateOf(0, 1, 2)).toEqual(["erred", "memory", "memory"]);
});

test("a worker that is only out of reach, or was asked to go, blames nobody", () => {
  const s = new TestScheduler({ allowedFailures: 0 });
  for (const [worker, cause] of [
    [0, "silence"],
    [1, "expected"],
  ] as const) {
    join(s, worker);
    if (worker === 0) s.graph(graphOf([[], []]));
    s.step({ kind: "worker-lost", worker, reason: "gone", cause });
  }
  expect(s.stateOf(0, 1)).toEqual(["queued", "queued"]);
  expect(s.machine.state.suspects.size).toBe(0);
});

test("others wait until the worker with the fewest leases is free for a suspect", () => {
  const s = new TestScheduler();
  join(s, 0, 2);
  s.graph(graphOf([[], []]));
  join(s, 1, 1);
  s.graph(graphOf([[], []]));
  expect(s.stateOf(2)).toEqual(["leased"]);
  lose(s, 0);
  // 3 may not go before the suspects now.
  expect(leased(s.step(s.finished([2], 1)))).toEqual([0]);
});

test("what a task has submitted kills no more workers because the task runs again", () => {
  const s = new TestScheduler({ allowedFailures: 3 });
  join(s, 0, 1);
  s.graph(graphOf([[]], { functions: ["parent"], name: "parent" }));
  let deaths = 0;
  const failed: unknown[] = [];
  for (let first = 0; s.stateOf(0)[0] === "leased" && first < 20; first += 2) {
    const second = first + 1;
    s.step(s.waits(first, [0]));
    s.step({ kind: "worker-paused", worker: first, isPaused: true });
    join(s, second, 1);
    const child = graphOf([[]], { functions: ["killer"], name: `child-${first}` });
    s.graph(child, { client: 10 + first, parent: 0 });
    const { state, holder } = s.machine.state.tasks;
    const id = holder.indexOf(second);
    expect(state[id]).toBe(4);
    // Once where it is alone, and once where its parent waits for it.
    lose(s, second, [id]);
    s.step({ kind: "worker-paused", worker: first, isPaused: false });
    failed.push(...lose(s, first, [id]));
    deaths += 2;
    s.step({ kind: "client-left", client: 10 + first });
    join(s, first + 2, 1);
  }
  expect(deaths).toBe(4);
  expect(s.stateOf(0)).toEqual(["erred"]);
  expect(failed).toContainEqual(
    expect.objectContaining({ kind: "failed", client: 1, ids: [0], culprit: "parent" }),
  );
});

/** A task on each of the workers that waits for one that it has submitted. */
function nested(s: TestScheduler, worker: number, parent: number, name: string): number {
  s.step(s.waits(worker, [parent]));
  s.graph(graphOf([[]], { functions: [name], name }), { client: 10 + worker, parent });
  return s.machine.state.tasks.ranges.end - 1;
}

test("a task that waits for one of its own has not killed the worker that both were on", () => {
  const s = new TestScheduler();
  join(s, 0, 2);
  s.graph(graphOf([[], []], { functions: ["parent", "other"] }));
  s.step(s.finished([1], 0));
  const child = nested(s, 0, 0, "child");
  expect(s.stateOf(child)).toEqual(["leased"]);
  lose(s, 0, [0]);
  const { suspects, attempts } = s.machine.state;
  expect(suspects).toEqual(new Map([[child, 0]]));
  expect(attempts.get(child)?.worker).toBe(1);
  // It is run again, and so is what it submits: what that has done is not forgotten.
  expect(attempts.get(0)?.worker).toBe(1);
});

test("one that has no task of its own left may have gone on: it is a suspect", () => {
  const s = new TestScheduler();
  join(s, 0, 2);
  s.graph(graphOf([[], []], { functions: ["parent", "other"] }));
  const child = nested(s, 0, 0, "child");
  s.step(s.finished([child], 0));
  lose(s, 0);
  expect(s.machine.state.suspects).toEqual(
    new Map([
      [0, 1],
      [1, 0],
    ]),
  );
});

test("a task that nobody has seen is not counted twice with the one that submitted it", () => {
  const s = new TestScheduler({ allowedFailures: 3 });
  s.graph(graphOf([[]], { functions: ["parent"], name: "parent" }));
  const failed: unknown[] = [];
  let deaths = 0;
  for (let worker = 0; worker < 10 && s.stateOf(0)[0] !== "erred"; worker++) {
    join(s, worker, 2);
    // The news that the parent waits are lost as often as not.
    const child = nested(s, worker, 0, `child-${worker}`);
    if (worker % 2 === 0) s.step(s.waits(worker, [0], false));
    expect(s.stateOf(0, child)).toEqual(["leased", "leased"]);
    failed.push(...lose(s, worker));
    s.step({ kind: "client-left", client: 10 + worker });
    deaths++;
  }
  expect(deaths).toBe(4);
  expect(failed).toContainEqual(
    expect.objectContaining({
      ids: [0],
      error: expect.objectContaining({ fields: expect.objectContaining({ deaths: 4 }) }),
    }),
  );
});

test("what a run has submitted that is over waits to be let go of, and not for ever", () => {
  const s = new TestScheduler();
  const pause = (worker: number, isPaused: boolean): unknown[] =>
    s.step({ kind: "worker-paused", worker, isPaused });
  join(s, 0, 1);
  s.graph(graphOf([[]], { functions: ["parent"], name: "parent" }));
  join(s, 1, 1);
  pause(0, true);
  const child = nested(s, 0, 0, "child");
  pause(0, false);
  pause(1, true);
  const grandchild = nested(s, 1, child, "grandchild");
  pause(1, false);
  expect(Array.from(s.machine.state.tasks.holder.slice(0, 3))).toEqual([0, 1, 0]);
  // The parent runs again: worker 1 will hear that nobody wants the child, and let go of this one.
  expect(leased(lose(s, 0, [grandchild]))).toEqual([0]);
  expect(s.stateOf(0, child, grandchild)).toEqual(["leased", "leased", "queued"]);
  const dueMs = s.machine.nextWakeMs;
  expect(dueMs).toBe(1000);
  s.step(s.finished([0], 1));
  expect(s.machine.step([], dueMs - 1)).toEqual([]);
  expect(leased(s.machine.step([], dueMs).map(plain))).toEqual([grandchild]);
});

test("deaths count together, whatever the workers died of", () => {
  const s = new TestScheduler({ allowedFailures: 3 });
  s.graph(graphOf([[]]));
  for (const [worker, cause] of (["exit", "memory", "memory", "exit"] as const).entries()) {
    join(s, worker);
    expect(s.stateOf(0)).toEqual(["leased"]);
    s.step({ kind: "worker-lost", worker, reason: "gone", cause });
  }
  expect(s.stateOf(0)).toEqual(["erred"]);
  expect(s.machine.state.attempts.get(0)).toMatchObject({ worker: 2, memory: 2 });
});

test("one that was revoked a moment before it was known that it had killed is blamed", () => {
  const s = new TestScheduler();
  join(s, 0, 1);
  s.graph(graphOf([[]], { outputs: [0] }));
  s.step(s.finished([0], 0));
  s.step({ kind: "worker-paused", worker: 0, isPaused: true });
  join(s, 1, 2);
  // The second needs what worker 0 has.
  s.graph(graphOf([[], [2]], { functions: ["innocent", "killer"], held: [0] }));
  expect(s.stateOf(1, 2)).toEqual(["leased", "leased"]);
  s.step({ kind: "worker-lost", worker: 0, reason: "cut off", cause: "silence" });
  expect(s.stateOf(1, 2)).toEqual(["leased", "waiting"]);
  lose(s, 1, [2]);
  const { attempts, suspects } = s.machine.state;
  expect(attempts.get(2)?.worker).toBe(1);
  expect(attempts.get(1)?.worker ?? 0).toBe(0);
  expect(suspects.get(1)).toBe(1);
});

test("who needs a culprit hears of it, and not of another that was always there", () => {
  const s = new TestScheduler({ allowedFailures: 0 });
  join(s, 0, 2);
  s.graph(graphOf([[], [], [0, 1]], { functions: ["killer", "innocent", "both"] }));
  const failed = lose(s, 0, [0]) as { ids?: unknown; culprit?: string }[];
  const both = failed.find(({ ids }) => Array.isArray(ids) && ids.includes(2));
  expect(both?.culprit).toBe("g[0]");
});
