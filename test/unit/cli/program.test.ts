import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Command, CommanderError } from "commander";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { makeProgram } from "../../../src/cli/program.ts";
import { CONFIG_KEYS } from "../../../src/config/schema.ts";

let output = "";
beforeEach(() => {
  output = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    output += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

function capture(command: Command): Command {
  command.configureOutput({
    writeErr: (text) => (output += text),
    writeOut: (text) => (output += text),
  });
  for (const inner of command.commands) capture(inner as Command);
  return command;
}

/** What `heddle` prints for these arguments; a wrong use ends with its exit code. */
async function heddle(...args: string[]): Promise<string> {
  try {
    await capture(makeProgram(() => {})).parseAsync(["node", "heddle", ...args]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    output += `[exit ${error.exitCode === 0 ? 0 : 2}]`;
  }
  return output;
}

describe("wrong use names the nearest right one", () => {
  it.each([
    [["inof"], "unknown command 'inof'\n(Did you mean info?)"],
    [["info", "--jsno"], "unknown option '--jsno'\n(Did you mean --json?)"],
    [["config", "lst"], "unknown command 'lst'\n(Did you mean list?)"],
    [["run", "--quite", "a.js"], "unknown option '--quite'\n(Did you mean --quiet?)"],
    [["run", "--progres", "a.js"], "unknown option '--progres'\n(Did you mean --progress?)"],
    [["run", "--foo", "a.js"], "`heddle run --help` lists what there is"],
    [["config", "get"], "`heddle config get --help` lists what there is"],
    [["nonsense"], "`heddle --help` lists what there is"],
    [["run"], "missing required argument 'script'"],
    [["info", "extra"], "too many arguments"],
  ])("heddle %j", async (args, message) => {
    const text = await heddle(...args);
    expect(text).toContain(message);
    expect(text).toMatch(/\[exit 2\]$/);
  });

  it("an unknown key", async () => {
    await expect(heddle("config", "get", "array.chunksize")).rejects.toThrow(
      'Did you mean "array.chunk-size"?',
    );
    await expect(heddle("config", "find", "zebra")).rejects.toThrow(/has to do with "zebra"/);
    await expect(heddle("config", "list", "arrays")).rejects.toThrow('Did you mean "array"?');
    await expect(heddle("config", "list", "zebra")).rejects.toThrow(/Groups: adaptive, array, /);
  });
});

describe("help and version", () => {
  it("lists the commands", async () => {
    const text = await heddle("--help");
    for (const name of ["run", "info", "config", "demo"])
      expect(text).toMatch(new RegExp(`^  ${name}`, "m"));
    expect(text).toMatch(/\[exit 0\]$/);
  });

  it("prints the package's version", async () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8"));
    expect(await heddle("--version")).toBe(`${version}\n[exit 0]`);
  });
});

describe("heddle config", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "heddle-cli-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("get prints one value as people write it, or all about it as JSON", async () => {
    expect(await heddle("config", "get", "array.chunkSize")).toBe("128.00 MiB\n");
    output = "";
    const item = JSON.parse(await heddle("config", "get", "array.chunk-size", "--json"));
    expect(item).toMatchObject({ key: "array.chunk-size", value: 2 ** 27, default: 2 ** 27 });
  });

  it("set writes into the file that is named", async () => {
    const file = join(folder, "heddle.yaml");
    const said = await heddle("config", "set", "array.chunk-size", "64 MiB", "--file", file);
    expect(said).toBe(`array.chunk-size: 64.00 MiB  (${file})\n`);
    expect(readFileSync(file, "utf8")).toContain("\narray.chunk-size: 64 MiB\n");
  });

  it("list and find show keys with what they mean", async () => {
    const list = await heddle("config", "list", "array.rechunk");
    expect(list).toBe(
      "array.rechunk.method: auto  # default\narray.rechunk.threshold: 4  # default\n",
    );
    output = "";
    const found = await heddle("config", "find", "temporary", "folder");
    expect(found).toContain("temporary-directory: null  (default)\n  Folder for spilled data");
    output = "";
    expect(JSON.parse(await heddle("config", "list", "--json"))).toHaveLength(CONFIG_KEYS.length);
  });
});

describe("heddle info", () => {
  it("--json has every part, and the text the same facts", async () => {
    const info = JSON.parse(await heddle("info", "--json"));
    expect(info.node).toBe(process.versions.node);
    expect(info.processors.usable).toBeGreaterThan(0);
    expect(info.wasm).toMatchObject({ simd: true, threads: true });
    expect(info.tableEngine.version).toMatch(/^DuckDB v1\./);
    expect(info.linearAlgebra.version).toMatch(/built-in kernels|blas|mkl|accelerate/i);
    expect(info.engine.memoryLimitBytes).toBeGreaterThan(0);
    output = "";
    const text = await heddle("info");
    expect(text).toContain(info.tableEngine.version);
    expect(text).toContain(`${info.processors.usable} usable`);
  });
});
