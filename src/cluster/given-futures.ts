/** @file Futures as callers give them: one, a list, or any iterable; all else is refused. */
import { isCollection } from "../core/collection.ts";
import { HeddleError } from "../core/errors.ts";
import { type Future, FutureList, isFuture } from "./future.ts";
import { describeGiven } from "./given.ts";

/** What functions that work on futures take. */
export type Futures<R = unknown> = Future<R> | FutureList<R> | Iterable<Future<R>>;

/** The futures that were given. Throws `InvalidArgument` for anything else. */
export function futuresIn<R>(what: string, given: Futures<R>): Future<R>[] {
  if (isFuture(given)) return [given as Future<R>];
  const isIterable = typeof given === "object" && given !== null && Symbol.iterator in given;
  // Delayed values are iterable as well: over their parts.
  if (!isIterable || isCollection(given)) throw noFutures(what, given);
  const list = [...given];
  if (given instanceof FutureList) return list;
  const wrong = list.findIndex((one) => !isFuture(one));
  if (wrong >= 0) throw noFutures(what, list[wrong], `at position ${wrong} `);
  return list;
}

function noFutures(what: string, given: unknown, where = ""): HeddleError<"InvalidArgument"> {
  const advice = isCollection(given)
    ? "Make one of it: client.compute(collection)."
    : "Futures come from client.submit, map, scatter and compute.";
  return new HeddleError(
    "InvalidArgument",
    `${what} takes a future or a list of futures, but was given ${where}${describeGiven(given)}. ${advice}`,
  );
}
