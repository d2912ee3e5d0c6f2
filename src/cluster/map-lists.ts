/**
 * @file The lists of arguments that `map` is given, as long as the shortest of them: the others may
 * be endless, and are read no further than that, like those of Python's `zip`.
 */
import { HeddleError } from "../core/errors.ts";
import { FutureList } from "./future.ts";
import { describeGiven } from "./given.ts";
import type { MapList } from "./submission.ts";

/** The lists, and how many elements of each are used. */
export interface MapLists {
  readonly lists: readonly MapList[];
  readonly count: number;
}

/**
 * Anything that can be walked, as lists of the same length; a `FutureList` stays as it is. Throws
 * `InvalidArgument` for what cannot be walked.
 */
export function zipped(given: readonly unknown[]): MapLists {
  const walked = given.map(walkable);
  const most = Math.min(...walked.map(lengthOf));
  const isOpen = walked.map((list) => lengthOf(list) === Number.POSITIVE_INFINITY);
  const read = readTogether(
    walked.filter((_, i) => isOpen[i]),
    most,
  );
  const count = Math.min(most, ...read.map((items) => items.length));
  const lists = walked.map((list, i): MapList => {
    if (isOpen[i]) return read.shift() as MapList;
    if (list instanceof FutureList) return list;
    const items = Array.isArray(list) ? (list as readonly unknown[]) : [...list];
    return items.length === count ? items : items.slice(0, count);
  });
  return { lists, count };
}

function walkable(given: unknown): FutureList | Iterable<unknown> {
  if (given instanceof FutureList || typeof given === "string") return given;
  const isObject = typeof given === "object" && given !== null;
  if (isObject && Symbol.iterator in given) return given as Iterable<unknown>;
  throw new HeddleError(
    "InvalidArgument",
    "client.map takes lists of arguments after the function (arrays, other iterables, lists of " +
      `futures), but was given ${describeGiven(given)}; client.submit runs a function once`,
  );
}

/** How many elements there are, where that is known without reading them. */
function lengthOf(list: FutureList | Iterable<unknown>): number {
  if (list instanceof FutureList || Array.isArray(list)) return list.length;
  if (typeof list === "string") return [...list].length;
  if (list instanceof Map || list instanceof Set) return list.size;
  return Number.POSITIVE_INFINITY;
}

/** Reads them side by side, until one has ended or there are `most` of each. */
function readTogether(
  given: readonly (FutureList | Iterable<unknown>)[],
  most: number,
): unknown[][] {
  const iterators = given.map((list) => (list as Iterable<unknown>)[Symbol.iterator]());
  const read = iterators.map((): unknown[] => []);
  const ended = new Set<Iterator<unknown>>();
  try {
    for (let i = 0; i < most && iterators.length > 0; i++) {
      for (const [at, iterator] of iterators.entries()) {
        const step = iterator.next();
        if (step.done === true) {
          ended.add(iterator);
          return read.map((items) => items.slice(0, i));
        }
        (read[at] as unknown[]).push(step.value);
      }
    }
    return read;
  } finally {
    for (const iterator of iterators) if (!ended.has(iterator)) iterator.return?.();
  }
}
