/** @file Which client things with a name belong to. */
import { expect, test } from "vitest";
import { Client, Event, Lock, Queue, Semaphore, Variable } from "../../../../dist/index.js";

test("they stay with the client that they were made with, also when it is closed", async () => {
  await using outer = new Client({ threads: 1 });
  const inner = new Client({ threads: 1 });
  const queue = new Queue<string>("named");
  await using later = new Client({ threads: 1 });
  await queue.put("kept");
  expect(await new Queue("named", { client: inner }).qsize()).toBe(1);
  expect(await new Queue("named", { client: later }).qsize()).toBe(0);
  const lock = new Lock("named", { client: inner });
  const event = new Event("named", { client: inner });
  const variable = new Variable("named", { client: inner });
  const semaphore = new Semaphore({ name: "named", maxLeases: 1, client: inner });
  await inner.close();
  const uses = [
    () => queue.qsize(),
    () => queue.put("lost"),
    () => lock.acquire(),
    () => event.isSet(),
    () => variable.get(),
    () => semaphore.acquire(),
  ];
  for (const use of uses) await expect(use()).rejects.toMatchObject({ code: "CommClosed" });
  expect(await new Queue("named", { client: outer }).qsize()).toBe(0);
});

test("made before any client, they belong to the first with which they are used", async () => {
  const queue = new Queue<number>("early");
  await using first = new Client({ threads: 1 });
  await queue.put(1);
  await using second = new Client({ threads: 1 });
  expect(await queue.qsize()).toBe(1);
  expect(await new Queue("early", { client: second }).qsize()).toBe(0);
  expect(await new Queue("early", { client: first }).qsize()).toBe(1);
});
