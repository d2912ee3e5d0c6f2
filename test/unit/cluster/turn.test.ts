/** @file Calls of one turn that build on each other by way of maps and collections. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, delayed } from "../../../dist/index.js";

let client: Client;
beforeAll(() => {
  client = new Client({ threads: 2 });
});
afterAll(() => client.close());

const inc = (x: number): number => x + 1;
const sum = (xs: number[]): number => xs.reduce((a, b) => a + b, 0);
const later = delayed(inc, { name: "later" });

test("a map over a call, and a call over the map", async () => {
  const one = client.submit(inc, 0);
  const list = client.map(inc, [one, one]);
  const total = client.submit(sum, list);
  const again = client.map(inc, [total, one]);
  expect(await client.submit(sum, again).result()).toBe(7);
});

test("a delayed value over a call, and a call over the delayed value, twice", async () => {
  const one = client.submit(inc, 10);
  const two = later(one);
  const three = client.submit(inc, two);
  const four = later(three);
  const five = client.submit(sum, [two, four, one, three]);
  expect(await five.result()).toBe(12 + 14 + 11 + 13);
});

test("computed futures in between", async () => {
  const one = client.submit(inc, 20);
  const two = client.compute(later(one));
  const three = client.submit(inc, two);
  const [four, five] = client.compute([later(three), later(two)]);
  expect(await client.submit(sum, [one, two, three, four, five]).result()).toBe(
    21 + 22 + 23 + 24 + 23,
  );
});

test("a map over delayed values over a call, and so on", async () => {
  const one = client.submit(inc, 30);
  const list = client.map(inc, [later(one), one, 5]);
  const total = client.submit(sum, list);
  const nested = client.map((o: { v: number }) => o.v, [{ v: later(total) }]);
  expect(await client.submit(sum, nested).result()).toBe(33 + 32 + 6 + 1);
});

test("what is independent travels together, in any order", async () => {
  const lazy = Array.from({ length: 50 }, (_, i) => later(i));
  const calls = lazy.map((x, i) => client.submit((a: number, b: number) => a + b, x, i));
  const rest = lazy.map((x) => client.submit(inc, x));
  expect(await client.submit(sum, calls).result()).toBe(2 * 1225 + 50);
  expect(await client.submit(sum, rest).result()).toBe(1225 + 100);
});

test("lazy values within a container that holds itself are refused", () => {
  const ring: { self?: unknown; items: unknown[] } = { items: [later(1), client.submit(inc, 1)] };
  ring.self = ring;
  const submit = () => client.submit((o: { items: number[] }) => o.items, ring as never);
  expect(submit).toThrow(expect.objectContaining({ code: "CycleInGraph" }));
});

test("over futures that fail or are cancelled, calls fail as their inputs did", async () => {
  const bad = client.submit((): number => {
    throw new RangeError("root");
  });
  const after = client.submit(inc, later(bad));
  expect((await after.exception())?.message).toMatch(/^task lambda-.*RangeError: root/);
  const slow = client.submit(() => new Promise<number>(() => undefined));
  const waiting = client.submit(inc, later(slow));
  await slow.cancel();
  expect((await waiting.exception())?.code).toBe("Cancelled");
});
