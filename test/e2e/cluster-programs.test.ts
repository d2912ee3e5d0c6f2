/**
 * @file What several programs may expect of one cluster: they do not disturb each other, workers
 * with resources get the tasks that need them, and nobody takes part with other code.
 */
import { type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  cpSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client, getWorker } from "heddle/distributed";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Program, Programs, SMALL } from "../fixtures/programs.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const entry = new URL("../../lib/index.js", import.meta.url).href;
let programs: Programs;
let folder: string;
let home: string;

beforeAll(() => {
  programs = new Programs("programs");
  ({ folder, home } = programs);
  process.env["HOME"] = home;
});
afterEach(() => programs.end());
afterAll(() => programs.remove());

async function heddle(args: readonly string[], environ = {}): Promise<Program> {
  return await programs.start(args, environ);
}

/** A scheduler, and its address. */
async function scheduler(): Promise<{ readonly host: Program; readonly address: string }> {
  const host = await heddle(["scheduler", "--port", "0", "--host", "127.0.0.1", "--no-dashboard"]);
  return { host, address: String(host.first["address"]) };
}

/** Runs a program to its end. */
async function program(name: string, text: string): Promise<string[]> {
  const file = join(folder, name);
  writeFileSync(file, text);
  const child = spawn(process.execPath, [file], { env: { ...process.env, HOME: home } });
  let output = "";
  child.stdout.on("data", (more: Buffer) => {
    output += more.toString();
  });
  child.stderr.on("data", (more: Buffer) => {
    output += more.toString();
  });
  await new Promise((resolve) => child.once("close", resolve));
  return output.trim().split("\n");
}

describe("two programs on one cluster", () => {
  it("calls of the same name, also with the same arguments, are each program's own", async () => {
    const { address } = await scheduler();
    await heddle(["worker", address, "--nworkers", "2", ...SMALL]);
    // Each waits for the other's word, so that both are there at the same time.
    const text = (own: string, other: string, factor: number): string => `
      import { Client, Event, compute, delayed } from ${JSON.stringify(entry)};
      const client = new Client(${JSON.stringify(address)});
      const scale = (x) => x * ${factor};
      const futures = client.map(scale, [1, 2, 3]);
      await new Event("${own}").set();
      await new Event("${other}").wait();
      const sum = client.submit((xs) => xs.reduce((a, b) => a + b, 0), [...futures]);
      const named = client.options({ key: "total-${own}" }).submit(scale, 10);
      const [lazy] = await compute(delayed(scale)(7));
      console.log(await futures.results(), await sum.result(), await named.result(), lazy);
      await client.close();`;
    const [one, ten] = await Promise.all([
      program("one.mjs", text("one", "ten", 1)),
      program("ten.mjs", text("ten", "one", 10)),
    ]);
    expect(one).toEqual(["[ 1, 2, 3 ] 6 10 7"]);
    expect(ten).toEqual(["[ 10, 20, 30 ] 60 100 70"]);
  });

  it("what one keeps stays when the other leaves; what it has left is let go", async () => {
    const { address } = await scheduler();
    await heddle(["worker", address, ...SMALL]);
    const client = new Client(address);
    const kept = client.submit((n: number) => new Float64Array(n).fill(3), 5000);
    await kept.result();
    const held = Object.keys(await client.nbytes()).length;
    const output = await program(
      "leaves.mjs",
      `import { Client } from ${JSON.stringify(entry)};
      const client = new Client(${JSON.stringify(address)});
      const own = client.submit((n) => new Float64Array(n).fill(4), 6000);
      console.log((await own.result())[5999], Object.keys(await client.nbytes()).length);
      await client.close();`,
    );
    expect(output).toEqual([`4 ${held + 1}`]);
    while (Object.keys(await client.nbytes()).length > held) await new Promise(setImmediate);
    expect((await kept.result())[4999]).toBe(3);
    await client.close();
  });
});

describe("resources", () => {
  it("go to the workers that have them, as many at a time as there are", async () => {
    const { host, address } = await scheduler();
    const gpu = ["--name", "gpu", "--resources", "GPU=2", "--nthreads", "4"];
    await heddle(["worker", address, "--memory-limit", "1GB", ...gpu]);
    await heddle(["worker", address, "--name", "plain", ...SMALL]);
    await host.logged(/joined at/, 2);
    const client = new Client(address);
    const log = join(folder, "spans.txt");
    const trace = async (path: string, i: number): Promise<string> => {
      appendFileSync(path, "+");
      await new Promise((resolve) => setTimeout(resolve, 20));
      appendFileSync(path, "-");
      return `${getWorker().name}${i < 0 ? "?" : ""}`;
    };
    const paths = Array.from({ length: 12 }, () => log);
    const tagged = client.options({ resources: { GPU: 1 }, concurrency: 1 });
    const names = await tagged.map(trace, paths, [...paths.keys()]).results();
    expect(new Set(names)).toEqual(new Set(["gpu"]));
    let now = 0;
    let most = 0;
    for (const mark of readFileSync(log, "utf8")) {
      now += mark === "+" ? 1 : -1;
      most = Math.max(most, now);
    }
    expect([now, most]).toEqual([0, 2]);
    // One that needs both has them alone; one that needs more than anybody has waits, and says so.
    const both = client.options({ resources: { GPU: 2 } }).submit(() => 7);
    expect(await both.result()).toBe(7);
    const never = client.options({ resources: { GPU: 3 } }).submit(() => 8);
    await host.logged(/needs GPU: 3, which no worker has/);
    expect(never.status).toBe("pending");
    await heddle(["worker", address, "--name", "late", "--resources", "GPU=4", ...SMALL]);
    expect(await never.result()).toBe(8);
    await client.close();
  });
});

describe("one version of the code everywhere", () => {
  /** A copy of the package with another manifest or another build. */
  function copyOf(name: string, change: (copy: string) => void): string {
    const copy = join(folder, name);
    cpSync(join(root, "lib"), join(copy, "lib"), { recursive: true });
    cpSync(join(root, "package.json"), join(copy, "package.json"));
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    change(copy);
    return join(copy, "lib/cli/main.js");
  }

  function worker(command: string, address: string): SpawnSyncReturns<string> {
    const env = { ...process.env, HOME: home };
    const args = [command, "worker", address, ...SMALL];
    return spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8", env });
  }

  it("other versions and other builds are refused, and both are named", async () => {
    // Not in the tree that is being worked on: there any code goes.
    const listen = ["scheduler", "--port", "0", "--host", "127.0.0.1", "--no-dashboard"];
    const own = copyOf("own", () => undefined);
    const host = await programs.start(listen, {}, own);
    const address = String(host.first["address"]);
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const newer = copyOf("newer", (copy) => {
      const file = join(copy, "package.json");
      const manifest = JSON.parse(readFileSync(file, "utf8"));
      writeFileSync(file, JSON.stringify({ ...manifest, version: "99.0.0" }));
    });
    const refused = worker(newer, address);
    expect(refused.stderr).toContain("runs Heddle 99.0.0");
    expect(refused.stderr).toContain(`runs ${version}: install one version on both`);
    expect(refused.status).not.toBe(0);
    const hash = readFileSync(join(root, "lib/code-hash"), "utf8");
    expect(hash).toMatch(/^[0-9a-f]{16}$/);
    const other = copyOf("other", (copy) => {
      writeFileSync(join(copy, "lib/code-hash"), "0123456789abcdef");
    });
    const rebuilt = worker(other, address);
    expect(rebuilt.stderr).toContain("runs other code (0123456789abcdef)");
    expect(rebuilt.stderr).toContain(`(${hash})`);
    expect(rebuilt.status).toBe(refused.status);
    const client = new Client(address);
    await expect(client.getVersions({ check: true })).resolves.toMatchObject({
      client: { heddle: version },
      workers: {},
    });
    await client.close();
  });

  it("workers run on the Node that the configuration names", async () => {
    const { host, address } = await scheduler();
    const node = join(folder, "own-node");
    writeFileSync(node, `#!/bin/sh\nSTARTED_BY=own-node exec ${process.execPath} "$@"\n`);
    chmodSync(node, 0o755);
    await heddle(["worker", address, ...SMALL], { HEDDLE_WORKER__NODE: node });
    await host.logged(/joined at/);
    const client = new Client(address);
    expect(await client.submit(() => process.env["STARTED_BY"]).result()).toBe("own-node");
    await client.close();
  });
});
