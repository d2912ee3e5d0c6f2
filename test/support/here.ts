/**
 * @file Tests that look at what happens in this process while tasks run (they count calls, or use
 * what cannot travel). Where the suites run on another scheduler, they have nothing to say.
 */
import { test } from "vitest";

/** `test`, on the calling thread only. */
export const testHere: typeof test = (
  process.env["HEDDLE_TEST_RUNNER"] === undefined ? test : test.skip
) as typeof test;
