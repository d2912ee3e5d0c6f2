/** @file The small generator: reproducible, uniform enough, and independent streams. */
import { expect, test } from "vitest";
import { Prng } from "../../../src/core/prng.ts";

const draw = (prng: Prng, count: number): number[] =>
  Array.from({ length: count }, () => prng.random());

test("the same seed gives the same stream, another seed another one", () => {
  expect(draw(new Prng(7), 5)).toEqual(draw(new Prng(7), 5));
  expect(draw(new Prng(7), 5)).not.toEqual(draw(new Prng(8), 5));
  expect(new Prng(1).uint32()).toBe(new Prng(1).uint32());
});

test("numbers are uniform in [0, 1)", () => {
  const values = draw(new Prng(1), 20_000);
  const bins = new Array<number>(10).fill(0);
  for (const value of values) {
    expect(value >= 0 && value < 1).toBe(true);
    bins[Math.floor(value * 10)] = (bins[Math.floor(value * 10)] as number) + 1;
  }
  // Chi-squared with 9 degrees of freedom: 27.9 is exceeded with probability 0.001, and the seed is
  // fixed.
  const chi = bins.reduce((sum, seen) => sum + (seen - 2000) ** 2 / 2000, 0);
  expect(chi).toBeLessThan(27.9);
});

test("exponential has the mean asked for", () => {
  const prng = new Prng(3);
  let sum = 0;
  for (let i = 0; i < 20_000; i++) sum += prng.exponential(5);
  expect(sum / 20_000).toBeCloseTo(5, 0);
});

test("shuffle permutes, pick and integer stay in range, forks differ", () => {
  const prng = new Prng(4);
  const items = Array.from({ length: 50 }, (_, i) => i);
  const shuffled = prng.shuffle([...items]);
  expect(shuffled).not.toEqual(items);
  expect([...shuffled].sort((a, b) => a - b)).toEqual(items);
  expect(items).toContain(prng.pick(items));
  expect(prng.pick([])).toBeUndefined();
  expect(draw(prng.fork(), 3)).not.toEqual(draw(prng.fork(), 3));
});
