/**
 * @file Byte counts and durations; the expected texts are those of Dask's own documentation and
 * tests.
 */
import { describe, expect, test } from "vitest";
import { formatBytes, formatTime, parseBytes, parseTimedelta } from "../../../src/core/units.ts";

describe("parseBytes", () => {
  test.each([
    ["100", 100],
    ["100 MB", 100_000_000],
    ["100M", 100_000_000],
    ["5kB", 5000],
    ["5.4 kB", 5400],
    ["1kiB", 1024],
    ["1Mi", 1_048_576],
    ["1e6", 1_000_000],
    ["1e6 kB", 1e9],
    ["MB", 1_000_000],
    ["8GB", 8e9],
    ["5 GiB", 5 * 2 ** 30],
    [".5GB", 5e8],
    ["123 def", undefined],
    ["", undefined],
    ["-1", undefined],
    ["12 GB extra", undefined],
  ])("%s", (text, bytes) => {
    if (bytes !== undefined) return expect(parseBytes(text)).toBe(bytes);
    expect(() => parseBytes(text)).toThrow(expect.objectContaining({ code: "InvalidArgument" }));
  });

  test("takes numbers as bytes, and parts of a total", () => {
    expect(parseBytes(123.7)).toBe(123);
    expect(parseBytes(0.5, 1000)).toBe(500);
    expect(parseBytes("0.25", 1000)).toBe(250);
    expect(parseBytes("50%", 1000)).toBe(500);
    expect(parseBytes("2", 1000)).toBe(2);
    expect(() => parseBytes("50%")).toThrow();
    expect(() => parseBytes(Number.NaN)).toThrow();
  });

  test("names the nearest unit", () => {
    expect(() => parseBytes("8 GBB")).toThrow(/Did you mean gi?b\?/);
    for (const text of ["8 x", "qq", "7 %%"]) expect(() => parseBytes(text)).toThrow(/1048576\.$/);
  });
});

describe("parseTimedelta", () => {
  test.each([
    ["3s", 3000],
    ["3.5 seconds", 3500],
    ["300ms", 300],
    ["2 minutes", 120_000],
    ["1h", 3_600_000],
    ["1 day", 86_400_000],
    ["1w", 604_800_000],
    ["20us", 0.02],
    ["100 ns", 0.0001],
  ])("%s", (text, ms) => {
    expect(parseTimedelta(text)).toBeCloseTo(ms, 9);
  });

  test("counts bare numbers in the given unit, seconds by default", () => {
    expect(parseTimedelta("3")).toBe(3000);
    expect(parseTimedelta(3)).toBe(3000);
    expect(parseTimedelta(3, "ms")).toBe(3);
    expect(() => parseTimedelta("1 fortnight")).toThrow(/duration/);
  });
});

describe("formatBytes", () => {
  test.each([
    [1, "1 B"],
    [1234, "1.21 kiB"],
    [80_000, "78.12 kiB"],
    [12_345_678, "11.77 MiB"],
    [1_234_567_890, "1.15 GiB"],
    [1_234_567_890_000, "1.12 TiB"],
    [1_234_567_890_000_000, "1.10 PiB"],
    [0.9 * 2 ** 20, "0.90 MiB"],
  ])("%d", (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});

describe("formatTime", () => {
  test.each([
    [1000, "1.00 s"],
    [1.234, "1.23 ms"],
    [0.0123, "12.30 us"],
    [123.456, "123.46 ms"],
    [1_234_567, "20m 34s"],
    [12_345_678, "3hr 25m"],
    [1_234_567_890, "14d 6hr"],
  ])("%d ms", (ms, text) => expect(formatTime(ms)).toBe(text));
});
