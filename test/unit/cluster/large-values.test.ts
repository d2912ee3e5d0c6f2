/** @file Calls that take large values along are spoken of, once for each function. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { Client } from "../../../dist/index.js";

let client: Client;
const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
beforeAll(() => {
  client = new Client({ threads: 1 });
});
afterAll(() => client.close());

async function warnings(run: () => Promise<unknown>): Promise<unknown[]> {
  warn.mockClear();
  await run();
  return warn.mock.calls.map(([message]) => message);
}

const large = new Uint8Array(12 * 2 ** 20);

test("a large argument, with its size and the function", async () => {
  const lengthOf = (x: Uint8Array): number => x.length;
  const submit = () => client.options({ pure: false }).submit(lengthOf, large).result();
  const [message, ...more] = await warnings(submit);
  expect(message).toMatch(/^an argument of lengthOf takes 12(\.0+)? MiB.*client\.scatter\(value\)/);
  expect(more).toEqual([]);
  expect(await warnings(submit)).toEqual([]);
});

test("one of a map's arguments, and what a function captures", async () => {
  const first = (x: Uint8Array): number => x[0] ?? 0;
  const mapped = () => client.map(first, [large, new Uint8Array(3)]).results();
  expect(await warnings(mapped)).toEqual([expect.stringMatching(/an argument of first/)]);
  const captures = function captures(): number {
    return large.length;
  };
  const submit = () => client.submit(captures).result();
  expect(await warnings(submit)).toEqual([
    expect.stringMatching(/what captures captures takes 12/),
  ]);
});

test("nothing is said of many small values, nor of a scattered one", async () => {
  const length = (x: string): number => x.length;
  const many = Array.from({ length: 1_500 }, (_, i) => `${i}`.padEnd(8 * 1024));
  expect(await warnings(() => client.map(length, many).settled())).toEqual([]);
  const size = (x: Uint8Array): number => x.length;
  const scattered = () => client.submit(size, client.scatter(large)).result();
  expect(await warnings(scattered)).toEqual([]);
});
