/**
 * @file Programs that esbuild has made one file: with Heddle beside it everything works, minified
 * too; with Heddle inside, the first use says what to do.
 */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const esbuild = createRequire(createRequire(import.meta.url).resolve("tsx"))("esbuild") as {
  buildSync(options: object): void;
};

const PROGRAM = `
import { Client, delayed } from "heddle";
import * as da from "heddle/array";
import { cube } from "./helper.ts";
const factor: number = 3;
async function say(run: () => Promise<unknown>): Promise<void> {
  try {
    console.log(await run());
  } catch (error) {
    console.log((error as Error & { code: string }).code, (error as Error).message);
  }
}
await say(() => delayed((x: number) => cube(x) + factor)(2).compute());
await say(() => delayed(cube)(3).compute());
await say(() => da.ones([10, 10], { chunks: 5 }).sum().compute());
await say(async () => {
  const client = new Client({ embedded: true });
  const value = await client.submit((x: number) => x * factor, 2).result();
  await client.close();
  return value;
});
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "heddle-bundles-"));
  mkdirSync(path.join(folder, "node_modules"));
  symlinkSync(ROOT, path.join(folder, "node_modules", "heddle"), "junction");
  writeFileSync(path.join(folder, "program.ts"), PROGRAM);
  writeFileSync(
    path.join(folder, "helper.ts"),
    "export const cube = (x: number): number => x ** 3;\n",
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function linesOf(options: object): string[] {
  const outfile = path.join(folder, "one.mjs");
  esbuild.buildSync({
    entryPoints: [path.join(folder, "program.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "error",
    ...options,
  });
  const env: NodeJS.ProcessEnv = { ...process.env };
  for (const name of Object.keys(env)) if (name.startsWith("VITEST")) delete env[name];
  return execFileSync(process.execPath, [outfile], { cwd: folder, env, encoding: "utf8" })
    .trim()
    .split("\n");
}

test.each([
  ["as it is", {}],
  ["minified", { minify: true }],
])("with Heddle beside it, %s", (_, options) => {
  expect(linesOf({ packages: "external", ...options })).toEqual(["11", "27", "100", "6"]);
});

test("with Heddle inside, every way of computing says to leave it out", () => {
  const lines = linesOf({ external: ["koffi", "@duckdb/*", "@hpcc-js/*", "tsx", "typescript"] });
  expect(lines).toHaveLength(4);
  for (const line of lines) {
    expect(line).toMatch(/^NotSupported Heddle's threads start from files of the package/);
    expect(line).toContain("esbuild --packages=external");
  }
});

test("source maps of what the package exports name files that exist", () => {
  const lib = path.join(ROOT, "lib");
  const maps = readdirSync(lib, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".js.map"),
  );
  const missing = maps.flatMap((file) => {
    const { sources } = JSON.parse(readFileSync(path.join(lib, file), "utf8"));
    return (sources as string[])
      .map((source) => path.resolve(lib, path.dirname(file), source))
      .filter((source) => !existsSync(source));
  });
  expect(maps).toContain(path.join("chunks", "cluster.js.map"));
  expect(missing).toEqual([]);
});
