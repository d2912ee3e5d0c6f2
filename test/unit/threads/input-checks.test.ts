/** @file Validate mode finds tasks that change what they were given. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Client, isHeddleError } from "../../../dist/index.js";
import { type NDArray, ones } from "../../../dist/ndarray/index.js";
import { InputChecks } from "../../../src/threads/input-checks.ts";

test("bytes that are what they were are no problem; others name task and input", () => {
  const checks = new InputChecks();
  const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);
  checks.add("kept-1", new Uint8Array(8));
  checks.add("changed-1", bytes);
  expect(checks.problem("f-1")).toBeUndefined();
  bytes[99] = 0;
  expect(checks.problem("f-1")).toMatchObject({
    code: "InputMutated",
    fields: { task: "f-1", input: "changed-1" },
  });
});

describe("on task threads", () => {
  let client: Client;
  beforeAll(() => {
    client = new Client({ threads: 1, validate: true });
  });
  afterAll(() => client.close());
  const make = (n: number): NDArray => ones([n]);

  const causeOf = async (future: { exception(): Promise<Error | undefined> }): Promise<Error> => {
    const error = await future.exception();
    expect(isHeddleError(error, "TaskFailed")).toBe(true);
    return error?.cause as Error;
  };

  test("a task that changes its input fails, naming both", async () => {
    const spoil = (x: NDArray): number => {
      x.set(5, 0);
      return x.sum() as number;
    };
    const future = client.submit(spoil, client.submit(make, 1000));
    const cause = await causeOf(future);
    expect(isHeddleError(cause, "InputMutated")).toBe(true);
    expect(cause.message).toContain(`an input of task ${future.key}`);
  });

  test("one that does it later, too", async () => {
    const spoil = async (x: NDArray): Promise<number> => {
      await new Promise(setImmediate);
      x.fill(0);
      return 1;
    };
    const future = client.submit(spoil, client.submit(make, 2000));
    const cause = await causeOf(future);
    expect(isHeddleError(cause, "InputMutated")).toBe(true);
    expect(cause.message).toContain(future.key);
  });

  test("one that works on a copy does not", async () => {
    const change = (x: NDArray): number => {
      const own = x.copy();
      own.set(5, 0);
      return own.sum() as number;
    };
    const input = client.submit(make, 500);
    expect(await client.submit(change, input).result()).toBe(504);
    expect(await client.submit((x: NDArray) => x.sum() as number, input).result()).toBe(500);
  });

  test("inputs of the same graph are named by their keys", async () => {
    const { delayed } = await import("../../../dist/index.js");
    const made = delayed(make, { name: "made" })(300);
    const spoil = delayed((x: NDArray): number => {
      x.fill(1.5);
      return 1;
    });
    const error = await spoil(made)
      .compute({ scheduler: client, fuse: false })
      .catch((e: unknown) => e);
    expect((error as Error).message).toContain(`${made.key}, an input of task`);
  });

  test("tasks see what their thread's engine has: workers and resources", async () => {
    const { getClient } = await import("../../../dist/index.js");
    const future = client.submit(() => {
      getClient()
        .options({ workers: ["nowhere"] })
        .submit(Math.abs, 1);
    });
    expect((await causeOf(future)).message).toContain('there is "inproc://0"');
  });
});
