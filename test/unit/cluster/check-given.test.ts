import { describe, expect, test } from "vitest";
import {
  checkJson,
  checkName,
  checkPath,
  checkResources,
  checkTimeMs,
  checkWhole,
  namesIn,
} from "../../../src/cluster/check-given.ts";

const INVALID = expect.objectContaining({ code: "InvalidArgument" });
const loop: Record<string, unknown> = {};
loop["self"] = loop;

describe("names", () => {
  test("are texts that are not empty", () => {
    expect(() => checkName("the name", "a")).not.toThrow();
    for (const bad of ["", 5, undefined, null, Symbol("s"), {}]) {
      expect(() => checkName("the name", bad)).toThrow(INVALID);
    }
  });

  test("of files and folders are short and have no null character", () => {
    for (const path of ["a", "/b/c d", "é".repeat(4096)]) {
      expect(() => checkPath("the path", path)).not.toThrow();
    }
    for (const bad of ["", "\0", "a\0b", "a".repeat(4097), 5, undefined]) {
      expect(() => checkPath("the path", bad)).toThrow(INVALID);
    }
  });

  test("come one by one or in lists", () => {
    expect(namesIn("keys", "a")).toEqual(["a"]);
    expect(namesIn("keys", ["a", "b"])).toEqual(["a", "b"]);
    expect(namesIn("keys", [], { none: true })).toEqual([]);
    for (const bad of [[], [5], 5, undefined, Symbol("s"), new Set(["a"])]) {
      expect(() => namesIn("keys", bad)).toThrow(INVALID);
    }
  });
});

describe("numbers", () => {
  test("a time is a number from 0 on", () => {
    for (const good of [undefined, 0, 1.5, Number.POSITIVE_INFINITY]) {
      expect(() => checkTimeMs("timeoutMs", good)).not.toThrow();
    }
    for (const bad of [Number.NaN, -1, "5s", null, 5n, Symbol("s")]) {
      expect(() => checkTimeMs("timeoutMs", bad)).toThrow(INVALID);
    }
  });

  test("a time may have to be longer than nothing", () => {
    expect(() => checkTimeMs("everyMs", 5, { least: 5 })).not.toThrow();
    expect(() => checkTimeMs("everyMs", 4, { least: 5 })).toThrow("from 5 on");
  });

  test("a count is whole and within its bounds", () => {
    for (const good of [undefined, 1, 4]) expect(() => checkWhole("n", good, 1, 4)).not.toThrow();
    for (const bad of [0, 5, 1.5, Number.NaN, null, "2", Symbol("s")]) {
      expect(() => checkWhole("n", bad, 1, 4)).toThrow(INVALID);
    }
  });
});

describe("resources", () => {
  test("are finite amounts by name", () => {
    for (const good of [undefined, {}, { GPU: 1, disk: 0.5 }]) {
      expect(() => checkResources("resources", good)).not.toThrow();
    }
    for (const bad of [null, 5, [1], { GPU: -1 }, { GPU: "1" }, { GPU: Number.NaN }]) {
      expect(() => checkResources("resources", bad)).toThrow(INVALID);
    }
  });
});

describe("plain data", () => {
  test("is what JSON has", () => {
    const good = { a: [1, "b", null, true, { c: Object.create(null) }] };
    expect(() => checkJson("the value", good)).not.toThrow();
    for (const bad of [
      undefined,
      5n,
      new Date(),
      () => 1,
      Symbol("s"),
      new Map(),
      [undefined],
      loop,
    ]) {
      expect(() => checkJson("the value", bad)).toThrow(INVALID);
    }
  });

  test("the place of what is not is named", () => {
    expect(() => checkJson("the value", { a: [0, { b: undefined }] })).toThrow(
      'the value at ["a"][1]["b"] is nothing',
    );
  });
});
