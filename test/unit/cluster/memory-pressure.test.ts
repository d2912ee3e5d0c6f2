/** @file What a worker does about the memory of its process: readings in, decisions out. */
import { expect, test } from "vitest";
import { MemoryPressure, takenBytes } from "../../../src/cluster/memory-pressure.ts";

const SHARES = { target: 0.6, spill: 0.7, pause: 0.8, terminate: 0.9 } as const;

/** A reading of a process that takes so much beside its values. */
function reading(others: number, used: number, { running = 1, free = 0, table = 0 } = {}) {
  return {
    rssBytes: others + used + free,
    reachedBytes: used + free,
    usedBytes: used,
    running,
    tableBytes: table,
  };
}

test("room that values have left free does not count", () => {
  expect(takenBytes(reading(100, 200, { free: 300 }))).toBe(300);
  // Arenas grow before their pages are touched.
  expect(takenBytes({ rssBytes: 50, reachedBytes: 500, usedBytes: 100 })).toBe(100);
});

test("values have their share, and less where the rest of the process takes more", () => {
  const pressure = new MemoryPressure(1000, SHARES);
  expect(pressure.valuesBytes).toBe(600);
  pressure.read(reading(90, 100));
  expect(pressure.valuesBytes).toBe(600);
  pressure.read(reading(250, 100));
  expect(pressure.valuesBytes).toBe(450);
  pressure.read(reading(900, 100));
  expect(pressure.valuesBytes).toBe(300);
  pressure.read(reading(50, 100));
  expect(pressure.valuesBytes).toBe(600);
});

test("what values have at least becomes less by what the table engine has, to a quarter", () => {
  const pressure = new MemoryPressure(1000, SHARES);
  pressure.read(reading(900, 100, { table: 100 }));
  expect(pressure.valuesBytes).toBe(200);
  pressure.read(reading(900, 100, { table: 300 }));
  expect(pressure.valuesBytes).toBe(150);
});

test("what tasks may take at most leaves room for the rest of the process", () => {
  const pressure = new MemoryPressure(1000, SHARES);
  pressure.read(reading(200, 100));
  // Halfway between the worker's pause and its end.
  expect(pressure.mostBytes).toBeCloseTo(650);
  // Arenas that have grown and are not used yet hide the rest, which is there all the same.
  pressure.read({
    rssBytes: 300,
    reachedBytes: 500,
    usedBytes: 500,
    running: 1,
    tableBytes: 0,
  });
  expect(pressure.mostBytes).toBeCloseTo(652);
});

test("what tasks take in between counts for a while, but not where none runs", () => {
  const pressure = new MemoryPressure(1000, SHARES);
  pressure.read(reading(100, 100));
  pressure.look(reading(200, 100));
  for (let i = 0; i < 20; i++) pressure.look(reading(100, 100));
  expect(pressure.mostBytes).toBeCloseTo(650);
  expect(pressure.mostAtRestBytes).toBeCloseTo(750);
  for (let i = 0; i < 40; i++) pressure.read(reading(100, 100));
  expect(pressure.mostBytes).toBeGreaterThan(700);
});

test("a worker that is short of memory is paused, and goes on somewhat below", () => {
  const pressure = new MemoryPressure(1000, SHARES);
  const isPausedAt = (bytes: number, running = 1): boolean => {
    expect(pressure.read(reading(bytes, 0, { running }))).toBe(bytes);
    return pressure.isPaused;
  };
  expect([700, 800, 801, 799, 751, 749, 790].map((bytes) => isPausedAt(bytes))).toEqual([
    false,
    false,
    true,
    true,
    true,
    false,
    false,
  ]);
  expect(isPausedAt(900)).toBe(true);
  // Nothing runs that could end: it would wait for ever.
  expect(isPausedAt(900, 0)).toBe(false);
});

test("steps can be switched off", () => {
  const OFF = { target: false, spill: false, pause: false, terminate: false } as const;
  const pressure = new MemoryPressure(1000, OFF);
  pressure.read(reading(5000, 100));
  expect(pressure.valuesBytes).toBe(1000);
  expect(pressure.isPaused).toBe(false);
});
