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
