/** @file Collecting the values of futures, wherever they stand in nested arrays and objects. */
import { isCollection } from "../core/collection.ts";
import { HeddleError } from "../core/errors.ts";
import { isPlain } from "../core/lazy-values.ts";
import { FutureList, isFuture } from "./future.ts";
import { describeGiven } from "./given.ts";

/** Throws `InvalidArgument` for what can hold no futures. */
export function checkGathered(given: unknown): void {
  const isContainer = typeof given === "object" && given !== null && !(given instanceof Promise);
  if (isContainer && !isCollection(given)) return;
  const advice = isCollection(given)
    ? "a lazy collection, which has not been computed: await its compute()"
    : describeGiven(given);
  throw new HeddleError(
    "InvalidArgument",
    `client.gather takes futures, or arrays and objects with futures inside, but was given ${advice}`,
  );
}

/** `open` are the containers that hold the value: within itself, one stays as it is. */
export async function gatherAll(value: unknown, open: readonly object[] = []): Promise<unknown> {
  if (isFuture(value)) return await value.result();
  if (value instanceof FutureList) return await value.results();
  if (typeof value !== "object" || value === null || open.includes(value)) return value;
  const within = [...open, value];
  if (Array.isArray(value)) {
    return await Promise.all(value.map((item) => gatherAll(item, within)));
  }
  if (!isPlain(value)) return value;
  const entries = Object.entries(value).map(
    async ([key, item]) => [key, await gatherAll(item, within)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}
