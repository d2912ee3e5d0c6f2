import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Environ, ForwardOutput, getWorker, UploadFile } from "../../../dist/cluster/index.js";
import {
  Client,
  getClient,
  LocalCluster,
  Reschedule,
  rejoin,
  secede,
  workerClient,
} from "../../../dist/index.js";
import { ENGINES, startEngine } from "../../support/engines.ts";
import { failure } from "../../support/failures.ts";

const folder = mkdtempSync(join(tmpdir(), "heddle-control-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(ENGINES)("plugins and tasks' own context on %s", (engine) => {
  let client: Client;

  beforeAll(async () => {
    const started = await startEngine(engine, 2, { resources: { disk: 2 } });
    client = started.client;
    return started.close;
  });

  test("a plugin is set up on every thread, hears of tasks, and is torn down", async () => {
    await client.registerPlugin({
      name: "watcher",
      setup(worker) {
        Object.assign(globalThis, { seen: [], home: [worker.name, worker.localDirectory] });
      },
      teardown() {
        Object.assign(globalThis, { seen: undefined });
      },
      transition(key, start, finish) {
        (globalThis as unknown as { seen: string[] }).seen.push(`${key} ${start}-${finish}`);
      },
    });
    const fine = client.options({ key: `fine-${engine}` }).submit(() => 1);
    const bad = client.options({ key: `bad-${engine}` }).submit(() => {
      throw new Error("bad");
    });
    await fine.result();
    await failure(bad.result());
    const seen = await client.run(
      () => [(globalThis as unknown as { seen: string[] }).seen, Reflect.get(globalThis, "home")],
      { threads: "all" },
    );
    const threads = Object.values(seen).flat();
    expect(threads).toHaveLength(2);
    expect(threads.flatMap(([told]) => told).sort()).toEqual([
      `bad-${engine} executing-error`,
      `bad-${engine} waiting-executing`,
      `fine-${engine} executing-memory`,
      `fine-${engine} waiting-executing`,
    ]);
    for (const [, [name, directory]] of threads) {
      expect(name).not.toBe("");
      expect(directory).toContain("files");
    }
    await client.unregisterPlugin("watcher");
    const after = await client.run(() => Reflect.get(globalThis, "seen"), { threads: "all" });
    expect(Object.values(after).flat()).toEqual([undefined, undefined]);
  });

  test("a plugin that cannot be set up is registered nowhere", async () => {
    const bad = {
      name: "bad",
      setup(): void {
        throw new RangeError("not today");
      },
    };
    expect(await failure(client.registerPlugin(bad))).toMatchObject({
      code: "TaskFailed",
      cause: { message: "not today" },
    });
    const unknown = await failure(client.unregisterPlugin("bad"));
    expect(unknown.message).toContain("none is registered");
    const none = await failure(client.registerPlugin({ setUp: () => 1 } as never));
    expect(none.message).toContain("setup, teardown, transition");
    await client.registerPlugin(new Environ({ HEDDLE_A: "1" }));
    const near = await failure(client.unregisterPlugin("Envirom"));
    expect(near.message).toContain('did you mean "Environ"');
    await client.unregisterPlugin("Environ");
    const read = client.options({ pure: false }).submit(() => process.env["HEDDLE_A"] ?? "unset");
    expect(await read.result()).toBe("unset");
  });

  test("a scheduler plugin hears of graphs, clients and tasks", async () => {
    await client.registerPlugin({
      name: "ear",
      start(scheduler) {
        Reflect.set(globalThis, "heard", [scheduler.workers.length]);
      },
      updateGraph({ count }) {
        Reflect.get(globalThis, "heard").push(`graph ${count}`);
      },
      transition(key, start, finish) {
        Reflect.get(globalThis, "heard").push(`${key} ${start}-${finish}`);
      },
    });
    await client
      .options({ key: `heard-${engine}` })
      .submit(() => 2)
      .result();
    const heard = await client.runOnScheduler(() => Reflect.get(globalThis, "heard") as unknown[]);
    expect(heard).toEqual([
      engine === "processes" ? 2 : 1,
      "graph 1",
      `heard-${engine} queued-leased`,
      `heard-${engine} leased-memory`,
    ]);
    await client.unregisterPlugin("ear", { target: "scheduler" });
  });

  test("files and folders reach every worker", async () => {
    const path = join(folder, "answer.mjs");
    writeFileSync(path, "export const answer = 42;\n");
    mkdirSync(join(folder, "pack", "inner"), { recursive: true });
    writeFileSync(join(folder, "pack", "inner", "data.txt"), "deep");
    await client.uploadFile(path);
    await client.uploadDirectory(join(folder, "pack"));
    const found = await client.run(async () => {
      const { readFileSync } = await import("node:fs");
      const { join: at } = await import("node:path");
      const here = getWorker().localDirectory;
      const { pathToFileURL: toUrl } = await import("node:url");
      const { answer } = await import(toUrl(at(here, "answer.mjs")).href);
      return [answer, readFileSync(at(here, "pack", "inner", "data.txt"), "utf8")];
    });
    for (const one of Object.values(found)) expect(one).toEqual([42, "deep"]);
    expect(await failure(client.uploadFile(join(folder, "none")))).toMatchObject({
      code: "FileNotFound",
    });
    expect(() => new UploadFile(pathToFileURL(folder).href)).toThrow("cannot be read");
    expect((await failure(client.uploadDirectory(path))).message).toContain("is no folder");
    const long = "a".repeat(300);
    expect(await failure(client.uploadDirectory(long))).toMatchObject({ code: "FileNotFound" });
    for (const bad of ["\0", "a".repeat(100_000)]) {
      const error = { code: "InvalidArgument", message: expect.stringContaining("may be a path") };
      expect(await failure(client.uploadDirectory(bad))).toMatchObject(error);
      expect(await failure(client.uploadFile(bad))).toMatchObject(error);
    }
  });

  test("a task knows its worker", async () => {
    const here = await client.submit(() => getWorker()).result();
    const { workers } = await client.schedulerInfo();
    expect(workers[here.address]).toMatchObject({ name: here.name, resources: here.resources });
    expect(here.resources).toEqual({ disk: 2 });
    expect(here.taskKey).toMatch(/^lambda-/);
    expect(() => getWorker()).toThrow("no task is running here");
    expect(() => secede()).toThrow("no task is running here");
  });

  test("a task that secedes lets others run on its thread, and may come back", async () => {
    const first = client.options({ pure: false }).map(
      async (_: number) => {
        secede();
        // Would never end if the threads did not take its own tasks.
        const inner = await getClient()
          .options({ pure: false })
          .submit(() => 20)
          .result();
        rejoin();
        rejoin();
        return inner + (await workerClient((other) => other.submit(() => 1).result()));
      },
      [0, 1, 2, 3],
    );
    expect(await first.results()).toEqual([21, 21, 21, 21]);
  });

  test("a task that throws Reschedule is run again, and counts as not failed", async () => {
    const marks = join(folder, `marks-${engine}`);
    mkdirSync(marks);
    const future = client.options({ pure: false, retries: 0 }).submit(async (at: string) => {
      const { readdirSync, writeFileSync: write } = await import("node:fs");
      const times = readdirSync(at).length;
      if (times < 3) {
        write(`${at}/${times}`, "");
        throw new Reschedule();
      }
      return times;
    }, marks);
    expect(await future.result()).toBe(3);
    const events = (await client.story(future)).map(({ event }) => event);
    expect(events.filter((event) => event === "returned")).toHaveLength(3);
    expect(events).not.toContain("failed");
  });

  test("measures its workers' hardware", async () => {
    const rates = await client.benchmarkHardware();
    expect(Object.keys(rates)).toEqual(Object.keys((await client.schedulerInfo()).workers));
    for (const { memory, disk } of Object.values(rates)) {
      expect(Object.keys(memory)).toEqual(["2 KiB", "100 KiB", "1 MiB", "10 MiB"]);
      for (const rate of [...Object.values(memory), ...Object.values(disk)]) {
        expect(rate).toBeGreaterThan(0);
      }
    }
  });

  test("has a memory manager that can be stopped", async () => {
    expect(await client.amm.running()).toBe(engine === "processes");
    await client.amm.start();
    await client.amm.start();
    expect(await client.amm.running()).toBe(true);
    await client.amm.stop();
    expect(await client.amm.running()).toBe(false);
    await client.amm.runOnce();
    expect(await client.submit(() => 1).result()).toBe(1);
  });

  test("is current where it is asked to be", async () => {
    await using other = new Client({ embedded: true, setAsDefault: false });
    expect(Client.current()).toBe(client);
    await other.asCurrent(async () => expect(Client.current()).toBe(other));
    expect(Client.current()).toBe(client);
  });
});

describe("a cluster of processes", () => {
  test("shows what tasks print before their results, if asked to, and keeps a log", async () => {
    await using cluster = new LocalCluster({
      nWorkers: 1,
      threadsPerWorker: 1,
      name: "log",
      dashboardAddress: null,
    });
    await using client = new Client(cluster);
    await client.waitForWorkers(1);
    await client.registerPlugin(new ForwardOutput());
    const seen: string[] = [];
    const spies = (["stdout", "stderr"] as const).map((name) =>
      vi
        .spyOn(process[name], "write")
        .mockImplementation((text) => seen.push(`${name}: ${text}`) > 0),
    );
    const printing = client.submit(() => {
      console.log("h\u00e9llo");
      console.error("trouble");
      return 5;
    });
    seen.push(`result: ${await printing.result()}`);
    for (const spy of spies) spy.mockRestore();
    expect(seen).toEqual(["stdout: h\u00e9llo\n", "stderr: trouble\n", "result: 5"]);
    const [joined] = await client.getSchedulerLogs({ count: 99 });
    expect(joined).toMatchObject({ level: "info" });
    expect(joined?.time.getTime()).toBeGreaterThan(0);
    const { "log-0": about = [] } = await client.getWorkerLogs();
    expect(about[0]?.message).toMatch(/^worker log-0 joined at tcp:/);
    expect(await client.getSchedulerLogs({ count: 1 })).toHaveLength(1);
  });

  test("copies, moves and keeps values when workers go", async () => {
    await using cluster = new LocalCluster({
      nWorkers: 3,
      threadsPerWorker: 1,
      dashboardAddress: null,
    });
    await using client = new Client(cluster);
    await client.waitForWorkers(3);
    const futures = client.map((i: number) => new Array(1000).fill(i), [0, 1, 2, 3, 4, 5]);
    await futures.results();
    const [first] = futures;
    if (first === undefined) throw new Error("there are six");
    await client.replicate(first, { copies: 2 });
    while (((await client.whoHas(first))[first.key]?.length ?? 0) < 2) {
      await new Promise(setImmediate);
    }
    await client.rebalance();
    const [[gone = ""] = []] = Object.entries(await client.hasWhat());
    expect(await client.retireWorkers({ workers: gone })).toEqual([gone]);
    while (Object.keys(await client.nthreads()).length > 2) await new Promise(setImmediate);
    expect(Object.keys(await client.nthreads())).not.toContain(gone);
    // Nothing is computed again: the values have moved.
    const before = (await client.getTaskStream()).length;
    expect((await futures.results()).map(([i]) => i)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await client.getTaskStream()).toHaveLength(before);
    expect(await failure(client.retireWorkers({ workers: "nobody" }))).toMatchObject({
      code: "InvalidArgument",
    });
  });

  test("a worker that dies under a call is an error of that call, and comes back", async () => {
    await using cluster = new LocalCluster({
      nWorkers: 2,
      threadsPerWorker: 1,
      dashboardAddress: null,
    });
    await using client = new Client(cluster);
    await client.waitForWorkers(2);
    const [victim = ""] = Object.keys(await client.nthreads());
    const called = await client.run(
      (address: string) => {
        if (getWorker().address === address) process.kill(process.pid, "SIGKILL");
        return "alive";
      },
      victim,
      { onError: "return" },
    );
    const { [victim]: lost, ...others } = called;
    expect(lost).toMatchObject({ code: "CommClosed" });
    expect(Object.values(others)).toEqual(["alive"]);
    while (Object.keys(await client.nthreads()).includes(victim)) await new Promise(setImmediate);
    await client.waitForWorkers(2);
    expect(Object.keys(await client.run(() => 1))).toHaveLength(2);
  });

  test("ends for everybody with shutdown, and nobody hangs", async () => {
    await using cluster = new LocalCluster({
      nWorkers: 1,
      threadsPerWorker: 1,
      dashboardAddress: null,
    });
    await using other = new Client(cluster);
    const client = new Client(cluster);
    await other.waitForWorkers(1);
    const never = failure(other.waitForWorkers(9));
    await client.shutdown();
    expect((await never).code).toBe("CommClosed");
    expect((await failure(client.schedulerInfo())).code).toBe("CommClosed");
    expect((await failure(other.run(() => 1))).code).toBe("CommClosed");
  });
});

test("an engine in this process ends with shutdown", async () => {
  const client = new Client({ threads: 1 });
  expect(await client.submit(() => 1).result()).toBe(1);
  expect(await failure(client.retireWorkers())).toMatchObject({ code: "NotSupported" });
  expect(await client.submit(() => 2).result()).toBe(2);
  await client.shutdown();
  expect((await failure(client.schedulerInfo())).code).toBe("CommClosed");
});
