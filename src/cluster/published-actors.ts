/**
 * @file Actors in what is published: the bytes of a dataset keep no actor. A task whose value is
 * the actor does, where the actor lives, and the dataset keeps that task.
 */
import { type Actor, isActor, referenceOf } from "../actors/actor.ts";
import type { TaskFunction } from "../core/graph.ts";
import { isPlain } from "../core/lazy-values.ts";
import { referToAll } from "../functions/index.ts";
import type { SubmitOptions } from "./call-facts.ts";
import type { Future } from "./future.ts";
import * as self from "./published-actors.ts";

/** Stays the value of its task, and so keeps the actor. */
export function keptActor(actor: Actor<object>): Actor<object> {
  return actor;
}

/** A future for each actor in arrays and plain objects, at any depth, that keeps it. */
export async function futuresOfActors(
  value: unknown,
  submit: (options: SubmitOptions, fn: TaskFunction, args: readonly unknown[]) => Future,
): Promise<Future[]> {
  const futures = actorsIn(value).map((actor) => {
    const { worker, scheduler } = referenceOf(actor).handle.place;
    // With the actor's worker both are gone. An embedded engine has one.
    const where = scheduler === "" ? {} : { workers: [worker], allowOtherWorkers: true };
    return submit({ ...where, pure: false }, keptActor as TaskFunction, [actor]);
  });
  // By then their threads have said that they refer to the actors.
  await Promise.all(futures.map(async (future) => await future.result()));
  return futures;
}

/** The value may hold itself. */
function actorsIn(value: unknown): Actor<object>[] {
  const actors: Actor<object>[] = [];
  const seen = new Set<unknown>();
  const look = (part: unknown): void => {
    if (typeof part !== "object" || part === null || seen.has(part)) return;
    seen.add(part);
    if (isActor(part)) actors.push(part);
    else if (Array.isArray(part)) part.forEach(look);
    else if (isPlain(part)) Object.values(part).forEach(look);
  };
  look(value);
  return actors;
}

referToAll(import.meta.url, self);
