/**
 * @file The engine and the process around it: when it ends, what it loads, and what ends with it.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-process-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function run(name: string, ...args: string[]): { status: number | null; lines: string[] } {
  const script = fileURLToPath(new URL(`./fixtures/engine/${name}.mjs`, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    encoding: "utf8",
    timeout: 120_000,
    env: { ...process.env, TMPDIR: folder },
  });
  expect(stderr).toBe("");
  return { status, lines: stdout.trim().split("\n") };
}

describe("a program", () => {
  test("ends by itself, runs its top level once, and leaves no folder behind", () => {
    const log = join(folder, "log");
    const { status, lines } = run("exits", log);
    expect(status).toBe(0);
    expect(lines).toEqual(["42", "[ 2, 4, 6 ]"]);
    expect(readFileSync(log, "utf8")).toBe("top\n");
    expect(readdirSync(folder)).toEqual(["log"]);
  });

  test("hears of the engine's end instead of waiting for ever", () => {
    const { status, lines } = run("gone");
    expect(status).toBe(0);
    expect(lines).toEqual(["CommClosed", "CommClosed", "CommClosed", "CommClosed"]);
  });

  test("that edits a helper module between two submits runs the new code", () => {
    expect(run("helper-caller", folder).lines).toEqual(["1", "2"]);
  });
});
