/**
 * @file The collecting allocator: synchronous loops do not run out of memory, views keep blocks
 * alive.
 */
import { afterEach, expect, it } from "vitest";
import { isHeddleError } from "../../../src/core/errors.ts";
import { setAllocator } from "../../../src/ndarray/allocation.ts";
import * as nd from "../../../src/ndarray/index.ts";
import { PrivateAllocator } from "../../../src/ndarray/private-allocator.ts";

const MIB = 2 ** 20;

afterEach(() => {
  setAllocator(undefined);
});

function install(budgetBytes: number, quietBytes: number): PrivateAllocator {
  const allocator = new PrivateAllocator({ budgetBytes, quietBytes });
  setAllocator(allocator);
  return allocator;
}

it("a synchronous loop that makes and drops fifty times the budget completes", () => {
  const allocator = install(64 * MIB, 48 * MIB);
  let x = nd.zeros(MIB / 4);
  for (let i = 0; i < 1600; i++) x = nd.add(x, 1);
  expect(x.get(12345)).toBe(1600);
  expect(allocator.usedBytes).toBeLessThanOrEqual(64 * MIB);
});

it("never frees what a view or a raw typed array still refers to", () => {
  const allocator = install(256 * MIB, MIB);
  const views = Array.from({ length: 8 }, (_, i) => nd.full(100_000, i).at("::2"));
  const raw = Array.from({ length: 8 }, (_, i) => nd.full(100_000, -i).data);
  for (let i = 0; i < 30; i++) nd.full(100_000, 1e9);
  allocator.collect();
  for (let i = 0; i < 30; i++) nd.full(100_000, 1e9);
  expect(views.map((view) => view.get(49_999))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(raw.map((values) => Math.abs(values[99_999] as number))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

it("says how much is held when live arrays fill the budget", () => {
  install(8 * MIB, MIB);
  const held: nd.NDArray[] = [];
  let error: unknown;
  try {
    for (let i = 0; i < 100; i++) held.push(nd.zeros(131_072) as never);
  } catch (caught) {
    error = caught;
  }
  expect(isHeddleError(error, "MemoryLimit")).toBe(true);
  expect(held).toHaveLength(7);
});
