import { describe, expect, it } from "vitest";
import { type Adaptable, Adaptive, rulesOf } from "../../../src/cluster/adaptive.ts";
import type { Demand } from "../../../src/cluster/adaptive-target.ts";

const IDLE: Demand = {
  queued: 0,
  leased: 0,
  expectedMs: 0,
  memoryBytes: 0,
  memoryLimitBytes: 0,
  workers: [],
};

describe("rules", () => {
  it("come from the configuration where they are not given", () => {
    expect(rulesOf({ maximum: 3 })).toEqual({
      minimum: 0,
      maximum: 3,
      intervalMs: 1000,
      waitCount: 3,
      targetDurationMs: 5000,
    });
  });

  it.each([
    [{ minimum: -1 }, /minimum is -1/],
    [{ maximum: 1.5 }, /maximum is 1.5/],
    [{ waitCount: 0 }, /waitCount is 0/],
    [{ intervalMs: 0 }, /intervalMs is 0/],
    [{ targetDurationMs: Number.NaN }, /targetDurationMs is NaN/],
    [{ minimum: 4, maximum: 2 }, /above the maximum/],
    [{ minimun: 1 } as object, /did you mean "minimum"/],
  ])("%j is refused", (options, message) => {
    expect(() => rulesOf(options)).toThrow(message);
  });
});

describe("a cluster that adapts", () => {
  function made(demands: Demand[]): { cluster: Adaptable; done: unknown[]; errors: unknown[] } {
    const done: unknown[] = [];
    const cluster = {
      workers: 0,
      threadsPerWorker: 1,
      demand: async () => demands.shift() ?? Promise.reject(new Error("gone")),
      grow: async (workers: number) => {
        done.push(["grow", workers]);
        cluster.workers = workers;
      },
      shrink: async (names: readonly string[]) => {
        done.push(["shrink", names]);
      },
    };
    return { cluster, done, errors: [] };
  }
  const options = { maximum: 4, intervalMs: 1e6, waitCount: 2 };

  it("looks at once, grows, and shrinks after several looks", async () => {
    const busy = { ...IDLE, queued: 2, expectedMs: 10_000 };
    const worker = { threads: 1, leased: 0, heldBytes: 0 };
    const idle = {
      ...IDLE,
      workers: [
        { name: "a", ...worker },
        { name: "b", ...worker },
      ],
    };
    const { cluster, done } = made([busy, idle, idle]);
    const adaptive = new Adaptive(cluster, options, () => undefined);
    await adaptive.look();
    await new Promise(setImmediate);
    expect(done).toEqual([["grow", 2]]);
    await adaptive.look();
    expect(done).toHaveLength(1);
    await adaptive.look();
    expect(done[1]).toEqual(["shrink", ["a", "b"]]);
    adaptive.stop();
  });

  it("does nothing once it is stopped", async () => {
    const { cluster, done } = made([{ ...IDLE, queued: 2, expectedMs: 10_000 }]);
    const adaptive = new Adaptive(cluster, options, () => undefined);
    adaptive.stop();
    await new Promise(setImmediate);
    await adaptive.look();
    expect(done).toEqual([]);
  });

  it("hands on what goes wrong, and may be asked again", async () => {
    const { cluster } = made([]);
    const errors: unknown[] = [];
    const adaptive = new Adaptive(cluster, options, (error) => errors.push(error));
    await new Promise(setImmediate);
    expect(errors).toHaveLength(1);
    await expect(adaptive.look()).rejects.toThrow("gone");
    adaptive.stop();
  });
});
