/** @file The client machine: references, states, and those who wait. */
import { describe, expect, test } from "vitest";
import { ClientMachine, STATUS } from "../../../../src/machine/client/client.ts";

const ids = (...list: number[]): Int32Array => Int32Array.from(list);
const failure = { error: "no", culprit: "k", attempts: 1 };

function retained(...list: number[]): ClientMachine {
  const client = new ClientMachine();
  for (const id of list) client.retain(id);
  return client;
}

describe("references", () => {
  test("the last one that goes is reported", () => {
    const client = retained(1, 1, 2);
    expect([...client.release(ids(1, 2))]).toEqual([2]);
    expect([...client.release(ids(1))]).toEqual([1]);
    expect([...client.release(ids(1))]).toEqual([]);
  });

  test("more than 65,536 to one task do not run over", () => {
    const client = new ClientMachine();
    for (let i = 0; i < 70_000; i++) client.retain(5);
    for (let i = 0; i < 69_999; i++) expect(client.release(ids(5))).toHaveLength(0);
    expect([...client.release(ids(5))]).toEqual([5]);
  });

  test("news of tasks that are not referred to are dropped", () => {
    const client = retained(1);
    client.release(ids(1));
    client.done(ids(1));
    client.failed(ids(1), failure);
    expect(client.statusOf(1)).toBe(STATUS.unknown);
    expect(client.failureOf(1)).toBeUndefined();
  });

  test("ids far apart live on pages of their own", () => {
    const client = retained(0, 4095, 4096, 1_000_000);
    client.done(ids(4095, 1_000_000));
    expect([0, 4095, 4096, 1_000_000].map((id) => client.statusOf(id))).toEqual([
      STATUS.pending,
      STATUS.finished,
      STATUS.pending,
      STATUS.finished,
    ]);
  });
});

describe("states", () => {
  test("follow what the engine says", () => {
    const client = retained(1, 2, 3);
    client.done(ids(1));
    client.failed(ids(2), failure);
    client.cancelled(ids(3));
    expect([1, 2, 3].map((id) => client.statusOf(id))).toEqual([
      STATUS.finished,
      STATUS.error,
      STATUS.cancelled,
    ]);
    expect(client.failureOf(2)).toBe(failure);
    client.reset(ids(2));
    expect(client.statusOf(2)).toBe(STATUS.pending);
    expect(client.failureOf(2)).toBeUndefined();
  });
});

describe("waiting", () => {
  const counted = (): { calls: number; done: () => void } => {
    const counter = {
      calls: 0,
      done: () => {
        counter.calls++;
      },
    };
    return counter;
  };

  test("ends when all ids have settled, in whatever way", () => {
    const client = retained(1, 2, 3);
    const list = counted();
    client.wait([1, 2, 3], list.done);
    client.done(ids(1));
    client.failed(ids(2), failure);
    expect(list.calls).toBe(0);
    client.cancelled(ids(3));
    expect(list.calls).toBe(1);
  });

  test("ends at once when nothing is pending", () => {
    const client = retained(1);
    client.done(ids(1));
    const list = counted();
    client.wait([1], list.done);
    client.waitRange(1, 1, list.done);
    client.wait([], list.done);
    expect(list.calls).toBe(3);
  });

  test("for a range counts only ids of the range, over pages", () => {
    const client = new ClientMachine();
    for (let id = 4000; id < 9000; id++) client.retain(id);
    const range = counted();
    client.waitRange(4090, 8200, range.done);
    client.done(Int32Array.from({ length: 90 }, (_, i) => 4000 + i));
    client.done(Int32Array.from({ length: 799 }, (_, i) => 8201 + i));
    client.done(Int32Array.from({ length: 4110 }, (_, i) => 4090 + i));
    expect(range.calls).toBe(0);
    client.done(ids(8200));
    expect(range.calls).toBe(1);
  });

  test("for a range goes on when a task of it is computed again", () => {
    const client = retained(1, 2);
    const range = counted();
    client.waitRange(1, 2, range.done);
    client.done(ids(1));
    client.reset(ids(1));
    client.done(ids(1));
    expect(range.calls).toBe(0);
    client.reset(ids(1));
    client.done(ids(2));
    expect(range.calls).toBe(0);
    client.done(ids(1));
    expect(range.calls).toBe(1);
  });

  test("for a long range goes on when a task of it is computed again", () => {
    const client = new ClientMachine();
    for (let id = 4000; id < 5000; id++) client.retain(id);
    const range = counted();
    client.waitRange(4000, 4999, range.done);
    client.done(Int32Array.from({ length: 999 }, (_, i) => 4000 + i));
    client.reset(ids(4050, 4097));
    client.done(ids(4999, 4050));
    expect(range.calls).toBe(0);
    client.done(ids(4097));
    expect(range.calls).toBe(1);
  });

  // Walking all waiters for each task that settles would take minutes here.
  test.each([1, 2, 50, 100])(
    "for 100,000 tasks, %d at a time, costs by what each waits for",
    (n) => {
      const client = new ClientMachine();
      const count = 100_000;
      for (let id = 0; id < count; id++) client.retain(id);
      const waits = counted();
      for (let id = 0; id < count; id += n) client.waitRange(id, id + n - 1, waits.done);
      client.done(Int32Array.from({ length: count }, (_, i) => i));
      expect(waits.calls).toBe(count / n);
    },
  );

  test("a second report of one task counts once", () => {
    const client = retained(1, 2);
    const range = counted();
    client.waitRange(1, 2, range.done);
    client.done(ids(1));
    client.done(ids(1));
    expect(range.calls).toBe(0);
  });

  test("ends when the task is released while it is pending", () => {
    const client = retained(1, 1);
    const list = counted();
    client.wait([1], list.done);
    client.release(ids(1));
    expect(list.calls).toBe(0);
    client.release(ids(1));
    expect(list.calls).toBe(1);
    expect(client.statusOf(1)).toBe(STATUS.unknown);
  });
});
