/**
 * @file The `heddle` command as a process: exit codes, programs in JavaScript and TypeScript with
 * their arguments, signals, progress and summary on stderr only.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const main = join(root, "lib/cli/main.js");
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-cli-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/heddle"), "junction");
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function heddle(...args: string[]): Result {
  const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined, CI: "true" };
  return spawnSync(process.execPath, [main, ...args], { cwd: folder, encoding: "utf8", env });
}

function program(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

describe("exit codes", () => {
  it.each([
    [["--version"], 0],
    [["help"], 0],
    [["inof"], 2],
    [["config", "get", "array.chunksize"], 2],
    [["run", "missing.js"], 2],
  ])("heddle %j ends with %i", (args, status) => {
    const result = heddle(...args);
    expect(result.status).toBe(status);
    expect(result.stderr).not.toContain("    at ");
    expect(result.stderr === "").toBe(status === 0);
  });

  it("a bad configuration file is named, by every command that reads it", () => {
    const bad = join(folder, "bad.yaml");
    writeFileSync(bad, "array:\n  chunk-sizes: 1\n");
    const result = spawnSync(process.execPath, [main, "config", "list"], {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, HEDDLE_CONFIG: bad },
    });
    expect(result.status).toBe(2);
    expect(result.stderr).toContain(`${bad}:2`);
  });
});

describe("heddle run", () => {
  it("hands on arguments, also those that look like its own, and the exit code", () => {
    const name = program(
      "args.mjs",
      "console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 3;",
    );
    const result = heddle("run", name, "a b", "--json", "x", "-q", "--", "--help");
    expect(result.stdout).toBe('["a b","--json","x","-q","--","--help"]\n');
    expect(result.status).toBe(3);
  });

  it("runs TypeScript that Node alone could not, as the main module", () => {
    const name = program(
      "main.ts",
      `enum Color { Red = 7 }
       import { fileURLToPath } from "node:url";
       const isMain: boolean = process.argv[1] === fileURLToPath(import.meta.url);
       console.log(Color.Red, isMain);`,
    );
    const result = heddle("run", "--quiet", name);
    expect(result).toMatchObject({ status: 0, stdout: "7 true\n", stderr: "" });
  });

  it("shows an uncaught error as Node does", () => {
    const name = program("fail.mjs", "throw new RangeError('mine');");
    const result = heddle("run", "--quiet", name);
    expect(result.status).toBe(1);
    expect(result.stderr).toContain("RangeError: mine");
  });

  it("writes the summary to stderr, once, with what was computed", () => {
    const name = program(
      "work.mjs",
      `import { compute, delayed } from "heddle";
       const inc = delayed((x) => x + 1, { name: "inc" });
       const [a, b] = await compute(inc(1), inc(2));
       console.log(a + b);`,
    );
    const result = heddle("run", name);
    expect(result).toMatchObject({ status: 0, stdout: "5\n" });
    expect(result.stderr).toMatch(/\nheddle: 1 computation, 2 tasks, [\d.]+ m?s/);
    expect(result.stderr.match(/heddle:/g)).toHaveLength(1);
    expect(result.stderr).toMatch(/\n {2}inc +2/);
    const silent = heddle("run", "--no-summary", name);
    expect(silent.stderr).not.toContain("heddle:");
  });

  it("ends with the signal that ends the program", async () => {
    const name = program("wait.mjs", "console.log('ready'); setInterval(() => {}, 1000);");
    const child = spawn(process.execPath, [main, "run", "--quiet", name], { cwd: folder });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.kill("SIGTERM");
    const status = await new Promise((resolve) => child.once("close", resolve));
    expect(status).toBe(143);
  });
});

describe("heddle demo", () => {
  it("works in an empty folder", () => {
    const empty = mkdtempSync(join(tmpdir(), "heddle-demo-"));
    const result = spawnSync(process.execPath, [main, "demo"], { cwd: empty, encoding: "utf8" });
    rmSync(empty, { recursive: true });
    expect(result.stderr).toBe("");
    expect(result.status).toBe(0);
    expect(result.stdout).toContain("RangeError: -4 has no real root");
  });
});
