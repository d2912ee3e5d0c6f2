import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createScale,
  extent,
  formatTicks,
  formatValue,
  niceStep,
} from "../../../../src/diagnostics/plot/scale.ts";

const range = [0, 100] as const;
const texts = (scale: { ticks: readonly { text: string }[] }) => scale.ticks.map((t) => t.text);

describe("linear scales", () => {
  it("map the domain to pixels, turned around too", () => {
    const x = createScale({ kind: "linear", domain: [10, 20], range, tickCount: 5 });
    expect([x(10), x(15), x(20)]).toEqual([0, 50, 100]);
    const y = createScale({ kind: "linear", domain: [0, 4], range: [100, 0], tickCount: 4 });
    expect([y(0), y(1)]).toEqual([100, 75]);
  });

  it("have ticks at round values without rounding noise", () => {
    const x = createScale({ kind: "linear", domain: [0, 1], range, tickCount: 10 });
    expect(texts(x)).toEqual([
      "0",
      "0.1",
      "0.2",
      "0.3",
      "0.4",
      "0.5",
      "0.6",
      "0.7",
      "0.8",
      "0.9",
      "1.0",
    ]);
    expect(x.ticks[3]?.value).toBe(0.3);
  });

  it("widen to round ends when asked", () => {
    const y = createScale({ kind: "linear", domain: [3, 97], range, tickCount: 5, nice: true });
    expect(y.domain).toEqual([0, 100]);
  });

  it("have a middle when all values are equal", () => {
    const y = createScale({ kind: "linear", domain: [7, 7], range, tickCount: 5 });
    expect(y(7)).toBeCloseTo(50);
    const zero = createScale({ kind: "linear", domain: [0, 0], range, tickCount: 5 });
    expect(zero(0)).toBeCloseTo(50);
  });

  it("always have between 2 and 4 times the ticks asked for, inside the domain", () => {
    const number = fc.double({ min: -1e9, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(number, fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (low, span) => {
        fc.pre(low + span > low + span * 1e-6 && span > Math.abs(low) * 1e-9);
        const { ticks } = createScale({
          kind: "linear",
          domain: [low, low + span],
          range,
          tickCount: 6,
        });
        expect(ticks.length).toBeGreaterThanOrEqual(2);
        expect(ticks.length).toBeLessThanOrEqual(13);
        const tolerance = span * 1e-6;
        for (const { value } of ticks) {
          expect(value).toBeGreaterThanOrEqual(low - tolerance);
          expect(value).toBeLessThanOrEqual(low + span + tolerance);
        }
      }),
    );
  });
});

describe("logarithmic scales", () => {
  it("have ticks at powers of ten", () => {
    const x = createScale({ kind: "log", domain: [1, 1e6], range, tickCount: 6 });
    expect(texts(x)).toEqual(["1", "10", "100", "1,000", "10k", "100k", "1M"]);
    expect(x(1000)).toBeCloseTo(50);
  });

  it("have ticks between powers when the domain is short, and survive zeros", () => {
    const x = createScale({ kind: "log", domain: [1, 30], range, tickCount: 6 });
    expect(texts(x)).toEqual(["1", "2", "5", "10", "20"]);
    const zero = createScale({ kind: "log", domain: [0, 100], range, tickCount: 6 });
    expect(Number.isFinite(zero(0))).toBe(true);
  });
});

describe("time scales", () => {
  const at = (text: string) => Date.parse(text);
  it.each([
    [
      "2001-01-01T00:00Z",
      "2001-07-01T00:00Z",
      6,
      ["2001", "Feb", "Mar", "Apr", "May", "Jun", "Jul"],
    ],
    ["2001-03-01T00:00Z", "2001-03-08T00:00Z", 7, ["1 Mar", "2 Mar", "3 Mar"]],
    ["2001-03-01T00:00Z", "2001-03-02T00:00Z", 4, ["1 Mar", "06:00", "12:00", "18:00", "2 Mar"]],
    ["2001-03-01T10:00Z", "2001-03-01T10:01Z", 4, ["10:00:00", "10:00:15", "10:00:30"]],
    ["1990-01-01T00:00Z", "2010-01-01T00:00Z", 4, ["1990", "1995", "2000", "2005", "2010"]],
  ])("from %s to %s follow the calendar", (from, to, tickCount, expected) => {
    const x = createScale({ kind: "time", domain: [at(from), at(to)], range, tickCount });
    expect(texts(x).slice(0, expected.length)).toEqual(expected);
  });
});

describe("texts of numbers", () => {
  it("ticks share decimals and unit", () => {
    expect(formatTicks([0, 50_000, 100_000], 50_000)).toEqual(["0", "50k", "100k"]);
    expect(formatTicks([0, 0.5e6, 1e6, 1.5e6], 0.5e6)).toEqual(["0", "0.5M", "1.0M", "1.5M"]);
    expect(formatTicks([-2, 0, 2], 2)).toEqual(["−2", "0", "2"]);
    expect(formatTicks([1e-7, 2e-7], 1e-7)).toEqual(["1e−7", "2e−7"]);
  });

  it.each([
    [0, "0"],
    [42.5, "42.5"],
    [1234.5678, "1,235"],
    [0.123456, "0.1235"],
    [2_345_678, "2.346M"],
    [-2.71888, "−2.719"],
    [1e-9, "1e−9"],
    [Number.NaN, "NaN"],
  ])("formatValue(%s) is %s", (value, text) => expect(formatValue(value)).toBe(text));

  it("steps are 1, 2 or 5 times a power of ten", () => {
    expect([niceStep(100, 10), niceStep(7, 4), niceStep(0.03, 5)]).toEqual([10, 2, 0.005]);
  });

  it("extent leaves out what is no number", () => {
    expect(extent([3, Number.NaN, -1, Number.POSITIVE_INFINITY])).toEqual([-1, 3]);
    expect(extent([])).toEqual([0, 1]);
  });
});
