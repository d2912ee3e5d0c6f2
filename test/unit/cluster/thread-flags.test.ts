/** @file Which flags of the process threads start with. */
import { expect, test } from "vitest";
import { threadFlags } from "../../../src/cluster/thread-flags.ts";

test("threads inherit what Node lets them", () => {
  expect(threadFlags([])).toBeUndefined();
  expect(threadFlags(["--max-old-space-size=100", "-e", "1"])).toBeUndefined();
});

test("a program given as text hands on only how modules are loaded", () => {
  expect(threadFlags(["--input-type=module", "-e", "1"])).toEqual([]);
  const given = ["--import", "./a.js", "--expose-gc", "--conditions=dev", "--enable-source-maps"];
  expect(threadFlags([...given, "--input-type", "module", "-e", "--import"])).toEqual([
    "--import",
    "./a.js",
    "--conditions=dev",
    "--enable-source-maps",
  ]);
});
