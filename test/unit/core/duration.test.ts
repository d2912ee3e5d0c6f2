import { describe, expect, it } from "vitest";
import { formatDuration, parseDuration } from "../../../src/core/duration.ts";

describe("parseDuration", () => {
  it.each([
    ["500ms", 500],
    ["10s", 10_000],
    ["10 s", 10_000],
    ["1.5m", 90_000],
    ["5min", 300_000],
    ["1h30m", 5_400_000],
    ["2d", 172_800_000],
    ["250us", 0.25],
    ["1e3ms", 1000],
    [40, 40],
    [0, 0],
  ])("reads %s", (text, ms) => {
    expect(parseDuration(text)).toBeCloseTo(ms, 9);
  });

  it.each(["", "10", "ten s", "5 parsecs", "1h x", "-3s", Number.NaN, -1])("refuses %s", (text) => {
    expect(() => parseDuration(text)).toThrow(/no span of time/);
  });
});

describe("formatDuration", () => {
  it.each([
    [0, "0 s"],
    [0.25, "250 us"],
    [0.9996, "1 ms"],
    [1, "1 ms"],
    [3.14, "3.1 ms"],
    [250, "250 ms"],
    [999.6, "1 s"],
    [1234, "1.23 s"],
    [12_340, "12.3 s"],
    [59_960, "1m 0s"],
    [95_000, "1m 35s"],
    [3_599_900, "1h 0m"],
    [5_400_000, "1h 30m"],
    [90_000_000, "1d 1h"],
    [Number.POSITIVE_INFINITY, "unknown"],
  ])("writes %s ms as %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
