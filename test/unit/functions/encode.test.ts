/** @file Functions that are made over and over, as in a loop, are looked at as seldom as can be. */
import { expect, test, vi } from "vitest";
import { encodeFunction } from "../../../src/functions/index.ts";
import { lookAt } from "../../../src/functions/probe.ts";

vi.mock("../../../src/functions/probe.ts", async (original) => {
  const real = await original<{ lookAt: typeof lookAt }>();
  return { ...real, lookAt: vi.fn(real.lookAt) };
});

test("those that refer to nothing outside of themselves once", () => {
  const tokens = new Set<string>();
  for (let i = 0; i < 5; i++) tokens.add(encodeFunction((x: number) => x * 2).token);
  expect(tokens.size).toBe(1);
  expect(lookAt).toHaveBeenCalledTimes(1);
});

test("those that capture something each time: it may be another thing", () => {
  vi.mocked(lookAt).mockClear();
  const tokens = new Set<string>();
  for (let i = 0; i < 5; i++) tokens.add(encodeFunction((x: number) => x * i).token);
  expect(tokens.size).toBe(5);
  expect(lookAt).toHaveBeenCalledTimes(5);
});
