/** @file What a worker has, for a scheduler that does not know it any more. */
import type { Inventory } from "../scheduler/events.ts";
import type { GraphEntry } from "./graphs.ts";
import { ACTIVITY, ORIGIN, PLACE, UNWANTED, type ValueTable } from "./value-table.ts";

/** All values that are wanted here, but for words that were lent, and all that ids are used for. */
export function inventoryOf(values: ValueTable, graphs: Iterable<GraphEntry>): Inventory {
  const { place, origin, unwanted, epoch, bytes, activity } = values;
  const ids: number[] = [];
  const running: number[] = [];
  for (let id = 0; id < values.end; id++) {
    if (activity[id] === ACTIVITY.running && unwanted[id] !== UNWANTED.yes) running.push(id);
    if (place[id] === PLACE.nowhere || origin[id] === ORIGIN.lent) continue;
    if (unwanted[id] !== UNWANTED.yes) ids.push(id);
  }
  const known = [...graphs];
  const own = new Uint8Array(values.end);
  for (const { base, count } of known) own.fill(1, base, base + count);
  const others: number[] = [];
  for (let id = 0; id < values.end; id++) if (own[id] === 0 && values.isBusy(id)) others.push(id);
  return {
    ids: Int32Array.from(ids),
    epochs: Int32Array.from(ids, (id) => epoch[id]!),
    bytes: Float64Array.from(ids, (id) => bytes[id]!),
    copies: Uint8Array.from(ids, (id) => (origin[id] === ORIGIN.copy ? 1 : 0)),
    bases: Int32Array.from(known, ({ base }) => base),
    counts: Int32Array.from(known, ({ count }) => count),
    serials: Int32Array.from(known, ({ serial }) => serial),
    others: Int32Array.from(others),
    running: Int32Array.from(running),
    runningEpochs: Int32Array.from(running, (id) => epoch[id]!),
  };
}
