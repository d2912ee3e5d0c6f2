import { describe, expect, it } from "vitest";
import { canonicalName, findKey, nearestKey, resolveKey } from "../../../src/config/keys.ts";

describe("spellings of keys", () => {
  it("are kebab-case in files, camelCase in code, snake_case in variables", () => {
    for (const name of ["array.chunk-size", "array.chunkSize", "array.chunk_size"]) {
      expect(canonicalName(name)).toBe("array.chunk-size");
      expect(findKey(name)).toBe("array.chunk-size");
    }
  });

  it("do not find what every object has", () => {
    expect(findKey("constructor")).toBeUndefined();
    expect(findKey("__proto__")).toBeUndefined();
  });
});

describe("an unknown key", () => {
  it.each([
    ["array.chunksize", "array.chunk-size"],
    ["workers.memory.limit", "worker.memory.limit"],
    ["distributed.worker.memory.limit", "worker.memory.limit"],
    ["chunk-size", "array.chunk-size"],
    ["svg.size", "array.svg.size"],
  ])("%s is answered with %s", (name, nearest) => {
    expect(nearestKey(name)).toBe(nearest);
    expect(() => resolveKey(name)).toThrow(`Did you mean "${nearest}"?`);
  });

  it("that names a group is answered with its keys", () => {
    expect(() => resolveKey("array.svg")).toThrow("It is a group of keys: array.svg.size.");
  });

  it("that is near nothing is answered with the command that lists all", () => {
    expect(() => resolveKey("zebra-crossing", "heddle.yaml:3")).toThrow(
      'There is no configuration key "zebra-crossing" (heddle.yaml:3). `heddle config list`',
    );
  });
});
