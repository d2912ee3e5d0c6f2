/** @file What a promise that should fail fails with. */
import { expect } from "vitest";
import { isHeddleError } from "../../src/core/errors.ts";

/** The error; the test fails when there is none. */
export async function failure(promise: Promise<unknown>): Promise<Error & { code: string }> {
  return (await promise.then(
    () => expect.unreachable("it should have failed"),
    (error: unknown) => error,
  )) as Error & { code: string };
}

/** The code of the error, or "none". */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => "none",
    (error: unknown) => (isHeddleError(error) ? error.code : String(error)),
  );
}
