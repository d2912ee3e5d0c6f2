/**
 * @file Running totals: each partition begins with the total that the partition before it ended
 * with.
 */
import { referToAll } from "../functions/index.ts";
import * as self from "./running.ts";

/** Totals of one partition, and the last total there is: none before the first item of the bag. */
type Running = readonly [totals: unknown[], last: readonly [] | readonly [unknown]];

/**
 * Task. `previous` holds the result for the partition before, and nothing for the first one, where
 * `initial` (absent or one value) becomes the first total.
 */
export function accumulateItems(
  items: Iterable<unknown>,
  previous: readonly Running[],
  binop: (total: unknown, item: unknown) => unknown,
  initial: readonly [] | readonly [unknown],
): Running {
  const totals: unknown[] = [];
  const before = previous[0];
  let last = before === undefined ? initial : before[1];
  if (before === undefined && initial.length === 1) totals.push(initial[0]);
  for (const item of items) {
    const total: unknown = last.length === 1 ? binop(last[0], item) : item;
    totals.push(total);
    last = [total];
  }
  return [totals, last];
}

/** Task: the totals alone. */
export function firstOfPair(pair: Running): unknown[] {
  return pair[0];
}

referToAll(import.meta.url, self);
