/** @file Tasks that no worker may ever run are refused where workers cannot change. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { annotate, Client, delayed } from "../../../dist/index.js";
import { checkPlacement, type WorkerFacts } from "../../../src/cluster/placement.ts";

const workers: WorkerFacts[] = [
  { address: "tcp://a:1", name: "alice", resources: { GPU: 1 } },
  { address: "tcp://b:1", name: "bob", resources: { GPU: 2, DISK: 1 } },
];

describe("what may run somewhere", () => {
  test.each([
    [undefined],
    [{ priority: 1 }],
    [{ workers: ["bob"] }],
    [{ workers: ["nope", "tcp://a:1"] }],
    [{ workers: ["nope"], allowOtherWorkers: true }],
    [{ resources: { GPU: 2 } }],
    [{ workers: ["alice"], resources: { GPU: 1 } }],
  ])("%j", (options) => {
    expect(() => checkPlacement(workers, options, "f")).not.toThrow();
  });
});

describe("what may not", () => {
  test("workers that do not exist, with the nearest name", () => {
    expect(() => checkPlacement(workers, { workers: ["bobb"] }, "f")).toThrow(
      'f may run on "bobb" only, and there is no such worker; there are "alice", "tcp://a:1", ' +
        '"bob", "tcp://b:1". Did you mean "bob"? Leave workers out, or set allowOtherWorkers: true.',
    );
  });

  test("more of a resource than any worker has", () => {
    expect(() => checkPlacement(workers, { resources: { GPU: 3 } }, "f")).toThrow(
      "f needs GPU: 3, which no worker has: alice has GPU: 1, bob has GPU: 2, DISK: 1.",
    );
    expect(() => checkPlacement(workers, { resources: { GPUS: 1 } }, "f")).toThrow(
      'Did you mean "GPU"?',
    );
  });

  test("too little on the only worker that is allowed", () => {
    const options = { workers: ["alice"], resources: { GPU: 2 } };
    expect(() => checkPlacement(workers, options, "f")).toThrow(/alice has GPU: 1\./);
    // The named worker is there, so others are no way out.
    const others = { ...options, allowOtherWorkers: true };
    expect(() => checkPlacement(workers, others, "f")).toThrow(/alice has GPU: 1\./);
  });
});

describe("the embedded engine", () => {
  let client: Client;
  beforeAll(() => {
    client = new Client({ threads: 1, resources: { GPU: 1 } });
  });
  afterAll(() => client.close());
  const same = (x: number): number => x;

  test("submit and map throw at once", () => {
    const nowhere = client.options({ workers: ["inproc:/0"] });
    expect(() => nowhere.submit(same, 1)).toThrow(/Did you mean "inproc:\/\/0"\?/);
    expect(() => nowhere.map(same, [1])).toThrow(expect.objectContaining({ code: "NoWorkers" }));
    expect(() => client.options({ resources: { GPU: 2 } }).submit(same, 1)).toThrow(
      expect.objectContaining({ code: "ResourceUnsatisfied" }),
    );
  });

  test("annotated collections reject", async () => {
    const x = annotate({ workers: ["nope"] }, () => delayed(same)(1));
    await expect(x.compute({ scheduler: client })).rejects.toMatchObject({ code: "NoWorkers" });
    await expect(x.persist({ scheduler: client })).rejects.toMatchObject({ code: "NoWorkers" });
    const future = client.compute(delayed(same)(2), { resources: { TPU: 1 } });
    await expect(future.result()).rejects.toMatchObject({ code: "ResourceUnsatisfied" });
  });

  test("what is allowed elsewhere runs", async () => {
    const anywhere = client.options({ workers: ["nope"], allowOtherWorkers: true });
    expect(await anywhere.submit(same, 1).result()).toBe(1);
    const here = client.options({ workers: ["inproc://0"], resources: { GPU: 1 } });
    expect(await here.submit(same, 2).result()).toBe(2);
  });
});
