import { beforeAll, describe, expect, test } from "vitest";
import * as da from "../../../dist/array/index.js";
import type { Client } from "../../../dist/index.js";
import { ENGINES, startEngine } from "../../support/engines.ts";

describe.each(ENGINES)("tasks of %s run again here", (engine) => {
  let client: Client;

  beforeAll(async () => {
    const started = await startEngine(engine, 1);
    client = started.client;
    return started.close;
  });

  const where = (_: unknown): string => `${process.pid} ${"argv" in process}`;
  const list = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
  const sum = (values: readonly number[], more: { plus: number }): number =>
    values.reduce((a, b) => a + b, more.plus);

  test("in this process, with their literals and inputs", async () => {
    const values = client.submit(list, 5);
    const total = client.submit(sum, values, { plus: 100 });
    expect(await total.result()).toBe(110);
    // Made again: nobody keeps it.
    values.release();
    expect(await client.recreateTaskLocally(total)).toBe(110);
    const [, second] = client.map(where, [1, 2]);
    if (second === undefined) throw new Error("no future");
    expect((await client.recreateTaskLocally(second)).split(" ")[0]).toBe(String(process.pid));
    expect((await second.result()) === where(0)).toBe(engine === "embedded");
    const numbers = client.map((x: number) => x * 2, [1, 2, 3]);
    const last = numbers.at(-1);
    if (last === undefined) throw new Error("no future");
    expect(await client.recreateTaskLocally(last)).toBe(6);
  });

  test("the failure of another task is found, and thrown as it is", async () => {
    const fails = (x: number): number => {
      throw new RangeError(`no ${x}`);
    };
    const bad = client.submit(fails, 7);
    const after = client.submit((x: number) => x, bad);
    await expect(client.recreateErrorLocally(after)).rejects.toBeInstanceOf(RangeError);
    await expect(client.recreateErrorLocally(after)).rejects.toThrow("no 7");
    const fine = client.submit(() => 1);
    await expect(client.recreateErrorLocally(fine)).rejects.toThrow("did not fail");
  });

  test("what a client has brought was made by no task", async () => {
    const brought = client.scatter([1, 2, 3]).at(0);
    if (brought === undefined) throw new Error("no future");
    await expect(client.recreateTaskLocally(brought)).rejects.toMatchObject({
      code: "NotSupported",
    });
  });

  test("blocks of collections run here, too", async () => {
    const future = client.compute(da.arange(10, { chunks: 10 }).add(1).sum());
    expect(Number(await client.recreateTaskLocally(future))).toBe(55);
  });
});
