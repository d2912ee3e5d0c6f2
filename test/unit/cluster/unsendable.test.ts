/** @file Messages that cannot be encoded, or that the scheduler does not believe. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Client, Event, LocalCluster, Lock, MultiLock, Queue } from "../../../dist/index.js";

const SYMBOL = Symbol("s") as never;
const ENGINES = ["embedded", "processes"] as const;

describe.each(ENGINES)("on %s", (engine) => {
  let cluster: LocalCluster;
  let client: Client;

  beforeAll(async () => {
    cluster = new LocalCluster({
      nWorkers: 1,
      threadsPerWorker: 1,
      dashboardAddress: null,
      processes: engine === "processes",
    });
    client = new Client(cluster);
    await client.ready;
  });

  afterAll(async () => {
    await client.close();
    await cluster.close();
  });

  test("whoever asked for what cannot be sent hears why, and nobody else is hurt", async () => {
    const link = cluster.engine.connect();
    const others = link.control({ kind: "versions" });
    const bad = [
      link.control({ kind: "unregister", target: "workers", name: SYMBOL }),
      link.query(SYMBOL),
      link.coordination.ask({ kind: "topic-events", topic: SYMBOL }),
    ];
    for (const one of bad) {
      await expect(one).rejects.toMatchObject({
        code: expect.stringMatching(/^(InvalidArgument|NotSerializable)$/),
      });
    }
    expect(await others).toHaveProperty("scheduler");
    expect(await link.control({ kind: "versions" })).toHaveProperty("scheduler");
    link.close("the test is over");
  });

  const NAN = Number.NaN;
  const CALLS: Record<string, (own: Client) => unknown> = {
    "scatter({ workers: null })": (own) => own.scatter([1], { workers: null as never }),
    "scatter({ workers: [] })": (own) => own.scatter([1], { workers: [] }),
    "cancel({ force: 1 })": (own) => own.cancel(own.submit(Math.sqrt, 4), { force: 1 as never }),
    "future.cancel({ force: 1 })": (own) => own.submit(Math.sqrt, 4).cancel({ force: SYMBOL }),
    "getEvents(symbol)": (own) => own.getEvents(SYMBOL),
    "subscribeTopic(symbol)": (own) => own.subscribeTopic(SYMBOL, () => undefined),
    "subscribeTopic(nothing)": (own) => own.subscribeTopic(undefined as never, () => undefined),
    "unsubscribeTopic(5)": (own) => own.unsubscribeTopic(5 as never),
    "logEvent(symbol)": (own) => own.logEvent(SYMBOL, 1),
    "logEvent(5)": (own) => own.logEvent(5 as never, 1),
    "setMetadata(symbol)": (own) => own.setMetadata(SYMBOL, 1),
    "setMetadata([5])": (own) => own.setMetadata([5] as never, 1),
    "setMetadata(.., nothing)": (own) => own.setMetadata("k", undefined as never),
    "setMetadata(.., symbol)": (own) => own.setMetadata("k", SYMBOL),
    "setMetadata(.., 5n)": (own) => own.setMetadata("k", 5n as never),
    "setMetadata(.., { a: nothing })": (own) => own.setMetadata("k", { a: undefined as never }),
    "getMetadata(5)": (own) => own.getMetadata(5 as never),
    "getTaskStream({ count: symbol })": (own) => own.getTaskStream({ count: SYMBOL }),
    "getTaskStream({ start: 5 })": (own) => own.getTaskStream({ start: 5 as never }),
    "unregisterPlugin(symbol)": (own) => own.unregisterPlugin(SYMBOL),
    "unregisterPlugin(nothing)": (own) => own.unregisterPlugin(undefined as never),
    "publishDataset(5)": (own) => own.publishDataset(5 as never, 1),
    "getDataset(nothing)": (own) => own.getDataset(undefined as never),
    "unpublishDataset(5)": (own) => own.unpublishDataset(5 as never),
    "uploadFile(5)": (own) => own.uploadFile(5 as never),
    "get(graph, 5)": (own) => own.get({ x: 1 }, 5 as never),
    "asCurrent(5)": (own) => own.asCurrent(5 as never),
    "asCurrent(class {})": (own) => own.asCurrent(class {} as never),
    "recreateTaskLocally(5)": (own) => own.recreateTaskLocally(5 as never),
    "recreateErrorLocally(null)": (own) => own.recreateErrorLocally(null as never),
    "restart({ timeoutMs: 5s })": (own) => own.restart({ timeoutMs: "5s" as never }),
    "Queue maxsize symbol": (own) => new Queue("q", { client: own, maxsize: SYMBOL }).put(1),
    "Queue maxsize NaN": (own) => new Queue("q", { client: own, maxsize: NAN }).put(1),
    "Queue.get({ batch: NaN })": (own) => new Queue("q", { client: own }).get({ batch: NAN }),
    "Queue.get({ batch: null })": (own) =>
      new Queue("q", { client: own }).get({ batch: null as never }),
    "Lock timeoutMs NaN": (own) => new Lock("l", { client: own }).acquire({ timeoutMs: NAN }),
    "Lock leaseTimeoutMs 5s": (own) =>
      new Lock("l", { client: own, leaseTimeoutMs: "5s" as never }).acquire(),
    "MultiLock numLocks NaN": (own) =>
      new MultiLock(["a", "b"], { client: own }).acquire({ numLocks: NAN }),
    "MultiLock numLocks symbol": (own) =>
      new MultiLock(["a", "b"], { client: own }).acquire({ numLocks: SYMBOL }),
    "Event timeoutMs NaN": (own) => new Event("e", { client: own }).wait({ timeoutMs: NAN }),
  };

  test.each(Object.entries(CALLS))("%s is refused before anything is sent", async (_, call) => {
    await expect((async () => await call(client))()).rejects.toMatchObject({
      code: "InvalidArgument",
    });
    expect(await client.submit(Math.sqrt, 16).result()).toBe(4);
  });
});

test("what a callback of a future throws is a warning, and none is an error at once", async () => {
  await using cluster = new LocalCluster({ processes: false, threadsPerWorker: 1 });
  const client = new Client(cluster);
  const future = client.submit(Math.sqrt, 4);
  expect(() => future.addDoneCallback(5 as never)).toThrow("takes a function");
  const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
  future.addDoneCallback(() => {
    throw new Error("in the callback");
  });
  expect((await warned).message).toMatch(/a callback of the future .* failed: .*in the callback/);
  await client.close();
});

test("a client that is thrown out for what it sent hears that", async () => {
  await using cluster = new LocalCluster({
    nWorkers: 1,
    threadsPerWorker: 1,
    dashboardAddress: null,
  });
  const link = cluster.engine.connect();
  await cluster.waitForWorkers(1);
  await expect(
    link.coordination.ask({ kind: "dataset-get", name: 5 as never }),
  ).rejects.toMatchObject({
    code: "ProtocolError",
    message: expect.stringContaining('the operation "dataset-get"'),
  });
  await expect(link.control({ kind: "versions" })).rejects.toThrow("for what it sent");
});
