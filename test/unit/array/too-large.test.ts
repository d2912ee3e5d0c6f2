/** @file A result that cannot fit into memory is refused before anything is computed. */
import { expect, test } from "vitest";
import * as da from "../../../src/array/index.ts";

test("an array larger than the machine's memory cannot become a local one", async () => {
  const huge = da.ones([1e6, 1e8], { chunks: 10_000 });
  await expect(huge.compute({ scheduler: "sync" })).rejects.toMatchObject({ code: "MemoryLimit" });
});

test("what is small after reduction is computed", async () => {
  const x = da.ones([100, 100], { chunks: 50 });
  expect(await x.sum().compute({ scheduler: "sync" })).toBe(10_000);
});
