import { afterEach, expect, test, vi } from "vitest";

const { platform } = process;
afterEach(() => {
  Object.defineProperty(process, "platform", { value: platform });
  vi.resetModules();
});

test("importing frames does not load the engine; asking for columns does", async () => {
  vi.resetModules();
  const { isLibraryLoaded } = await import("../../../src/table/library.ts");
  const { fromRecords, readParquet } = await import("../../../src/dataframe/index.ts");
  const frame = fromRecords([{ a: 1 }]);
  readParquet("package.json");
  expect(frame.columns).toEqual(["a"]);
  expect(isLibraryLoaded()).toBe(false);
  expect(frame.groupby("a").size().columns).toEqual(["a", "size"]);
  expect(isLibraryLoaded()).toBe(true);
});

test("a missing engine is an error that names the package, where it is first needed", async () => {
  vi.resetModules();
  Object.defineProperty(process, "platform", { value: "plan9" });
  const { fromRecords, readParquet } = await import("../../../src/dataframe/index.ts");
  const message = /npm install @duckdb\/node-bindings-plan9-/;
  const frame = fromRecords([{ a: 1 }]);
  expect(() => frame.groupby("a")).not.toThrow();
  expect(() => frame.groupby("a").size()).toThrow(message);
  // A file's columns are not known without the engine: building goes on, as for a missing file.
  const file = readParquet<{ a: number }>("package.json").filter((r) => r.a.gt(1));
  await expect(file.compute({ scheduler: "sync" })).rejects.toThrow(message);
  await expect(file.compute({ scheduler: "sync" })).rejects.toMatchObject({ code: "NotSupported" });
});
