/**
 * @file What a program waits for its first result, in a process of its own: from the first line
 * after the import to the value. `node first-result.mjs engine|threads`.
 */
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";

/** As many bare threads as the engine has task threads; each answers one message. */
async function threads() {
  const program = `const { parentPort } = require("node:worker_threads");
    parentPort.once("message", (x) => parentPort.postMessage(x + 1));`;
  const startMs = performance.now();
  const workers = Array.from(
    { length: availableParallelism() },
    () => new Worker(program, { eval: true }),
  );
  for (const worker of workers) worker.postMessage(41);
  await Promise.all(workers.map((worker) => once(worker, "message")));
  return performance.now() - startMs;
}

async function engine() {
  const { Client } = await import("heddle");
  const startMs = performance.now();
  const client = new Client({ embedded: true });
  await client.submit((x) => x + 1, 41).result();
  return performance.now() - startMs;
}

console.log(await (process.argv[2] === "threads" ? threads() : engine()));
process.exit(0);
