/** @file Leases: turns, several names at once, time limits, semaphores that close. */
import { expect, test } from "vitest";
import type { OpOf } from "../../../../src/machine/coordination/events.ts";
import { Driver } from "./drive.ts";

type Acquire = OpOf<"acquire">;

const of = (names: string, lease: number, more: Partial<Acquire> = {}): Acquire => ({
  kind: "acquire",
  pool: "lock",
  names: [...names],
  lease,
  ...more,
});

test("who waits for several names is not overtaken by those who want one", () => {
  const d = new Driver();
  d.now(1, of("a", 1));
  const both = d.ask(2, of("ab", 1));
  // "b" is free, but promised.
  const later = d.ask(3, of("b", 1));
  expect(d.now(4, of("b", 1, { timeoutMs: 0 }))).toBe(false);
  expect([d.answers.has(both), d.answers.has(later)]).toEqual([false, false]);
  d.now(1, { kind: "release-lease", lease: 1 });
  expect([d.answers.get(both), d.answers.has(later)]).toEqual([true, false]);
  d.now(2, { kind: "release-lease", lease: 1 });
  expect(d.answers.get(later)).toBe(true);
});

test("what was promised to one that gives up goes to the next", () => {
  const d = new Driver();
  d.now(1, of("a", 1));
  d.ask(2, of("ab", 1, { timeoutMs: 50 }));
  const next = d.ask(3, of("b", 1));
  d.pass(49);
  expect(d.answers.has(next)).toBe(false);
  d.pass(1);
  expect(d.answers.get(next)).toBe(true);
});

test("two that want the same in another order both get it", () => {
  const d = new Driver();
  d.now(1, of("abc", 1));
  const one = d.ask(2, of("ab", 1));
  const two = d.ask(3, of("ba", 1));
  const some = d.ask(4, of("cab", 1, { count: 1 }));
  d.now(1, { kind: "release-lease", lease: 1 });
  expect([d.answers.get(one), d.answers.has(two), d.answers.get(some)]).toEqual([
    true,
    false,
    true,
  ]);
  expect(d.now(5, { kind: "lease-count", pool: "lock", name: "c" })).toBe(1);
  d.leave(2);
  expect(d.answers.get(two)).toBe(true);
});

test("asking again for a lease that is held, or waited for, takes no second one", () => {
  const d = new Driver();
  d.now(1, { kind: "semaphore-open", name: "s", maxLeases: 2 });
  const s = (lease: number): Acquire => of("s", lease, { pool: "semaphore" });
  expect([d.now(1, s(1)), d.now(1, s(1)), d.now(2, s(1))]).toEqual([true, true, true]);
  expect(d.now(1, { kind: "lease-count", pool: "semaphore", name: "s" })).toBe(2);
  d.ask(1, s(2));
  expect(d.now(1, s(2))).toBe("InvalidArgument");
});

test("a lease with a limit lapses when it is not renewed, and its holder is warned", () => {
  const d = new Driver();
  d.now(1, of("a", 1, { leaseTimeoutMs: 100 }));
  const next = d.ask(2, of("a", 1));
  d.pass(80);
  expect(d.now(1, { kind: "renew", leases: [1] })).toEqual([]);
  d.pass(99);
  expect(d.answers.has(next)).toBe(false);
  d.pass(1);
  expect(d.answers.get(next)).toBe(true);
  expect(d.said.filter(({ kind }) => kind === "warn")).toMatchObject([{ client: 1 }]);
  expect(d.now(1, { kind: "renew", leases: [1] })).toEqual([1]);
  expect(d.now(1, { kind: "release-lease", lease: 1 })).toBe(false);
  expect(d.now(2, { kind: "lease-count", pool: "lock", name: "a" })).toBe(1);
});

test("a renewal that comes with the time it lapses counts", () => {
  const d = new Driver();
  d.now(1, of("a", 1, { leaseTimeoutMs: 100 }));
  d.nowMs += 500;
  expect(d.now(1, { kind: "renew", leases: [1] })).toEqual([]);
  d.pass(99);
  expect(d.now(2, of("a", 1, { timeoutMs: 0 }))).toBe(false);
});

test("a semaphore must be made first, with one number, and ends when it is closed", () => {
  const d = new Driver();
  const s = (lease: number): Acquire => of("s", lease, { pool: "semaphore" });
  expect(d.now(1, s(1))).toBe("InvalidArgument");
  expect(d.now(1, { kind: "semaphore-open", name: "s", maxLeases: 1 })).toBeNull();
  expect(d.now(2, { kind: "semaphore-open", name: "s", maxLeases: 2 })).toBe("InvalidArgument");
  expect(d.now(1, of("st", 1, { pool: "semaphore" }))).toBe("InvalidArgument");
  d.now(1, s(1));
  const waits = d.ask(2, s(1));
  d.now(3, { kind: "semaphore-close", name: "s" });
  expect(d.answers.get(waits)).toBe("Cancelled");
  expect(d.now(1, { kind: "release-lease", lease: 1 })).toBe(false);
  expect(d.machine.totals).toEqual({ names: 0, bytes: 0, waiting: 0, tasks: 0 });
});

test("ten thousand that wait are served in turn", () => {
  const d = new Driver();
  const count = 10_000;
  d.now(0, of("a", 0));
  const asks = Array.from({ length: count }, (_, i) => ({
    kind: "ask" as const,
    client: 1,
    request: 1_000_000 + i,
    op: of("a", i),
  }));
  d.hear(d.machine.step(asks, 0));
  d.now(0, { kind: "release-lease", lease: 0 });
  const order: number[] = [];
  for (let i = 0; i < count; i++) {
    d.said.length = 0;
    const op = { kind: "release-lease", lease: i } as const;
    d.hear(d.machine.step([{ kind: "ask", client: 1, request: i, op }], 0));
    for (const command of d.said) {
      if (command.kind === "answer" && command.request >= 1_000_000) order.push(command.request);
    }
  }
  expect(order).toEqual(asks.slice(1).map(({ request }) => request));
});
