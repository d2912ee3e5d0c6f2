/** @file Events: setting, clearing, and being forgotten. */
import { expect, test } from "vitest";
import type { CoordinationOp } from "../../../../src/machine/coordination/events.ts";
import { Driver } from "./drive.ts";

const op = (kind: "event-set" | "event-clear" | "event-is-set" | "event-wait"): CoordinationOp => ({
  kind,
  name: "e",
});

test("all who wait go on once, and those after clearing wait again", () => {
  const d = new Driver();
  const first = [d.ask(1, op("event-wait")), d.ask(2, op("event-wait"))];
  d.now(3, op("event-set"));
  expect(first.map((name) => d.answers.get(name))).toEqual([true, true]);
  expect(d.now(1, op("event-wait"))).toBe(true);
  d.now(3, op("event-clear"));
  const second = d.ask(1, op("event-wait"));
  expect(d.answers.has(second)).toBe(false);
  d.now(3, op("event-set"));
  d.now(3, op("event-set"));
  expect(d.answers.get(second)).toBe(true);
  expect(d.machine.totals).toMatchObject({ names: 1, waiting: 0 });
});

test("clearing one that is not set wakes nobody; a flag nobody has to do with is forgotten", () => {
  const d = new Driver();
  const waits = d.ask(1, { ...op("event-wait"), timeoutMs: 10 } as CoordinationOp);
  d.now(2, op("event-clear"));
  expect(d.answers.has(waits)).toBe(false);
  expect(d.machine.totals.names).toBe(1);
  d.pass(10);
  expect(d.answers.get(waits)).toBe(false);
  expect(d.machine.totals.names).toBe(0);
  d.now(1, op("event-set"));
  d.now(1, op("event-clear"));
  expect([d.machine.totals.names, d.now(1, op("event-is-set"))]).toEqual([0, false]);
});
