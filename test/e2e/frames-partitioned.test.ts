/**
 * @file Frames in partitions on a cluster of two processes: the results of one query; and the same
 * when a worker is killed in the middle of a join.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import {
  type DataFrame,
  fromDelayed,
  readParquet,
  TableEngine,
} from "../../dist/dataframe/index.js";
import { Client, config, LocalCluster, wait } from "../../dist/index.js";
import {
  compare,
  type Make,
  ordered,
  type Sale,
  salesFiles,
  unordered,
} from "../conformance/frame-cases.ts";

let folder = "";
let files: DataFrame<Sale>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "heddle-partitioned-"));
  files = await salesFiles(folder);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("on a cluster of two processes", () => {
  let cluster: LocalCluster;
  let client: Client;
  beforeAll(async () => {
    cluster = new LocalCluster({ nWorkers: 2, threadsPerWorker: 1, memoryLimit: "512MiB" });
    client = new Client(cluster);
    await client.ready;
  });
  afterAll(async () => {
    config.set({ "exchange.read-neighbours": true });
    await client.close();
    await cluster.close();
  });

  test.each(Object.entries({ ...ordered, ...unordered }))("%s", (name, make) =>
    compare(make, files, { scheduler: client }, name in unordered),
  );

  test("frames of futures are planned by the futures' sizes", async () => {
    const make = (i: number) => ({ k: Float64Array.from({ length: 100 }, (_, j) => (i + j) % 3) });
    const futures = client.map(
      make,
      Array.from({ length: 20 }, (_, i) => i),
    );
    await wait(futures);
    const frame = fromDelayed<{ k: number }>([...futures], { schema: { k: "float64" } });
    const isCut = (): boolean => frame.groupby("k").size().explain().includes("== Partitions");
    // Twenty partitions of unknown size would be cut.
    expect(isCut()).toBe(true);
    const counts = await frame.groupby("k").size().toRecords({ scheduler: client });
    expect(counts.reduce((sum, { size }) => sum + size, 0)).toBe(2000);
    expect(isCut()).toBe(false);
  });

  test.each([
    ["inner join", unordered["inner join"] as Make],
    ["an order with ties", ordered["an order with ties"] as Make],
  ])("%s, pulled from the other worker", (name, make) => {
    config.set({ "exchange.read-neighbours": false });
    return compare(make, files, { scheduler: client }, name in unordered);
  });
});

interface State {
  readonly tasks: readonly { key: string; state: string; worker?: string }[];
}

const ROWS = 1_500_000;

/** Two frames whose keys meet in another order, as files of several row groups. */
function writeSides(): void {
  const engine = TableEngine.open({ threads: 1 });
  for (const [name, id] of [
    ["left", "i"],
    ["right", `${ROWS} - i`],
  ]) {
    engine.query(
      `COPY (SELECT (${id}) AS id, ((${id}) * 7919 % 1000003)::DOUBLE AS ${name}, ` +
        `'text ' || (${id}) % 1000 AS note FROM range(${ROWS}) t(i)) ` +
        `TO '${join(folder, `${name}.parquet`)}' (FORMAT parquet, ROW_GROUP_SIZE 122880)`,
    );
  }
  engine.close();
}

describe("a worker is killed during a join", () => {
  let cluster: LocalCluster;
  let client: Client;
  beforeAll(async () => {
    writeSides();
    config.set({ "dataframe.fragment": "partitioned" });
    cluster = new LocalCluster({ nWorkers: 2, threadsPerWorker: 1, memoryLimit: "512MiB" });
    client = new Client(cluster);
    await client.ready;
  });
  afterAll(async () => {
    config.set({ "dataframe.fragment": "auto" });
    await client.close();
    await cluster.close();
  });

  test.each([
    ["its runs are written", "merge-write", 1],
    ["its partitions are joined", "aggregate", 2],
  ])("while %s: the result is right", async (_, stage, round) => {
    const left = readParquet<{ id: number; left: number; note: string }>(
      join(folder, "left.parquet"),
    );
    const right = readParquet<{ id: number; right: number; note: string }>(
      join(folder, "right.parquet"),
    );
    const joined = left.filter((r) => r.id.ge(-round)).merge(right, { on: "id", how: "outer" });
    const result = joined
      .agg((r) => ({
        rows: r.id.size(),
        pairs: r.left.sub(r.right).count(),
        away: r.left.sub(r.right).abs().max(),
        notes: r.note_y.max(),
      }))
      .toRecords({ scheduler: client });
    const victim = await vi.waitFor(
      async () => {
        const { tasks } = (await client.dumpClusterState()) as unknown as State;
        const ofStage = tasks.filter(({ key }) => key.startsWith(stage));
        const done = ofStage.filter(({ state }) => state === "memory");
        expect(done.length).toBeGreaterThan(1);
        expect(done.length).toBeLessThan(ofStage.length);
        const { workers } = await client.schedulerInfo();
        return (workers[done[0]?.worker ?? ""] as unknown as { pid: number }).pid;
      },
      { timeout: 60_000, interval: 10 },
    );
    process.kill(victim, "SIGKILL");
    expect(await result).toEqual([{ rows: ROWS + 1, pairs: ROWS - 1, away: 0, notes: "text 999" }]);
  });
});
