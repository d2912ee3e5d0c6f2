/**
 * @file `heddle scheduler` and `heddle worker` as real processes: clients find them by file and by
 * address, work is done, processes are killed, and nothing is left when they end.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { Client, Event, Security } from "heddle/distributed";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { makeTemporaryCertificates } from "../../dist/comm/certificates.js";
import { addressOf, isAlive, main, type Program, Programs, SMALL } from "../fixtures/programs.ts";

let programs: Programs;
let folder: string;
let home: string;
let clusters: string;

beforeAll(() => {
  programs = new Programs("cluster");
  ({ folder, home } = programs);
  clusters = join(home, ".heddle/clusters");
  process.env["HOME"] = home;
});
afterEach(() => programs.end());
afterAll(() => programs.remove());

async function heddle(...args: string[]): Promise<Program> {
  return await programs.start(args);
}

async function scheduler(...args: string[]): Promise<Program> {
  return await programs.scheduler(args);
}

async function startedOn(...args: string[]): Promise<Program> {
  return await heddle("scheduler", "--port", "0", ...args);
}

/** The interface that leads nowhere but here. */
const LOOPBACK = Object.entries(networkInterfaces()).find(([, all]) =>
  all?.some(({ internal }) => internal),
)?.[0] as string;

/** Runs the command to its end. */
function once(...args: string[]): { status: number | null; stderr: string } {
  const env = { ...process.env, HOME: home, HEDDLE_TOKEN: "" };
  return spawnSync(process.execPath, [main, ...args], { cwd: folder, encoding: "utf8", env });
}

describe("a cluster of programs", () => {
  it("does work for clients that know its file or its address, and leaves nothing", async () => {
    const file = join(folder, "scheduler.json");
    const pid = join(folder, "scheduler.pid");
    const host = await scheduler("--scheduler-file", file, "--pid-file", pid);
    expect(host.first).toMatchObject({ type: "scheduler", pid: host.pid });
    expect(Number(readFileSync(pid, "utf8"))).toBe(host.pid);
    for (const path of [file, join(clusters, String(readdirSync(clusters)[0]))]) {
      expect(statSync(path).mode & 0o777).toBe(0o600);
    }
    expect(statSync(clusters).mode & 0o777).toBe(0o700);
    const workers = await heddle("worker", "--scheduler-file", file, "--nworkers", "2", ...SMALL);
    expect(workers.first).toMatchObject({ threads: 1, memoryLimitBytes: 1e9 });
    await host.logged(/joined at .*: 1 threads/, 2);

    const client = new Client({ schedulerFile: file });
    const squares = client.map((x: number) => x * x, [1, 2, 3, 4]);
    expect(await client.gather(squares)).toEqual([1, 4, 9, 16]);
    // Another process knows the address alone.
    const script = join(folder, "by-address.mjs");
    const entry = new URL("../../lib/index.js", import.meta.url).href;
    writeFileSync(
      script,
      `import { Client } from ${JSON.stringify(entry)};
      const client = new Client(${JSON.stringify(addressOf(host))});
      console.log(await client.submit((x) => x + 1, 41).result());
      await client.close();`,
    );
    const env = { ...process.env, HOME: home };
    const other = spawnSync(process.execPath, [script], { encoding: "utf8", env });
    expect(other.stdout).toBe("42\n");
    await client.close();

    const names = workers.first["workers"] as string[];
    expect(names).toHaveLength(2);
    host.kill("SIGTERM");
    expect(await host.ended).toBe(0);
    expect(await workers.ended).toBe(0);
    expect([existsSync(file), existsSync(pid), readdirSync(clusters)]).toEqual([false, false, []]);
  });

  it("a killed worker is reported at once and replaced; its work is done again", async () => {
    const host = await scheduler();
    const workers = await heddle("worker", addressOf(host), "--name", "w", ...SMALL);
    await host.logged(/worker w joined/);
    const client = new Client(addressOf(host));
    const first = await client.submit(() => process.pid).result();
    expect(first).not.toBe(workers.pid);
    const value = client.submit((n: number) => new Float64Array(n).fill(2), 1000);
    await value.result();
    process.kill(first, "SIGKILL");
    await host.logged(/process of worker w ended by signal SIGKILL/);
    await host.logged(/worker w joined/, 2);
    const sum = client.submit((x: Float64Array) => x.reduce((a, b) => a + b, 0), value);
    expect(await sum.result()).toBe(2000);
    const again = client.options({ pure: false }).submit(() => process.pid);
    expect(await again.result()).not.toBe(first);
    await client.close();
  });

  it("workers end with their supervisor, also when it is killed", async () => {
    const host = await scheduler();
    const workers = await heddle("worker", addressOf(host), ...SMALL);
    await host.logged(/: 1 threads/);
    const client = new Client(addressOf(host));
    const pid = await client.submit(() => process.pid).result();
    await client.close();
    workers.kill("SIGKILL");
    await host.logged(/worker .* is gone/);
    await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false);
  });

  it("an interrupt ends the workers in order and says so", async () => {
    const host = await scheduler();
    const workers = await heddle("worker", addressOf(host), "--nworkers", "2", ...SMALL);
    await host.logged(/: 1 threads/, 2);
    workers.kill("SIGINT");
    expect(await workers.ended).toBe(130);
    await host.logged(/worker .* is gone: its supervisor stopped it/, 2);
    await host.logged(/supervisor .* is gone: it has left/);
  });

  it("a second interrupt ends everything at once, whatever runs", async () => {
    const host = await scheduler();
    const workers = await heddle("worker", addressOf(host), "--name", "w", ...SMALL);
    await host.logged(/worker w joined/);
    const client = new Client(addressOf(host));
    client.ready.catch(() => undefined);
    const busy = client.submit(async () => {
      await new Event("busy").set();
      for (;;);
    });
    busy.result().catch(() => undefined);
    await new Event("busy").wait();
    const [pid = 0] = Object.values((await client.schedulerInfo()).workers).map(
      (worker) => worker.pid,
    );
    workers.kill("SIGINT");
    await workers.logged(/the workers end: received SIGINT/);
    workers.kill("SIGINT");
    expect(await workers.ended).toBe(130);
    while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
    host.kill("SIGINT");
    host.kill("SIGINT");
    expect(await host.ended).toBe(130);
    await client.close();
  });

  it("listens on addresses of version 6, and on interfaces by name", async () => {
    const host = await startedOn("--host", "::1");
    expect(addressOf(host)).toMatch(/^tcp:\/\/\[::1\]:\d+$/);
    await heddle("worker", addressOf(host), "--nworkers", "2", ...SMALL);
    await host.logged(/joined at tcp:\/\/\[::1\]:\d+/, 2);
    const client = new Client(addressOf(host));
    const parts = client.map((i: number) => new Float64Array(30_000).fill(i), [1, 2, 3, 4]);
    const total = client.submit(
      (all: Float64Array[]) => all.reduce((s, a) => s + a[9]!, 0),
      [...parts],
    );
    expect(await total.result()).toBe(10);
    await client.close();

    const local = await startedOn("--interface", LOOPBACK);
    expect(addressOf(local)).toMatch(/^tcp:\/\/127\.0\.0\.1:\d+$/);
    await heddle("worker", addressOf(local), "--interface", LOOPBACK, ...SMALL);
    await local.logged(/joined at tcp:\/\/127\.0\.0\.1:\d+/);
  });

  it("workers end when the scheduler is gone for longer than they may wait", async () => {
    const host = await scheduler();
    const workers = await heddle("worker", addressOf(host), "--death-timeout", "2s", ...SMALL);
    await host.logged(/: 1 threads/);
    host.kill("SIGKILL");
    expect(await workers.ended).toBe(3);
  });

  it("one worker without a supervisor", async () => {
    const host = await scheduler();
    const worker = await heddle(
      "worker",
      addressOf(host),
      "--no-nanny",
      "--name",
      "alone",
      ...SMALL,
    );
    await host.logged(/worker alone joined/);
    const client = new Client(addressOf(host));
    expect(await client.submit(() => process.pid).result()).toBe(worker.pid);
    await client.close();
    worker.kill("SIGTERM");
    expect(await worker.ended).toBe(0);
    await host.logged(/worker alone is gone: received SIGTERM/);
  });

  it("a scheduler that has nothing to do ends by itself, with its workers", async () => {
    const host = await scheduler("--idle-timeout", "6s");
    const workers = await heddle("worker", addressOf(host), ...SMALL);
    await host.logged(/: 1 threads/);
    expect(await host.ended).toBe(0);
    expect(await workers.ended).toBe(0);
    expect(host.log()).toMatch(/nothing to do for 6 s/);
  });

  it("the lifetime of a worker ends it, and another one follows if that is wished", async () => {
    const host = await scheduler();
    const life = ["--lifetime", "1s", "--lifetime-stagger", "100ms"];
    const once = await heddle("worker", addressOf(host), "--name", "once", ...life, ...SMALL);
    expect(await once.ended).toBe(0);
    await heddle(
      "worker",
      addressOf(host),
      "--name",
      "again",
      ...life,
      "--lifetime-restart",
      ...SMALL,
    );
    await host.logged(/worker again joined/, 2);
    expect(host.log()).toMatch(/worker once is gone: its lifetime is over/);
  });
});

describe("what a cluster is started with", () => {
  it("modules that are loaded first", async () => {
    const module = join(folder, "first.mjs");
    const written = join(folder, "first.txt");
    writeFileSync(
      module,
      `import { appendFileSync } from "node:fs";
      const note = (text) => appendFileSync(${JSON.stringify(written)}, text + "\\n");
      export const setup = ({ id, name }) => note("setup " + (name ?? id.split("-")[0]));
      export const teardown = ({ id, name }) => note("teardown " + (name ?? id.split("-")[0]));`,
    );
    const host = await scheduler("--preload", module);
    const flags = ["--preload", "first.mjs", "--preload-nanny", "./first.mjs", "--name", "w"];
    const workers = await heddle("worker", addressOf(host), ...flags, ...SMALL);
    await host.logged(/worker w joined/);
    workers.kill("SIGTERM");
    await workers.ended;
    host.kill("SIGTERM");
    await host.ended;
    const lines = readFileSync(written, "utf8").trim().split("\n");
    const programs = ["scheduler", "supervisor", "w"];
    expect(lines.sort()).toEqual(
      ["setup", "teardown"].flatMap((x) => programs.map((p) => `${x} ${p}`)).sort(),
    );
  });

  it("certificates: with them everything works, without them nobody gets in", async () => {
    const pem = await makeTemporaryCertificates(1);
    const paths = Object.entries(pem).map(([name, text]) => {
      const path = join(folder, `${name}.pem`);
      writeFileSync(path, text as string, { mode: 0o600 });
      return path;
    });
    const [ca, cert, key] = paths as [string, string, string];
    const tls = ["--tls-ca-file", ca, "--tls-cert", cert, "--tls-key", key];
    const host = await scheduler(...tls);
    expect(addressOf(host)).toMatch(/^tls:/);
    await heddle("worker", addressOf(host), "--nworkers", "2", ...tls, ...SMALL);
    await host.logged(/joined at tls:.*: 1 threads/, 2);
    const security = new Security({ tlsCaFile: ca, tlsCert: cert, tlsKey: key });
    const client = new Client({ address: addressOf(host), security });
    const parts = client.map((n: number) => new Float64Array(1000).fill(n), [1, 2, 3, 4]);
    const total = client.submit(
      (all: Float64Array[]) => all.reduce((sum, part) => sum + (part[0] ?? 0), 0),
      parts,
    );
    expect(await total.result()).toBe(10);
    await client.close();
    const stranger = await Security.temporary();
    const outside = new Client({ address: addressOf(host), security: stranger });
    await expect(outside.submit(() => 1).result()).rejects.toThrow(/certificate/i);
    await host.logged(/^tls connection .* (broke|was refused): /);
    await outside.close();
  });

  it("a token of one's own", async () => {
    const file = join(folder, "token");
    writeFileSync(file, "a secret of at least sixteen characters\n", { mode: 0o600 });
    const host = await scheduler("--token-file", file);
    rmSync(clusters, { recursive: true });
    const worker = await heddle(
      "worker",
      addressOf(host),
      "--token-file",
      file,
      "--name",
      "w",
      ...SMALL,
    );
    await host.logged(/worker w joined/);
    const refused = once("worker", addressOf(host), "--death-timeout", "1s");
    expect(refused).toMatchObject({ status: 3 });
    expect(refused.stderr).toMatch(/token/);
    for (const log of [host.log(), worker.log(), refused.stderr])
      expect(log).not.toContain("sixteen");
  });
});

describe("wrong use", () => {
  it.each([
    [["scheduler", "--prot", "1"], 2, /Did you mean --port/],
    [["scheduler", "--port", "99999"], 2, /--port 99999: give a port from 0 to 65535/],
    [["scheduler", "--idle-timeout", "60"], 2, /with its unit, such as "60s"/],
    [["scheduler", "--port", "0", "--host", "203.0.113.7"], 3, /not an address of this host/],
    [["scheduler", "--port", "0", "--interface", "eth77"], 2, /no network interface/],
    [["scheduler", "--preload", "./none.mjs"], 2, /no such file/],
    [["scheduler", "--tls-cert", "a.pem"], 2, /--tls-ca-file and --tls-key are missing/],
    [["scheduler", "--port", "0", "--pid-file", "none/x"], 2, /cannot be written/],
    [["worker"], 2, /takes either the scheduler's address/],
    [["worker", "tpc://a:1"], 2, /did you mean tcp/],
    [["worker", "tcp://127.0.0.1:1", "--death-timeout", "300ms"], 3, /token/],
    [["worker", "tcp://a:1", "--memory-limit", "5 apples"], 2, /--memory-limit/],
    [["worker", "tcp://a:1", "--memory-limit", "5MB"], 2, /at least 192/],
    [["worker", "tcp://a:1", "--nworkers", "many"], 2, /--nworkers many/],
    [["worker", "tcp://a:1", "--nworkers", "2", "--no-nanny"], 2, /--nworkers 1/],
    [["worker", "tcp://a:1", "--resources", "GPU"], 2, /--resources GPU/],
    [["worker", "--scheduler-file", "none.json", "--death-timeout", "200ms"], 2, /cannot be read/],
    [["worker", "tcp://a:1", "--contact-address", "tcp://b:1"], 2, /--listen-address/],
  ] as const)("heddle %j", (args, status, message) => {
    const result = once(...args);
    expect(result.stderr).toMatch(message);
    expect(result.stderr).not.toContain("    at ");
    expect(result.status).toBe(status);
  });
});
