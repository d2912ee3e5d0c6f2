/** @file Waiting no longer than so long. */
import { HeddleError } from "../core/errors.ts";

/**
 * The promise, or a rejection with `Timeout` when it has not settled after `timeoutMs`. What is
 * waited for goes on.
 */
export async function within<T>(
  timeoutMs: number | undefined,
  what: string,
  promise: Promise<T>,
): Promise<T> {
  if (timeoutMs === undefined) return await promise;
  // Who stops waiting does not hear of a failure either.
  promise.catch(() => undefined);
  if (!(typeof timeoutMs === "number" && timeoutMs >= 0)) {
    throw new HeddleError(
      "InvalidArgument",
      `${what}: timeoutMs is ${String(timeoutMs)}; it may be a number of milliseconds from 0 on`,
    );
  }
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const message = `${what} did not end within ${timeoutMs} ms; what it waits for goes on`;
    // A longer delay than a timer can have would fire at once.
    if (timeoutMs > 2 ** 31 - 1) return;
    timer = setTimeout(() => reject(new HeddleError("Timeout", message)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
