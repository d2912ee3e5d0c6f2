import { expect, it } from "vitest";
import { wasmFeatures } from "../../../src/cli/wasm-features.ts";

it("finds what every supported Node has, and what only newer ones have", () => {
  const major = Number(process.versions.node.split(".")[0]);
  expect(wasmFeatures()).toEqual({
    simd: true,
    threads: true,
    "relaxed-simd": major >= 22,
    "multi-memory": major >= 22,
  });
});
