/** @file Queues: what leaving and closing does to those who wait. */
import { expect, test } from "vitest";
import type { CoordinationOp } from "../../../../src/machine/coordination/events.ts";
import { Driver, numbersOf, payload } from "./drive.ts";

const put = (value: number, maxsize = 0, ...tasks: number[]): CoordinationOp => ({
  kind: "queue-put",
  name: "q",
  payload: payload(value, ...tasks),
  maxsize,
});
const get = (batch: number | "all" = 1): CoordinationOp => ({
  kind: "queue-get",
  name: "q",
  batch,
});

test("what a client had taken and not got stays when it leaves, though it waits for more", () => {
  const d = new Driver();
  // Twice the same client: the first must not leave its items to the second.
  d.ask(1, get(3));
  d.ask(1, get(1));
  const other = d.ask(2, get(2));
  d.now(3, put(7));
  d.now(3, put(8));
  d.leave(1);
  expect(numbersOf(d.answers.get(other))).toEqual([7, 8]);
});

test("room that comes free goes to those who wait for it, in turn", () => {
  const d = new Driver();
  d.now(1, put(1, 2));
  d.now(1, put(2, 2));
  const [third, fourth] = [d.ask(1, put(3, 2)), d.ask(2, put(4, 2))];
  expect(numbersOf(d.now(3, get("all")))).toEqual([1, 2]);
  expect([d.answers.get(third), d.answers.get(fourth)]).toEqual([null, null]);
  expect(numbersOf(d.now(3, get(2)))).toEqual([3, 4]);
});

test("closing it drops everything, and says so to those who wait", () => {
  const d = new Driver();
  d.now(1, put(1, 1, 50));
  const putter = d.ask(1, put(2, 1, 51));
  expect([...d.wanted]).toEqual([50, 51]);
  d.now(2, { kind: "queue-close", name: "q" });
  expect(d.answers.get(putter)).toBe("Cancelled");
  const getter = d.ask(2, get(2));
  d.now(1, put(3, 0, 52));
  d.now(2, { kind: "queue-close", name: "q" });
  expect(d.answers.get(getter)).toBe("Cancelled");
  expect([...d.wanted]).toEqual([]);
  expect(d.machine.totals).toEqual({ names: 0, bytes: 0, waiting: 0, tasks: 0 });
  expect(d.now(2, { kind: "queue-close", name: "q" })).toBeNull();
});

test("a task is kept until who got it has confirmed, or left", () => {
  const d = new Driver();
  d.now(1, put(1, 0, 50));
  d.now(1, put(2, 0, 50));
  const [one, two] = [d.ask(2, get()), d.ask(3, get())];
  expect(d.said.filter(({ kind }) => kind === "want")).toHaveLength(1);
  d.confirm(one);
  d.confirm(one);
  expect([...d.wanted]).toEqual([50]);
  d.leave(3);
  expect([...d.wanted]).toEqual([]);
  expect(d.answers.has(two)).toBe(true);
});
