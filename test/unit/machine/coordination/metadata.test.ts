/** @file Metadata: paths, what is replaced, what it costs. */
import { expect, test } from "vitest";
import type { Json } from "../../../../src/codec/registry.ts";
import { Driver } from "./drive.ts";

const set = (d: Driver, path: string, value: unknown): unknown =>
  d.now(1, { kind: "metadata-set", keys: path.split("."), value: value as Json });
const get = (d: Driver, path: string): unknown =>
  d.now(2, { kind: "metadata-get", keys: path.split(".") });

test("objects become part of the tree; anything else on the way is replaced", () => {
  const d = new Driver();
  set(d, "a", { b: { c: 1 }, list: [{ x: 1 }] });
  expect(get(d, "a.b.c")).toEqual([1]);
  expect(get(d, "a.list")).toEqual([[{ x: 1 }]]);
  expect(get(d, "a.list.0")).toEqual([]);
  set(d, "a.b.c.d", true);
  expect(get(d, "a")).toEqual([{ b: { c: { d: true } }, list: [{ x: 1 }] }]);
});

test("no key is special", () => {
  const d = new Driver();
  set(d, "__proto__.polluted", true);
  set(d, "constructor", 1);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  expect(get(d, "__proto__.polluted")).toEqual([true]);
  expect(get(d, "toString")).toEqual([]);
});

test("what is replaced costs nothing any more", () => {
  const d = new Driver();
  set(d, "a.b", { c: "x".repeat(100) });
  const { bytes } = d.machine.totals;
  for (let i = 0; i < 20; i++) set(d, "a.b", { c: "y".repeat(100) });
  expect(d.machine.totals.bytes).toBe(bytes);
  d.restart();
  expect(d.machine.totals.bytes).toBe(bytes);
  set(d, "a", 1);
  expect(d.machine.totals.bytes).toBeLessThan(bytes / 2);
});

test.each<[string, unknown]>([
  ["a big integer", 1n],
  ["nothing", undefined],
  ["a big integer in a list", { a: [[1n]] }],
  ["too deep a tree", Array.from({ length: 400 }).reduce((tree) => ({ a: tree }), 1)],
])("%s is refused", (_, value) => {
  const d = new Driver();
  expect(set(d, "a", value)).toBe("InvalidArgument");
  expect(d.machine.totals.bytes).toBe(0);
});
