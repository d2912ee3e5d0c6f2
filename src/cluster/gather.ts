/** @file Collecting the values of futures, wherever they stand in nested arrays and objects. */
import { isCollection } from "../core/collection.ts";
import { HeddleError } from "../core/errors.ts";
import { isPlain } from "../core/lazy-values.ts";
import { checkOptionNames } from "../core/options.ts";
import { type Future, FutureList, isFuture } from "./future.ts";
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

/** Options of `client.gather`. */
export interface GatherOptions {
  /**
   * What becomes of failed tasks: "raise", the default, rejects with the first error; "skip" leaves
   * them out of lists and objects, and gives undefined for a future on its own.
   */
  readonly errors?: "raise" | "skip";
}

/** Throws `InvalidArgument` for options that are none. */
export function checkGatherOptions(options: GatherOptions): void {
  checkOptionNames("client.gather", options, ["errors"]);
  const { errors = "raise" } = options;
  if (errors === "raise" || errors === "skip") return;
  throw new HeddleError(
    "InvalidArgument",
    `client.gather: errors is ${describeGiven(errors)}; it may be "raise" or "skip"`,
  );
}

/** Stands for the value of a failed task. */
const SKIPPED: unique symbol = Symbol("skipped");

/** The values of all futures within. */
export async function gatherAll(
  value: unknown,
  { errors = "raise" }: GatherOptions = {},
): Promise<unknown> {
  const gathered = await gatherWithin(value, errors === "skip", []);
  return gathered === SKIPPED ? undefined : gathered;
}

/** `open` are the containers that hold the value: within itself, one stays as it is. */
async function gatherWithin(
  value: unknown,
  skips: boolean,
  open: readonly object[],
): Promise<unknown> {
  if (isFuture(value)) return skips ? await valueOrSkipped(value) : await value.result();
  if (value instanceof FutureList) {
    return skips ? await gatherWithin([...value], skips, open) : await value.results();
  }
  if (typeof value !== "object" || value === null || open.includes(value)) return value;
  const within = [...open, value];
  if (Array.isArray(value)) {
    const items = await Promise.all(value.map((item) => gatherWithin(item, skips, within)));
    return items.filter((item) => item !== SKIPPED);
  }
  if (!isPlain(value)) return value;
  const entries = Object.entries(value).map(
    async ([key, item]) => [key, await gatherWithin(item, skips, within)] as const,
  );
  return Object.fromEntries((await Promise.all(entries)).filter(([, item]) => item !== SKIPPED));
}

async function valueOrSkipped(future: Future): Promise<unknown> {
  return (await future.exception()) === undefined ? await future.result() : SKIPPED;
}
