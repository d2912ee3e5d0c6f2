/** @file What the scheduler makes sure of before it believes a worker. */
import type { Inventory } from "../../machine/scheduler/events.ts";
import { TAG } from "../../threads/value-pages.ts";
import { checkAmounts, checkIds, checkLength, nonsense } from "./checks.ts";
import type { FromWorker } from "./worker-messages.ts";

/** A task has not taken longer than this: 30 years. */
const DURATION_MAX_MS = 1e12;

/**
 * Throws `ProtocolError` for a message that would lead the scheduler astray. Ids that the scheduler
 * does not know are of an earlier life, and mean nothing to it.
 */
export function checkFromWorker(message: FromWorker): void {
  const { kind } = message;
  switch (kind) {
    case "finished":
      if (message.count !== message.ids.length) nonsense(`finished counts ${message.count}`);
      checkColumns(kind, message);
      return checkWords(kind, message);
    case "replicated":
    case "returned":
      return checkColumns(kind, message);
    case "suspended":
      checkColumns(kind, message);
      return checkLength("suspended: waits", message.waits, message.ids.length);
    case "lost":
    case "working":
      return checkIds(kind, message.ids);
    case "unreachable":
      checkIds(kind, message.ids);
      checkLength("unreachable: holders", message.holders, message.ids.length);
      return checkLength("unreachable: isGone", message.isGone, message.ids.length);
    case "durations":
      return checkDurations(message);
    case "inventory":
      return checkInventory(message.inventory);
    case "load":
      return checkAmounts("load", [message.memoryBytes, message.peakBytes, message.spilledBytes]);
    case "short":
      return checkAmounts(kind, [message.memoryBytes]);
    case "going":
      return checkAmounts(kind, [message.graceMs]);
    case "printed":
      if (message.stream !== 1 && message.stream !== 2) nonsense(`printed to ${message.stream}`);
      return;
    default:
  }
}

interface Columns {
  readonly ids: Int32Array;
  readonly epochs: Int32Array;
  readonly bytes?: Float64Array;
}

function checkColumns(what: string, { ids, epochs, bytes }: Columns): void {
  checkIds(what, ids);
  checkLength(`${what}: epochs`, epochs, ids.length);
  checkLength(`${what}: bytes`, bytes, ids.length);
  if (bytes !== undefined) checkAmounts(`${what}: the size of a value`, bytes);
}

/**
 * Values that are words: a tag and a word for each id, or neither; tag 0 for those that are not.
 */
function checkWords(
  what: string,
  { ids, tags, words }: Pick<Inventory, "ids" | "tags" | "words">,
): void {
  if ((tags === undefined) !== (words === undefined)) nonsense(`${what}: tags without words`);
  checkLength(`${what}: tags`, tags, ids.length);
  checkLength(`${what}: words`, words, ids.length);
  for (const tag of tags ?? []) {
    if (tag >= TAG.heap) nonsense(`${what}: the word of a value has the tag ${tag}`);
  }
}

function checkDurations(message: Extract<FromWorker, { kind: "durations" }>): void {
  const { kind, ids, counts, meanMs, threads } = message;
  checkIds(kind, ids);
  checkLength("durations: counts", counts, ids.length);
  checkLength("durations: meanMs", meanMs, ids.length);
  checkLength("durations: threads", threads, ids.length);
  checkAmounts("durations: a count", counts);
  for (const ms of meanMs) if (!(ms >= 0 && ms < DURATION_MAX_MS)) nonsense(`a task took ${ms} ms`);
}

function checkInventory(inventory: Inventory): void {
  const { ids, copies, bases, counts, serials, others } = inventory;
  checkColumns("inventory", inventory);
  checkWords("inventory", inventory);
  checkLength("inventory: copies", copies, ids.length);
  checkIds("inventory: graphs", bases);
  checkIds("inventory: others", others);
  checkLength("inventory: counts", counts, bases.length);
  checkLength("inventory: serials", serials, bases.length);
  checkAmounts("inventory: the size of a graph", counts);
  const { running = new Int32Array(0), runningEpochs = new Int32Array(0) } = inventory;
  checkIds("inventory: running", running);
  checkLength("inventory: running epochs", runningEpochs, running.length);
}
