/**
 * @file Bringing equal keys together: each partition is split by key into one piece per
 * destination, and each destination joins its pieces (`cluster/exchange.ts` moves them, by disk
 * where memory is short). Which destination a key goes to depends on its value alone (`hashKey`),
 * and pieces are joined in the order of the partitions: the result is the same on any number of
 * workers.
 */
import { exchange } from "../cluster/exchange.ts";
import type { Arrival } from "../cluster/exchange-tasks.ts";
import { tokenize } from "../core/token.ts";
import { hashKey, KEY_HASH_VERSION, KeyMap, type KeyOf, keyFunction } from "./key.ts";
import { constant, dependency, eachPart, type Parts } from "./parts.ts";
import { toArray } from "./steps.ts";

/** Keys and items for one destination, in the order of the partition they come from. */
interface Piece {
  readonly keys: unknown[];
  readonly items: unknown[];
}

/** Partitions of [key, items of that key] pairs; keys and items in the order of first coming. */
export function groupedParts(parts: Parts, key: KeyOf<never>, npartitions: number): Parts {
  // One layer of sources, whatever the partitions are made of; steps before it are fused into it.
  const sources = eachPart(parts, {
    word: "groupby-source",
    fn: toArray,
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

/** Task: the pieces of a partition by destination; undefined where there is nothing to send. */
export function splitByKey(
  items: readonly unknown[],
  _source: number,
  key: KeyOf<unknown>,
  destinations: number,
): (Piece | undefined)[] {
  const keyOf = keyFunction(key);
  const pieces: (Piece | undefined)[] = Array.from({ length: destinations });
  for (const item of items) {
    const value = keyOf(item);
    const destination = hashKey(value) % destinations;
    let piece = pieces[destination];
    if (piece === undefined) {
      piece = { keys: [], items: [] };
      pieces[destination] = piece;
    }
    piece.keys.push(value);
    piece.items.push(item);
  }
  return pieces;
}

/** Task: the groups of one destination. */
export function joinGroups(arrivals: readonly Arrival<Piece>[]): [unknown, unknown[]][] {
  const groups = new KeyMap<unknown, unknown[]>();
  for (const { keys, items } of arrivals.map((arrival) => arrival.value)) {
    for (const [i, key] of keys.entries()) groups.entryOr(key, () => []).value.push(items[i]);
  }
  return groups.pairs();
}
