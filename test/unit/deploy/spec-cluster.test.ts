/** @file Clusters made of jobs, whose workers here are real ones of this process. */
import { expect, it, vi } from "vitest";
import { ClusterScheduler } from "../../../dist/cluster/cluster-scheduler.js";
import { Client } from "../../../dist/cluster/index.js";
import { ownHello } from "../../../dist/cluster/own-hello.js";
import { SupervisedWorker } from "../../../dist/cluster/supervisor.js";
import { config } from "../../../dist/config/index.js";
import {
  type ClusterAccess,
  type Job,
  type SchedulerJob,
  SpecCluster,
} from "../../../dist/deploy/index.js";

const token = "a token for tests only";

function schedulerJob(): SchedulerJob {
  let scheduler: ClusterScheduler | undefined;
  return {
    start: async () => {
      const hello = ownHello("scheduler", "s", {});
      scheduler = await ClusterScheduler.start({ token, hello, allowedFailures: 3 });
    },
    close: async () => await scheduler?.close(),
    logs: () => "scheduler's log",
    ended: new Promise(() => undefined),
    get access() {
      return { address: scheduler?.address ?? "", token };
    },
  };
}

function workerJob(name: string, { address }: ClusterAccess): Job {
  let worker: SupervisedWorker | undefined;
  let hasEnded: (reason: string) => void = () => undefined;
  const ended = new Promise<string>((resolve) => {
    hasEnded = resolve;
  });
  const settings = {
    name,
    scheduler: [address],
    token,
    listen: ["tcp://127.0.0.1:0"],
    threads: 1,
    memoryLimitBytes: 1e9,
    resources: {},
    localDirectory: "/tmp",
    configuration: config.serialize(),
    validate: false,
    environ: {},
    nodeOptions: [],
  };
  return {
    start: async () => {
      worker = new SupervisedWorker(settings, {
        ready: () => undefined,
        over: () => undefined,
        died: () => undefined,
        left: (_worker, reason) => hasEnded(reason),
        failed: (_worker, reason) => hasEnded(reason),
      });
    },
    close: async () => await worker?.stop(),
    logs: () => `log of ${name}`,
    ended,
  };
}

it("starts and ends jobs, and keeps what they have written", async () => {
  const cluster = new SpecCluster({
    name: "c",
    scheduler: schedulerJob,
    worker: workerJob,
    nWorkers: 2,
  });
  const client = new Client(cluster);
  await cluster.waitForWorkers(2);
  expect(await client.submit((x: number) => x + 1, 41).result()).toBe(42);
  const value = client.submit(() => new Float64Array(10).fill(1));
  await value.result();
  await cluster.scale(1);
  expect(cluster.workers).toBe(1);
  expect(Object.keys((await client.schedulerInfo()).workers)).toHaveLength(1);
  // Its value has moved to the worker that is left.
  expect(((await value.result()) as Float64Array).length).toBe(10);
  expect(await cluster.logs()).toEqual({
    scheduler: "scheduler's log",
    "c-0": "log of c-0",
    "c-1": "log of c-1",
  });
  expect(String(cluster)).toMatch(/^SpecCluster\(c, tcp:.*, 1 workers, 1 threads\)$/);
  await client.close();
  await cluster.close();
});

it("a job that cannot be started fails the cluster, and one that ends is spoken of", async () => {
  const broken = new SpecCluster({
    scheduler: schedulerJob,
    worker: (name, access) => ({
      ...workerJob(name, access),
      start: async () => await Promise.reject(new Error("no room")),
    }),
    nWorkers: 1,
  });
  await expect(broken.ready).rejects.toThrow("no room");
  expect(broken.workers).toBe(0);
  await broken.close();

  const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  const cluster = new SpecCluster({
    name: "short",
    scheduler: schedulerJob,
    worker: (name, access) => ({
      ...workerJob(name, access),
      ended: Promise.resolve("it is over"),
    }),
    nWorkers: 1,
  });
  await cluster.ready;
  await expect.poll(() => cluster.workers).toBe(0);
  expect(warned.mock.calls.flat()).toContain("worker short-0 has ended: it is over");
  warned.mockRestore();
  await cluster.close();
});

it("wrong options are refused", () => {
  const options = { scheduler: schedulerJob, worker: workerJob };
  expect(() => new SpecCluster({ ...options, nWorkers: -1 })).toThrow(/nWorkers is -1/);
  expect(() => new SpecCluster({ ...options, workers: 1 } as never)).toThrow(/no option "workers"/);
});
