/** @file Variables on the embedded engine. */
import { beforeAll, expect, test } from "vitest";
import { type Client, type Future, isHeddleError, Variable, wait } from "../../../../dist/index.js";
import { startEngine } from "../../../support/engines.ts";

let client: Client;

beforeAll(async () => {
  const started = await startEngine("embedded", 2, { memoryLimit: "128MiB" });
  client = started.client;
  return started.close;
});

test("who gets it waits until it is set, and sees what was set last", async () => {
  const variable = new Variable<number>("number");
  const task = client.submit(async (variable: Variable<number>) => await variable.get(), variable);
  const late = variable.get({ timeoutMs: 1 });
  await expect(late).rejects.toSatisfy((error) => isHeddleError(error, "Timeout"));
  await variable.set(1);
  expect(await task.result()).toBe(1);
  await variable.set(2);
  expect(await new Variable("number").get()).toBe(2);
  await variable.delete();
  const again = variable.get();
  await variable.set(3);
  expect(await again).toBe(3);
});

test("keeps a future until another is set, and gives it to as many as want it", async () => {
  const variable = new Variable<Future<string>>("future");
  const first = client.submit(() => "first");
  await variable.set(first);
  await wait([first]);
  first.release();
  const got = await Promise.all([variable.get(), variable.get()]);
  await variable.set(client.submit(() => "second"));
  expect(await client.gather(got)).toEqual(["first", "first"]);
  const inTask = client.submit(async () => await (await variable.get()).result());
  expect(await inTask.result()).toBe("second");
  await variable.delete();
});
