/**
 * @file What users see of a cluster of four hosts while the network between them fails: the
 * scheduler on host 1, workers on 2 and 3, the client on 4. Whatever happens, results are the same
 * or the error says what is wrong; nothing waits for ever.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Program, startProgram } from "../fixtures/programs.ts";
import { Hosts, whyNot } from "../lab/hosts.ts";
import { NetworkClient } from "./fixtures/network-client.ts";

const missing = whyNot();
if (missing !== undefined) console.warn(`no tests of networks between hosts: ${missing}`);

const TOKEN = "a token for the network laboratory";
const SIDE = { side: 1000, chunks: 250 };
/** Far more than anything here takes: only a test that hangs meets it. */
const LONG_MS = 240_000;
/** A worker is given up after a minute of silence. */
const PATIENCE_MS = 100_000;

let folder: string;
let hosts: Hosts;
let address: string;
let client: NetworkClient;
let scheduler: Program;
let workers: Program[] = [];
let expected: unknown;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function program(
  host: number,
  environ: Record<string, string>,
  ...args: string[]
): Promise<Program> {
  return await startProgram([...args, "--json"], folder, environ, hosts.on(host));
}

async function worker(host: number, environ: Record<string, string>): Promise<Program> {
  const size = ["--nthreads", "2", "--memory-limit", "1GB"];
  return await program(host, environ, "worker", address, "--name", `w${host}`, ...size);
}

/** All programs, each on its host. */
async function start(config: Record<string, string> = {}): Promise<void> {
  const environ = { HOME: folder, HEDDLE_TOKEN: TOKEN, ...config };
  scheduler = await program(1, environ, "scheduler", "--host", hosts.addressOf(1), "--port", "0");
  address = String(scheduler.first["address"]);
  workers = await Promise.all([worker(2, environ), worker(3, environ)]);
  client = new NetworkClient(hosts.on(4), environ);
  await client.do("connect", { address, workers: 2 });
}

describe.skipIf(missing !== undefined)("between hosts", { timeout: LONG_MS }, () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "heddle-network-"));
    hosts = new Hosts(4, `hd${process.pid}`, 79);
  });

  afterAll(() => {
    hosts.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function stop(): Promise<void> {
    hosts.heal();
    client.kill();
    for (const one of [...workers, scheduler]) one.kill("SIGKILL");
    await Promise.all([...workers, scheduler].map(({ ended }) => ended));
  }

  describe("cuts that are shorter than a peer is waited for", () => {
    beforeAll(async () => {
      await start();
      expected = await client.do("reduce", SIDE);
    });
    afterEach(() => hosts.heal());
    afterAll(stop);

    test.each([
      ["the scheduler and a worker", 1, 2],
      ["two workers", 2, 3],
      ["the scheduler and the client", 1, 4],
      ["a worker and the client", 2, 4],
    ])("nothing between %s for 3 s: results are the same", async (_, a, b) => {
      const running = client.do("spin", { count: 200, ms: 10 });
      const reduced = client.do("reduce", SIDE);
      await pause(200);
      hosts.partition(a, b);
      await pause(3000);
      const during = client.do("reduce", SIDE);
      hosts.heal();
      expect(await running).toEqual(range(200));
      expect(await reduced).toBe(expected);
      expect(await during).toBe(expected);
      expect(await client.do("info")).toEqual(["w2", "w3"]);
    });

    test.each([
      ["from the scheduler to a worker", 1, 2],
      ["from a worker to the scheduler", 2, 1],
      ["from the client to the scheduler", 4, 1],
      ["from the scheduler to the client", 1, 4],
    ])("nothing %s, while the way back is open", async (_, from, to) => {
      const running = client.do("spin", { count: 200, ms: 10 });
      await pause(200);
      hosts.cut(from, to);
      await pause(4000);
      hosts.heal();
      expect(await running).toEqual(range(200));
      expect(await client.do("reduce", SIDE)).toBe(expected);
    });

    test("a worker's cable out for 3 s", async () => {
      const running = client.do("spin", { count: 200, ms: 10 });
      await pause(200);
      hosts.unplug(2);
      await pause(3000);
      hosts.heal();
      expect(await running).toEqual(range(200));
      expect(await client.do("info")).toEqual(["w2", "w3"]);
    });

    test("5 % of all packets are lost between all hosts", async () => {
      for (const [a, b] of [
        [1, 2],
        [1, 3],
        [1, 4],
        [2, 3],
        [2, 4],
        [3, 4],
      ] as const) {
        hosts.loss(a, b, 5);
      }
      expect(await client.do("hold", { count: 8, megabytes: 1 })).toBe(2);
      expect(await client.do("join")).toBe(72);
      expect(await client.do("gather")).toBe(36);
      expect(await client.do("reduce", SIDE)).toBe(expected);
      expect(await client.do("spin", { count: 200, ms: 1 })).toEqual(range(200));
    });

    test("what is said about work does not wait behind large values", async () => {
      expect(await client.do("hold", { count: 8, megabytes: 8 })).toBe(2);
      // 64 MB take ten seconds.
      for (const host of [2, 3]) hosts.rate(host, 25);
      let hasCome = false;
      const gathered = client.do("gather").then((sum) => {
        hasCome = true;
        return sum;
      });
      const joined = client.do("join");
      await pause(500);
      for (let n = 0; n < 5; n++) expect(await client.do("ping", { n })).toBe(n + 1);
      expect(hasCome).toBe(false);
      expect(await gathered).toBe(36);
      expect(await joined).toBe(72);
    });

    test("values of workers that do not reach each other are waited for", async () => {
      expect(await client.do("hold", { count: 4, megabytes: 4 })).toBe(2);
      hosts.partition(2, 3);
      const joined = client.do("join");
      const third = client.do("join", { worker: "w3" });
      // Everything else goes on; the client still reaches all values.
      expect(await client.do("spin", { count: 100, ms: 5 })).toEqual(range(100));
      expect(await client.do("gather")).toBe(10);
      await pause(3000);
      expect(await client.do("ping", { n: 1 })).toBe(2);
      hosts.heal();
      expect(await joined).toBe(20);
      expect(await third).toBe(20);
    });
  });

  describe("cuts that do not heal", () => {
    beforeEach(async () => {
      await start();
      expected = await client.do("reduce", SIDE);
    });
    afterEach(stop);

    test("a client that reaches the scheduler alone", async () => {
      // Connections that are there already lead nowhere any more.
      expect(await client.do("hold", { count: 4, megabytes: 8 })).toBe(2);
      expect(await client.do("gather")).toBe(10);
      for (const host of [2, 3]) hosts.partition(host, 4);
      expect(await client.do("gather")).toBe(10);
      expect(await client.do("reduce", SIDE)).toBe(expected);
      expect(await client.do("scatter", { megabytes: 4 })).toBe(4 * 131_072);
      expect(await client.do("actor")).toBe(2);
    });

    test("workers that never reach each other", async () => {
      expect(await client.do("hold", { count: 4, megabytes: 4 })).toBe(2);
      hosts.partition(2, 3);
      expect(await client.do("join")).toBe(20);
      expect(await client.do("join", { worker: "w3" })).toBe(20);
      expect(await client.do("join", { worker: "w2" })).toBe(20);
      expect(await client.do("reduce", SIDE)).toBe(expected);
      await scheduler.logged(/cannot be reached from worker w[23]/);
    });
  });

  describe("cuts that do not heal, and that the scheduler cannot bridge", () => {
    beforeEach(async () => {
      await start();
      expected = await client.do("reduce", SIDE);
    });
    afterEach(stop);

    test("what lies on the wrong side is made again", async () => {
      expect(await client.do("hold", { count: 4, megabytes: 4 })).toBe(2);
      hosts.partition(2, 3);
      for (const host of [2, 3]) hosts.refuse(1, host);
      expect(await client.do("join", { worker: "w3" })).toBe(20);
      expect(await client.do("join", { worker: "w2" })).toBe(20);
      expect(await client.do("reduce", SIDE)).toBe(expected);
      await scheduler.logged(/worker w[23] .* cannot fetch from worker w[23]/);
    });
  });

  describe("timers as they are by default", () => {
    beforeEach(async () => {
      await start();
      expected = await client.do("reduce", SIDE);
    });
    afterEach(stop);

    test("a partition of 60 s and more between the scheduler and a worker", async () => {
      const running = client.do("spin", { count: 200, ms: 20 });
      expect(await client.do("hold", { count: 4, megabytes: 1 })).toBe(2);
      hosts.partition(1, 2);
      const begin = Date.now();
      // What it was given before it was suspect waits for it; the rest runs elsewhere.
      await scheduler.logged(/worker w2 is gone/, 1, PATIENCE_MS);
      expect(await running).toEqual(range(200));
      expect(await client.do("join")).toBe(20);
      await pause(begin + 62_000 - Date.now());
      hosts.heal();
      await scheduler.logged(/worker w2 joined/, 2, PATIENCE_MS);
      expect(await client.do("info")).toEqual(["w2", "w3"]);
      expect(await client.do("gather")).toBe(10);
      expect(await client.do("reduce", SIDE)).toBe(expected);
    });
  });

  describe("cuts that are longer than a peer is waited for", () => {
    beforeEach(async () => {
      await start({
        HEDDLE_COMM__TIMEOUTS__SUSPECT: "500ms",
        HEDDLE_COMM__TIMEOUTS__LOST: "1s",
        HEDDLE_COMM__TIMEOUTS__DEAD: "2s",
        HEDDLE_COMM__TIMEOUTS__CLIENT: "2s",
      });
      expected = await client.do("reduce", SIDE);
    });
    afterEach(stop);

    test("a worker that nobody reaches is given up; it comes back later", async () => {
      const running = client.do("spin", { count: 200, ms: 20 });
      expect(await client.do("hold", { count: 4, megabytes: 1 })).toBe(2);
      hosts.isolate(2);
      await scheduler.logged(/worker w2 is gone/);
      expect(await running).toEqual(range(200));
      expect(await client.do("join")).toBe(20);
      expect(await client.do("reduce", SIDE)).toBe(expected);
      hosts.heal();
      await scheduler.logged(/worker w2 joined/, 2);
      expect(await client.do("reduce", SIDE)).toBe(expected);
    });

    test("a worker that the scheduler alone does not reach", async () => {
      expect(await client.do("hold", { count: 4, megabytes: 1 })).toBe(2);
      hosts.partition(1, 2);
      await scheduler.logged(/worker w2 is gone/);
      expect(await client.do("join")).toBe(20);
      hosts.heal();
      await scheduler.logged(/worker w2 joined/, 2);
      expect(await client.do("gather")).toBe(10);
    });

    test("a worker that hears nothing but is heard", async () => {
      const running = client.do("spin", { count: 200, ms: 20 });
      hosts.cut(1, 2);
      await scheduler.logged(/worker w2 is gone/);
      expect(await running).toEqual(range(200));
      hosts.heal();
      await scheduler.logged(/worker w2 joined/, 2);
      expect(await client.do("reduce", SIDE)).toBe(expected);
    });

    test("a client is told that its connection is lost, and others go on", async () => {
      const environ = { HOME: folder, HEDDLE_TOKEN: TOKEN };
      const other = new NetworkClient(hosts.on(1), environ);
      await other.do("connect", { address, workers: 2 });
      await client.do("start", { count: 500, ms: 20 });
      const results = client.do("results");
      hosts.isolate(4);
      await scheduler.logged(/client .* is gone/);
      expect(await other.do("reduce", SIDE)).toBe(expected);
      hosts.heal();
      await expect(results).rejects.toMatchObject({ code: "CommClosed" });
      expect(await other.do("spin", { count: 50, ms: 1 })).toEqual(range(50));
      other.kill();
    });
  });
});

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
