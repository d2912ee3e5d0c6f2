import { afterAll, expect, test } from "vitest";
import * as da from "../../../dist/array/index.js";
import { Client } from "../../../dist/index.js";

const client = new Client({ threads: 1 });
afterAll(async () => await client.close());

test("futures are found in what holds them, in order", () => {
  const one = client.submit(() => 1);
  const list = client.map((x: number) => x, [1, 2]);
  const found = client.futuresOf({ a: [one, 5], b: { c: list }, d: new Map([["no", one]]) });
  expect(found.map(({ key }) => key)).toEqual([one.key, ...[...list].map(({ key }) => key)]);
  expect(client.futuresOf(7)).toEqual([]);
});

test("a persisted collection has a future for each of its tasks", async () => {
  const lazy = da.arange(6, { chunks: 2 });
  expect(() => client.futuresOf(lazy)).toThrow("persist it first");
  const kept = await client.persist(lazy);
  const parts = await client.gather(client.futuresOf(kept));
  expect(parts.map((part) => (part as { toArray(): unknown }).toArray())).toEqual([
    [0, 1],
    [2, 3],
    [4, 5],
  ]);
});
