/** @file Code on its way to worker processes that have none of the program's files. */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-code-"));
  mkdirSync(join(folder, "node_modules"));
  execFileSync("ln", ["-s", process.cwd(), join(folder, "node_modules/heddle")]);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program in the folder; resolves to its lines. */
async function run(name: string, text: string): Promise<string[]> {
  writeFileSync(join(folder, name), text);
  const child = spawn(process.execPath, [name], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (errors += chunk));
  const code = await new Promise((resolve) => child.once("exit", resolve));
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${errors}`);
  return output.trim().split("\n");
}

test("a module that is gone when the workers start has come with the functions", async () => {
  writeFileSync(join(folder, "units.mjs"), "export const factor = 3;\n");
  writeFileSync(
    join(folder, "helper.mjs"),
    'import { factor } from "./units.mjs";\nexport const times = (x) => x * factor;\n' +
      `export const padding = ${JSON.stringify("x".repeat(100_000))};\n`,
  );
  const lines = await run(
    "gone.mjs",
    `import { rmSync } from "node:fs";
import { Client, LocalCluster } from "heddle";
import { times } from "./helper.mjs";
const cluster = new LocalCluster({ nWorkers: 0, threadsPerWorker: 1, memoryLimit: "512MiB" });
await Client.with(cluster, async (client) => {
  const future = client.submit(times, 14);
  const inline = client.submit((x) => times(x) + 1, 1);
  await client.schedulerInfo();
  rmSync("helper.mjs");
  rmSync("units.mjs");
  await cluster.scale(1);
  console.log(await future.result());
  console.log(await inline.result());
});
await cluster.close();
`,
  );
  expect(lines).toEqual(["42", "4"]);
});

test("a helper that is edited between two calls runs as it is then", async () => {
  writeFileSync(join(folder, "edited.mjs"), "export const answer = () => 1;\n");
  const lines = await run(
    "edit.mjs",
    `import { writeFileSync } from "node:fs";
import { Client, LocalCluster } from "heddle";
const cluster = new LocalCluster({ nWorkers: 1, threadsPerWorker: 1, memoryLimit: "512MiB" });
await Client.with(cluster, async (client) => {
  const first = await import("./edited.mjs");
  console.log(await client.submit(first.answer).result());
  writeFileSync("edited.mjs", "export const answer = () => 2;\\n");
  const second = await import("./edited.mjs?2");
  console.log(await client.submit(second.answer).result());
});
await cluster.close();
`,
  );
  expect(lines).toEqual(["1", "2"]);
});

test("a program's side effects happen once, in the program", async () => {
  const lines = await run(
    "once.mjs",
    `import { Client, LocalCluster } from "heddle";
console.log("started");
const double = (x) => x * 2;
const cluster = new LocalCluster({ nWorkers: 2, threadsPerWorker: 1, memoryLimit: "512MiB" });
await Client.with(cluster, async (client) => {
  console.log((await client.map(double, [1, 2, 3]).results()).join());
});
await cluster.close();
`,
  );
  expect(lines).toEqual(["started", "2,4,6"]);
});
