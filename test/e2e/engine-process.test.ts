/**
 * @file The engine and the process around it: when it ends, what it loads, and what ends with it.
 */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
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

describe("what tasks print", () => {
  const script = fileURLToPath(new URL("./fixtures/engine/prints.mjs", import.meta.url));
  const numbers = Array.from({ length: 20_000 }, (_, i) => `${i}\n`).join("");

  test.each(["last", "close"])("is there when the program ends at once: %s", (how) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, how, "20000"], {
      encoding: "utf8",
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "end" });
    expect(stdout).toBe(numbers);
  });

  test("is there in a file too", () => {
    const file = join(folder, "printed");
    const fd = openSync(file, "w");
    spawnSync(process.execPath, [script, "last", "20000"], { stdio: ["ignore", fd, "ignore"] });
    closeSync(fd);
    expect(readFileSync(file, "utf8")).toBe(numbers);
  });

  test("goes through the program's own streams, before the result", () => {
    const { stdout, stderr } = spawnSync(process.execPath, [script, "replaced", "100"], {
      encoding: "utf8",
    });
    expect({ stdout, stderr }).toEqual({ stdout: "", stderr: "end 100 lines" });
  });
});

describe("tasks given to fireAndForget", () => {
  test.each([
    ["own", "end", "task "],
    ["own", "release", "task "],
    ["own", "close", "task closed"],
    ["shared", "end", "task "],
    ["shared", "release", "task "],
    ["shared", "close", "task closed"],
  ])("run to their end on a new engine: %s, %s", (whose, then, expected) => {
    const file = join(folder, "forgotten");
    run("forgets", file, whose, then);
    expect(readFileSync(file, "utf8")).toBe(expected);
  });
});

test("a module given as text computes like one in a file", () => {
  const text = `
    import { Client } from "heddle";
    await Client.with({ threads: 1 }, async (client) => {
      console.log(await client.submit((x) => x + 1, 41).result());
    });`;
  const args = ["--expose-gc", "--input-type=module"];
  const asked = { status: 0, stdout: "42\n", stderr: "" };
  const options = { encoding: "utf8" } as const;
  expect(spawnSync(process.execPath, [...args, "-e", text], options)).toMatchObject(asked);
  const input = { ...options, input: text };
  expect(spawnSync(process.execPath, args, input)).toMatchObject(asked);
});

describe("under Node's permission model", () => {
  const script = fileURLToPath(new URL("./fixtures/engine/permission.mjs", import.meta.url));
  const isStable = process.allowedNodeEnvironmentFlags.has("--permission");
  const permission = isStable ? "--permission" : "--experimental-permission";

  function linesOf(...flags: string[]): string[] {
    const args = [permission, "--allow-fs-read=*", "--allow-fs-write=*", ...flags, script];
    return spawnSync(process.execPath, args, { encoding: "utf8" }).stdout.trim().split("\n");
  }

  test("errors name the flag that is missing", () => {
    const [named, closure, frame] = linesOf();
    expect(named).toMatch(/^NotSupported: .*refuses threads.*--allow-worker/);
    expect(closure).toMatch(/^NotSupported: .*refuses threads.*--allow-worker/);
    expect(frame).toMatch(/--allow-addons/);
  });

  test("exported functions run where threads may start; closures say why they cannot", () => {
    const [named, closure] = linesOf("--allow-worker");
    expect(named).toBe("3");
    expect(closure).toMatch(/^NotSupported: .*refuses the inspector.*Export the function/);
  });
});
