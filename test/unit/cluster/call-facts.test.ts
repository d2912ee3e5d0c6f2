/** @file What is refused when a call is submitted, and what is said about it. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { group } from "../../../dist/cluster/index.js";
import { annotate, Client, compute, delayed, isHeddleError } from "../../../dist/index.js";
import { callFacts, type SubmitOptions } from "../../../src/cluster/call-facts.ts";

let client: Client;
beforeAll(() => {
  client = new Client({ threads: 1, resources: { GPU: 1 } });
});
afterAll(() => client.close());

const same = (x: unknown): unknown => x;

class Numbers extends Array<number> {}

class Counter {
  n = 0;
}

/** The error that `run` throws, or that its promise rejects with. */
async function errorOf(run: () => unknown): Promise<Error & { code: string; cause?: unknown }> {
  try {
    await run();
  } catch (error) {
    return error as never;
  }
  return expect.unreachable("it should have failed");
}

describe("options", () => {
  test.each([
    [{ retries: -3 }, /retries is -3; it may be a whole number from 0 on/],
    [{ retries: 1.5 }, /retries is 1.5/],
    [{ priority: "high" }, /priority is "high"; it may be a finite number/],
    [{ priority: Number.NaN }, /priority is NaN/],
    [{ workers: "" }, /workers is ""; it may be the name or address of a worker, or an array/],
    [{ workers: ["a", ""] }, /workers is \["a",""\]/],
    [{ workers: [] }, /workers is \[\]/],
    [{ resources: { GPU: -1 } }, /resources is \{"GPU":-1\}; it may be an object/],
    [{ concurrency: 0 }, /concurrency is 0; it may be a whole number from 1 on/],
    [{ allowOtherWorkers: "yes" }, /allowOtherWorkers is "yes"; it may be true or false/],
    [{ pure: 1 }, /pure is 1; it may be true or false/],
    [{ key: 5 }, /key is the number 5/],
    [{ retrys: 1 }, /has no option "retrys"; did you mean "retries"\?/],
  ])("%j is refused", (options, message) => {
    expect(() => client.options(options as never)).toThrow(message);
  });

  test("annotate refuses the same values", () => {
    expect(() => annotate({ retries: -1 }, () => 1)).toThrow(/annotate: retries is -1/);
  });

  test("undefined is an option that is not given", async () => {
    const options = { retries: undefined, workers: undefined } as unknown as SubmitOptions;
    expect(await client.options(options).submit(same, 3).result()).toBe(3);
  });
});

test("an equal call that may run elsewhere is another one", () => {
  const keyWith = (options: SubmitOptions) => callFacts(options, same, ["placed"]).key;
  const others: SubmitOptions[] = [
    {},
    { workers: "nope" },
    { workers: "nope", allowOtherWorkers: true },
    { workers: ["nope", "other"] },
    { resources: { GPU: 1 } },
    { resources: { GPU: 2 } },
  ];
  expect(new Set(others.map(keyWith)).size).toBe(others.length);
  expect(keyWith({ workers: ["nope"] })).toBe(keyWith({ workers: "nope" }));
  expect(keyWith({ retries: 3, priority: 1 })).toBe(keyWith({}));
});

describe("functions and arguments", () => {
  test.each([
    [() => client.submit(5 as never), /client.submit takes a function first.*the number 5/],
    [() => client.map({} as never, [1]), /client.map takes a function first.*a plain object/],
    [() => client.map(same, 5 as never), /client.map takes lists.*the number 5; client.submit/],
    [() => client.map(same, { a: 1 } as never), /client.map takes lists.*a plain object/],
    [
      () => client.submit(same, Promise.resolve(1)),
      /argument 0 of client.submit is a Promise: await/,
    ],
    [() => client.submit(same, [Promise.resolve(1)]), /value\[0\] is a Promise: await it first/],
    [() => client.map(same, [Promise.resolve(1)]), /is a Promise: await it first/],
    [() => client.scatter(Promise.resolve(1)), /is a Promise.*Await it first/],
    [() => (client as unknown as { scatter(): unknown }).scatter(), /takes a value or an array/],
    [() => client.submit(same, Numbers.of(1)), /value is a Numbers, a kind of Array, which/],
    [
      () => client.submit(Counter as never),
      /given the class Counter, which cannot be called.*actor: true \}\)\.submit\(Counter/,
    ],
    [() => client.map(Counter as never, [1]), /client.map was given the class Counter/],
    [
      () => (client.options({ actor: true }) as unknown as Client).map(Counter as never, [1]),
      /has no map: submit the class once for each actor.*submit\(Counter, x\)/,
    ],
    [
      () => client.options({ actor: true }).submit(same as never),
      /takes a class first.*the function same/,
    ],
    [() => group(2, (() => 1) as never), /group takes a size and a class.*the function/],
    [
      () => annotate({ retries: 2 }, undefined as never),
      /annotate: after its options it takes a f/,
    ],
    [() => client.scatter(1, { brodcast: true } as never), /did you mean "broadcast"/],
  ] as const)("is told what to do: %#", async (run, message) => {
    const error = await errorOf(run);
    expect(error.message).toMatch(message);
    expect(isHeddleError(error)).toBe(true);
  });

  test("what is called with and without new is a function", async () => {
    expect(await client.submit(String, 5).result()).toBe("5");
  });

  test("futures, lists and clients that a function captures are refused with the way out", () => {
    const future = client.submit(same, 1);
    const list = client.map(same, [1, 2]);
    expect(() => client.submit(() => future)).toThrow(
      /variable "future" is a Future.*pass the future as an argument of the task/,
    );
    expect(() => client.map((_: number) => list.length, [1])).toThrow(
      /variable "list" is a FutureList.*pass the list as an argument/,
    );
    expect(() => client.submit(() => client.threads)).toThrow(
      /variable "client" is a Client.*getClient\(\) inside the task/,
    );
  });

  test("a persisted collection that a function captures is refused with the way out", async () => {
    const kept = await delayed(same)(5).persist({ scheduler: client });
    expect(() => client.submit(() => kept.compute())).toThrow(/Pass the future or the collection/);
    expect(await client.submit(same, kept).result()).toBe(5);
  });

  test("a task that returns a future is told to return its value", async () => {
    const { getClient } = await import("../../../dist/index.js");
    const future = client.submit(() => getClient().submit((x: number) => x, 1));
    expect((await future.exception())?.message).toMatch(/returns await future.result\(\)/);
  });
});

describe("workers and resources that do not exist", () => {
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

  test("one worker needs no list", async () => {
    const here = client.options({ workers: "inproc://0" });
    expect(await here.submit(same, 3).result()).toBe(3);
    expect(await here.map(same, [4]).results()).toEqual([4]);
    expect(() => client.options({ workers: "nope" }).submit(same, 1)).toThrow(
      expect.objectContaining({ code: "NoWorkers" }),
    );
    const made = annotate({ workers: "nope" }, () => delayed(same)(1));
    await expect(made.compute({ scheduler: client })).rejects.toMatchObject({ code: "NoWorkers" });
    const future = client.compute(delayed(same)(2), { workers: "nope" });
    await expect(future.result()).rejects.toMatchObject({ code: "NoWorkers" });
  });
});

test("a result that cannot travel is spoken of as a result", async () => {
  const future = client.submit(() => ({ rows: [1, new WeakMap()] }));
  const error = await errorOf(() => future.result());
  expect(error.cause).toMatchObject({
    code: "NotSerializable",
    message: expect.stringMatching(/^result\.rows\[1\] is a WeakMap, which cannot be sent/),
  });
});

describe("what tasks throw", () => {
  test.each<[string, unknown]>([
    ["{ a: 1, b: [ 1, 2 ] }", { a: 1, b: [1, 2] }],
    ["'text'", "text"],
    ["null", null],
    ["Map(1) { 'k' => 1 }", new Map([["k", 1]])],
  ])("%s is shown, and is the cause", async (shown, thrown) => {
    const fail = (value: unknown): never => {
      throw value;
    };
    const remote = await errorOf(() => client.submit(fail, thrown).result());
    const local = await errorOf(() => delayed(fail)(thrown).compute({ scheduler: "sync" }));
    for (const error of [remote, local]) {
      expect(isHeddleError(error, "TaskFailed")).toBe(true);
      expect(error.message.endsWith(`failed: ${shown}`)).toBe(true);
      expect(error.cause).toEqual(thrown);
    }
  });

  test("a rejection without a reason says undefined; what is large is cut", async () => {
    const none = client.submit(() => Promise.reject(undefined));
    expect((await none.exception())?.message).toMatch(/failed: undefined$/);
    const large = client.submit(() => {
      throw "x".repeat(1e6);
    });
    const error = await large.exception();
    expect(error?.message.length).toBeLessThan(400);
    expect(error?.cause).toHaveLength(1e6);
  });

  test("what cannot travel is shown all the same", async () => {
    const future = client.submit(() => {
      throw { id: 7, secret: new WeakMap() };
    });
    expect((await future.exception())?.message).toMatch(/id: 7.*WeakMap.*cannot be sent/s);
  });
});

describe("calls of equal functions with arguments that these can tell apart", () => {
  const shared = { z: 1 };
  test.each<[string, (value: never) => unknown, unknown, unknown]>([
    [
      "keys in another order",
      (row: object) => Object.keys(row).join(),
      { d: 1, p: 2 },
      { p: 2, d: 1 },
    ],
    ["keys as JSON", (row: object) => JSON.stringify(row), { d: 1, p: 2 }, { p: 2, d: 1 }],
    [
      "a Map in another order",
      (map: object) => [...(map as Map<number, 1>).keys()].join(),
      new Map([
        [1, 1],
        [2, 1],
      ]),
      new Map([
        [2, 1],
        [1, 1],
      ]),
    ],
    [
      "a Set in another order",
      (set: object) => [...(set as Set<number>)].join(),
      new Set([1, 2]),
      new Set([2, 1]),
    ],
    [
      "bytes and a Buffer",
      (bytes: object) => bytes.toString(),
      Buffer.from("hi"),
      new Uint8Array([104, 105]),
    ],
    ["no prototype", (value: object) => typeof value.toString, Object.create(null), {}],
    [
      "one object twice",
      (pair: object[]) => pair[0] === pair[1],
      [shared, shared],
      [{ z: 1 }, { z: 1 }],
    ],
  ] as never)("%s: have results of their own", async (_, fn, one, other) => {
    const expected = [fn(one as never), fn(other as never)];
    expect(expected[0]).not.toEqual(expected[1]);
    const futures = [client.submit(fn, one as never), client.submit(fn, other as never)];
    expect(await client.gather(futures)).toEqual(expected);
    const lazy = delayed(fn, { pure: true });
    expect(await compute(lazy(one as never), lazy(other as never))).toEqual(expected);
    expect(client.submit(fn, structuredClone(one) as never).key).toBe(
      client.submit(fn, structuredClone(one) as never).key,
    );
  });

  test("instances of classes that have captured something else", async () => {
    const make = (n: number) => {
      class Scale {
        factor(): number {
          return n;
        }
      }
      return new Scale();
    };
    const factor = (scale: { factor(): number }): number => scale.factor();
    const futures = [client.submit(factor, make(1)), client.submit(factor, make(2))];
    expect(await client.gather(futures)).toEqual([1, 2]);
  });
});
