/** Goal: the library is found, named and chosen as the user says. */
import { expect, test, vi } from "vitest";
import { candidates } from "../../../../src/ndarray/linalg/discovery.ts";
import * as la from "../../../../src/ndarray/linalg/index.ts";

test("a library that cannot be used is named, and the choice before stays", () => {
  const before = la.blasInfo();
  expect(() => la.useBlas("/nowhere/libblas.so")).toThrow(/"\/nowhere\/libblas.so" cannot be used/);
  expect(la.blasInfo()).toEqual(before);
  expect(la.useBlas("none")).toMatchObject({ provider: "builtin" });
  la.useBlas("auto");
});

test("the setting blas.library counts where nothing was chosen", async () => {
  vi.resetModules();
  const settings = (await import("../../../../src/config/config.ts")).config;
  const fresh = await import("../../../../src/ndarray/linalg/provider.ts");
  settings.set({ "blas.library": "/nowhere/libblas.so" });
  expect(() => fresh.blasInfo()).toThrow(/"\/nowhere\/libblas.so" cannot be used/);
  settings.set({ "blas.library": "none" });
  expect(fresh.blasInfo()).toMatchObject({ provider: "builtin" });
  settings.set({ "blas.library": "/nowhere/libblas.so" });
  expect(() => fresh.blasInfo(), "also after its first use").toThrow(/cannot be used/);
});

test("candidates look into environments before the system's packages", () => {
  const found = [...candidates({ VIRTUAL_ENV: "/nowhere" })];
  expect(found).toEqual([...candidates({})]);
});
