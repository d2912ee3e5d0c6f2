/** @file Estimated sizes: right within a factor for what matters, and always finite. */
import { expect, test } from "vitest";
import { SIZEOF, sizeof } from "../../../src/core/sizeof.ts";
import * as nd from "../../../src/ndarray/index.ts";
import { Table } from "../../../src/table/table.ts";

const within = (value: unknown, low: number, high: number): void => {
  const bytes = sizeof(value);
  expect(bytes).toBeGreaterThanOrEqual(low);
  expect(bytes).toBeLessThanOrEqual(high);
};

test("buffers count their bytes, once per buffer", () => {
  const data = new Float64Array(1000);
  within(data, 8000, 8100);
  within([data, data, new Uint8Array(data.buffer)], 8000, 8300);
  within(data.subarray(0, 10), 80, 180);
  within(new SharedArrayBuffer(4096), 4096, 4200);
});

test("local arrays and tables count their values", () => {
  within(nd.ones([100, 100]), 80_000, 80_100);
  within({ half: nd.ones([100, 100]).at("::2") }, 40_000, 40_200);
  within(Table.fromColumns({ x: Array.from({ length: 1000 }, (_, i) => i / 2) }), 8000, 9000);
});

test("strings count one byte a character, or two", () => {
  within("a".repeat(1000), 1000, 1100);
  within("ж".repeat(1000), 2000, 2100);
});

test("long containers are sampled", () => {
  within(
    Array.from({ length: 100_000 }, () => "x".repeat(100)),
    10e6,
    15e6,
  );
  within(new Map(Array.from({ length: 1000 }, (_, i) => [i, "x".repeat(100)])), 100e3, 250e3);
});

test("circles end, getters do not run, classes may say their size", () => {
  const circle: { me?: unknown } = {};
  circle.me = circle;
  expect(Number.isFinite(sizeof(circle))).toBe(true);
  const trap = Object.defineProperty({}, "x", {
    enumerable: true,
    get: () => {
      throw new Error("ran");
    },
  });
  expect(sizeof(trap)).toBeGreaterThan(0);
  within({ [SIZEOF]: () => 1e6 }, 1e6, 1.1e6);
});
