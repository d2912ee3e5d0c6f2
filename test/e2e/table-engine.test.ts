/**
 * @file The table engine from several threads: stopping a query from outside, what a running query
 * does to the rest of the process, and frames larger than the engine's memory. From `dist`: workers
 * cannot load TypeScript on Node 20.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

const table = new URL("../../dist/table/index.js", import.meta.url).href;
const { InterruptCell, configureTableEngine, closeTableEngine } = (await import(
  table
)) as typeof import("../../src/table/index.ts");
const frames = (await import(
  new URL("../../dist/dataframe/index.js", import.meta.url).href
)) as typeof import("../../src/dataframe/index.ts");

/**
 * A thread that runs the queries it is sent on an engine of its own, and answers with rows or an
 * error's code.
 */
const SOURCE = `
import { parentPort, workerData } from "node:worker_threads";
const { TableEngine, InterruptCell } = await import(workerData.table);
const engine = TableEngine.open({ threads: 1 }, new InterruptCell(workerData.cell));
parentPort.on("message", (sql) => {
  if (sql === null) { engine.close(); parentPort.close(); return; }
  // Without describing it first, so that the first run that the cell shows is the query itself.
  const session = engine.session();
  try { parentPort.postMessage({ rows: session.execute(sql).toRecords() }); }
  catch (error) { parentPort.postMessage({ code: error.code, message: error.message }); }
  finally { session.close(); }
});
parentPort.postMessage({ rows: [] });
`;

interface Answer {
  rows?: Record<string, unknown>[];
  code?: string;
}

class QueryThread {
  readonly cell = new InterruptCell();
  readonly #worker: Worker;

  constructor() {
    const url = new URL(`data:text/javascript,${encodeURIComponent(SOURCE)}`);
    this.#worker = new Worker(url, { workerData: { table, cell: this.cell.words.buffer } });
  }

  answer(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#worker.once("message", resolve);
      this.#worker.once("error", reject);
    });
  }

  send(sql: string): Promise<Answer> {
    const answer = this.answer();
    this.#worker.postMessage(sql);
    return answer;
  }

  async close(): Promise<number> {
    this.#worker.postMessage(null);
    return await new Promise((resolve) => this.#worker.once("exit", resolve));
  }
}

const LONG = "SELECT count(*) AS n FROM range(30000) a, range(30000) b, range(30000) c";

let threads: QueryThread[] = [];
async function start(count: number): Promise<QueryThread[]> {
  threads = Array.from({ length: count }, () => new QueryThread());
  await Promise.all(threads.map((thread) => thread.answer()));
  return threads;
}
afterEach(async () => {
  await Promise.all(threads.map((thread) => thread.close()));
  threads = [];
});

/** Resolves once the thread's query runs (the cell says so). */
async function running(thread: QueryThread): Promise<number> {
  while (thread.cell.run === 0) await turn();
  return thread.cell.run;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test("a query is stopped from another thread, and the thread works on", async () => {
  const [thread] = (await start(1)) as [QueryThread];
  const answer = thread.send(LONG);
  const run = await running(thread);
  // A run that is over is not stopped, nor is the next one in its place.
  expect(thread.cell.interrupt(run - 1)).toBe(false);
  await thread.cell.stop(run);
  expect((await answer).code).toBe("Cancelled");
  expect(thread.cell.interrupt()).toBe(false);
  expect((await thread.send("SELECT 42 AS a")).rows).toEqual([{ a: 42 }]);
});

test("four running queries hold up neither timers nor files", async () => {
  const all = await start(4);
  const answers = all.map((thread) => thread.send(LONG));
  await Promise.all(all.map(running));
  // Each of these needs a thread of libuv's pool of four; none of the queries may sit there.
  for (let i = 0; i < 20; i++) await stat(new URL(import.meta.url));
  expect(all.every((thread) => thread.cell.run > 0)).toBe(true);
  await Promise.all(all.map((thread) => thread.cell.stop()));
  for (const { code } of await Promise.all(answers)) expect(code).toBe("Cancelled");
});

test("a thread ends cleanly after a query that was stopped", async () => {
  const [thread] = (await start(1)) as [QueryThread];
  const answer = thread.send(LONG);
  const run = await running(thread);
  await thread.cell.stop(run);
  expect((await answer).code).toBe("Cancelled");
  expect(await thread.close()).toBe(0);
  threads = [];
});

const folder = mkdtempSync(join(tmpdir(), "heddle-table-"));
beforeAll(() =>
  configureTableEngine({ threads: 1, memoryLimitBytes: 100e6, tempDirectory: folder }),
);
afterAll(() => {
  closeTableEngine();
  rmSync(folder, { recursive: true });
});

test("a sort and a join larger than the memory limit spill and finish", async () => {
  const sync = { scheduler: "sync" } as const;
  const wide = frames.sql<{ k: number; u: string }>(
    "select i as k, md5(i::varchar) || md5((i + 1)::varchar) || md5((i + 2)::varchar) as u from range(2000000) t(i)",
  );
  const path = join(folder, "sorted.parquet");
  expect(await wide.sortValues("u").toParquet(path, sync)).toBe(2_000_000);
  const sorted = frames.readParquet<{ k: number; u: string }>(path);
  const steps = sorted.assign((r) => ({ ok: r.u.ge(r.u.shift().fillna("")) }));
  expect(await steps.agg({ all: ["ok", "all"], n: ["k", "size"] }).toRecords(sync)).toEqual([
    { all: true, n: 2_000_000 },
  ]);
  const joined = sorted.merge(sorted.rename({ k: "k2" }), { on: "u" });
  const same = joined.filter((r) => r.k.eq(r.k2));
  expect(await same.len(sync)).toBe(2_000_000);
}, 180_000);

test("a frame computed on the engine's table thread is cancelled by a signal, and the thread works on", async () => {
  const threaded = { scheduler: "threads" } as const;
  // The engine and its table thread are up before the query that is stopped.
  expect(await frames.sql("select 1 as a").toRecords(threaded)).toEqual([{ a: 1 }]);
  const controller = new AbortController();
  const long = frames.sql(LONG.replace("count(*) AS n", "count(*) AS n, max(a.range) AS m"));
  const answer = long.compute({ ...threaded, signal: controller.signal });
  controller.abort();
  await expect(answer).rejects.toMatchObject({ name: "AbortError" });
  expect(await frames.sql("select 2 as a").toRecords(threaded)).toEqual([{ a: 2 }]);
  const mapped = frames
    .fromRecords([{ w: 1 }, { w: 2 }])
    .mapPartitions((t) => t.toRecords().map(({ w }) => ({ w: w * 10 })), {
      schema: { w: "int64" },
      npartitions: 2,
    });
  expect(await mapped.col("w").sum().compute(threaded)).toBe(30);
}, 60_000);

const distIndex = new URL("../../dist/index.js", import.meta.url).href;
const distFrames = new URL("../../dist/dataframe/index.js", import.meta.url).href;

test("a query is cancelled at any moment, before it runs or while it does", async () => {
  const threaded = { scheduler: "threads" } as const;
  const query = LONG.replace("count(*) AS n", "count(*) AS n, min(a.range) AS m");
  for (const turns of [0, 1, 2, 5, 20, 100, 1000, 20_000]) {
    const controller = new AbortController();
    const long = frames.sql(query).compute({ ...threaded, signal: controller.signal });
    const rejected = expect(long).rejects.toMatchObject({ name: "AbortError" });
    for (let i = 0; i < turns; i++) await turn();
    controller.abort();
    await rejected;
    // The thread would be busy for days with a query that went on.
    const next = frames.sql<{ a: number }>(`select ${turns} as a`);
    expect(await next.toRecords(threaded)).toEqual([{ a: turns }]);
  }
}, 60_000);

/** A program that does `last` while a query runs that would take days. */
function endDuringQuery(last: string): { status: number | null; out: string } {
  const program = `
    import { Client } from ${JSON.stringify(distIndex)};
    import * as frames from ${JSON.stringify(distFrames)};
    const client = new Client({ threads: 1 });
    await frames.sql("select 1 as a").compute({ scheduler: client });
    const long = frames.sql(${JSON.stringify(LONG)}).compute({ scheduler: client });
    const outcome = long.then(() => "done", (error) => error.code);
    await new Promise((resolve) => setTimeout(resolve, 300));
    ${last}`;
  const path = join(folder, "ends.mjs");
  writeFileSync(path, program);
  const { status, stdout } = spawnSync(process.execPath, [path], {
    encoding: "utf8",
    timeout: 60_000,
  });
  return { status, out: stdout.trim() };
}

test("a client closes while a query runs, and the process ends by itself", () => {
  const ended = endDuringQuery("await client.close(); console.log(await outcome);");
  expect(ended).toEqual({ status: 0, out: "CommClosed" });
}, 90_000);

test("a process exits while a query runs", () => {
  expect(endDuringQuery("process.exit(3);")).toEqual({ status: 3, out: "" });
}, 90_000);
