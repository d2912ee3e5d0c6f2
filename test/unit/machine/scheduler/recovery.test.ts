/** @file What a scheduler that has started anew takes care of. */
import { expect, test } from "vitest";
import { beginRecovery } from "../../../../src/machine/scheduler/recovery.ts";
import { graphOf, TestScheduler } from "../graphs.ts";

test("tasks that come after a restart have epochs that no earlier life has given", () => {
  const s = new TestScheduler();
  beginRecovery(s.machine.state, 1);
  s.step({ kind: "recovered" });
  s.join({ threads: 5000 });
  s.graph(graphOf(Array.from({ length: 5000 }, () => [])));
  const { epoch } = s.machine.state.tasks;
  // Of the first ids, of those that the table grew for, and of ids used again.
  expect([epoch[0], epoch[4999]]).toEqual([2 ** 20 + 1, 2 ** 20 + 1]);
});

test("so have those whose ids were unused before it", () => {
  const s = new TestScheduler();
  s.join();
  s.graph(graphOf([[], []]));
  beginRecovery(s.machine.state, 2);
  s.step({ kind: "recovered" });
  s.graph(graphOf([[]], { name: "next" }));
  s.join({ worker: 1, address: "b", threads: 3 });
  const { epoch } = s.machine.state.tasks;
  expect(epoch[2]).toBe(2 ** 21 + 1);
});
