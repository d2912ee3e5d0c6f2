/** @file How long a worker lives. */
import { expect, test } from "vitest";
import { lifeLeftMs } from "../../../src/cluster/worker-settings.ts";

const HOUR = { ms: 3_600_000, staggerMs: 60_000, restart: false };

test("its lifetime, longer or shorter by chance", () => {
  const left = [0, 0.5, 1].map((chance) => lifeLeftMs(HOUR, 5, chance));
  expect(left).toEqual([3_540_000, 3_600_000, 3_660_000]);
});

test("a process that follows one that died has the rest", () => {
  const begun = { ...HOUR, begunMs: 1000 };
  expect(lifeLeftMs(begun, 1000 + 3_000_000, 0.5)).toBe(600_000);
  expect(lifeLeftMs(begun, 1000 + 4_000_000, 0.5)).toBe(0);
});
