/**
 * @file A cluster whose disks are slow or full: for what is spilled, for exchanges, and for the
 * journal. Results are right or an error of a type of its own says what is wrong, nothing is
 * corrupted, and when there is room again work goes on.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import * as da from "../../dist/array/index.js";
import { Client, config, isHeddleError, LocalCluster } from "../../dist/index.js";
import { addressOf, Programs } from "../fixtures/programs.ts";

const TOKEN = "a token for slow and full disks";
const SIZE = ["--nthreads", "1", "--memory-limit", "256MiB", "--no-nanny"];
const SLOW = new URL("../lab/slow-disk.mjs", import.meta.url).href;
const mayMount = process.getuid?.() === 0 && process.platform === "linux";

let programs: Programs;
let disk: string;
let isMounted = false;
let client: Client | undefined;

beforeEach(() => {
  programs = new Programs("disks", { HEDDLE_TOKEN: TOKEN });
  disk = join(programs.folder, "disk");
  mkdirSync(disk);
  config.set({ "array.rechunk.method": "exchange" });
});

afterEach(async () => {
  await client?.close();
  client = undefined;
  await programs.end();
  if (isMounted) execFileSync("umount", ["-l", disk]);
  isMounted = false;
  await programs.remove();
  config.pop("array.rechunk.method");
});

/** A disk of so many kilobytes. */
function mount(kilobytes: number): void {
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", disk]);
  isMounted = true;
}

const shuffled = (side: number) =>
  da.random
    .defaultRng(3)
    .random([side, side], { chunks: [side / 8, side] })
    .rechunk([side, side / 8])
    .cumsum({ axis: 0 })
    .sum();

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

test("slow disks delay spilling, exchanges and the journal, and change nothing", async () => {
  const environ = { NODE_OPTIONS: `--import ${SLOW}`, SLOW_DISK_MS: "5" };
  const address = addressOf(await programs.scheduler(["--journal", disk], environ));
  for (const name of ["a", "b"]) {
    await programs.start(["worker", address, "--name", name, ...SIZE], environ);
  }
  client = new Client({ address, token: TOKEN });
  await client.waitForWorkers(2);
  expect(await client.submit(() => Reflect.get(globalThis, "isDiskSlow")).result()).toBe(true);
  const expected = await shuffled(480).compute({ scheduler: "threads" });
  // Twice of what both may hold.
  const held = client.map((i: number) => new Float64Array(2 ** 20).fill(i), range(96));
  const sums = client.map((values: Float64Array) => values[99] ?? Number.NaN, held);
  expect(await sums.results()).toEqual(range(96));
  const { workers } = await client.schedulerInfo();
  expect(Math.max(...Object.values(workers).map((one) => one.spilledBytes))).toBeGreaterThan(0);
  expect(await shuffled(480).compute({ scheduler: client })).toBe(expected);
});

test.skipIf(!mayMount)("a full disk fails an exchange as a whole; smaller ones work", async () => {
  mount(4096);
  const size = { nWorkers: 2, threadsPerWorker: 1, memoryLimit: "256MiB" };
  await using cluster = new LocalCluster({ ...size, localDirectory: disk, dashboardAddress: null });
  client = new Client(cluster);
  await client.waitForWorkers(2);
  const expected = await shuffled(240).compute({ scheduler: "threads" });
  const error = await shuffled(1600)
    .compute({ scheduler: client })
    .catch((reason: unknown) => reason);
  const cause = isHeddleError(error, "TaskFailed") ? error.cause : error;
  expect(isHeddleError(cause, "SpillFailed"), String(error)).toBe(true);
  expect(String(cause)).toContain("ENOSPC");
  // What was written is gone with it.
  while (runs().length > 0) await client.schedulerInfo();
  expect(await shuffled(240).compute({ scheduler: client })).toBe(expected);
  await client.close();
});

function runs(): string[] {
  return readdirSync(disk, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.includes("run-"),
  );
}

test.skipIf(!mayMount)("a full journal takes no work, and loses none that it took", async () => {
  mount(1024);
  const filler = join(disk, "filler");
  writeFileSync(filler, new Uint8Array(700_000));
  // Its folder may be nobody else's, which that of a mounted disk is.
  const journal = join(disk, "journal");
  const first = await programs.scheduler(["--journal", journal]);
  const address = addressOf(first);
  await programs.start(["worker", address, "--name", "a", ...SIZE]);
  client = new Client({ address, token: TOKEN });
  await client.waitForWorkers(1);
  const submit = (n: number) =>
    (client as Client).submit(
      (text: string, i: number) => `${i}/${text.length}`,
      "x".repeat(30_000 + n),
      n,
    );
  const taken = [];
  let refusal: unknown;
  while (refusal === undefined) {
    const future = submit(taken.length);
    refusal = await future.result().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (refusal === undefined) taken.push(future);
  }
  expect(isHeddleError(refusal, "JournalFailed"), String(refusal)).toBe(true);
  expect(taken.length).toBeGreaterThan(2);
  // What it has taken stays, and so do questions about it.
  const texts = taken.map((_, n) => `${n}/${30_000 + n}`);
  expect(await client.gather(taken)).toEqual(texts);
  rmSync(filler);
  await first.logged(/the journal is written again/);
  expect(await submit(taken.length + 1000).result()).toContain("/");
  first.kill("SIGKILL");
  await first.ended;
  await programs.scheduler(["--journal", journal], {}, new URL(address).port);
  expect(await client.gather(taken)).toEqual(texts);
  expect(await submit(7777).result()).toBe("7777/37777");
});
