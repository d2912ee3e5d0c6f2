/**
 * @file Bringing equal keys together: each partition is split by key into one piece per
 * destination, and each destination joins its pieces (`cluster/exchange.ts` moves them, by disk
 * where memory is short). Which destination a key goes to depends on its value alone (`hashKey`),
 * and pieces are joined in the order of the partitions: the result is the same on any number of
 * workers.
 */
import { exchange } from "../cluster/exchange.ts";
import type { Arrival, Piece } from "../cluster/exchange-tasks.ts";
import { tokenize } from "../core/token.ts";
import { referToAll } from "../functions/index.ts";
import * as self from "./exchange.ts";
import { hashKey, KEY_HASH_VERSION, KeyMap, type KeyOf, keyFunction } from "./key.ts";
import { constant, dependency, eachPart, type Parts } from "./parts.ts";
import { toArray } from "./steps.ts";

/** Keys and items for one destination, in the order of the partition they come from. */
interface KeyedItems {
  readonly keys: unknown[];
  readonly items: unknown[];
}

/**
 * A split writes what it has when that is about this much, so that it never holds a whole
 * partition.
 */
const BATCH_BYTES = 2 * 2 ** 20;
/** Items of the first batch, whose bytes tell how many make a good one. */
const FIRST_BATCH = 64;
const LARGEST_BATCH = 64 * 1024;

/** Partitions of [key, items of that key] pairs; keys and items in the order of first coming. */
export function groupedParts(parts: Parts, key: KeyOf<never>, npartitions: number): Parts {
  // One layer of sources, whatever the partitions are made of; steps before it are fused into it.
  const sources = eachPart(parts, {
    word: "groupby-source",
    fn: toArray,
    fused: sameItems,
    args: [dependency(0)],
  });
  const [first] = sources;
  if (first === undefined) return [];
  const layer = exchange({
    name: `groupby-${tokenize(first.layer.name, key, npartitions, KEY_HASH_VERSION)}`,
    source: first.layer,
    destinations: npartitions,
    split: { fn: splitByKey, args: [constant(key), constant(npartitions)] },
    join: { fn: joinGroups },
  });
  return Array.from({ length: layer.count }, (_, index) => ({ layer, index }));
}

/** Task within another task: the items as they come. */
export function sameItems(items: Iterable<unknown>): Iterable<unknown> {
  return items;
}

/** Task: the pieces of a partition, a batch of items at a time. */
export function* splitByKey(
  items: Iterable<unknown>,
  _source: number,
  key: KeyOf<unknown>,
  destinations: number,
): Generator<Piece<KeyedItems>, void, number> {
  const keyOf = keyFunction(key);
  const batch = new Map<number, KeyedItems>();
  let [count, batchSize, writtenItems, writtenBytes] = [0, FIRST_BATCH, 0, 0];
  for (const item of items) {
    const value = keyOf(item);
    const destination = hashKey(value) % destinations;
    let piece = batch.get(destination);
    if (piece === undefined) {
      piece = { keys: [], items: [] };
      batch.set(destination, piece);
    }
    piece.keys.push(value);
    piece.items.push(item);
    if (++count < batchSize) continue;
    for (const entry of batch) writtenBytes += yield entry;
    batch.clear();
    writtenItems += count;
    count = 0;
    const fitting = Math.floor((BATCH_BYTES * writtenItems) / writtenBytes);
    batchSize = Math.max(1, Math.min(LARGEST_BATCH, fitting));
  }
  yield* batch;
}

/** Task: the groups of one destination. */
export function joinGroups(arrivals: Iterable<Arrival<KeyedItems>>): [unknown, unknown[]][] {
  const groups = new KeyMap<unknown, unknown[]>();
  for (const { value } of arrivals) {
    const { keys, items } = value;
    for (const [i, key] of keys.entries()) groups.entryOr(key, () => []).value.push(items[i]);
  }
  return groups.pairs();
}

referToAll(import.meta.url, self);
