/** @file Functions that work on futures: one, a list, any iterable; anything else is refused. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asCompleted, Client, delayed, fireAndForget, wait } from "../../../dist/index.js";

let client: Client;
beforeAll(() => {
  client = new Client({ threads: 1 });
});
afterAll(() => client.close());

const same = (x: number): number => x;

test("one future stands for a list of one", async () => {
  const future = client.submit(same, 1);
  expect((await wait(future)).done).toEqual([future]);
  const seen = [];
  for await (const done of asCompleted(future)) seen.push(done);
  expect(seen).toEqual([future]);
  expect(Object.keys(await client.whoHas(future))).toEqual([future.key]);
  await client.retry(future);
  await client.cancel(future);
});

test("any iterable of futures will do", async () => {
  const list = client.map(same, [1, 2]);
  expect((await wait(new Set(list))).done).toHaveLength(2);
  expect((await wait(list)).notDone).toEqual([]);
});

describe("anything else is refused by name", () => {
  const uses: Record<string, (given: never) => unknown> = {
    wait: (given) => wait(given),
    asCompleted: (given) => asCompleted(given),
    fireAndForget: (given) => fireAndForget(given),
    "client.cancel": (given) => client.cancel(given),
    "client.retry": (given) => client.retry(given),
    "client.whoHas": (given) => client.whoHas(given),
  };
  test.each(Object.entries(uses))("%s", async (name, use) => {
    const attempt = async (given: unknown): Promise<unknown> => await use(given as never);
    const text = `${name} takes a future or a list of futures, but was given`;
    await expect(attempt(5)).rejects.toThrow(`${text} the number 5.`);
    await expect(attempt([5])).rejects.toThrow(`${text} at position 0 the number 5.`);
    await expect(attempt(undefined)).rejects.toThrow(`${text} nothing.`);
    await expect(attempt(delayed(same)(1))).rejects.toThrow("client.compute(collection)");
    await expect(attempt(Promise.resolve([]))).rejects.toThrow("await it first");
  });

  test("gather, which takes any structure, refuses what can hold no future", async () => {
    await expect(client.gather(5)).rejects.toThrow(/client.gather takes futures.*the number 5/);
    await expect(client.gather(Promise.resolve(1))).rejects.toThrow(/await it first/);
    await expect(client.gather(delayed(same)(1))).rejects.toThrow(/await its compute\(\)/);
  });
});

test("unknown options are refused", async () => {
  await expect(wait([], { returnwhen: "x" } as never)).rejects.toThrow('mean "returnWhen"');
  await expect(wait([], { returnWhen: "any" } as never)).rejects.toThrow(
    /it may be "allCompleted"/,
  );
  expect(() => asCompleted([], { withresults: true } as never)).toThrow('mean "withResults"');
  await expect(client.cancel([], { forse: true } as never)).rejects.toThrow('mean "force"');
  const x = delayed(same)(1);
  await expect(x.compute({ shceduler: "sync" } as never)).rejects.toThrow('mean "scheduler"');
  await expect(x.persist({ fused: true } as never)).rejects.toThrow('mean "fuse"');
});
