/** @file The most memory that a scheduler process takes while it has a million tasks to keep. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Client } from "heddle";
import { check } from "./measure.mjs";

const COMMAND = fileURLToPath(new URL("../../lib/cli/main.js", import.meta.url));

/** Starts a scheduler and two workers, and runs a map of `count` tasks; megabytes. */
export async function schedulerMemory(count) {
  const folder = mkdtempSync(join(tmpdir(), "heddle-bench-"));
  const file = join(folder, "scheduler.json");
  const programs = [];
  const start = async (...args) => {
    const program = spawn(process.execPath, [COMMAND, ...args], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    programs.push(program);
    await new Promise((resolve, reject) => {
      createInterface({ input: program.stdout }).once("line", resolve);
      program.once("exit", () => reject(new Error(`heddle ${args[0]} has ended`)));
    });
    return program;
  };
  try {
    const scheduler = await start("scheduler", "--port", "0", "--scheduler-file", file);
    await start("worker", "--scheduler-file", file, "--nworkers", "2", "--nthreads", "1");
    const client = new Client({ schedulerFile: file, setAsDefault: false });
    await client.waitForWorkers(2);
    const futures = client.map(
      (x) => x + 1,
      Array.from({ length: count }, (_, i) => i),
    );
    await futures.settled();
    check((await futures.at(-1).result()) === count, "a result is wrong");
    const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(
      readFileSync(`/proc/${scheduler.pid}/status`, "utf8"),
    );
    await client.close();
    return Number(kilobytes) / 1024;
  } finally {
    for (const program of programs.reverse()) {
      program.kill("SIGTERM");
      await new Promise((resolve) => program.once("exit", resolve));
    }
    rmSync(folder, { recursive: true, force: true });
  }
}
