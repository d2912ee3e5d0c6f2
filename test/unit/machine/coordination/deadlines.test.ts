/** @file Deadlines: their order, and that what was called off does not stay. */
import { expect, test } from "vitest";
import { Deadlines } from "../../../../src/machine/coordination/deadlines.ts";

test("what is due happens by time, then by arrival; what was called off does not", () => {
  const deadlines = new Deadlines();
  const done: string[] = [];
  const add = (atMs: number, name: string) => deadlines.add(atMs, () => done.push(name));
  add(5, "b");
  const off = add(1, "never");
  add(5, "c");
  add(3, "a");
  add(Number.POSITIVE_INFINITY, "at the end of time");
  add(9, "later");
  expect(deadlines.nextMs).toBe(1);
  deadlines.callOff(off);
  deadlines.callOff(off);
  expect(deadlines.nextMs).toBe(3);
  deadlines.run(5);
  expect(done).toEqual(["a", "b", "c"]);
  expect(deadlines.nextMs).toBe(9);
});

test("what comes due by what is due happens in the same go", () => {
  const deadlines = new Deadlines();
  const done: number[] = [];
  deadlines.add(1, () => {
    done.push(1);
    deadlines.add(2, () => done.push(2));
    deadlines.add(8, () => done.push(8));
  });
  deadlines.run(5);
  expect([done, deadlines.nextMs]).toEqual([[1, 2], 8]);
});

test("many that are called off and added again keep their order", () => {
  const deadlines = new Deadlines();
  const done: number[] = [];
  const order = Array.from({ length: 2000 }, (_, i) => (i * 7919) % 2003);
  const all = order.map((atMs) => deadlines.add(atMs, () => done.push(atMs)));
  all.forEach((deadline, i) => {
    if (i % 4 !== 0) deadlines.callOff(deadline);
  });
  deadlines.run(2003);
  expect(done).toEqual(order.filter((_, i) => i % 4 === 0).sort((a, b) => a - b));
  expect(deadlines.nextMs).toBeUndefined();
});
