/**
 * @file Workers that end as planned: by a signal, at the end of their lifetime, to begin anew. What
 * only they have is brought to others first: no task runs twice, and no scattered value is lost.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { Client, Event } from "heddle/distributed";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { addressOf, main, type Program, Programs, SMALL } from "../fixtures/programs.ts";

let programs: Programs;
let marks: string;
let runs = 0;

beforeAll(() => {
  programs = new Programs("leave");
  process.env["HOME"] = programs.home;
});
afterEach(() => programs.end());
afterAll(() => programs.remove());

/** Whether the process has a handler of its own for the signal. */
function catches(pid: number, signal: NodeJS.Signals): boolean {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const caught = BigInt(`0x${/^SigCgt:\s*(\w+)$/m.exec(status)?.[1]}`);
  return ((caught >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n;
}

async function worker(host: Program, name: string, ...args: string[]): Promise<Program> {
  const program = await programs.start([
    "worker",
    addressOf(host),
    "--name",
    name,
    ...SMALL,
    ...args,
  ]);
  await host.logged(new RegExp(`worker ${name} joined`));
  return program;
}

/** A client whose two workers hold the values of forty tasks and twenty scattered ones. */
async function withValues(host: Program) {
  const client = new Client(addressOf(host));
  await client.ready;
  marks = join(programs.folder, `marks-${runs++}`);
  mkdirSync(marks);
  const count = Array.from({ length: 40 }, (_, i) => i);
  const made = client.map(
    async (i: number, folder: string) => {
      const { appendFileSync } = await import("node:fs");
      appendFileSync(`${folder}/${i}`, "x");
      return new Float64Array(2000).fill(i);
    },
    count,
    count.map(() => marks),
  );
  await made.settled();
  const brought = client.scatter(count.slice(20).map((i) => new Float64Array(2000).fill(i)));
  await brought.settled();
  const held = Object.values(await client.hasWhat()).map((keys) => keys.length);
  expect(held).toHaveLength(2);
  expect(Math.min(...held)).toBeGreaterThan(5);
  const check = async (): Promise<void> => {
    expect((await client.gather(made)).map((value) => value[0])).toEqual(count);
    expect((await client.gather(brought)).map((value) => value[0])).toEqual(count.slice(20));
    expect(readdirSync(marks).map((name) => readFileSync(join(marks, name), "utf8"))).toEqual(
      count.map(() => "x"),
    );
    await client.close();
  };
  return { client, check };
}

it.each(["SIGTERM", "SIGINT", "SIGUSR1", "SIGUSR2"] as const)(
  "a worker ended by %s loses nothing",
  async (signal) => {
    const host = await programs.scheduler();
    await worker(host, "stays");
    const goes = await worker(host, "goes");
    const { check } = await withValues(host);
    goes.kill(signal);
    expect(await goes.ended).toBe(signal === "SIGINT" ? 130 : 0);
    await check();
  },
);

it("after the warning of a batch system SIGTERM is no second signal", async () => {
  const host = await programs.scheduler();
  await worker(host, "stays");
  const goes = await worker(host, "goes");
  const { check } = await withValues(host);
  goes.kill("SIGUSR1");
  goes.kill("SIGUSR2");
  goes.kill("SIGTERM");
  expect(await goes.ended).toBe(0);
  await check();
});

it("a worker that waits for its scheduler's file goes when it is told to", async () => {
  const args = ["worker", "--scheduler-file", join(programs.folder, "none.json"), ...SMALL];
  for (const signal of ["SIGTERM", "SIGUSR1", "SIGUSR2"] as const) {
    const child = spawn(process.execPath, [main, ...args], { stdio: "ignore" });
    const ended = new Promise((resolve) => child.once("exit", (...how) => resolve(how)));
    // All handlers are made at once; that of SIGUSR1 is Node's own before.
    await expect
      .poll(() => catches(child.pid as number, "SIGUSR2"), { timeout: 20_000 })
      .toBe(true);
    child.kill(signal);
    expect(await ended).toEqual([0, null]);
  }
});

it("one without a supervisor loses nothing either", async () => {
  const host = await programs.scheduler();
  await worker(host, "stays");
  const goes = await worker(host, "goes", "--no-nanny");
  const { check } = await withValues(host);
  goes.kill("SIGTERM");
  expect(await goes.ended).toBe(0);
  await check();
});

it("the end of a lifetime, and a restart that a client asks for, lose nothing", async () => {
  const host = await programs.scheduler();
  await worker(host, "stays");
  await worker(host, "goes", "--lifetime", "8s", "--lifetime-restart");
  const { client, check } = await withValues(host);
  await client.restartWorkers("goes");
  await host.logged(/worker goes is gone: it was restarted/);
  await host.logged(/worker goes is gone: its lifetime is over/);
  await host.logged(/worker goes joined/, 3);
  await check();
});

it("at the end of a lifetime the next process joins first, and takes what one had", async () => {
  const host = await programs.scheduler();
  await worker(host, "alone", "--lifetime", "4s", "--lifetime-restart");
  const client = new Client(addressOf(host));
  const [before] = Object.values(await client.run(() => process.pid));
  const brought = client.scatter([new Float64Array(500).fill(1), new Float64Array(600).fill(2)]);
  const made = client.options({ workers: "alone" }).submit(() => ({ at: Math.random() }));
  const { at } = await made.result();
  await host.logged(/worker alone is gone: its lifetime is over/);
  const [first] = host.log().split("worker alone is gone");
  expect(first?.match(/worker alone joined/g)).toHaveLength(2);
  expect(host.log()).not.toContain("alone ends");
  expect((await client.gather(brought)).map((value) => value[0])).toEqual([1, 2]);
  expect(await made.result()).toEqual({ at });
  const pid = client.options({ workers: "alone", pure: false }).submit(() => process.pid);
  expect(await pid.result()).not.toBe(before);
  await client.close();
});

it("one whose port the next process would need ends first", async () => {
  const host = await programs.scheduler();
  const port = String(20_000 + (process.pid % 10_000));
  const flags = ["--lifetime", "3s", "--lifetime-restart", "--worker-port", port];
  await worker(host, "bound", ...flags);
  await host.logged(/worker bound is gone: its lifetime is over/);
  await host.logged(/worker bound joined/, 2);
});

it("tasks that run may end, others go elsewhere, and none runs twice", async () => {
  const host = await programs.scheduler();
  const goes = await worker(host, "goes");
  const client = new Client(addressOf(host));
  await client.ready;
  marks = join(programs.folder, `marks-${runs++}`);
  mkdirSync(marks);
  const run = async (folder: string, i: number): Promise<number> => {
    const { appendFileSync, existsSync } = await import("node:fs");
    appendFileSync(`${folder}/${i}`, "x");
    const pause = new Int32Array(new SharedArrayBuffer(4));
    while (i === 0 && !existsSync(`${folder}/go`)) Atomics.wait(pause, 0, 0, 5);
    return process.pid;
  };
  const once = client.options({ pure: false });
  const first = once.submit(run, marks, 0);
  const rest = [1, 2, 3, 4, 5].map((i) => once.submit(run, marks, i));
  await expect.poll(() => readdirSync(marks)).toEqual(["0"]);
  await worker(host, "stays");
  goes.kill("SIGTERM");
  // What it had not begun is done by the other one while its task goes on.
  const others = new Set(await client.gather(rest));
  writeFileSync(join(marks, "go"), "x");
  expect(others).not.toContain(await first.result());
  expect(await goes.ended).toBe(0);
  for (const name of readdirSync(marks)) {
    expect([name, readFileSync(join(marks, name), "utf8")]).toEqual([name, "x"]);
  }
  await client.close();
});

it("one whose task does not end goes when its time is over", async () => {
  const host = await programs.scheduler();
  await worker(host, "stays");
  // Before what the environment says, as flags are.
  vi.stubEnv("HEDDLE_WORKER__LIFETIME__GRACE", "10m");
  const more = ["--resources", "GPU=1", "--lifetime-grace", "500ms"];
  const goes = await worker(host, "goes", ...more);
  vi.unstubAllEnvs();
  const client = new Client(addressOf(host));
  const endless = client.options({ resources: { GPU: 1 } }).submit(async () => {
    await new Event("busy").set();
    for (;;);
  });
  await client.ready;
  await new Event("busy").wait();
  goes.kill("SIGTERM");
  expect(await goes.ended).toBe(0);
  await host.logged(/worker goes ends before its time: others run 1 tasks/);
  expect(endless.status).toBe("pending");
  endless.release();
  await client.close();
});

it("the last worker goes at once, and says what is lost", async () => {
  const host = await programs.scheduler();
  const last = await worker(host, "last");
  const client = new Client(addressOf(host));
  const brought = client.scatter([new Float64Array(500), new Float64Array(600)]);
  await brought.settled();
  const made = client.submit(() => new Float64Array(700));
  await made.exception();
  last.kill("SIGTERM");
  expect(await last.ended).toBe(0);
  await host.logged(/worker last ends .* 3 values .*, of which 2 were scattered/);
  await expect(brought.at(0)?.result()).rejects.toThrow(/was lost, since worker last .* is gone/);
  await client.close();
});
