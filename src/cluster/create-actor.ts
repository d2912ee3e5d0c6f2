/**
 * @file The task that makes an actor where it runs. On a cluster the scheduler notes where each
 * actor is: one that was made once and is lost is not made again, and the next one goes to the
 * worker that has fewest.
 */
import { type Actor, actorOf, referenceOf } from "../actors/actor.ts";
import { HeddleError } from "../core/errors.ts";
import { referToAll } from "../functions/index.ts";
import { currentTask } from "../threads/task-context.ts";
import { workerContext } from "../threads/worker-context.ts";
import * as self from "./create-actor.ts";
import { taskEngine } from "./thread-engine.ts";

/** Makes an actor of the class in this thread. */
export async function createActor(
  make: new (...args: never[]) => unknown,
  { concurrency }: { readonly concurrency?: number | undefined },
  ...args: unknown[]
): Promise<Actor<object>> {
  const { actorHost } = await import("../actors/host.ts");
  const key = currentTask()?.key ?? make.name;
  const worker = workerContext()?.address ?? "";
  const link = taskEngine()?.connect();
  const before = await link?.control({ kind: "actor-made", key, worker });
  if (typeof before === "string") throw notAgain(key, before);
  const gone = (): void => {
    link?.control({ kind: "actor-gone", key }).catch(() => undefined);
  };
  try {
    const actor = actorOf(await actorHost.make(make, args, { key, concurrency, gone }));
    await referenceOf(actor).held;
    return actor;
  } catch (error) {
    gone();
    throw error;
  }
}

function notAgain(key: string, worker: string): HeddleError<"Lost"> {
  return new HeddleError(
    "Lost",
    `the actor ${key} was on ${worker}, which is gone, and its state with it: make another one`,
    { fields: { actor: key, worker } },
  );
}

referToAll(import.meta.url, self);
