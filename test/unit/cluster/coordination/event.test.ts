/** @file Events on the embedded engine. */
import { beforeAll, expect, test } from "vitest";
import { type Client, Event } from "../../../../dist/index.js";
import { startEngine } from "../../../support/engines.ts";

let client: Client;

beforeAll(async () => {
  const started = await startEngine("embedded", 2, { memoryLimit: "128MiB" });
  client = started.client;
  return started.close;
});

test("setting it lets all tasks go on that wait for it", async () => {
  const event = new Event("start");
  const tasks = client.map(
    async (_: number, event: Event) => await event.wait(),
    [1, 2, 3, 4, 5],
    Array(5).fill(event) as Event[],
  );
  expect(await client.submit(() => "not held up").result()).toBe("not held up");
  expect(tasks.doneCount).toBe(0);
  await event.set();
  expect(await tasks.results()).toEqual(Array(5).fill(true));
});

test("is not set at first, and again after it was cleared", async () => {
  const event = new Event();
  expect([await event.isSet(), await event.wait({ timeoutMs: 1 })]).toEqual([false, false]);
  await event.set();
  await event.set();
  expect([await event.isSet(), await event.wait()]).toEqual([true, true]);
  await event.clear();
  await event.clear();
  expect([await event.isSet(), await event.wait({ timeoutMs: 0 })]).toEqual([false, false]);
  expect(String(new Event("named"))).toBe('Event("named")');
  expect(new Event().name).not.toBe(new Event().name);
});
