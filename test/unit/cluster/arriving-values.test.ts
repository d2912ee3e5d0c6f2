import { expect, test } from "vitest";
import { ArrivingValues } from "../../../src/cluster/arriving-values.ts";
import { loadArrays } from "../../../src/cluster/link-values.ts";
import { Scratch } from "../../../src/cluster/scratch.ts";
import { encodeValue } from "../../../src/codec/index.ts";
import type { BulkPool } from "../../../src/comm/index.ts";
import { fromArray } from "../../../src/ndarray/index.ts";
import "../../../src/ndarray/codec.ts";

await loadArrays();

function bytesOf(value: unknown): Uint8Array {
  const encoded = encodeValue(value);
  const bytes = new Uint8Array(encoded.bytes);
  encoded.writeTo(bytes);
  return bytes;
}

/** Stands for workers: what each has; what it does not have breaks the connection there. */
function poolOf(held: Readonly<Record<string, ReadonlyMap<number, Uint8Array>>>): BulkPool {
  const get: BulkPool["get"] = async (address, ids, place, options) => {
    for (const id of Array.from(ids)) {
      const bytes = held[address]?.get(id);
      if (bytes === undefined) throw new Error("the connection broke");
      place(id, bytes.length).set(bytes);
      options?.arrived?.(id);
    }
    return [];
  };
  return { get } as BulkPool;
}

const large = (fill: number) => new Float64Array(20_000).fill(fill);
const array = (fill: number) => fromArray(Array.from({ length: 20_000 }, () => fill));

test("values that came into the same memory are apart", async () => {
  const scratch = new Scratch();
  const given = [
    large(1),
    large(2),
    array(3),
    { inside: array(4) },
    large(5),
    { inside: array(6) },
  ];
  const held = new Map(given.map((value, i) => [10 + i, bytesOf(value)]));
  const ids = Int32Array.from(held.keys());
  const arriving = new ArrivingValues(ids, undefined, scratch);
  await arriving.fetch(poolOf({ a: held }), ["a"], ids);
  await arriving.settled();
  expect(arriving.missing).toBe(0);
  const values = arriving.values as [unknown, unknown, unknown, { inside: unknown }, unknown];
  const wanted = [...held.values()];
  expect(values.map((value, i) => Buffer.compare(bytesOf(value), wanted[i]!))).toEqual([
    0, 0, 0, 0, 0, 0,
  ]);
  expect(arriving.bytes).toBe([...held.values()].reduce((sum, { length }) => sum + length, 0));
  // The two that hold arrays have kept their memory; the four others came into two places.
  expect(Math.floor(scratch.keptBytes / 160_000)).toBe(2);
  scratch.clear();
});

test("what one address does not give comes from the next, and is received once", async () => {
  const [one, two] = [bytesOf(large(1)), bytesOf(large(2))];
  const pool = poolOf({ a: new Map([[1, one]]), b: new Map([[2, two]]) });
  const received: [number, number][] = [];
  const ids = Int32Array.of(1, 2, 1);
  const receive = (k: number, value: unknown) => {
    received.push([k, (value as Float64Array)[0]!]);
    return k === 2 ? "kept" : undefined;
  };
  const arriving = new ArrivingValues(ids, receive, new Scratch());
  await arriving.fetch(pool, ["a"], Int32Array.of(1, 2));
  expect(arriving.missing).toBe(1);
  await arriving.fetch(pool, ["b"], Int32Array.of(1, 2));
  await arriving.settled();
  expect(received).toEqual([
    [0, 1],
    [2, 1],
    [1, 2],
  ]);
  expect(arriving.values).toEqual([large(1), large(2), "kept"]);
  expect(arriving.values[2]).toBe("kept");
});

test("a value that cannot be read is told, and does not break the connection", async () => {
  const held = new Map([
    [1, new Uint8Array(100).fill(255)],
    [2, bytesOf(large(2))],
  ]);
  const ids = Int32Array.of(1, 2);
  const arriving = new ArrivingValues(ids, undefined, new Scratch());
  await arriving.fetch(poolOf({ a: held }), ["a"], ids);
  expect(arriving.missing).toBe(0);
  await expect(arriving.settled()).rejects.toMatchObject({ code: "ValueCorrupt" });
  expect(arriving.values[1]).toEqual(large(2));
});
