/** @file Jobs that a cluster publishes, as another program reads them. */
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { Client } from "../../../dist/index.js";
import { readJobTable } from "../../../dist/jobqueue/job-table.js";
import { JobPublisher, type JobSource } from "../../../dist/jobqueue/publish-jobs.js";

let client: Client;
let other: Client;

beforeAll(async () => {
  client = new Client({ embedded: true });
  other = new Client({ embedded: true });
  await client.ready;
});
afterAll(async () => {
  await client.close();
  await other.close();
});

const job = { id: "12", stage: "queued", state: "PENDING", group: "default" } as const;

it("what changes is written, and read by others; what does not is written once", async () => {
  let jobs: JobSource["jobs"] = [{ ...job, reason: "Priority", workers: [], submittedMs: 1 }];
  let writes = 0;
  const publisher = new JobPublisher({
    ...{ name: "mine", system: "slurm" },
    get jobs() {
      return jobs;
    },
    connect: async () => {
      writes += 1;
      return client.coordination.link;
    },
  });
  publisher.changed();
  publisher.changed();
  const read = async () => (await readJobTable(other, 1001)).jobs;
  await expect.poll(read).toEqual([
    {
      ...{ ...job, reason: "Priority", workers: [], submittedMs: 1 },
      ...{ cluster: "mine", system: "slurm", ageMs: 1000, running: 0 },
    },
  ]);
  jobs = [{ ...job, stage: "running", state: "RUNNING", workers: ["mine-12"], submittedMs: 1 }];
  publisher.changed();
  await expect.poll(async () => (await read())[0]?.state).toBe("RUNNING");
  expect(writes).toBe(2);
  publisher.close();
});

it("the rest waits while one is written, and nothing is written after the end", async () => {
  vi.useFakeTimers();
  let n = 0;
  const opened: ((error: Error) => void)[] = [];
  const publisher = new JobPublisher({
    ...{ name: "mine", system: "slurm" },
    get jobs() {
      n += 1;
      return [{ ...job, id: String(n), workers: [], submittedMs: 1 }];
    },
    connect: async () => await new Promise((_, reject) => opened.push(reject)),
  });
  publisher.changed();
  await vi.advanceTimersByTimeAsync(10_000);
  for (let i = 0; i < 5; i++) publisher.changed();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(opened).toHaveLength(1);
  opened[0]?.(new Error("no scheduler"));
  await vi.advanceTimersByTimeAsync(10_000);
  publisher.changed();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(opened).toHaveLength(2);
  publisher.close();
  opened[1]?.(new Error("no scheduler"));
  publisher.changed();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(opened).toHaveLength(2);
  vi.useRealTimers();
});
