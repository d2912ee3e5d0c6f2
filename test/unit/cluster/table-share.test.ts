import { expect, test } from "vitest";
import { tableBytesOf } from "../../../src/cluster/table-share.ts";

const MIB = 2 ** 20;

test("half of the values' memory, where the process has no limit", () => {
  expect(tableBytesOf(100 * MIB)).toBe(50 * MIB);
});

test("what a limited process takes in any case counts", () => {
  // A small process: the engine, the values and what is between them have the rest.
  expect(tableBytesOf(172 * MIB, 288 * MIB)).toBe(Math.floor((160 * MIB) / 3));
  // A large one: half of the values' memory as elsewhere.
  expect(tableBytesOf(4800 * MIB, 8000 * MIB)).toBe(2400 * MIB);
  expect(tableBytesOf(110 * MIB, 150 * MIB)).toBe(16 * MIB);
});
