/** @file Statistics of functions. */
import { describe, expect, test } from "vitest";
import { FunctionGroup, FunctionGroups } from "../../../../src/machine/scheduler/groups.ts";

describe("FunctionGroup", () => {
  test("knows nothing at first", () => {
    const group = new FunctionGroup("f");
    expect(group.p95Ms).toBe(-1);
    expect(group.bytesMean).toBe(-1);
  });

  test("the percentile is the power of two above 95 of 100 durations", () => {
    const group = new FunctionGroup("f");
    group.addDuration(3, 95);
    group.addDuration(100, 5);
    expect(group.p95Ms).toBe(4);
    group.addDuration(100, 1);
    expect(group.p95Ms).toBe(128);
  });

  test("tiny and huge durations stay within the buckets", () => {
    const group = new FunctionGroup("f");
    group.addDuration(0, 1);
    expect(group.p95Ms).toBe(2 ** -10);
    group.addDuration(1e300, 1000);
    expect(group.p95Ms).toBe(2 ** 29);
  });

  test("what was long ago fades", () => {
    const group = new FunctionGroup("f");
    group.addDuration(1000, 4000);
    expect(group.p95Ms).toBe(1024);
    for (let i = 0; i < 20; i++) group.addDuration(1, 3000);
    expect(group.p95Ms).toBe(1);
  });

  test("sizes are a running mean", () => {
    const group = new FunctionGroup("f");
    group.addBytes(100);
    expect(group.bytesMean).toBe(100);
    group.addBytes(200);
    expect(group.bytesMean).toBeCloseTo(110);
  });
});

test("groups are numbered densely by name", () => {
  const groups = new FunctionGroups();
  expect([groups.numberOf("a"), groups.numberOf("b"), groups.numberOf("a")]).toEqual([0, 1, 0]);
  expect(groups.at(1).name).toBe("b");
  expect(groups.all).toHaveLength(2);
});
