import { describe, expect, test } from "vitest";
import type { JobCommand, JobReport } from "../../../../src/machine/jobs/events.ts";
import { JobsMachine } from "../../../../src/machine/jobs/jobs.ts";

const kinds = (commands: readonly JobCommand[]) => commands.map(({ kind }) => kind);
const reports = (entries: Record<string, Partial<JobReport>>) => ({
  kind: "listed" as const,
  reports: new Map(
    Object.entries(entries).map(([id, report]) => [
      id,
      { phase: "queued" as const, state: "PENDING", ...report },
    ]),
  ),
});

/** A machine with jobs 1 to n, submitted at 0 and listed as running at 10,000. */
function running(count: number, settings = {}): JobsMachine {
  const machine = new JobsMachine(settings);
  machine.step({ kind: "target", jobs: count }, 0);
  const ids = Array.from({ length: count }, (_, i) => String(i + 1));
  machine.step({ kind: "submitted", ticket: 1, ids }, 0);
  const entries = Object.fromEntries(ids.map((id) => [id, { phase: "running" as const }]));
  machine.step(reports(entries), 10_000);
  for (const id of ids) machine.step({ kind: "joined", id, worker: `w${id}` }, 11_000);
  return machine;
}

describe("what is wanted", () => {
  test("is submitted at once, in arrays, and listed in one command", () => {
    const machine = new JobsMachine({ arrayMax: 60 });
    expect(machine.step({ kind: "target", jobs: 100 }, 0)).toEqual([
      { kind: "submit", ticket: 1, count: 60 },
      { kind: "submit", ticket: 2, count: 40 },
    ]);
    const ids = Array.from({ length: 60 }, (_, i) => `7_${i}`);
    expect(machine.step({ kind: "submitted", ticket: 1, ids }, 100)).toEqual([{ kind: "list" }]);
    expect(machine.step({ kind: "tick" }, 200)).toEqual([]);
  });

  test("is listed seldomer while jobs only wait, and soon after something has happened", () => {
    const machine = new JobsMachine({ pollMs: 5000, pollIdleMs: 30_000 });
    machine.step({ kind: "target", jobs: 2 }, 0);
    machine.step({ kind: "submitted", ticket: 1, ids: ["1", "2"] }, 0);
    const waiting = reports({ 1: { state: "PENDING" }, 2: { state: "PENDING" } });
    const gaps: number[] = [];
    let nowMs = 100;
    machine.step(waiting, nowMs);
    for (let i = 0; i < 8; i++) {
      gaps.push(machine.wakeMs - nowMs);
      nowMs = machine.wakeMs;
      expect(kinds(machine.step({ kind: "tick" }, nowMs))).toEqual(["list"]);
      machine.step(waiting, nowMs);
    }
    expect(gaps.at(-1)).toBe(30_000);
    expect(gaps).toEqual([...gaps].sort((a, b) => a - b));
    machine.step({ kind: "joined", id: "1", worker: "w1" }, nowMs + 1000);
    expect(machine.wakeMs).toBe(nowMs + 5000);
  });

  test("waits where only so many jobs may wait", () => {
    const machine = new JobsMachine({ pendingMax: 2 });
    expect(machine.step({ kind: "target", jobs: 3 }, 0)).toEqual([
      { kind: "submit", ticket: 1, count: 2 },
    ]);
    machine.step({ kind: "submitted", ticket: 1, ids: ["1", "2"] }, 0);
    const started = machine.step(reports({ 1: { phase: "running" }, 2: {} }), 6000);
    expect(started).toContainEqual({ kind: "submit", ticket: 2, count: 1 });
  });

  test("when it is less, those go that were named, then those that wait, then the youngest", () => {
    const machine = running(3);
    machine.step({ kind: "target", jobs: 4 }, 20_000);
    machine.step({ kind: "submitted", ticket: 2, ids: ["4"] }, 20_000);
    const commands = machine.step({ kind: "target", jobs: 2, going: ["1"] }, 21_000);
    expect(commands).toContainEqual({ kind: "retire", ids: ["1"] });
    expect(commands).toContainEqual({ kind: "cancel", ids: ["4"] });
    expect(kinds(machine.step({ kind: "target", jobs: 1 }, 22_000))).toContain("retire");
    expect(machine.jobs.map(({ stage }) => stage)).toEqual([
      "leaving",
      "running",
      "leaving",
      "leaving",
    ]);
  });

  test("a job whose workers do not go is cancelled after the grace, and again", () => {
    const machine = running(1, { graceMs: 60_000 });
    expect(kinds(machine.step({ kind: "target", jobs: 0 }, 20_000))).toEqual(["retire"]);
    expect(kinds(machine.step({ kind: "tick" }, 79_000))).not.toContain("cancel");
    expect(kinds(machine.step({ kind: "tick" }, 80_000))).toContain("cancel");
    expect(kinds(machine.step({ kind: "tick" }, 100_000))).not.toContain("cancel");
    expect(kinds(machine.step({ kind: "tick" }, 110_000))).toContain("cancel");
  });
});

test("a job whose workers cannot hand over is cancelled at once", () => {
  const machine = running(2, { graceMs: 60_000 });
  machine.step({ kind: "target", jobs: 0 }, 20_000);
  expect(machine.step({ kind: "kept", ids: ["1"] }, 20_100)).toContainEqual({
    kind: "cancel",
    ids: ["1"],
  });
});

describe("jobs that fail", () => {
  test("before a worker has joined: explained, tried again one at a time, given up", () => {
    const machine = new JobsMachine({ failuresMax: 3, backoffMs: 5000 });
    machine.step({ kind: "target", jobs: 2 }, 0);
    machine.step({ kind: "submitted", ticket: 1, ids: ["1", "2"] }, 0);
    machine.step({ kind: "joined", id: "2", worker: "w2" }, 4000);
    const failed = reports({ 1: { phase: "ended", exitCode: 1 }, 2: { phase: "running" } });
    const commands = machine.step(failed, 5000);
    expect(commands[0]).toMatchObject({ kind: "explain", id: "1", report: { exitCode: 1 } });
    const explained = machine.step({ kind: "explained", id: "1", message: "no module" }, 5100);
    expect(explained).toMatchObject([
      { kind: "warn", message: expect.stringMatching(/no module\n.*5 s/) },
    ]);
    expect(kinds(machine.step({ kind: "tick" }, 10_000))).not.toContain("submit");
    expect(machine.step({ kind: "tick" }, 10_100)).toContainEqual({
      kind: "submit",
      ticket: 2,
      count: 1,
    });
    machine.step({ kind: "submit-failed", ticket: 2, message: "busy", isHopeless: false }, 10_200);
    machine.step({ kind: "tick" }, 20_200);
    const last = machine.step(
      { kind: "submit-failed", ticket: 3, message: "busy", isHopeless: false },
      20_300,
    );
    expect(last).toContainEqual({ kind: "hopeless", message: expect.stringMatching(/3 starts/) });
    expect(kinds(machine.step({ kind: "tick" }, 900_000))).not.toContain("submit");
    // Something else is wanted: the count begins anew.
    expect(kinds(machine.step({ kind: "target", jobs: 2 }, 900_001))).toContain("submit");
  });

  test("of several that failed one is tried, and the others when it has a worker", () => {
    const machine = new JobsMachine({ failuresMax: 9, backoffMs: 5000 });
    machine.step({ kind: "target", jobs: 3 }, 0);
    machine.step({ kind: "submitted", ticket: 1, ids: ["1", "2", "3"] }, 0);
    const ended = { phase: "ended" as const };
    machine.step(reports({ 1: ended, 2: ended, 3: ended }), 5000);
    machine.step({ kind: "explained", id: "1", message: "no module" }, 5100);
    const one = { kind: "submit", ticket: 2, count: 1 };
    expect(machine.step({ kind: "tick" }, 20_000)).toContainEqual(one);
    machine.step({ kind: "submitted", ticket: 2, ids: ["4"] }, 20_100);
    const rest = machine.step({ kind: "joined", id: "4", worker: "w4" }, 21_000);
    expect(rest).toContainEqual({ kind: "submit", ticket: expect.any(Number), count: 2 });
  });

  test("what the system never starts is told at once and not submitted again", () => {
    const machine = new JobsMachine();
    machine.step({ kind: "target", jobs: 1 }, 0);
    machine.step({ kind: "submitted", ticket: 1, ids: ["1"] }, 0);
    const commands = machine.step(
      reports({ 1: { reason: "PartitionConfig", isHopeless: true } }),
      5000,
    );
    expect(kinds(commands)).toEqual(["hopeless", "cancel", "list"]);
    expect(commands[0]).toMatchObject({
      message: expect.stringMatching(/1 .*PENDING: PartitionConfig/),
    });
    expect(kinds(machine.step({ kind: "tick" }, 60_000))).not.toContain("submit");
  });

  test("one that has worked is replaced at once", () => {
    const machine = running(2);
    const entries = {
      1: { phase: "ended" as const, state: "NODE_FAIL" },
      2: { phase: "running" as const },
    };
    const commands = machine.step(reports(entries), 50_000);
    expect(kinds(commands)).toEqual(["ended", "submit", "list"]);
    expect(commands[0]).toMatchObject({ id: "1", report: { state: "NODE_FAIL" } });
  });

  test("missing from one list is a list that lags, from two an end", () => {
    const machine = running(1);
    expect(kinds(machine.step(reports({}), 40_000))).not.toContain("submit");
    expect(kinds(machine.step(reports({}), 70_000))).toContain("submit");
  });

  test("several that fail at once have one cause, which counts once", () => {
    const machine = new JobsMachine({ failuresMax: 2 });
    machine.step({ kind: "target", jobs: 3 }, 0);
    machine.step({ kind: "submitted", ticket: 1, ids: ["1", "2", "3"] }, 0);
    const ended = { phase: "ended" as const };
    const commands = machine.step(reports({ 1: ended, 2: ended, 3: ended }), 1000);
    expect(commands.filter(({ kind }) => kind === "explain")).toMatchObject([{ id: "1" }]);
    const told = machine.step({ kind: "explained", id: "1", message: "no module" }, 1100);
    expect(kinds(told)).toEqual(["warn"]);
  });

  test("a job whose workers have all gone is given up like one that never had any", () => {
    const machine = running(1, { startMs: 60_000 });
    machine.step({ kind: "left", id: "1", worker: "w1" }, 20_000);
    const still = { 1: { phase: "running" as const } };
    expect(kinds(machine.step(reports(still), 79_000))).not.toContain("cancel");
    expect(kinds(machine.step(reports(still), 81_000))).toEqual(
      expect.arrayContaining(["explain", "cancel"]),
    );
  });

  test("a job that was just submitted may be missing from lists for a while", () => {
    const machine = new JobsMachine();
    machine.step({ kind: "target", jobs: 1 }, 0);
    machine.step({ kind: "submitted", ticket: 1, ids: ["1"] }, 0);
    for (const at of [1000, 2000, 3000, 14_000]) machine.step(reports({}), at);
    expect(machine.jobs).toHaveLength(1);
    for (const at of [16_000, 21_000]) machine.step(reports({}), at);
    expect(machine.jobs).toEqual([]);
  });

  test("a job that runs and has no worker is given up", () => {
    const machine = new JobsMachine({ startMs: 100_000 });
    machine.step({ kind: "target", jobs: 1 }, 0);
    machine.step({ kind: "submitted", ticket: 1, ids: ["1"] }, 0);
    machine.step(reports({ 1: { phase: "running" } }), 5000);
    expect(kinds(machine.step(reports({ 1: { phase: "running" } }), 100_000))).not.toContain(
      "explain",
    );
    const late = machine.step(reports({ 1: { phase: "running" } }), 106_000);
    expect(kinds(late)).toEqual(expect.arrayContaining(["explain", "cancel"]));
  });
});

test("before its walltime is over a job is replaced, in time for the queue", () => {
  const machine = running(1, { walltimeMs: 3_600_000, marginMs: 120_000 });
  // It had waited 10 s, began at 10 s and has to hand over 120 s before its end.
  const dueMs = 10_000 + 3_600_000 - 120_000 - 10_000;
  expect(kinds(machine.step({ kind: "tick" }, dueMs - 1))).not.toContain("submit");
  expect(kinds(machine.step({ kind: "tick" }, dueMs))).toContain("submit");
  expect(machine.jobs[0]?.stage).toBe("expiring");
  machine.step({ kind: "left", id: "1", worker: "w1" }, dueMs + 100_000);
  const gone = machine.step(reports({ 1: { phase: "ended" } }), dueMs + 110_000);
  expect(kinds(gone)).not.toContain("ended");
});

test("closing ends everything, also what is being submitted, and says when nothing is left", () => {
  const machine = running(1);
  machine.step({ kind: "target", jobs: 2 }, 20_000);
  expect(kinds(machine.step({ kind: "close" }, 21_000))).toContain("retire");
  const late = machine.step({ kind: "submitted", ticket: 2, ids: ["2"] }, 22_000);
  expect(late).toContainEqual({ kind: "cancel", ids: ["2"] });
  const end = machine.step(reports({ 1: { phase: "ended" }, 2: { phase: "ended" } }), 30_000);
  expect(kinds(end)).toEqual(["closed"]);
  expect(machine.wakeMs).toBe(Number.POSITIVE_INFINITY);
});
