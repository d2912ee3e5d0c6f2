/** Goal: errors are told apart by code, also across copies of the package, and name near misses. */
import { expect, test, vi } from "vitest";
import {
  assert,
  HeddleError,
  isHeddleError,
  nearestName,
  shortPath,
} from "../../../src/core/errors.ts";

test("an error has its code as its name, its fields and its cause", () => {
  const cause = new RangeError("deep");
  const error = new HeddleError("InvalidAxis", "no axis 3", { cause, fields: { axis: 3 } });
  expect(error).toBeInstanceOf(Error);
  expect(String(error)).toBe("InvalidAxis: no axis 3");
  expect(error.cause).toBe(cause);
  expect(error.fields).toEqual({ axis: 3 });
  expect("cause" in new HeddleError("Timeout", "late")).toBe(false);
});

test("isHeddleError asks for the brand, and for the code when one is given", async () => {
  const error = new HeddleError("Timeout", "late");
  expect(isHeddleError(error)).toBe(true);
  expect(isHeddleError(error, "Timeout")).toBe(true);
  expect(isHeddleError(error, "Cancelled")).toBe(false);
  for (const other of [new Error("Timeout"), { code: "Timeout" }, "Timeout", null, undefined]) {
    expect(isHeddleError(other)).toBe(false);
  }
  vi.resetModules();
  const copy = await import("../../../src/core/errors.ts");
  expect(copy.HeddleError).not.toBe(HeddleError);
  expect(isHeddleError(new copy.HeddleError("Lost", "x"), "Lost")).toBe(true);
});

test("assert says that the fault is ours", () => {
  expect(() => assert(1, "one")).not.toThrow();
  expect(() => assert(0, "the sum is odd")).toThrow(/the sum is odd\. This is a bug in Heddle/);
});

test.each([
  ["threds", "threads"],
  ["THREADS", "threads"],
  ["chunk-sise", "chunk-size"],
  ["zebra", undefined],
  ["syn", "sync"],
  ["x", undefined],
  ["au", "auto"],
  ["sycn", "sync"],
])("the name nearest to %s is %s", (given, nearest) => {
  expect(nearestName(given, ["threads", "sync", "chunk-size", "auto"])).toBe(nearest);
});

test("of two near names the nearer wins, wherever it stands", () => {
  expect(nearestName("float61", ["float32", "float64"])).toBe("float64");
  expect(nearestName("float31", ["float64", "float32"])).toBe("float32");
});

test("of a long path messages show the two ends", () => {
  expect(shortPath("value.a.b")).toBe("value.a.b");
  const short = shortPath(`value${".a".repeat(3000)}.end`);
  expect(short).toMatch(/^value\.a.*….*\.end$/);
  expect(short.length).toBeLessThan(200);
});
