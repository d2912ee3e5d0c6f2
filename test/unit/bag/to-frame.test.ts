/** @file Bags as frames: fields that some items lack, and fields that come late. */
import { expect, test } from "vitest";
import { fromSequence } from "../../../src/bag/index.ts";

const sync = { scheduler: "sync" } as const;

test("an item that lacks a field has null there", async () => {
  const bag = fromSequence<object>([{ a: 1, b: "x" }, { a: 2 }], { npartitions: 2 });
  const frame = await bag.toDataFrame(sync);
  expect(await frame.toRecords(sync)).toEqual([
    { a: 1, b: "x" },
    { a: 2, b: null },
  ]);
});

test("a field or type that first comes late names the schema", async () => {
  const items = Array.from({ length: 1_001 }, (_, a) => ({ a }));
  for (const last of [{ a: 0, late: 1 }, { a: "text" }]) {
    const frame = await fromSequence<object>([...items, last]).toDataFrame(sync);
    await expect(frame.toRecords(sync)).rejects.toThrow(/toDataFrame\(\{ schema: /);
    const named = await fromSequence<object>([...items, last]).toDataFrame({
      schema: { a: "string" },
    });
    expect(await named.len(sync)).toBe(1_002);
  }
});
