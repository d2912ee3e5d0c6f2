/** @file How large a result may be, on a machine of 64 MiB. */
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import * as da from "../../../src/array/index.ts";

/** What the machine says it has; the allocator has asked before. */
let memoryBytes: number | undefined;
vi.mock("node:os", async (original) => {
  const os = await original<typeof import("node:os")>();
  return { ...os, totalmem: () => memoryBytes ?? os.totalmem() };
});
beforeAll(async () => {
  await mebibytes(1).compute(SYNC);
  memoryBytes = 2 ** 26;
});
const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
afterEach(() => warn.mockClear());

const SYNC = { scheduler: "sync" } as const;
/** An array of as many MiB. */
const mebibytes = (size: number) => da.ones([size, 2 ** 17], { chunks: [4, 2 ** 17] });

test("a result that takes much of the memory is warned of, and persist is named", async () => {
  expect((await mebibytes(20).compute(SYNC)).shape).toEqual([20, 2 ** 17]);
  expect(warn).toHaveBeenCalledTimes(1);
  const [message, name] = warn.mock.calls[0] as unknown as [string, string];
  expect(name).toBe("HeddleWarning");
  expect(message).toContain("The result has 20.00 MiB and this machine 64.00 MiB");
  expect(message).toContain("await x.persist()");
});

test("what fits well, and what is persisted, is not spoken of", async () => {
  await mebibytes(4).compute(SYNC);
  const kept = await mebibytes(20).persist(SYNC);
  expect(await kept.sum().compute(SYNC)).toBe(20 * 2 ** 17);
  expect(warn).not.toHaveBeenCalled();
});

test("what cannot fit is refused before anything runs, with the same advice", async () => {
  const fn = vi.fn((x: unknown) => x);
  const huge = mebibytes(100).mapBlocks(fn as never, { dtype: "float64" });
  await expect(huge.compute(SYNC)).rejects.toMatchObject({
    code: "MemoryLimit",
    message: expect.stringContaining("await x.persist()"),
  });
  expect(fn).not.toHaveBeenCalled();
});
