/** @file Ready-made clusters by function. */
import { describe, expect, it } from "vitest";
import {
  createDistributedCluster,
  createGpuCluster,
  createLocalCluster,
  createSlurmCluster,
  setupGpuCluster,
} from "../../../dist/deploy/index.js";

describe("createLocalCluster", () => {
  it("gives a cluster whose workers are there", async () => {
    const options = { nWorkers: 2, threadsPerWorker: 1, memoryLimit: "256MiB" };
    await using cluster = await createLocalCluster({ ...options, dashboardAddress: null });
    const { workers, threads } = await cluster.monitor();
    expect(workers.map(({ memoryLimitBytes }) => memoryLimitBytes)).toEqual([2 ** 28, 2 ** 28]);
    expect(threads).toBe(2);
    expect(await cluster.submit((x: number) => x + 1, 41).result()).toBe(42);
  });

  it("leaves nothing of a cluster whose workers do not come in time", async () => {
    const options = { nWorkers: 1, dashboardAddress: null, name: "slow", timeoutMs: 0 };
    await expect(createLocalCluster(options)).rejects.toMatchObject({ code: "Timeout" });
    const { Cluster } = await import("../../../dist/deploy/index.js");
    expect(() => Cluster.fromName("slow")).toThrow(/no open cluster/);
  });
});

describe("GPUs", () => {
  it.each([createGpuCluster, setupGpuCluster])(
    "are not there yet, which $name says",
    async (make) => {
      const options = { nWorkers: 2, threadsPerWorker: 4, memoryLimit: "16GB" };
      const error = await make({ ...options, deviceMemoryLimit: "8GB" }).catch((e: unknown) => e);
      expect(error).toMatchObject({
        code: "NotSupported",
        fields: { hasGpu: expect.any(Boolean) },
      });
      expect(String(error)).toContain(`${make.name}: This machine has`);
      expect(String(error)).toContain("does not compute on GPUs yet");
    },
  );

  it("may be done without", async () => {
    const size = { nWorkers: 1, threadsPerWorker: 1, memoryLimit: "256MiB" };
    await using cluster = await createGpuCluster({ ...size, fallback: "cpu" });
    expect((await cluster.monitor()).threads).toBe(1);
  });

  it("have options of their own", async () => {
    await expect(createGpuCluster({ fallback: "gpu" } as never)).rejects.toThrow(/may be "cpu"/);
    await expect(createGpuCluster({ cores: 1 } as never)).rejects.toThrow(/no option "cores"/);
  });
});

describe("batch systems", () => {
  it("options are those of the class", async () => {
    await expect(createSlurmCluster({ nworkers: 1 } as never)).rejects.toThrow(/"nWorkers"/);
  });

  it("where there are none, that is said", async () => {
    const path = process.env["PATH"];
    process.env["PATH"] = "/nonexistent";
    try {
      await expect(createDistributedCluster()).rejects.toMatchObject({
        code: "NotSupported",
        message: expect.stringContaining("no batch system takes jobs from this host"),
      });
    } finally {
      process.env["PATH"] = path;
    }
  });
});
