/** @file Inputs that lie on other workers. */
import { describe, expect, test } from "vitest";
import type { Needs } from "../../../../src/machine/scheduler/events.ts";
import type { WorkerEvent } from "../../../../src/machine/worker/events.ts";
import { WorkerMachine } from "../../../../src/machine/worker/worker.ts";
import { type GraphOptions, graphOf, plain } from "../graphs.ts";

/** Where value `id` of 100 bytes is, as nobody else has made it since. */
function exactly(epoch: number, holders: number[], ...ids: number[]): Needs {
  const epochs = Int32Array.from(ids, () => epoch);
  return { ...needs(holders, ...ids), epochs, exact: Uint8Array.from(ids, () => 1) };
}

/** Where value `id` of 100 bytes is. */
function needs(holders: number[], ...ids: number[]): Needs {
  const offsets = [0, ...ids.map((_, i) => (i + 1) * holders.length)];
  return {
    ids: Int32Array.from(ids),
    epochs: Int32Array.from(ids, () => 4),
    bytes: Float64Array.from(ids, () => 100),
    offsets: Int32Array.from(offsets),
    holders: Int32Array.from(ids.flatMap(() => holders)),
  };
}

class Other {
  readonly machine: WorkerMachine;
  used = 0;

  constructor(memoryLimitBytes = 1000, options: GraphOptions = {}) {
    this.machine = new WorkerMachine({ memoryLimitBytes, threads: 2 });
    const graph = graphOf([[], [], [0, 1], [0]], options);
    this.step({ kind: "install", graph: { base: 0, count: 4, graph, body: 0, serial: 1 } });
  }

  step(...events: WorkerEvent[]): unknown[] {
    return this.machine.step(events, this.used).map(plain);
  }

  lease(id: number, from: Needs): unknown[] {
    const ids = Int32Array.of(id);
    return this.step({ kind: "lease", ids, epochs: Int32Array.of(1), needs: from });
  }

  fetched(...ids: number[]): unknown[] {
    this.used += 100 * ids.length;
    const bytes = Float64Array.from(ids, () => 100);
    return this.step({ kind: "fetched", ids: Int32Array.from(ids), bytes });
  }

  failed(holder: number, id: number, isGone = false): unknown[] {
    const ids = Int32Array.of(id);
    return this.step({ kind: "fetch-failed", holder, ids, isGone, message: "no" });
  }
}

const fetching = (holder: number, ...ids: number[]) => ({
  kind: "fetch",
  holder,
  ids,
  epochs: ids.map(() => 4),
  bytes: ids.map(() => 100),
});

describe("an input elsewhere", () => {
  test("is fetched before its task runs, with the others of its holder", () => {
    const w = new Other();
    expect(w.lease(2, needs([7], 0, 1))).toEqual([fetching(7, 0, 1)]);
    expect(w.fetched(0)).toEqual([{ kind: "replicated", ids: [0], epochs: [4] }]);
    expect(w.fetched(1)).toEqual([
      { kind: "replicated", ids: [1], epochs: [4] },
      { kind: "run", table: false, ids: [2] },
    ]);
  });

  test("waits until there is room for all inputs and the result", () => {
    const w = new Other();
    w.used = 850;
    // Something runs, so that the task is not alone.
    w.step({ kind: "lease", ids: Int32Array.of(1), epochs: Int32Array.of(1) });
    expect(w.lease(2, needs([7], 0))).toEqual([{ kind: "returned", ids: [2], epochs: [1] }]);
    expect(w.lease(3, needs([7], 0))).toEqual([fetching(7, 0)]);
    w.used = 950;
    const v = w.machine.values;
    expect(v.lacking[3]).toBe(1);
  });

  test("is tried at the next holder; when none is left the task is given back", () => {
    const w = new Other();
    w.lease(3, needs([7, 8], 0));
    expect(w.failed(7, 0)).toEqual([
      fetching(8, 0),
      { kind: "unreachable", ids: [0], holders: [7], isGone: [0] },
    ]);
    expect(w.failed(8, 0, true)).toEqual([
      { kind: "unreachable", ids: [0], holders: [8], isGone: [1] },
      { kind: "returned", ids: [3], epochs: [1] },
    ]);
    expect(w.machine.memory.reservedBytes).toBe(0);
    expect(w.machine.values.pins[0]).toBe(0);
  });

  test("that is not needed any more when it comes is let go of at once", () => {
    const w = new Other();
    w.lease(3, needs([7], 0));
    w.step({ kind: "revoke", ids: Int32Array.of(3), epochs: Int32Array.of(1) });
    expect(w.fetched(0)).toEqual([{ kind: "discard", ids: [0], onDisk: false }]);
  });

  test("serves a lease of its own task that comes meanwhile", () => {
    const w = new Other();
    w.lease(3, needs([7], 0));
    w.step({ kind: "lease", ids: Int32Array.of(0), epochs: Int32Array.of(9) });
    expect(w.fetched(0)).toContainEqual({
      kind: "finished",
      count: 1,
      ids: [0],
      epochs: [9],
      bytes: [100],
    });
  });
});

describe("a fetched copy", () => {
  /** A worker with a copy of value 0, unused. */
  function withCopy(): Other {
    const w = new Other();
    w.lease(3, needs([7], 0));
    w.fetched(0);
    w.step({ kind: "ran", count: 1, ids: Int32Array.of(3), bytes: Float64Array.of(0) });
    return w;
  }

  const press = (w: Other): unknown[] => {
    w.used = 950;
    w.step({ kind: "lease", ids: Int32Array.of(1), epochs: Int32Array.of(1) });
    return w.step({ kind: "request", thread: 0, id: 1, bytes: 100 });
  };

  test("is dropped rather than written to disk, and the scheduler hears of it", () => {
    const told = press(withCopy());
    expect(told).toContainEqual({ kind: "discard", ids: [0], onDisk: false });
    expect(told).toContainEqual({ kind: "lost", ids: [0] });
  });

  test("that counts from now on is written to disk", () => {
    const w = withCopy();
    w.step({ kind: "hold", ids: Int32Array.of(0), epochs: Int32Array.of(4) });
    expect(press(w)).toContainEqual({ kind: "spill", id: 0, bytes: 100 });
  });
});

test("copies that the scheduler asks for are fetched and kept", () => {
  const w = new Other();
  expect(w.step({ kind: "copy", needs: needs([7], 0) })).toEqual([fetching(7, 0)]);
  expect(w.fetched(0)).toEqual([{ kind: "replicated", ids: [0], epochs: [4] }]);
  expect(w.machine.values.evictableBytes).toBe(100);
});

test("a worker that joins again says what it has and runs, and goes on with that", () => {
  const w = new Other();
  w.lease(3, needs([7], 0));
  w.fetched(0);
  expect(w.step({ kind: "rejoin" })).toEqual([
    {
      kind: "inventory",
      inventory: {
        ids: [0],
        epochs: [4],
        bytes: [100],
        copies: [1],
        bases: [0],
        counts: [4],
        serials: [1],
        others: [],
        running: [3],
        runningEpochs: [1],
      },
    },
    { kind: "take-back", ids: [3] },
  ]);
  const ran = { kind: "ran", count: 1, ids: Int32Array.of(3), bytes: Float64Array.of(8) } as const;
  expect(w.step(ran)).toContainEqual(
    expect.objectContaining({ kind: "finished", ids: [3], epochs: [1] }),
  );
});

test("leases that have not been started are given back when they are recalled", () => {
  const w = new Other();
  w.step({ kind: "lease", ids: Int32Array.of(0, 1), epochs: Int32Array.of(1, 1) });
  const ids = Int32Array.of(0, 1);
  expect(w.step({ kind: "recall", ids, epochs: ids.map(() => 1) })).toEqual([
    { kind: "take-back", ids: [0, 1] },
  ]);
  expect(w.step({ kind: "taken-back", ids: Int32Array.of(1) })).toEqual([
    { kind: "returned", ids: [1], epochs: [1] },
  ]);
  const ran = { kind: "ran", count: 1, ids: Int32Array.of(0), bytes: Float64Array.of(0) } as const;
  expect(w.step(ran)).toContainEqual(expect.objectContaining({ kind: "finished", ids: [0] }));
});

describe("values that stand and fall with others", () => {
  const functions = ["write", "write", "seal", "read"];
  const bound = { write: "worker", seal: "inputs" } as const;
  const worker = (): Other => new Other(1000, { functions, bound });
  const lease = (id: number, epoch: number): WorkerEvent => {
    return { kind: "lease", ids: Int32Array.of(id), epochs: Int32Array.of(epoch) };
  };
  const revoke = (id: number): WorkerEvent => {
    return { kind: "revoke", ids: Int32Array.of(id), epochs: Int32Array.of(1) };
  };

  test("a copy of what another run has made goes before the right one is fetched", () => {
    const w = worker();
    w.lease(3, needs([7], 0));
    w.fetched(0);
    // The task still reads the old one.
    expect(w.step({ ...lease(2, 1), needs: exactly(5, [8], 0, 1) } as WorkerEvent)).toEqual([]);
    const ran = { ids: Int32Array.of(3), bytes: Float64Array.of(0) };
    const [discarded, fetched] = w.step({ kind: "ran", count: 1, ...ran });
    expect(discarded).toEqual({ kind: "discard", ids: [0], onDisk: false });
    expect(fetched).toMatchObject({ kind: "fetch", holder: 8, ids: [0, 1], epochs: [5, 5] });
  });

  test("a copy does not serve the lease of its own task", () => {
    const w = worker();
    w.lease(3, needs([7], 0));
    w.fetched(0);
    const ran = { ids: Int32Array.of(3), bytes: Float64Array.of(0) };
    w.step({ kind: "ran", count: 1, ...ran });
    expect(w.step(lease(0, 5))).toEqual([
      { kind: "discard", ids: [0], onDisk: false },
      { kind: "run", table: false, ids: [0] },
    ]);
  });

  test("one on its way does not serve it either", () => {
    const w = worker();
    w.lease(3, needs([7], 0));
    expect(w.step(lease(0, 5), revoke(3))).toEqual([]);
    expect(w.fetched(0)).toEqual([
      { kind: "discard", ids: [0], onDisk: false },
      { kind: "run", table: false, ids: [0] },
    ]);
  });

  test("a run that was revoked does not serve the next lease: it may refer to what is gone", () => {
    const w = worker();
    w.step(lease(0, 1), lease(1, 1));
    for (const id of [0, 1]) {
      w.step({ kind: "ran", count: 1, ids: Int32Array.of(id), bytes: Float64Array.of(1) });
    }
    expect(w.step(lease(2, 1))).toEqual([{ kind: "run", table: false, ids: [2] }]);
    expect(w.step(revoke(2), lease(2, 2))).toEqual([{ kind: "take-back", ids: [2] }]);
    const ran = { ids: Int32Array.of(2), bytes: Float64Array.of(8) };
    expect(w.step({ kind: "ran", count: 1, ...ran })).toEqual([
      { kind: "discard", ids: [2], onDisk: false },
      { kind: "run", table: false, ids: [2] },
    ]);
  });
});
