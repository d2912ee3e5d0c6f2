/** @file The worker machine: leases against the operations under way, memory, disk, readers. */
import { describe, expect, test } from "vitest";
import type { WorkerEvent } from "../../../../src/machine/worker/events.ts";
import { WorkerMachine } from "../../../../src/machine/worker/worker.ts";
import { type GraphOptions, graphOf, plain } from "../graphs.ts";

/** A worker with short words for its events; the test is its threads, its heap and its disk. */
class TestWorker {
  readonly machine: WorkerMachine;
  used = 0;

  constructor(memoryLimitBytes = 1000, threads = 2, slabs = { valueBytes: 0, bytes: 0 }) {
    this.machine = new WorkerMachine({
      memoryLimitBytes,
      threads,
      slabValueBytes: slabs.valueBytes,
      slabBytes: slabs.bytes,
    });
  }

  step(...events: WorkerEvent[]): unknown[] {
    return this.machine.step(events, this.used).map(plain);
  }

  install(deps: readonly (readonly number[])[], options: GraphOptions = {}, base = 0): unknown[] {
    // Functions of their own, so that one task's result says nothing of the next.
    const functions = deps.map((_, i) => `f${i}`);
    const graph = graphOf(deps, { functions, ...options });
    return this.step({
      kind: "install",
      graph: { base, count: graph.count, graph, body: undefined, serial: 1 },
    });
  }

  lease(ids: number[], epoch = 1): unknown[] {
    const epochs = Int32Array.from(ids, () => epoch);
    return this.step({ kind: "lease", ids: Int32Array.from(ids), epochs });
  }

  /** A task waits for others from now on, or goes on. */
  waits(id: number, isWaiting = true): unknown[] {
    const waits = Uint8Array.of(Number(isWaiting));
    return this.step({ kind: "suspended", ids: Int32Array.of(id), waits });
  }

  revoke(id: number, epoch = 1): unknown[] {
    return this.step({ kind: "revoke", ids: Int32Array.of(id), epochs: Int32Array.of(epoch) });
  }

  free(...ids: number[]): unknown[] {
    return this.step({ kind: "free", ids: Int32Array.from(ids) });
  }

  /** Tasks end with values of so many bytes, which the heap has already. */
  ran(ids: number[], bytes = 0): unknown[] {
    this.used += ids.length * bytes;
    return this.step({
      kind: "ran",
      count: ids.length,
      ids: Int32Array.from(ids),
      bytes: Float64Array.from(ids, () => bytes),
    });
  }

  spilled(id: number, error?: string): unknown[] {
    return this.step({ kind: "spilled", id, ...(error === undefined ? {} : { error }) });
  }

  unspilled(id: number, error?: string): unknown[] {
    return this.step({ kind: "unspilled", id, ...(error === undefined ? {} : { error }) });
  }

  request(thread: number, id: number, bytes: number): unknown[] {
    return this.step({ kind: "request", thread, id, bytes });
  }

  pin(reader: number, ...ids: number[]): unknown[] {
    return this.step({ kind: "pin", reader, ids: Int32Array.from(ids) });
  }

  unpin(...ids: number[]): unknown[] {
    return this.step({ kind: "unpin", ids: Int32Array.from(ids) });
  }

  uninstall(base: number, count: number): unknown[] {
    return this.step({ kind: "uninstall", base, count });
  }
}

const run = (...ids: number[]) => ({ kind: "run", table: false, ids });
const collect = { kind: "collect" };
const finished = (id: number, epoch = 1, bytes = 0) => ({
  kind: "finished",
  count: 1,
  ids: [id],
  epochs: [epoch],
  bytes: [bytes],
});

/** A worker with a value of 600 bytes (task 0) on disk, made room for by task 1's 600. */
function withSpilled(): TestWorker {
  const w = new TestWorker(1000);
  w.install([[], [], [0], [1]]);
  w.lease([0]);
  w.ran([0], 600);
  w.lease([1]);
  expect(w.request(0, 1, 600)).toContainEqual({ kind: "spill", id: 0, bytes: 600 });
  expect(w.spilled(0)).toEqual([
    { kind: "evict", id: 0 },
    { kind: "grant", thread: 0, bytes: 600 },
  ]);
  w.used = 0;
  w.ran([1], 600);
  return w;
}

describe("running", () => {
  test("leases go to the threads, results to the scheduler", () => {
    const w = new TestWorker();
    w.install([[], [0]]);
    expect(w.lease([0])).toEqual([run(0)]);
    expect(w.ran([0], 10)).toEqual([finished(0, 1, 10)]);
    expect(w.lease([1], 7)).toEqual([run(1)]);
    expect(w.ran([1])).toEqual([finished(1, 7)]);
    expect(w.machine.running).toBe(0);
  });

  test("tasks of the table lane go their own way", () => {
    const w = new TestWorker();
    w.install([[]], { lane: "table" });
    expect(w.lease([0])).toEqual([{ kind: "run", table: true, ids: [0] }]);
  });

  test("a failure is reported under its epoch, and pins and reservations end", () => {
    const w = new TestWorker();
    w.install([[], [0]]);
    w.lease([0]);
    w.ran([0], 10);
    w.lease([1], 3);
    const failed = { kind: "failed", id: 1, error: "no", blame: "user" } as const;
    expect(w.step(failed)).toEqual([
      { kind: "erred", id: 1, epoch: 3, error: "no", blame: "user" },
    ]);
    expect(w.machine.values.pins[0]).toBe(0);
    expect(w.machine.memory.reservedBytes).toBe(0);
  });

  test("what a dead thread had not begun goes back to the scheduler", () => {
    const w = new TestWorker();
    w.install([[], []]);
    w.lease([0, 1], 4);
    expect(w.step({ kind: "unstarted", ids: Int32Array.of(0, 1) })).toEqual([
      { kind: "returned", ids: [0, 1], epochs: [4, 4] },
    ]);
    expect(w.machine.running).toBe(0);
  });
});

describe("revoking", () => {
  test("a task that waits for memory just leaves", () => {
    const w = new TestWorker(1000);
    w.install([[], [], []], { functions: ["f", "f", "f"] });
    w.lease([0]);
    w.ran([0], 600);
    w.pin(1, 0);
    w.lease([1]);
    expect(w.lease([2])).toEqual([]);
    expect(w.revoke(2)).toEqual([]);
    w.unpin(0);
    w.used = 0;
    expect(w.ran([1])).not.toContainEqual(run(2));
  });

  test("a running task is asked back, and its result is thrown away", () => {
    const w = new TestWorker();
    w.install([[]]);
    w.lease([0]);
    expect(w.revoke(0)).toEqual([{ kind: "take-back", ids: [0] }]);
    expect(w.ran([0], 10)).toEqual([{ kind: "discard", ids: [0], onDisk: false }]);
  });

  test("a task that was taken back in time is gone", () => {
    const w = new TestWorker();
    w.install([[]]);
    w.lease([0]);
    w.revoke(0);
    expect(w.step({ kind: "taken-back", ids: Int32Array.of(0) })).toEqual([]);
    expect(w.machine.running).toBe(0);
    expect(w.lease([0], 2)).toEqual([run(0)]);
  });

  test("a finished value under that lease is dropped, under another it stays", () => {
    const w = new TestWorker();
    w.install([[]]);
    w.lease([0], 5);
    w.ran([0], 10);
    expect(w.revoke(0, 4)).toEqual([]);
    expect(w.revoke(0, 5)).toEqual([{ kind: "discard", ids: [0], onDisk: false }]);
  });

  test("a task leased again while it still runs is not run twice", () => {
    const w = new TestWorker();
    w.install([[]]);
    w.lease([0], 1);
    w.revoke(0, 1);
    expect(w.lease([0], 2)).toEqual([]);
    expect(w.ran([0], 10)).toEqual([finished(0, 2, 10)]);
    expect(w.machine.running).toBe(0);
  });

  test("a task leased again and then taken back runs after all", () => {
    const w = new TestWorker();
    w.install([[]]);
    w.lease([0], 1);
    w.step(
      { kind: "revoke", ids: Int32Array.of(0), epochs: Int32Array.of(1) },
      { kind: "lease", ids: Int32Array.of(0), epochs: Int32Array.of(2) },
    );
    expect(w.step({ kind: "taken-back", ids: Int32Array.of(0) })).toEqual([run(0)]);
    expect(w.ran([0])).toEqual([finished(0, 2)]);
  });

  test("a value that was freed never serves a new lease: that waits until it has gone", () => {
    const w = new TestWorker();
    w.install([[], [0]]);
    w.lease([0]);
    w.ran([0], 10);
    w.lease([1]);
    w.free(0);
    expect(w.lease([0], 2)).toEqual([]);
    expect(w.ran([1])).toEqual([{ kind: "discard", ids: [0], onDisk: false }, run(0), finished(1)]);
    expect(w.ran([0], 10)).toEqual([finished(0, 2, 10)]);
  });

  test("a lease that waits for that is taken back or given back like any other", () => {
    const w = new TestWorker();
    w.install([[], [0]]);
    w.lease([0]);
    w.ran([0], 10);
    w.lease([1]);
    w.free(0);
    w.lease([0], 2);
    expect(w.revoke(0, 2)).toEqual([]);
    w.lease([0], 3);
    expect(w.step({ kind: "recall", ids: Int32Array.of(0), epochs: Int32Array.of(3) })).toEqual([
      { kind: "returned", ids: [0], epochs: [3] },
    ]);
    expect(w.ran([1])).toEqual([{ kind: "discard", ids: [0], onDisk: false }, finished(1)]);
  });
});

describe("freeing", () => {
  test("waits for readers", () => {
    const w = new TestWorker();
    w.install([[], [0]]);
    w.lease([0]);
    w.ran([0], 10);
    w.lease([1]);
    expect(w.free(0)).toEqual([]);
    expect(w.ran([1])).toEqual([{ kind: "discard", ids: [0], onDisk: false }, finished(1)]);
  });

  test("of a value on disk says so", () => {
    const w = withSpilled();
    expect(w.free(0)).toEqual([{ kind: "discard", ids: [0], onDisk: true }]);
  });

  test("of a value on its way to disk keeps it whole until then", () => {
    const w = new TestWorker(1000);
    w.install([[], []]);
    w.lease([0]);
    w.ran([0], 600);
    w.lease([1]);
    w.request(0, 1, 600);
    expect(w.free(0)).toEqual([]);
    expect(w.spilled(0)).toEqual([
      { kind: "keep", id: 0 },
      { kind: "discard", ids: [0], onDisk: false },
      { kind: "grant", thread: 0, bytes: 600 },
    ]);
  });
});

describe("memory", () => {
  test("a request that fits is granted at once", () => {
    const w = new TestWorker(1000);
    w.install([[]]);
    w.lease([0]);
    expect(w.request(1, 0, 1000)).toEqual([{ kind: "grant", thread: 1, bytes: 1000 }]);
  });

  test("the value unused for longest goes to disk first", () => {
    const w = new TestWorker(1000);
    w.install([[], [], [], [0]]);
    w.lease([0, 1]);
    w.ran([0, 1], 400);
    w.lease([3]);
    w.ran([3]);
    w.lease([2]);
    expect(w.request(0, 2, 500)).toEqual([{ kind: "spill", id: 1, bytes: 400 }, collect]);
  });

  test("a value in use is never evicted, and one that comes into use is kept", () => {
    const w = new TestWorker(1000);
    w.install([[], [], [0]]);
    w.lease([0]);
    w.ran([0], 600);
    w.lease([1]);
    w.request(0, 1, 600);
    expect(w.lease([2])).toContainEqual(run(2));
    expect(w.spilled(0)).toContainEqual({ kind: "keep", id: 0 });
  });

  test("of a limit whose rest is DuckDB's, the warning names both", () => {
    const worker = new TestWorker();
    worker.install([[]]);
    worker.lease([0]);
    worker.step({ kind: "limit", bytes: 500 });
    const answer = worker.step({ kind: "request", thread: 0, id: 0, bytes: 800 });
    const message = expect.stringContaining(
      "limit is 500 (DuckDB or others in the process have the rest of 1000) and 0 are in use",
    );
    expect(answer).toContainEqual({ kind: "warn", message });
  });

  test("a disk that refuses leaves the value in memory, with one warning", () => {
    const w = new TestWorker(1000, 1);
    w.install([[], [], []]);
    w.lease([0]);
    w.ran([0], 600);
    w.lease([1]);
    w.request(0, 1, 600);
    const refused = w.spilled(0, "no space left");
    expect(refused).toContainEqual({
      kind: "warn",
      message: "values stay in memory: no space left",
    });
    // The only thread waits and nothing can move: it gets more than the limit.
    expect(refused).toContainEqual({ kind: "grant", thread: 0, bytes: 600 });
    expect(refused).toContainEqual({ kind: "warn", message: expect.stringContaining("600 more") });
    w.used = 600;
    w.ran([1], 600);
    w.lease([2]);
    expect(w.request(0, 2, 600)).not.toContainEqual(expect.objectContaining({ kind: "spill" }));
  });

  test("what comes back from a full disk leaves its place there to another value", () => {
    const w = new TestWorker(1000, 1);
    w.install([[], [], [], [0], []]);
    w.lease([0]);
    w.ran([0], 600);
    w.lease([1]);
    w.request(0, 1, 600);
    w.spilled(0);
    w.used = 0;
    w.ran([1], 600);
    w.lease([2]);
    w.request(0, 2, 600);
    w.spilled(1, "no space left");
    w.used = 600;
    w.ran([2], 600);
    // The task needs the value that lies on disk: it comes back.
    expect(w.lease([3])).toContainEqual({ kind: "unspill", id: 0, bytes: 600 });
    w.unspilled(0);
    w.ran([3]);
    const spill = expect.objectContaining({ kind: "spill" });
    expect(w.lease([4])).toContainEqual(spill);
    // The disk has refused: no second value goes there beside the first.
    expect(w.request(0, 4, 600)).not.toContainEqual(spill);
  });

  /** A worker of one thread with a value of 600 bytes on disk, two in memory, and a full disk. */
  function withFullDisk(): TestWorker {
    const w = new TestWorker(1000, 1);
    w.install([[], [], [], [0], []]);
    w.step({ kind: "limit", bytes: 1000, mostBytes: 1900 });
    w.lease([0]);
    w.ran([0], 600);
    w.lease([1]);
    w.request(0, 1, 600);
    w.spilled(0);
    w.used = 0;
    w.ran([1], 600);
    w.lease([2]);
    w.request(0, 2, 600);
    expect(w.spilled(1, "no space left")).toContainEqual(
      expect.objectContaining({ kind: "grant", bytes: 600 }),
    );
    w.ran([2], 600);
    expect(w.used).toBe(1200);
    return w;
  }

  test("values that a disk has no room for together go there one by one", () => {
    const w = new TestWorker(1000);
    w.install([[], [], [], []]);
    w.lease([0, 1, 2]);
    w.ran([0, 1, 2], 300);
    w.lease([3]);
    const spill = (id: number) => ({ kind: "spill", id, bytes: 300 });
    expect(w.request(0, 3, 700)).toEqual([spill(0), spill(1), collect]);
    // They have shared out the last of the room.
    expect(w.spilled(0, "no space left")).toEqual([]);
    expect(w.spilled(1, "no space left")).toEqual([spill(2), collect]);
    expect(w.spilled(2)).toEqual([{ kind: "evict", id: 2 }, spill(0), collect]);
    w.used = 600;
    const warn = { kind: "warn", message: "values stay in memory: no space left" };
    expect(w.spilled(0, "no space left")).toContainEqual(warn);
  });

  test("on a full disk, results leave room for what lies there to come back", () => {
    const w = withFullDisk();
    w.lease([4]);
    const denied = { kind: "deny", thread: 0, isDiskFull: true };
    expect(w.request(0, 4, 64)).toContainEqual(denied);
    w.step({ kind: "failed", id: 4, error: "no room", blame: "user" });
    expect(w.lease([3])).toContainEqual({ kind: "unspill", id: 0, bytes: 600 });
  });

  test("a task whose inputs find no room fails, when nothing moves any more", () => {
    const w = withFullDisk();
    w.step({ kind: "limit", bytes: 1000, mostBytes: 1700 });
    expect(w.lease([3])).toEqual([collect]);
    expect(w.machine.memory.isAsked).toBe(true);
    const message = expect.stringMatching(
      /600 bytes, .* 1200 bytes are in use, of 1700 .* disk .* full/,
    );
    expect(w.step({ kind: "stalled" })).toContainEqual(
      expect.objectContaining({
        kind: "erred",
        id: 3,
        error: expect.objectContaining({ message }),
      }),
    );
    expect(w.machine.memory.isAsked).toBe(false);
  });

  test("what tasks take while they run does not keep inputs out when none runs", () => {
    const w = withFullDisk();
    w.step({ kind: "limit", bytes: 1000, mostBytes: 1700 });
    w.lease([3]);
    const back = { kind: "unspill", id: 0, bytes: 600 };
    expect(w.step({ kind: "stalled", mostBytes: 1800 })).toContainEqual(back);
  });

  test("inputs wait for readers to be done before their task fails", () => {
    const w = withFullDisk();
    w.pin(1, 1);
    w.step({ kind: "limit", bytes: 1000, mostBytes: 1700 });
    w.lease([3]);
    expect(w.step({ kind: "stalled" })).toEqual([collect]);
    expect(w.machine.memory.isAsked).toBe(true);
    // Its values have gone, too.
    w.unpin(1);
    w.used = 600;
    expect(w.free(1)).toContainEqual({ kind: "unspill", id: 0, bytes: 600 });
  });

  test("what the process has no room for is denied, and nothing is promised", () => {
    const w = new TestWorker(1000, 2);
    w.install([[], []]);
    w.lease([0, 1]);
    w.step({ kind: "limit", bytes: 800, mostBytes: 1200 });
    w.used = 700;
    expect(w.request(0, 0, 900)).toEqual([]);
    // Both wait: the one that can go on does, however late it came.
    expect(w.request(1, 1, 400)).toEqual([
      { kind: "warn", message: expect.stringContaining("400 more") },
      { kind: "grant", thread: 1, bytes: 400 },
    ]);
    w.used = 1100;
    expect(w.ran([1])).toEqual([{ kind: "deny", thread: 0, isDiskFull: false }, finished(1)]);
  });

  test("a lowered limit is kept as soon as values can go to disk", () => {
    const w = new TestWorker(1000);
    w.install([[], [], []]);
    w.lease([0, 1, 2]);
    w.ran([0, 1, 2], 300);
    const spills = w.step({ kind: "limit", bytes: 500 });
    expect(spills).toEqual([
      { kind: "spill", id: 0, bytes: 300 },
      { kind: "spill", id: 1, bytes: 300 },
      collect,
    ]);
    w.spilled(0);
    w.used = 600;
    expect(w.spilled(1)).toEqual([{ kind: "evict", id: 1 }]);
    w.used = 300;
    expect(w.step()).toEqual([]);
  });

  test("requests wait while another thread may still free memory", () => {
    const w = new TestWorker(1000, 2);
    w.install([[], []]);
    w.lease([0, 1]);
    w.used = 900;
    expect(w.request(0, 0, 600)).toEqual([]);
    w.used = 300;
    expect(w.ran([1])).toContainEqual({ kind: "grant", thread: 0, bytes: 600 });
  });

  test("the last that can wait is let through; so is one that the shell finds stalled", () => {
    const w = new TestWorker(1000, 2);
    w.install([[], []]);
    w.lease([0, 1]);
    w.used = 900;
    w.request(0, 0, 600);
    expect(w.step({ kind: "stalled" })).toContainEqual({ kind: "grant", thread: 0, bytes: 600 });
    w.used = 1500;
    w.request(1, 1, 10);
    expect(w.request(0, 0, 10)).toContainEqual({ kind: "grant", thread: 1, bytes: 10 });
  });

  test("a suspended task is no reason to wait", () => {
    const w = new TestWorker(1000, 2);
    w.install([[], []]);
    w.lease([0, 1]);
    w.used = 900;
    w.request(0, 0, 600);
    expect(w.waits(1)).toContainEqual({
      kind: "grant",
      thread: 0,
      bytes: 600,
    });
  });

  test("a lease that waits for a task that waits for others keeps no others from starting", () => {
    const w = new TestWorker(1000, 2);
    w.install([[], [0], [], []], { functions: ["waits", "f", "f", "f"] });
    w.lease([3]);
    w.ran([3], 600);
    w.free(3);
    w.used = 0;
    expect(w.lease([0])).toEqual([run(0)]);
    w.waits(0);
    // Made elsewhere meanwhile; here it cannot come before the run that goes on has ended.
    w.revoke(0);
    const [ids, epochs] = [Int32Array.of(1), Int32Array.of(1)];
    const needs = {
      ids: Int32Array.of(0),
      epochs: Int32Array.of(2),
      bytes: Float64Array.of(100),
      offsets: Int32Array.of(0, 1),
      holders: Int32Array.of(1),
    };
    expect(w.step({ kind: "lease", ids, epochs, needs })).toEqual([]);
    // It has room reserved, so that this one does not fit; but 0 may be waiting for it.
    expect(w.lease([2])).toEqual([run(2)]);
  });

  test("a dead thread's request is not answered", () => {
    const w = new TestWorker(1000, 2);
    w.install([[], []]);
    w.lease([0, 1]);
    w.used = 900;
    w.request(0, 0, 600);
    w.step({ kind: "thread-died", thread: 0 });
    w.used = 0;
    expect(w.request(1, 1, 10)).toEqual([{ kind: "grant", thread: 1, bytes: 10 }]);
  });

  test("expected results are reserved before a task starts", () => {
    const w = new TestWorker(1000, 4);
    w.install([[], [], [], []], { functions: ["f", "f", "f", "f"] });
    w.lease([0]);
    w.ran([0], 400);
    w.free(0);
    w.used = 0;
    expect(w.lease([1, 2, 3])).toEqual([run(1, 2)]);
    expect(w.machine.memory.reservedBytes).toBe(800);
    expect(w.ran([1])).toContainEqual(run(3));
  });
});

describe("small values", () => {
  const slabs = { valueBytes: 100, bytes: 300 };

  test("go to disk as many as make up a slab, which comes back only as a whole", () => {
    const w = new TestWorker(1000, 1, slabs);
    w.install(Array.from({ length: 12 }, () => []));
    for (let id = 0; id < 10; id++) w.lease([id]);
    for (let id = 0; id < 10; id++) w.ran([id], 100);
    w.lease([10]);
    const spilled = w.request(0, 10, 50) as { kind: string; id: number }[];
    const ids = spilled.filter(({ kind }) => kind === "spill").map(({ id }) => id);
    expect(ids).toEqual([0, 1, 2]);
    // The heap has the slab still: nothing has been gained yet.
    w.spilled(0);
    w.spilled(1);
    w.used -= 300;
    expect(w.spilled(2)).toContainEqual({ kind: "grant", thread: 0, bytes: 50 });
  });

  test("have nothing reserved for them", () => {
    const w = new TestWorker(1000, 4, slabs);
    w.install([[], []], { functions: ["f", "f"] });
    w.lease([0]);
    w.ran([0], 100);
    w.lease([1]);
    expect(w.machine.memory.reservedBytes).toBe(0);
  });
});

describe("inputs on disk", () => {
  test("come back before the task runs, and room is made for them", () => {
    const w = withSpilled();
    expect(w.lease([2])).toEqual([{ kind: "spill", id: 1, bytes: 600 }, collect]);
    expect(w.spilled(1)).toContainEqual({ kind: "unspill", id: 0, bytes: 600 });
    w.used = 600;
    expect(w.unspilled(0)).toEqual([run(2)]);
  });

  test("that cannot be read are lost: who waits for them is given back", () => {
    const w = withSpilled();
    w.lease([2]);
    w.spilled(1);
    w.used = 0;
    expect(w.unspilled(0, "damaged")).toEqual([
      { kind: "warn", message: expect.stringContaining("damaged") },
      { kind: "lost", ids: [0] },
      { kind: "returned", ids: [2], epochs: [1] },
    ]);
    expect(w.revoke(2)).toEqual([]);
    expect(w.machine.values.pins[0]).toBe(0);
    expect(w.machine.memory.reservedBytes).toBe(0);
    expect(w.lease([0], 2)).toEqual([run(0)]);
  });

  test("a task may start beyond the limit when it is alone, but not before room was made", () => {
    const w = withSpilled();
    // Inputs 0 and 1 need 1200 of 1000 bytes together.
    const graph = graphOf([[1, 2]], { held: [0, 1] });
    w.step({
      kind: "install",
      graph: {
        base: 20,
        count: 3,
        graph,
        body: undefined,
        serial: 2,
        ids: Int32Array.of(20, 0, 1),
      },
    });
    const commands = w.lease([20]);
    expect(commands).toContainEqual({ kind: "spill", id: 1, bytes: 600 });
    w.used = 0;
    expect(w.spilled(1)).toContainEqual({ kind: "unspill", id: 0, bytes: 600 });
  });

  test("of more than twice a limit that is low for a while may come when they fit", () => {
    const w = withSpilled();
    const graph = graphOf([[1, 2]], { held: [0, 1] });
    const ids = Int32Array.of(20, 0, 1);
    const installed = { base: 20, count: 3, graph, body: undefined, serial: 2, ids };
    w.step({ kind: "install", graph: installed });
    w.step({ kind: "limit", bytes: 500, mostBytes: 1100 });
    expect(w.lease([20])).toContainEqual(expect.objectContaining({ kind: "erred", id: 20 }));
    w.step({ kind: "limit", bytes: 500, mostBytes: 1200 });
    expect(w.lease([20], 2)).not.toContainEqual(expect.objectContaining({ kind: "erred" }));
  });
});

describe("readers", () => {
  test("are told what is missing, and then nothing is pinned", () => {
    const w = new TestWorker();
    w.install([[], []]);
    w.lease([0]);
    w.ran([0], 10);
    expect(w.pin(5, 0, 1)).toEqual([{ kind: "pinned", reader: 5, missing: [1] }]);
    expect(w.machine.values.pins[0]).toBe(0);
  });

  test("are told that what nobody has heard of is missing", () => {
    const w = new TestWorker();
    expect(w.pin(5, 0)).toEqual([{ kind: "pinned", reader: 5, missing: [0] }]);
    w.install([[]]);
    expect(w.pin(6, 2 ** 31 - 1)).toEqual([{ kind: "pinned", reader: 6, missing: [2 ** 31 - 1] }]);
    expect(w.machine.values.evictableBytes).toBe(0);
  });

  test("keep values in memory until they are done", () => {
    const w = new TestWorker(1000, 1);
    w.install([[], []]);
    w.lease([0]);
    w.ran([0], 600);
    expect(w.pin(5, 0)).toEqual([{ kind: "pinned", reader: 5, missing: [] }]);
    expect(w.free(0)).toEqual([]);
    expect(w.unpin(0)).toEqual([{ kind: "discard", ids: [0], onDisk: false }]);
  });

  test("of values on disk wait until they are back", () => {
    const w = withSpilled();
    w.free(1);
    w.used = 0;
    expect(w.pin(5, 0)).toEqual([{ kind: "unspill", id: 0, bytes: 600 }]);
    w.used = 600;
    expect(w.unspilled(0)).toEqual([{ kind: "pinned", reader: 5, missing: [] }]);
  });

  test("are let in one after the other when their values do not fit together", () => {
    const w = new TestWorker(1000, 1);
    w.install([[], [], []]);
    for (const id of [0, 1]) {
      w.lease([id]);
      w.ran([id], 600);
    }
    w.lease([2]);
    w.request(0, 2, 900);
    w.spilled(0);
    w.spilled(1);
    w.used = 0;
    w.ran([2]);
    expect(w.pin(5, 0)).toEqual([{ kind: "unspill", id: 0, bytes: 600 }]);
    w.used = 600;
    w.unspilled(0);
    expect(w.pin(6, 1)).toEqual([]);
    expect(w.unpin(0)).toContainEqual({ kind: "spill", id: 0, bytes: 600 });
    expect(w.spilled(0)).toContainEqual({ kind: "unspill", id: 1, bytes: 600 });
  });

  test("of a value that cannot be read keep none of the others", () => {
    const w = withSpilled();
    w.used = 600;
    w.pin(5, 0, 1);
    const told = w.unspilled(0, "damaged");
    expect(told).toContainEqual({ kind: "pinned", reader: 5, missing: [0] });
    expect([w.machine.values.pins[0], w.machine.values.pins[1]]).toEqual([0, 0]);
  });
});

describe("values of clients", () => {
  test("lie in memory, or on disk when there was no room", () => {
    const w = new TestWorker();
    const ids = Int32Array.of(3, 4);
    w.used = 10;
    w.step({ kind: "adopt", ids, bytes: Float64Array.of(10, 20), onDisk: Uint8Array.of(0, 1) });
    expect(w.pin(1, 3)).toEqual([{ kind: "pinned", reader: 1, missing: [] }]);
    expect(w.pin(2, 4)).toEqual([{ kind: "unspill", id: 4, bytes: 20 }]);
  });
});

describe("forgotten graphs", () => {
  test("are let go at once when nothing of them is left", () => {
    const w = new TestWorker();
    w.install([[]]);
    expect(w.uninstall(0, 1)).toEqual([{ kind: "uninstalled", base: 0 }]);
  });

  test("stay while one of their tasks runs, their values are read or on their way", () => {
    const w = new TestWorker();
    w.install([[], [0]]);
    w.lease([0]);
    w.ran([0], 10);
    w.lease([1]);
    w.pin(9, 0);
    w.free(0);
    w.revoke(1);
    expect(w.uninstall(0, 2)).toEqual([]);
    expect(w.ran([1])).toEqual([{ kind: "discard", ids: [1], onDisk: false }]);
    expect(w.unpin(0)).toEqual([
      { kind: "discard", ids: [0], onDisk: false },
      { kind: "uninstalled", base: 0 },
    ]);
  });
});
