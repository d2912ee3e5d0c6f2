/**
 * @file Exchanges on a cluster of two processes: the results of the embedded engine, whether runs
 * of the other worker are read from disk or pulled from it; the equal result when a worker is
 * killed in the middle; and no file left of what is not needed any more.
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, config, isHeddleError, LocalCluster } from "heddle";
import * as da from "heddle/array";
import * as bags from "heddle/bag";
import * as nd from "heddle/ndarray";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

const threads = { scheduler: "threads" } as const;
const SIDE = 960;

let folder = "";
let cluster: LocalCluster;
let client: Client;

async function open(): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), "heddle-exchange-"));
  const shape = { nWorkers: 2, threadsPerWorker: 1, memoryLimit: "512MiB" };
  cluster = new LocalCluster({ ...shape, localDirectory: folder });
  client = new Client(cluster);
  await client.ready;
}

async function close(): Promise<void> {
  await client.close();
  await cluster.close();
  rmSync(folder, { recursive: true, force: true });
}

function drawn(): da.DistArray<"float64"> {
  return da.random.defaultRng(3).random([SIDE, SIDE], { chunks: [SIDE / 12, SIDE] });
}

interface Row {
  readonly key: number;
  readonly at: Date;
}

const cases = {
  "x + x.T": () => drawn().add(drawn().T).sum({ axis: 0 }),
  "rows to columns": () =>
    drawn()
      .rechunk([SIDE, SIDE / 12])
      .cumsum({ axis: 0 }),
  // Pieces of some megabytes each, which are pulled in several stretches.
  "few large pieces": () =>
    drawn()
      .rechunk([SIDE, SIDE / 2])
      .rechunk([SIDE / 2, SIDE]),
  "a bag by key": () =>
    bags
      .range(20_000, { npartitions: 9 })
      .groupby((i) => i % 37, { npartitions: 4 })
      .map(([key, items]) => [key, items.length, items.reduce((a, b) => a + b, 0)]),
  "items that need their classes": () =>
    bags
      .range(500, { npartitions: 4 })
      .map((i): Row => ({ key: i % 3, at: new Date(i) }))
      .groupby((row) => row.key, { npartitions: 3 })
      .map(([key, rows]) => [key, rows.map(({ at }) => at.getTime())]),
};

/** The same text for equal results. */
function plain(value: unknown): string {
  return JSON.stringify(nd.isNDArray(value) ? value.toArray() : value);
}

describe.each([
  ["read from disk", true],
  ["pulled from their worker", false],
])("runs %s", (_, nearby) => {
  beforeAll(async () => {
    config.set({ "array.rechunk.method": "exchange", "exchange.read-neighbours": nearby });
    await open();
  });
  afterAll(async () => {
    await close();
    config.set({ "array.rechunk.method": "auto", "exchange.read-neighbours": true });
  });

  test.each(Object.entries(cases))("%s", async (_name, make) => {
    const here: unknown = await make().compute(threads);
    const there: unknown = await make().compute({ scheduler: client });
    expect(plain(there)).toBe(plain(here));
  });

  test("files go with the values that they belong to", async () => {
    const held = await drawn()
      .rechunk([SIDE, SIDE / 12])
      .persist({ scheduler: client });
    await held.sum().compute({ scheduler: client });
    await vi.waitFor(
      () => expect(files(folder).filter((name) => name.includes("run-"))).toEqual([]),
      {
        timeout: 10_000,
      },
    );
  });
});

describe("a worker is killed", () => {
  beforeAll(async () => {
    config.set({ "array.rechunk.method": "exchange" });
    await open();
  });
  afterAll(async () => {
    await close();
    config.set({ "array.rechunk.method": "auto", "exchange.read-neighbours": true });
  });

  test.each(["write", "view"])("while tasks of %s run: the result is the same", async (stage) => {
    const make = () =>
      drawn()
        .mapBlocks(slowly)
        .rechunk([SIDE, SIDE / 12])
        .mapBlocks(slowly).T;
    const here = await make().compute(threads);
    const result = make().compute({ scheduler: client });
    const victim = await vi.waitFor(
      async () => {
        const { tasks } = (await client.dumpClusterState()) as unknown as State;
        const ofStage = tasks.filter(({ key }) => key.includes(stage));
        const done = ofStage.filter(({ state }) => state === "memory");
        expect(done.length).toBeGreaterThan(2);
        expect(done.length).toBeLessThan(ofStage.length);
        const { workers } = await client.schedulerInfo();
        return (workers[done[0]?.worker ?? ""] as unknown as { pid: number }).pid;
      },
      { timeout: 20_000, interval: 20 },
    );
    process.kill(victim, "SIGKILL");
    expect(plain(await result)).toBe(plain(here));
  });
});

test("a disk that refuses fails the exchange with a typed error", async () => {
  config.set({ "array.rechunk.method": "exchange" });
  await open();
  try {
    await client.submit(() => 1).result();
    rmSync(folder, { recursive: true, force: true });
    writeFileSync(folder, "no folder");
    const error: unknown = await drawn()
      .rechunk([SIDE, SIDE / 12])
      .sum()
      .compute({ scheduler: client })
      .catch((caught: unknown) => caught);
    const cause = isHeddleError(error, "TaskFailed") ? error.cause : error;
    expect(isHeddleError(cause, "SpillFailed"), String(cause)).toBe(true);
  } finally {
    await close();
    config.set({ "array.rechunk.method": "auto" });
  }
});

interface State {
  readonly tasks: readonly { key: string; state: string; worker?: string }[];
}

/** Takes its time, as a task does that computes something. */
function slowly<T>(block: T): T {
  const end = performance.now() + 60;
  while (performance.now() < end);
  return block;
}

function files(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" });
}
