/** @file Seeded runs of the whole engine; seeds that once found a fault are kept. */
import { describe, expect, test } from "vitest";
import { simulate } from "../../src/testing/simulate.ts";

describe("simulated engine", () => {
  test("200 seeds keep every invariant and settle every output", () => {
    let spills = 0;
    let deaths = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const report = simulate(seed);
      spills += report.spills;
      deaths += report.deaths;
    }
    // The runs must have exercised what they are for.
    expect(spills).toBeGreaterThan(1000);
    expect(deaths).toBeGreaterThan(50);
  });

  test.each([
    [1367, "a revoked task ended after its graph was forgotten and its ids were used again"],
    [1711, "the same, with a value on its way to disk"],
    [2206, "the same, with a reader of a freed input"],
  ])("seed %i: %s", (seed) => {
    expect(simulate(seed).tasks).toBeGreaterThan(0);
  });

  test("one seed is one run", () => {
    expect(simulate(42)).toEqual(simulate(42));
  });
});
