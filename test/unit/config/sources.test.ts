import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type ConfigLayer,
  collect,
  collectEnv,
  collectModule,
  collectYaml,
  configFiles,
  expandEnvironmentVariables,
  interpretValue,
  pathsContainingKey,
  userFolder,
} from "../../../src/config/sources.ts";
import { isHeddleError } from "../../../src/core/errors.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-config-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

function values(layer: ConfigLayer): Record<string, unknown> {
  return Object.fromEntries([...layer].map(([key, entry]) => [key, entry.value]));
}

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isHeddleError(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("a YAML file", () => {
  it("holds keys nested, dotted, in kebab-case and camelCase, each with its line", () => {
    const path = write(
      "heddle.yaml",
      "# comment\narray:\n  chunk-size: 64 MiB\n  svg: { size: 80 }\nworker.memory.limit: 1 GiB\n" +
        "worker:\n  resources: { GPU: 2 }\nprogress: { lineInterval: 200 }\ndataframe:\n",
    );
    const layer = collectYaml(path);
    expect(values(layer)).toEqual({
      "array.chunk-size": 2 ** 26,
      "array.svg.size": 80,
      "worker.memory.limit": 2 ** 30,
      "worker.resources": { GPU: 2 },
      "progress.line-interval": 200,
    });
    expect(layer.get("array.chunk-size")?.origin).toEqual({ source: "file", where: `${path}:3` });
    expect(layer.get("worker.memory.limit")?.origin.where).toBe(`${path}:5`);
  });

  it("may be JSON, and may be empty", () => {
    const path = write("heddle.json", '{\n  "array": { "chunk-size": "1 MiB" }\n}\n');
    expect(collectYaml(path).get("array.chunk-size")?.origin.where).toBe(`${path}:2`);
    expect(collectYaml(write("empty.yaml", "# nothing\n")).size).toBe(0);
  });

  it("may hold `scheduler` as a value and as a group", () => {
    expect(values(collectYaml(write("a.yaml", "scheduler: sync\n")))).toEqual({
      scheduler: "sync",
    });
    expect(values(collectYaml(write("b.yaml", "scheduler:\n  allowed-failures: 1\n")))).toEqual({
      "scheduler.allowed-failures": 1,
    });
  });

  it("names file and line of an unknown key, a bad value and a fault of syntax", () => {
    const unknown = write("a.yaml", "array:\n  chunk-sizes: 3\n");
    expect(messageOf(() => collectYaml(unknown))).toContain(`ConfigUnknownKey: There is no`);
    expect(messageOf(() => collectYaml(unknown))).toContain(`(${unknown}:2)`);
    const bad = write("b.yaml", "array:\n\n  chunk-size: 12 parsecs\n");
    expect(messageOf(() => collectYaml(bad))).toContain(
      `ConfigInvalid: array.chunk-size is "12 parsecs" (${bad}:3); it must be a size in bytes`,
    );
    const broken = write("c.yaml", "array: [1,\nb: 2\n");
    expect(messageOf(() => collectYaml(broken))).toMatch(/^ConfigInvalid: .*c\.yaml:\d+: /);
    expect(messageOf(() => collectYaml(write("d.yaml", "just a text\n")))).toContain("hold keys");
  });

  it("expands variables inside texts", () => {
    const path = write("heddle.yaml", "temporary-directory: $HOME/spill/$NOBODY\n");
    expect(values(collectYaml(path, { HOME: "/h" }))).toEqual({
      "temporary-directory": "/h/spill/$NOBODY",
    });
    expect(expandEnvironmentVariables("$A-$" + "{A}b", { A: "x" })).toBe("x-xb");
  });
});

describe("a module", () => {
  it("exports an object by default", () => {
    const path = write("heddle.mjs", "export default { array: { chunkSize: 2 ** 20 } };\n");
    expect(values(collectModule(path))).toEqual({ "array.chunk-size": 2 ** 20 });
  });

  it("that does not load or exports something else is named", () => {
    const broken = write("a.mjs", "throw new Error('boom');\n");
    expect(messageOf(() => collectModule(broken))).toMatch(/ConfigInvalid: .*a\.mjs.*boom/);
    expect(messageOf(() => collectModule(write("b.mjs", "export const a = 1;\n")))).toMatch(
      /default export must be an object/,
    );
  });
});

describe("environment variables", () => {
  it("name keys by __ for levels and _ for dashes", () => {
    const layer = collectEnv({
      HEDDLE_ARRAY__CHUNK_SIZE: "64MiB",
      HEDDLE_SCHEDULER: "sync",
      HEDDLE_WORKER__RESOURCES: "GPU=1",
      PATH: "/bin",
    });
    expect(values(layer)).toEqual({
      "array.chunk-size": 2 ** 26,
      scheduler: "sync",
      "worker.resources": { GPU: 1 },
    });
    expect(layer.get("scheduler")?.origin).toEqual({
      source: "environment",
      where: "HEDDLE_SCHEDULER",
    });
  });

  it("that are nearly keys are errors; those of others are left alone", () => {
    expect(messageOf(() => collectEnv({ HEDDLE_WORKERS__MEMORY__LIMIT: "1 GiB" }))).toContain(
      "environment variable HEDDLE_WORKERS__MEMORY__LIMIT",
    );
    expect(messageOf(() => collectEnv({ HEDDLE_SHEDULER: "sync" }))).toContain('"scheduler"');
    expect(messageOf(() => collectEnv({ HEDDLE_SCHEDULER: "gpu" }))).toContain("ConfigInvalid");
    expect(collectEnv({ HEDDLE_CONFIG: "x", HEDDLE_INTERNAL_Y: "1", HEDDLE_SEED: "7" }).size).toBe(
      0,
    );
  });
});

describe("where files are looked for", () => {
  const around = () => ({
    env: {
      HEDDLE_ROOT_CONFIG: join(folder, "etc"),
      XDG_CONFIG_HOME: join(folder, "xdg"),
      HEDDLE_CONFIG: join(folder, "mine.yaml"),
    },
    cwd: join(folder, "project/deep/er"),
  });

  it("system, user, nearest, HEDDLE_CONFIG: the last wins", () => {
    mkdirSync(around().cwd, { recursive: true });
    const etc = write("etc/a.yaml", "array.svg.size: 101\narray.chunk-size: 1\n");
    const user = write("xdg/heddle/heddle.yaml", "array.svg.size: 102\nblas.threads: 2\n");
    const far = write("heddle.yaml", "array.svg.size: 99\n");
    const near = write("project/heddle.json", '{"array.svg.size": 103, "progress.interval": 5}');
    const mine = write("mine.yaml", "array.svg.size: 104\n");
    expect(configFiles(around())).toEqual([etc, user, near, mine]);
    expect(configFiles(around())).not.toContain(far);
    const merged = new Map(collect(around()).flatMap((layer) => [...layer]));
    expect(values(merged)).toEqual({
      "array.svg.size": 104,
      "array.chunk-size": 1,
      "blas.threads": 2,
      "progress.interval": 5,
    });
  });

  it("a folder with the name of a file is named as one", () => {
    const path = join(folder, "heddle.yaml");
    mkdirSync(path);
    expect(messageOf(() => collectYaml(path))).toMatch(/heddle\.yaml: it is a folder/);
  });

  it("a HEDDLE_CONFIG that does not exist is an error", () => {
    expect(messageOf(() => configFiles(around()))).toContain("HEDDLE_CONFIG names this file");
  });

  it("the user's folder follows the system", () => {
    expect(userFolder({ env: {}, home: "/h", platform: "linux" })).toBe(join("/h/.config/heddle"));
    expect(userFolder({ env: { APPDATA: "/a" }, platform: "win32" })).toBe(join("/a/heddle"));
  });
});

describe("looking into sources", () => {
  it("names the files that set a key, and says what a text means", () => {
    const cwd = join(folder, "work");
    const here = write("work/heddle.yaml", "array.chunk-size: 1 MiB\n");
    const env = { HEDDLE_ROOT_CONFIG: join(folder, "none") };
    const around = { cwd, home: join(folder, "home"), platform: "linux", env };
    expect(pathsContainingKey("array.chunkSize", around)).toEqual([here]);
    expect(pathsContainingKey("scheduler", around)).toEqual([]);
    expect(interpretValue("array.chunk-size", "1 MiB")).toBe(2 ** 20);
    expect(messageOf(() => interpretValue("array.chunk-size", "big"))).toMatch(/^ConfigInvalid/);
  });
});
