/** @file A scheduler and two workers as processes, for `journal.mjs`. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../lib/cli/main.js", import.meta.url));

/** Starts them; `journal` is the scheduler's, if it shall have one. */
export async function startServers(folder, journal) {
  const children = [];
  const start = async (...args) => {
    const child = spawn(process.execPath, [main, ...args, "--json"], {
      env: { ...process.env, HOME: join(folder, "home") },
      stdio: ["ignore", "pipe", "ignore"],
    });
    children.push(child);
    const [line] = await once(child.stdout, "data");
    return JSON.parse(line.toString().split("\n")[0]);
  };
  const listen = ["--port", "0", "--host", "127.0.0.1"];
  const { address } = await start(
    "scheduler",
    ...listen,
    ...(journal === undefined ? [] : ["--journal", journal]),
  );
  for (const name of ["a", "b"]) {
    await start("worker", address, "--name", name, "--nthreads", "1", "--memory-limit", "1GB");
  }
  return {
    address,
    stop: async () => {
      for (const child of children.reverse()) {
        if (child.exitCode !== null) continue;
        child.kill("SIGKILL");
        await once(child, "exit");
      }
    },
  };
}
