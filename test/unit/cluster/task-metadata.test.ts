import { afterAll, beforeAll, expect, test } from "vitest";
import { getTaskMetadata } from "../../../dist/cluster/index.js";
import { Client, span } from "../../../dist/index.js";

let client: Client;

beforeAll(() => {
  client = new Client({ threads: 1 });
});
afterAll(async () => await client.close());

test("tells of the tasks that ended while a function ran", async () => {
  const before = client.options({ key: "before" }).submit(() => "before");
  await before.result();
  await client
    .options({ key: "last" })
    .submit(() => "last")
    .result();
  const spin = (): string => {
    for (let end = performance.now() + 20; performance.now() < end; );
    return "mine";
  };
  const mine = span("here", () => client.options({ key: "mine" }).submit(spin));
  const bad = client.options({ key: "bad" }).submit(() => {
    throw new Error("no");
  });
  const { value, tasks } = await getTaskMetadata(
    async () => {
      await bad.exception();
      return await mine.result();
    },
    { client },
  );
  expect(value).toBe("mine");
  expect(tasks["mine"]).toMatchObject({
    ...{ name: "spin", worker: "inproc://0", thread: 0, status: "finished", span: ["here"] },
  });
  expect(tasks["mine"]?.durationMs).toBeGreaterThan(10);
  expect(tasks["bad"]).toMatchObject({ status: "error" });
  expect(tasks["before"]).toBeUndefined();
});
