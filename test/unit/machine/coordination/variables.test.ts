/** @file Variables: what replaces what, and whose tasks are kept. */
import { expect, test } from "vitest";
import type { CoordinationOp, Payload } from "../../../../src/machine/coordination/events.ts";
import { Driver, numbersOf, payload } from "./drive.ts";

const set = (value: number, ...tasks: number[]): CoordinationOp => ({
  kind: "variable-set",
  name: "v",
  payload: payload(value, ...tasks),
});
const get = (timeoutMs?: number): CoordinationOp => ({
  kind: "variable-get",
  name: "v",
  ...(timeoutMs === undefined ? {} : { timeoutMs }),
});

test("what is replaced is dropped with its tasks, unless it has them as well", () => {
  const d = new Driver();
  d.now(1, set(1, 50, 51));
  const { bytes } = d.machine.totals;
  d.now(1, set(2, 51, 52));
  expect([...d.wanted]).toEqual([51, 52]);
  expect(d.machine.totals.bytes).toBe(bytes);
  d.now(1, { kind: "variable-delete", name: "v" });
  expect([...d.wanted]).toEqual([]);
  expect(d.machine.totals).toEqual({ names: 0, bytes: 0, waiting: 0, tasks: 0 });
});

test("those who wait get what is set first, once", () => {
  const d = new Driver();
  const waiting = [d.ask(1, get()), d.ask(2, get(100)), d.ask(3, get(5))];
  d.pass(5);
  expect(d.answers.get(waiting[2]!)).toBe("Timeout");
  d.now(4, set(1));
  expect(numbersOf(waiting.slice(0, 2).map((name) => d.answers.get(name)))).toEqual([1, 1]);
  d.now(4, set(2));
  d.pass(200);
  expect((d.now(1, get(0)) as Payload).bytes[0]).toBe(2);
});

test("deleting it leaves those waiting who come later", () => {
  const d = new Driver();
  expect(d.now(1, get(0))).toBe("Timeout");
  d.now(1, { kind: "variable-delete", name: "v" });
  const waits = d.ask(1, get());
  d.now(1, { kind: "variable-delete", name: "v" });
  d.now(2, set(3));
  expect(numbersOf([d.answers.get(waits)])).toEqual([3]);
});
