/** @file What a future says of itself without fetching its value. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as da from "../../../dist/array/index.js";
import { Client, wait } from "../../../dist/index.js";
import { ones } from "../../../dist/ndarray/index.js";

let client: Client;
beforeAll(() => {
  client = new Client({ threads: 1, memoryLimit: "256MiB" });
});
afterAll(() => client.close());

describe("state", () => {
  test("pending, then finished, error or cancelled; key from the start", async () => {
    const good = client.submit((x: number) => x, 1);
    const bad = client.submit(() => {
      throw new Error("no");
    });
    expect([good.status, bad.status]).toEqual(["pending", "pending"]);
    expect(good.done).toBe(false);
    expect(good.type).toBeUndefined();
    expect(good.key).toMatch(/^lambda-[0-9a-f]{32}$/);
    await wait([good, bad]);
    expect([good.status, bad.status]).toEqual(["finished", "error"]);
    expect(bad.type).toBeUndefined();
    good.release();
    expect([good.status, good.type]).toEqual(["cancelled", undefined]);
  });
});

describe("type", () => {
  const cases: [string, () => unknown][] = [
    ["number", () => 1.5],
    ["boolean", () => true],
    ["null", () => null],
    ["undefined", () => undefined],
    ["string", () => "text"],
    ["bigint", () => 5n],
    ["Array", () => [1, "a"]],
    ["Object", () => ({ a: 1 })],
    ["Map", () => new Map([[1, 2]])],
    ["Date", () => new Date(0)],
    ["Float64Array", () => new Float64Array(3)],
    ["Function", () => () => 1],
    ["NDArray", () => ones([3])],
    ["DistArray", () => da.ones(3)],
    ["Map", () => new (class Register extends Map {})()],
    [
      "Object",
      () =>
        new (class Own {
          a = 1;
        })(),
    ],
  ];
  test.each(cases)("%s", async (name, make) => {
    const future = client.submit(make);
    await wait(future);
    expect(future.type).toBe(name);
  });

  test("of what was scattered, and of the futures of a list", async () => {
    const list = client.scatter([1, "a", [2]]);
    const one = client.scatter({ a: 1 });
    await wait([...list, one]);
    expect([...list, one].map(({ type }) => type)).toEqual(["number", "string", "Array", "Object"]);
    const mapped = client.map((x: number) => [x], [1, 2]);
    await mapped.settled();
    expect(mapped.at(1)?.type).toBe("Array");
  });

  test("of scattered values say what they contain, unless they are not to be read", () => {
    const keyOf = (hash?: boolean) =>
      client.scatter({ a: 1 }, hash === undefined ? {} : { hash }).key;
    expect(keyOf()).toBe(keyOf(true));
    expect(new Set([keyOf(), keyOf(false), keyOf(false)]).size).toBe(3);
    expect(() => client.scatter(1, { hash: 1 as never })).toThrow(/hash/);
  });

  test("stays known while the value is on disk", async () => {
    const large = client.map(
      (i: number) => new Uint8Array(32_000_000).fill(i),
      Array.from({ length: 16 }, (_, i) => i),
    );
    await large.settled();
    const worker = Object.values((await client.schedulerInfo()).workers)[0];
    expect(worker?.spilledBytes).toBeGreaterThan(64e6);
    expect(new Set(Array.from(large, ({ type }) => type))).toEqual(new Set(["Uint8Array"]));
    large.release();
  });
});
