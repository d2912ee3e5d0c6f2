import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CONFIG_KEYS } from "../../../src/config/schema.ts";
import { collectYaml } from "../../../src/config/sources.ts";
import { ensureFile, writeValue } from "../../../src/config/write.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-write-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("ensureFile", () => {
  it("makes a file that names every key and sets none", () => {
    const path = ensureFile(join(folder, "deep/heddle.yaml"));
    const content = readFileSync(path, "utf8");
    for (const key of CONFIG_KEYS) expect(content).toContain(`# ${key}: `);
    expect(collectYaml(path).size).toBe(0);
  });

  it("leaves an existing file alone", () => {
    const path = join(folder, "heddle.yaml");
    writeFileSync(path, "array.svg.size: 77\n");
    ensureFile(path);
    expect(readFileSync(path, "utf8")).toBe("array.svg.size: 77\n");
  });
});

describe("writeValue", () => {
  it("keeps comments, order and the user's way of nesting", () => {
    const path = join(folder, "heddle.yaml");
    writeFileSync(path, "# mine\narray:\n  chunkSize: 1 MiB # small\n  svg:\n    size: 50\n");
    expect(writeValue("array.chunk-size", "64 MiB", path)).toBe(2 ** 26);
    writeValue("array.svg.size", "60", path);
    writeValue("scheduler", "sync", path);
    expect(readFileSync(path, "utf8")).toBe(
      "# mine\narray:\n  chunkSize: 64 MiB # small\n  svg:\n    size: 60\nscheduler: sync\n",
    );
  });

  it("makes the file when there is none, JSON stays JSON", () => {
    const yaml = join(folder, "new.yaml");
    writeValue("worker.resources", "GPU=2", yaml);
    expect(collectYaml(yaml).get("worker.resources")?.value).toEqual({ GPU: 2 });
    const json = join(folder, "heddle.json");
    writeFileSync(json, '{ "scheduler": "sync" }\n');
    writeValue("array.svg.size", "60", json);
    expect(JSON.parse(readFileSync(json, "utf8"))).toEqual({
      scheduler: "sync",
      "array.svg.size": 60,
    });
  });

  it("writes nothing when key or value is wrong", () => {
    const path = join(folder, "heddle.yaml");
    writeFileSync(path, "scheduler: sync\n");
    expect(() => writeValue("array.size", "1", path)).toThrow(/no configuration key/);
    expect(() => writeValue("array.chunk-size", "big", path)).toThrow(/size in bytes/);
    const group = join(folder, "group.yaml");
    writeFileSync(group, "scheduler:\n  allowed-failures: 1\n");
    expect(() => writeValue("scheduler", "sync", group)).toThrow(/as a group/);
    expect(() => writeValue("scheduler", "sync", join(folder, "heddle.mjs"))).toThrow(/by hand/);
    expect(readFileSync(path, "utf8")).toBe("scheduler: sync\n");
  });
});
