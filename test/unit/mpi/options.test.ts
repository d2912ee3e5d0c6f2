import { describe, expect, it } from "vitest";
import { LAUNCH_OPTIONS, schedulerFlags, workerFlags } from "../../../src/mpi/options.ts";
import type { Rank } from "../../../src/mpi/rank.ts";

const node = { cores: 8, memoryBytes: 32e9 };
const rank: Rank = {
  launcher: "MPICH",
  rank: 3,
  size: 8,
  localRank: 1,
  localSize: 2,
  launch: "x",
  jobId: undefined,
};

describe("what a rank's worker is given", () => {
  it("is its share of the node, a number as its name, and somebody who replaces it", () => {
    expect(workerFlags(rank, {}, {}, node)).toEqual({
      nworkers: "1",
      nthreads: "4",
      memoryLimit: "16000000000",
      name: "3",
      nanny: true,
    });
  });

  it("is what the options say", () => {
    const options = {
      interface: "ib0",
      nThreads: 2,
      memoryLimit: "4GB",
      localDirectory: "/scratch",
      nanny: false,
      name: "heddle-mpi",
      workerOptions: {
        resources: { GPU: 1, MEM: 10 },
        workerPort: 9000,
        dashboardAddress: ":0",
        deathTimeout: 1500,
        lifetime: "1h",
        lifetimeStagger: "5m",
        lifetimeRestart: true,
        preload: "./first.mjs",
        preloadNanny: ["a.mjs", "b.mjs"],
        validate: true,
      },
    };
    expect(workerFlags(rank, options, {}, node)).toEqual({
      nworkers: "1",
      nthreads: "2",
      memoryLimit: "4GB",
      name: "heddle-mpi-3",
      nanny: false,
      interface: "ib0",
      protocol: "tls",
      localDirectory: "/scratch",
      resources: "GPU=1 MEM=10",
      workerPort: "9000",
      dashboardAddress: ":0",
      deathTimeout: "1500ms",
      lifetime: "1h",
      lifetimeStagger: "5m",
      lifetimeRestart: true,
      preload: ["./first.mjs"],
      preloadNanny: ["a.mjs", "b.mjs"],
      validate: true,
    });
  });

  it("several workers of a rank share what it has; their options go before the common ones", () => {
    const workerOptions = { nWorkers: 2, localDirectory: "/b" };
    expect(workerFlags(rank, { localDirectory: "/a", workerOptions }, {}, node)).toMatchObject({
      nworkers: "2",
      nthreads: "2",
      memoryLimit: "8000000000",
      localDirectory: "/b",
    });
  });

  it.each([
    ["Nanny", true],
    ["distributed.Nanny", true],
    ["distributed.Worker", false],
    ["dask.distributed.Worker", false],
  ])("workerClass %s of Dask says whether a worker is replaced", (workerClass, nanny) => {
    expect(workerFlags(rank, { workerClass }, {}, node).nanny).toBe(nanny);
  });

  it("other classes and unknown options are refused", () => {
    expect(() => workerFlags(rank, { workerClass: "my.Worker" })).toThrow(/no classes of workers/);
    const workerOptions = { lifetme: "1h" } as object;
    expect(() => workerFlags(rank, { workerOptions })).toThrow(/did you mean "lifetime"/);
  });
});

describe("what the scheduler is given", () => {
  it("is any free port, encryption, and a dashboard", () => {
    expect(schedulerFlags({})).toEqual({ port: "0", protocol: "tls", dashboard: true });
    const given = {
      schedulerPort: "8786:8799",
      protocol: "tcp",
      dashboard: false,
      dashboardAddress: ":0",
      interface: "ib0",
    } as const;
    const { schedulerPort: port, ...others } = given;
    expect(schedulerFlags(given)).toEqual({ port, ...others });
    const protocol = "udp" as "tcp";
    expect(() => schedulerFlags({ protocol })).toThrow(/give tcp or tls/);
  });

  it("has all of dask-mpi's options, in the words of this package", () => {
    const dask = [
      "interface",
      "nthreads",
      "local_directory",
      "memory_limit",
      "nanny",
      "dashboard",
      "dashboard_address",
      "protocol",
      "worker_class",
      "worker_options",
    ];
    const camel = (name: string): string =>
      name === "nthreads" ? "nThreads" : name.replace(/_(\w)/g, (_, c: string) => c.toUpperCase());
    for (const name of dask) expect(LAUNCH_OPTIONS).toContain(camel(name));
  });
});
