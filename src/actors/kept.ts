/**
 * @file Values of the engine that are actors: while one is there, it refers to its actor like any
 * other object. Where the value goes, its worker says so.
 */
import { isActor, referenceOf } from "./actor.ts";

/** By the value's number. */
const kept = new Map<number, object>();

/** A task of this thread has made the value; false when it is no actor. */
export function keepActor(id: number, value: unknown): boolean {
  if (!isActor(value)) return false;
  kept.set(id, value);
  return true;
}

/** These values are gone. */
export function dropActors(ids: readonly number[]): void {
  for (const id of ids) {
    const actor = kept.get(id);
    if (actor === undefined) continue;
    kept.delete(id);
    referenceOf(actor).release();
  }
}
