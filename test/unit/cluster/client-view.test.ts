import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Environ } from "../../../dist/cluster/index.js";
import type { Client } from "../../../dist/index.js";
import { ENGINES, startEngine } from "../../support/engines.ts";
import { failure } from "../../support/failures.ts";

const folder = mkdtempSync(join(tmpdir(), "heddle-surface-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const wordsAndBytes = (n: number): number[] => new Array<number>(n).fill(1);

/** Runs until `isSo`. */
const until = async (isSo: () => Promise<boolean>): Promise<void> => {
  while (!(await isSo())) await new Promise(setImmediate);
};

describe.each(ENGINES)("a client of %s", (engine) => {
  let client: Client;
  const workers = engine === "embedded" ? 1 : 2;

  beforeAll(async () => {
    const started = await startEngine(engine, 2);
    client = started.client;
    return started.close;
  });

  test("sees its workers, their threads and memory", async () => {
    const info = await client.schedulerInfo();
    const list = Object.entries(info.workers);
    expect(list).toHaveLength(workers);
    expect([info.threads, info.cpu, info.memory]).toEqual([2, 2, info.memoryLimitBytes]);
    for (const [address, worker] of list) {
      expect(worker).toMatchObject({ address, resources: {}, running: 0 });
      expect(worker.memoryLimitBytes).toBeGreaterThan(0);
      expect(worker.seenMs).toBeGreaterThan(info.startedMs - 60_000);
      expect(worker.host).not.toBe("");
    }
    expect(info.clients).toBeGreaterThanOrEqual(1);
    const byAddress = Object.fromEntries(list.map(([address, { threads }]) => [address, threads]));
    expect(await client.nthreads()).toEqual(byAddress);
    expect(await client.ncores()).toEqual(byAddress);
  });

  test("waits for workers no longer than it is told to", async () => {
    await client.waitForWorkers(0);
    const late = await failure(client.waitForWorkers(99, { timeoutMs: 20 }));
    expect(late.code).toBe("Timeout");
    const wrong = await failure(client.waitForWorkers("2" as never));
    expect(wrong).toMatchObject({ code: "InvalidArgument" });
    expect((await failure(client.waitForWorkers(1, { timeout: 1 } as never))).message).toContain(
      'did you mean "timeoutMs"',
    );
  });

  test("runs functions on every worker, with its arguments and options", async () => {
    const sums = await client.run((a: number, b: number) => a + b, 40, 2);
    expect(Object.values(sums)).toEqual(new Array(workers).fill(42));
    const info = await client.schedulerInfo();
    const pids = await client.run(() => process.pid);
    expect(Object.keys(pids).sort()).toEqual(Object.keys(info.workers).sort());
    if (engine === "processes") {
      for (const [address, pid] of Object.entries(pids)) {
        expect(pid).toBe(info.workers[address]?.pid);
      }
    }
    const each = await client.run((x: number) => x, 7, { threads: "all" });
    expect(Object.values(each).flat()).toEqual([7, 7]);
    const [first = ""] = Object.keys(pids);
    expect(await client.run(async () => "one", { workers: first })).toEqual({ [first]: "one" });
    expect(await client.run((o: object) => Object.keys(o), { a: 1 })).toEqual(
      Object.fromEntries(Object.keys(pids).map((address) => [address, ["a"]])),
    );
    expect(await client.run(() => 1, { wait: false })).toEqual({});
  });

  test("what run throws comes back as the cause, as a result, or not at all", async () => {
    const bad = (): never => {
      throw new RangeError("too far");
    };
    const raised = await failure(client.run(bad));
    expect(raised).toMatchObject({ code: "TaskFailed", cause: { message: "too far" } });
    expect(raised.cause).toBeInstanceOf(RangeError);
    const returned = Object.values(await client.run(bad, { onError: "return" }));
    expect(returned).toHaveLength(workers);
    expect(returned[0]).toBeInstanceOf(RangeError);
    expect(await client.run(bad, { onError: "ignore" })).toEqual({});
    expect((await failure(client.run(bad, { onError: "rais" as never }))).message).toContain(
      "raise, return, ignore",
    );
    expect(
      (await failure(client.run(bad, { worker: "x", wait: true } as never))).message,
    ).toContain('did you mean "workers"');
    const unknown = await failure(client.run(() => 1, { workers: "tcp://nowhere:1" }));
    expect(unknown.message).toContain("named by its address, name or host");
  });

  test("a function that ends its thread is an error, and another thread comes", async () => {
    const ended = await failure(client.run(() => process.exit(3)));
    expect(ended).toMatchObject({ code: "TaskFailed", cause: { code: "KilledWorker" } });
    expect(Object.values(await client.run(() => 1, { threads: "all" })).flat()).toEqual([1, 1]);
  });

  test("run sees and changes what tasks of the thread see", async () => {
    await client.run(() => Object.assign(globalThis, { mark: 5 }), { threads: "all" });
    const read = client.submit(() => (globalThis as { mark?: number }).mark);
    expect(await read.result()).toBe(5);
  });

  test("runs functions on the scheduler", async () => {
    expect(await client.runOnScheduler((x: number) => x * 2, 21)).toBe(42);
    const bad = client.runOnScheduler(() => {
      throw new TypeError("not here");
    });
    expect(await failure(bad)).toMatchObject({
      code: "TaskFailed",
      cause: { message: "not here" },
    });
  });

  test("knows the versions of all, and accepts its own", async () => {
    const versions = await client.getVersions({ check: true });
    expect(Object.keys(versions.workers)).toHaveLength(workers);
    for (const one of Object.values(versions.workers)) expect(one).toEqual(versions.client);
    expect(versions.scheduler.node).toBe(process.versions.node);
  });

  test("knows where values lie, how large they are, and what became of their tasks", async () => {
    const large = client.submit(wordsAndBytes, 10_000);
    const word = client.submit(() => 3);
    await Promise.all([large.result(), word.result()]);
    const { [large.key]: holders = [] } = await client.whoHas(large);
    expect(holders).toHaveLength(1);
    expect((await client.whoHas(word))[word.key]).toHaveLength(1);
    expect((await client.hasWhat({ workers: holders }))[holders[0] ?? ""]).toContain(large.key);
    const sizes = await client.nbytes(large);
    expect(sizes[large.key]).toBeGreaterThan(10_000);
    expect((await client.nbytes(undefined, { summary: true }))["wordsAndBytes"]).toBe(
      sizes[large.key],
    );
    for (const given of [large, large.key, [large]]) {
      const events = (await client.story(given)).map(({ event, key }) => [event, key]);
      expect(events).toEqual(["accepted", "leased", "finished"].map((e) => [e, large.key]));
    }
    const story = await client.story(large);
    expect(story.at(-1)).toMatchObject({ worker: holders[0] });
    expect(story.at(-1)?.time).toBeInstanceOf(Date);
    expect(await client.story("no-such-task")).toEqual([]);
  });

  test("sees what runs, and on the stream what ran", async () => {
    const gate = join(folder, `gate-${engine}`);
    const waits = client.options({ pure: false }).submit(async (path: string) => {
      const { existsSync } = await import("node:fs");
      while (!existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 5));
      return "through";
    }, gate);
    await until(async () => Object.keys(await client.callStack(waits)).length > 0);
    const [[address, calls] = ["", []]] = Object.entries(await client.callStack());
    expect(calls).toMatchObject([{ key: waits.key, function: "lambda" }]);
    expect((await client.processing())[address]).toContain(waits.key);
    expect(await client.callStack("no-such-task")).toEqual({});
    writeFileSync(gate, "");
    await waits.result();
    expect((await client.processing({ workers: address }))[address]).not.toContain(waits.key);
    const failing = client.options({ pure: false }).submit(() => {
      throw new Error("no");
    });
    await failure(failing.result());
    const stream = await client.getTaskStream();
    expect(stream.find(({ key }) => key === waits.key)).toMatchObject({
      worker: address,
      count: 1,
      status: "finished",
    });
    expect(stream.find(({ key }) => key === failing.key)?.status).toBe("error");
    expect(await client.getTaskStream({ count: 1 })).toHaveLength(1);
    expect(await client.getTaskStream({ start: new Date(Date.now() + 60_000) })).toEqual([]);
  });

  test("dumps its state, also into files", async () => {
    const future = client.submit(() => "kept");
    await future.result();
    const path = join(folder, `dump-${engine}.json.gz`);
    const state = await client.dumpClusterState(path);
    const written = JSON.parse(gunzipSync(readFileSync(path)).toString()) as typeof state;
    const tasks = written["tasks"] as { key: string; state: string }[];
    expect(tasks.find(({ key }) => key === future.key)?.state).toBe("memory");
    expect(Object.keys(written)).toEqual(Object.keys(state));
  });

  test("is shown with its address, workers, threads and memory", async () => {
    const { address } = await client.schedulerInfo();
    const count = workers === 1 ? "1 worker" : "2 workers";
    expect(String(client)).toMatch(
      new RegExp(`^Client\\(${address}, ${count}, 2 threads, .* GiB\\)$`),
    );
    expect(String(client)).toBe(inspect(client));
    const html = await client.toHTML();
    for (const worker of Object.keys(await client.nthreads())) expect(html).toContain(worker);
  });

  test("tasks go where they are sent, by the addresses of the workers", async () => {
    const where = await Promise.all(
      Object.keys((await client.schedulerInfo()).workers).map(async (address) => {
        const sent = client.options({ workers: [address], pure: false }).submit(wordsAndBytes, 10);
        await sent.result();
        return [address, (await client.whoHas(sent))[sent.key]];
      }),
    );
    for (const [address, holders] of where) expect(holders).toEqual([address]);
    expect(where).toHaveLength(workers);
  });

  test("shares datasets, metadata and topics", async () => {
    const future = client.submit(() => [1, 2, 3]);
    await client.publishDataset("numbers", future);
    expect(await client.listDatasets()).toEqual(["numbers"]);
    const found = (await client.getDataset("numbers")) as typeof future;
    expect(await found.result()).toEqual([1, 2, 3]);
    expect(await client.unpublishDataset("numbers")).toBe(true);
    expect((await failure(client.getDataset("numbers"))).code).toBe("MissingKey");
    await client.setMetadata(["a", "b"], 7);
    expect(await client.getMetadata("a")).toEqual({ b: 7 });
    expect(await client.getMetadata("c", { default: 1 })).toBe(1);
    const heard: unknown[] = [];
    await client.subscribeTopic("news", ({ message }) => heard.push(message));
    await client.logEvent(["news", "olds"], { n: 1 });
    await until(async () => heard.length > 0);
    await client.unsubscribeTopic("news");
    await client.logEvent("news", 2);
    expect(heard).toEqual([{ n: 1 }]);
    expect((await client.getEvents("news")).map(({ message }) => message)).toEqual([{ n: 1 }, 2]);
    expect(Object.keys(await client.getEvents())).toEqual(expect.arrayContaining(["news", "olds"]));
  });

  test("begins anew: futures are cancelled, workers come back with their plugins", async () => {
    await client.registerPlugin(new Environ({ HEDDLE_AGAIN: "yes" }));
    const pids = await client.run(() => process.pid);
    const future = client.submit(() => new Array(10).fill("old"));
    await future.result();
    await client.restart();
    expect(future.status).toBe("cancelled");
    const again = await client.run(() => [process.pid, process.env["HEDDLE_AGAIN"]]);
    expect(Object.values(again)).toHaveLength(workers);
    for (const [pid, variable] of Object.values(again)) {
      expect(variable).toBe("yes");
      if (engine === "processes") expect(Object.values(pids)).not.toContain(pid);
    }
    expect(await client.submit(() => "new").result()).toBe("new");
    await client.unregisterPlugin("Environ");
  });
});
