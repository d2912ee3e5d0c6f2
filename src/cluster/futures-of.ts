/** @file The futures that values hold, and those behind persisted collections. */
import { type Collection, isCollection } from "../core/collection.ts";
import { HeddleError } from "../core/errors.ts";
import { isPlain } from "../core/lazy-values.ts";
import { submissionOf } from "./coordination/asker.ts";
import { Future, FutureList, isFuture } from "./future.ts";
import { describeGiven } from "./given.ts";
import type { EngineLink } from "./link.ts";

/** Deeper nesting is not looked into. */
const DEPTH_MAX = 64;

/**
 * All futures in a value: in lists, arrays and plain objects, and one for each task that a
 * persisted collection keeps with this client. Errors: `InvalidArgument` for a collection that was
 * not persisted: it has none.
 */
export function futuresOf(link: EngineLink, given: unknown, depth: number = 0): Future[] {
  if (isFuture(given)) return [given as Future];
  if (given instanceof FutureList) return [...given];
  if (isCollection(given)) return heldBy(link, given);
  if (typeof given !== "object" || given === null || depth > DEPTH_MAX) return [];
  const parts: readonly unknown[] = Array.isArray(given)
    ? given
    : isPlain(given)
      ? Object.values(given)
      : [];
  return parts.flatMap((part) => futuresOf(link, part, depth + 1));
}

function heldBy(link: EngineLink, collection: Collection): Future[] {
  const { outputs } = collection.lower();
  const held = outputs.filter(({ layer }) => layer.held?.engine === link.owner);
  if (held.length < outputs.length) {
    throw new HeddleError(
      "InvalidArgument",
      `client.futuresOf was given ${describeGiven(collection)} that this client does not keep: ` +
        "persist it first, and ask for the futures of what client.persist gives",
    );
  }
  const ids = Int32Array.from(held, ({ layer, index }) => layer.held?.ids[index] as number);
  const submission = submissionOf(link, ids);
  return held.map(({ layer, index }, i) => new Future(submission, i, `${layer.name}[${index}]`));
}
