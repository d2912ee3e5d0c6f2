/**
 * @file Bringing equal keys together, in two stages: each partition is split by key into one run
 * per destination, and each destination gathers its runs. A run is encoded by itself, so that a
 * destination decodes its own run of every partition and nothing else. Which destination a key goes
 * to depends on its value alone (`hashKey`), and runs are gathered in the order of the partitions:
 * the result is the same on any number of workers.
 *
 * This file is the only one that knows how items travel; the engine's exchange layer takes its
 * place.
 */
import { alignBuffer } from "../codec/frame.ts";
import { decodeValue, type EncodedValue, encodeValue, prepareValue } from "../codec/index.ts";
import { hashKey, KeyMap, type KeyOf, keyFunction } from "./key.ts";
import { constant, dependency, eachPart, makeParts, type Parts } from "./parts.ts";

/** Keys and items of one run, in the order of the partition they come from. */
interface Run {
  readonly keys: unknown[];
  readonly items: unknown[];
}

/** All runs of one partition: `bytes` holds them one after the other. */
interface Runs {
  readonly offsets: Float64Array;
  readonly bytes: Uint8Array;
}

/**
 * Partitions of [key, items of that key] pairs; keys and items in the order of their first coming.
 */
export function groupedParts(parts: Parts, key: KeyOf<never>, npartitions: number): Parts {
  const runs = eachPart(parts, {
    word: "groupby-split",
    fn: splitRuns,
    args: [dependency(0), constant(key), constant(npartitions)],
  });
  const destinations = Int32Array.from({ length: npartitions }, (_, i) => i);
  return makeParts({
    word: "groupby",
    kind: "exchange",
    fn: gatherGroups,
    args: [
      { kind: "deps", start: 0 },
      { kind: "column", column: 0 },
    ],
    columns: [{ kind: "number", data: destinations }],
    deps: Array.from(destinations, () => runs),
  });
}

/** Task: splits a partition into one run per destination. */
export function splitRuns(items: Iterable<unknown>, key: KeyOf<unknown>, count: number): Runs {
  const keyOf = keyFunction(key);
  const runs: Run[] = Array.from({ length: count }, () => ({ keys: [], items: [] }));
  for (const item of items) {
    const value = keyOf(item);
    const run = runs[hashKey(value) % count] as Run;
    run.keys.push(value);
    run.items.push(item);
  }
  const encoded = runs.map((run) => (run.keys.length === 0 ? undefined : encodeValue(run)));
  return pack(encoded);
}

/** The encoded runs one after the other, each where a value may lie. */
function pack(encoded: readonly (EncodedValue | undefined)[]): Runs {
  const offsets = new Float64Array(encoded.length + 1);
  for (const [i, run] of encoded.entries()) {
    offsets[i + 1] = (offsets[i] as number) + alignBuffer(run?.bytes ?? 0);
  }
  const bytes = new Uint8Array(offsets[encoded.length] as number);
  for (const [i, run] of encoded.entries())
    run?.writeTo(bytes.subarray(offsets[i], offsets[i + 1]));
  return { offsets, bytes };
}

/** Task: gathers the runs of one destination into groups. */
export async function gatherGroups(
  parts: readonly Runs[],
  destination: number,
): Promise<[unknown, unknown[]][]> {
  const groups = new KeyMap<unknown, unknown[]>();
  for (const { offsets, bytes } of parts) {
    const start = offsets[destination] as number;
    const end = offsets[destination + 1] as number;
    if (start === end) continue;
    const run = bytes.subarray(start, end);
    await prepareValue(run);
    const { keys, items } = decodeValue(run) as Run;
    for (const [i, key] of keys.entries()) {
      groups.entryOr(key, () => []).value.push(items[i]);
    }
  }
  return groups.pairs();
}
