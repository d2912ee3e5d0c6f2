/** @file The coordination machine as a whole: waiting, giving up, leaving, limits, restarting. */
import { describe, expect, test } from "vitest";
import type { CoordinationOp } from "../../../../src/machine/coordination/events.ts";
import { Driver, payload } from "./drive.ts";

const lock = (name: string, lease: number, timeoutMs?: number): CoordinationOp => ({
  kind: "acquire",
  pool: "lock",
  names: [name],
  lease,
  ...(timeoutMs === undefined ? {} : { timeoutMs }),
});

describe("waiting", () => {
  test("a question asked again while it waits waits once", () => {
    const d = new Driver();
    d.now(1, lock("x", 1));
    const op = lock("x", 2);
    const ask = { kind: "ask", client: 2, request: 77, op } as const;
    d.step(ask);
    d.step(ask);
    d.now(1, { kind: "release-lease", lease: 1 });
    expect(d.answers.get("2/77")).toBe(true);
    expect(d.machine.totals.waiting).toBe(0);
  });

  test("says when it wants to be stepped again, and nothing once that is needless", () => {
    const d = new Driver();
    d.nowMs = 1000;
    d.now(1, lock("x", 1));
    const first = d.ask(2, lock("x", 1, 500));
    expect(d.wakeMs).toBe(1500);
    d.ask(2, lock("x", 2, 200));
    expect(d.wakeMs).toBe(1200);
    d.pass(200);
    expect(d.wakeMs).toBe(1500);
    d.cancel(first);
    expect(d.answers.get(first)).toBe("Cancelled");
    expect(d.wakeMs).toBeUndefined();
  });

  test("cancelling what was answered changes nothing", () => {
    const d = new Driver();
    const got = d.ask(1, lock("x", 1));
    d.cancel(got);
    expect(d.answers.get(got)).toBe(true);
    expect(d.now(2, lock("x", 1, 0))).toBe(false);
  });
});

describe("what is refused", () => {
  test.each<[string, CoordinationOp, string]>([
    ["an empty name", lock("", 1), "InvalidArgument"],
    ["a long name", lock("x".repeat(2000), 1), "InvalidArgument"],
    ["a name twice", { ...lock("x", 1), names: ["x", "x"] } as CoordinationOp, "InvalidArgument"],
    ["no names", { ...lock("x", 1), names: [] } as CoordinationOp, "InvalidArgument"],
    ["a negative timeout", lock("x", 1, -1), "InvalidArgument"],
    ["no number as a timeout", lock("x", 1, Number.NaN), "InvalidArgument"],
    ["an unknown operation", { kind: "dance" } as unknown as CoordinationOp, "NotSupported"],
    [
      "a name of an object's own",
      { kind: "toString" } as unknown as CoordinationOp,
      "NotSupported",
    ],
    ["a batch of nothing", { kind: "queue-get", name: "q", batch: 0 }, "InvalidArgument"],
  ])("%s", (_, op, code) => {
    const d = new Driver();
    expect(d.now(1, op)).toBe(code);
    expect(d.machine.totals).toEqual({ names: 0, bytes: 0, waiting: 0, tasks: 0 });
  });

  test("more than the limits allow, each with a typed error", () => {
    const d = new Driver({
      namesMax: 3,
      waitingMax: 1,
      leasesMax: 2,
      valueBytesMax: 4,
      bytesMax: 200,
    });
    const put = (name: string, bytes: number): unknown =>
      d.now(1, {
        kind: "queue-put",
        name,
        payload: { bytes: new Uint8Array(bytes), tasks: new Int32Array(0) },
      });
    expect(put("q", 5)).toBe("MemoryLimit");
    expect([put("q", 4), put("q", 4), put("q", 4)]).toEqual([null, null, "MemoryLimit"]);
    expect(d.now(1, lock("a", 1))).toBe(true);
    expect(d.now(1, { ...lock("b", 2), names: ["b", "c"] } as CoordinationOp)).toBe("MemoryLimit");
    expect(d.machine.totals.names).toBe(2);
    expect(d.now(1, lock("b", 3))).toBe(true);
    expect(d.now(1, lock("b", 4, 0))).toBe("MemoryLimit");
    d.ask(2, { kind: "event-wait", name: "never" });
    d.now(1, { kind: "release-lease", lease: 3 });
    d.ask(2, { kind: "event-wait", name: "never" });
    expect(d.now(2, { kind: "event-wait", name: "never" })).toBe("MemoryLimit");
  });
});

test("nothing is left of clients that have left, and of names that nobody uses", () => {
  const d = new Driver();
  d.now(1, lock("x", 1));
  d.ask(1, { ...lock("x", 2), names: ["x", "y", "z"] } as CoordinationOp);
  d.ask(2, lock("x", 1));
  d.ask(1, { kind: "event-wait", name: "e" });
  d.ask(1, { kind: "variable-get", name: "v" });
  d.now(1, { kind: "topic-subscribe", topic: "t" });
  d.leave(1);
  expect(d.now(2, { kind: "lease-count", pool: "lock", name: "x" })).toBe(1);
  expect(d.answers.get("2/3")).toBe(true);
  d.leave(2);
  expect(d.machine.totals).toEqual({ names: 0, bytes: 0, waiting: 0, tasks: 0 });
  expect(d.wakeMs).toBeUndefined();
});

test("a restarted machine goes on where it was", () => {
  const d = new Driver();
  d.now(1, { kind: "semaphore-open", name: "s", maxLeases: 1 });
  d.now(1, { kind: "acquire", pool: "semaphore", names: ["s"], lease: 1, leaseTimeoutMs: 100 });
  const waits = d.ask(2, { kind: "acquire", pool: "semaphore", names: ["s"], lease: 1 });
  d.now(1, { kind: "event-set", name: "e" });
  d.now(1, { kind: "queue-put", name: "q", payload: payload(1, 10), maxsize: 1 });
  const put = d.ask(2, { kind: "queue-put", name: "q", payload: payload(2, 11) });
  d.now(1, { kind: "variable-set", name: "v", payload: payload(3, 12) });
  d.now(1, { kind: "topic-publish", topics: ["t"], bytes: Uint8Array.of(4) });
  d.now(2, { kind: "topic-subscribe", topic: "t" });
  d.now(1, { kind: "metadata-set", keys: ["a", "b"], value: { c: [1] } });
  d.now(1, { kind: "dataset-publish", name: "d", payload: payload(5, 13), override: false });
  d.now(3, { kind: "variable-get", name: "v" });
  const late = d.ask(3, { kind: "variable-get", name: "none", timeoutMs: 500 });
  const totals = d.machine.totals;
  d.pass(90);

  d.restart();

  expect(d.machine.totals).toEqual(totals);
  expect([...d.wanted].sort()).toEqual([10, 11, 12, 13]);
  expect(d.now(1, { kind: "event-is-set", name: "e" })).toBe(true);
  expect(d.now(1, { kind: "metadata-get", keys: ["a"] })).toEqual([{ b: { c: [1] } }]);
  expect(d.now(1, { kind: "dataset-list" })).toEqual(["d"]);
  d.now(1, { kind: "topic-publish", topics: ["t"], bytes: Uint8Array.of(6) });
  expect(d.said.filter(({ kind }) => kind === "event")).toMatchObject([{ client: 2, topic: "t" }]);
  // The holder gets its whole time again, who waits for a time the rest of it.
  d.pass(99);
  expect(d.answers.has(waits)).toBe(false);
  d.pass(1);
  expect(d.answers.get(waits)).toBe(true);
  d.pass(309);
  expect(d.answers.has(late)).toBe(false);
  d.pass(1);
  expect(d.answers.get(late)).toBe("Timeout");
  d.now(4, { kind: "queue-get", name: "q", batch: 1 });
  expect(d.answers.get(put)).toBeNull();
  // The variable goes, but its task is kept for the client that has not confirmed it.
  d.now(1, { kind: "variable-delete", name: "v" });
  expect(d.wanted.has(12)).toBe(true);
  d.leave(3);
  expect(d.wanted.has(12)).toBe(false);
});
