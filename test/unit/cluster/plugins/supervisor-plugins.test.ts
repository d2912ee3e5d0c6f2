/** @file Plugins of schedulers and supervisors, on clusters of processes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { SchedulerUploadFile } from "../../../../dist/cluster/index.js";
import { SubprocessCluster } from "../../../../dist/deploy/index.js";
import { Client, LocalCluster } from "../../../../dist/index.js";

const folder = mkdtempSync(join(tmpdir(), "heddle-plugins-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const clusters = {
  LocalCluster: (environ: Record<string, string>) =>
    new LocalCluster({ nWorkers: 1, threadsPerWorker: 1, dashboardAddress: null, environ }),
  SubprocessCluster: (environ: Record<string, string>) =>
    new SubprocessCluster({ nWorkers: 1, nThreads: 1, environ }),
};

const pidOf = async (client: Client): Promise<number | undefined> =>
  Object.values((await client.schedulerInfo()).workers)[0]?.pid;

describe.each(Object.keys(clusters) as (keyof typeof clusters)[])("%s", (kind) => {
  test("a plugin runs where workers are supervised, which may restart them", async () => {
    const cluster = clusters[kind]({});
    const client = cluster.getClient();
    await client.waitForWorkers(1, { timeoutMs: 30_000 });
    const pid = await pidOf(client);
    const file = join(folder, `${kind}.txt`);
    const plugin = {
      name: "sitter",
      restart: true,
      file,
      async setup(this: { file: string }, { workers }: { workers: readonly string[] }) {
        const { writeFileSync: write } = await import("node:fs");
        write(this.file, `${process.pid} ${workers.length}`);
        // What a supervisor sets, the processes that follow inherit.
        process.env["HEDDLE_SITTER"] = "there";
      },
      async teardown(this: { file: string }) {
        const { writeFileSync: write } = await import("node:fs");
        write(this.file, "ended");
      },
    };
    await client.registerPlugin(plugin, { target: "supervisors" });
    const [supervisor, workers] = readFileSync(file, "utf8").split(" ").map(Number);
    expect(workers).toBe(1);
    expect(supervisor === process.pid).toBe(kind === "LocalCluster");
    await client.waitForWorkers(1, { timeoutMs: 30_000 });
    const seen = client.submit(() => [process.pid, process.env["HEDDLE_SITTER"]]);
    const [newPid, sitter] = (await seen.result()) as [number, string];
    expect(newPid).not.toBe(pid);
    expect(newPid).not.toBe(supervisor);
    if (kind === "SubprocessCluster") expect(sitter).toBe("there");
    await client.unregisterPlugin("sitter", { target: "supervisors" });
    expect(readFileSync(file, "utf8")).toBe("ended");
    const bad = {
      setup() {
        throw new RangeError("not today");
      },
    };
    const refused = client.registerPlugin(bad, { target: "supervisors", name: "bad" });
    await expect(refused).rejects.toMatchObject({ cause: { message: "not today" } });
    const unknown = client.unregisterPlugin("bad", { target: "supervisors" });
    await expect(unknown).rejects.toThrow("no plugin");
    await client.close();
    await cluster.close();
  }, 60_000);
});

test("the embedded engine has no supervisor", async () => {
  await Client.with({ threads: 1 }, async (client) => {
    const refused = client.registerPlugin({ setup: () => 1 }, { target: "supervisors" });
    await expect(refused).rejects.toMatchObject({ code: "NotSupported" });
  });
});

test("a scheduler's plugins hear of topics, choose who may go, and hear of the end", async () => {
  const cluster = new LocalCluster({ nWorkers: 2, threadsPerWorker: 1, dashboardAddress: null });
  const client = new Client(cluster);
  await client.waitForWorkers(2);
  const file = join(folder, "scheduler.txt");
  const upload = join(folder, "upload.txt");
  writeFileSync(upload, "uploaded");
  await client.registerPlugin(new SchedulerUploadFile(upload));
  const chooser = {
    name: "chooser",
    kept: "",
    heard: [] as string[],
    file,
    async start(scheduler: { workers: readonly string[]; localDirectory: string }) {
      const { readFileSync: readNow } = await import("node:fs");
      this.kept = scheduler.workers[0] as string;
      this.heard.push(readNow(`${scheduler.localDirectory}/upload.txt`, "utf8"));
    },
    validWorkersDownscaling(workers: readonly string[]) {
      return workers.filter((address) => address !== this.kept);
    },
    logEvent(topic: string, message: unknown) {
      this.heard.push(`${topic} ${JSON.stringify(message)}`);
    },
    async beforeClose() {
      const { writeFileSync: write } = await import("node:fs");
      write(this.file, this.heard.join("\n"));
    },
  };
  await client.registerPlugin(chooser);
  const [first] = Object.keys((await client.schedulerInfo()).workers);
  await client.logEvent(["a", "b"], { n: 1 });
  await cluster.scale(0);
  expect(Object.keys((await client.schedulerInfo()).workers)).toEqual([first]);
  expect(await client.retireWorkers({ count: 2 })).toEqual([]);
  expect(cluster.workers).toBe(1);
  await client.close();
  await cluster.close();
  expect(readFileSync(file, "utf8").split("\n")).toEqual(["uploaded", 'a {"n":1}', 'b {"n":1}']);
}, 60_000);
