/** @file One class for all kinds of clusters. */
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from "vitest";
import { DaskCluster, type DaskClusterOptions } from "../../../dist/deploy/index.js";
import type { Future, FutureList } from "../../../dist/index.js";

describe("kinds", () => {
  it("have their own options, which are checked", () => {
    expectTypeOf<{ kind: "slurm"; cores: 4; queue: "gpu" }>().toExtend<DaskClusterOptions>();
    expectTypeOf<{ nWorkers: 4 }>().toExtend<DaskClusterOptions>();
    expectTypeOf<{ kind: "ssh" }>().not.toExtend<DaskClusterOptions>();
    expectTypeOf<{ kind: "local"; memoryLimit: true }>().not.toExtend<DaskClusterOptions>();
    expect(() => new DaskCluster({ kind: "slurm", queu: "gpu" } as never)).toThrow(
      /SLURMCluster.*"queu".*"queue"/,
    );
    expect(() => new DaskCluster({ kind: "local", nworkers: 2 } as never)).toThrow(
      /LocalCluster has no option "nworkers"; did you mean "nWorkers"/,
    );
  });

  it("that there are not are refused, with the nearest", () => {
    expect(() => new DaskCluster({ kind: "slrum" } as never)).toThrow(
      /no kind of cluster "slrum"; did you mean "slurm"\? Kinds: local, subprocess, ssh, slurm/,
    );
    expect(() => new DaskCluster({ kind: "toString" } as never)).toThrow(/no kind of cluster/);
    expect(() => new DaskCluster(4 as never)).toThrow(/DaskCluster takes an object of options/);
  });
});

describe("on this machine", () => {
  let cluster: DaskCluster;

  beforeAll(async () => {
    cluster = new DaskCluster({
      ...{ kind: "local", nWorkers: 1, threadsPerWorker: 2, name: "one" },
      ...{ memoryLimit: "512MiB", dashboardAddress: null },
    });
    await cluster.waitForWorkers();
  });
  afterAll(async () => await cluster.close());

  it("submits, maps, scatters and gathers as a client does", async () => {
    const { submit, map } = cluster;
    const one = submit((x: number) => x + 1, 41);
    expectTypeOf(one).toEqualTypeOf<Future<number>>();
    const data = cluster.scatter([1, 2, 3]);
    expectTypeOf(data).toEqualTypeOf<FutureList<number>>();
    const squares = map((x: number) => x * x, data);
    expect(await cluster.gather({ one, squares: [...squares] })).toEqual({
      ...{ one: 42, squares: [1, 4, 9] },
    });
  });

  it("tells what it is doing", async () => {
    const report = await cluster.monitor();
    expect(report).toMatchObject({
      ...{ name: "one", kind: "local", wantedWorkers: 1, threads: 2, running: 0, jobs: [] },
      memoryLimitBytes: 512 * 2 ** 20,
      workers: [{ name: "one-0", threads: 2 }],
    });
    expect(report.address).toMatch(/^tcp:/);
    expect(report).not.toHaveProperty("dashboardLink");
    expect(String(cluster)).toMatch(/^DaskCluster\(LocalCluster\(one, /);
  });

  it("scales to numbers of workers, and not to jobs, which it has not", async () => {
    await cluster.scale(2);
    await cluster.waitForWorkers();
    expect((await cluster.monitor()).workers).toHaveLength(2);
    await expect(cluster.scale({ jobs: 1 })).rejects.toThrow(/kind "local" scales to a number/);
    await cluster.scale(1);
    expect((await cluster.monitor()).workers).toHaveLength(1);
  });
});
