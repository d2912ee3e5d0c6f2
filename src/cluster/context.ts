/**
 * @file What code may ask about where it runs: the client it belongs to, and inside of tasks the
 * worker.
 */
import { isMainThread } from "node:worker_threads";
import { HeddleError } from "../core/errors.ts";
import { currentTask, type TaskContext } from "../threads/task-context.ts";
import { type WorkerContext, workerContext } from "../threads/worker-context.ts";
import { Client } from "./client.ts";
import { taskClient } from "./thread-client.ts";

export type { WorkerContext } from "../threads/worker-context.ts";

/** The client of this program, or inside a task the client of the engine that runs it. */
export function getClient(): Client {
  const client = taskClient() ?? Client.current();
  if (client !== undefined) return client;
  throw new HeddleError(
    "ConnectFailed",
    "there is no client: make one with new Client({ embedded: true }), or call getClient inside a task",
  );
}

/**
 * The worker that the calling code runs on: a task, a plugin, or a function given to `client.run`.
 * Errors: `InvalidArgument` anywhere else.
 */
export function getWorker(): WorkerContext {
  const worker = workerContext();
  if (worker !== undefined) return worker;
  throw new HeddleError(
    "InvalidArgument",
    "getWorker works inside of tasks only; no task is running here",
  );
}

/** What each task that has seceded does when it comes back. */
const seceded = new WeakMap<TaskContext, () => void>();

/**
 * The running task gives its place free: its thread takes other tasks while it waits for something.
 * Waiting for futures and for computations does so by itself. Only while an asynchronous task waits
 * can its thread do anything else. Errors: `InvalidArgument` outside of tasks.
 */
export function secede(): void {
  const task = runningTask("secede");
  if (!seceded.has(task)) seceded.set(task, task.suspend());
}

/** The running task takes its place again after `secede`; nothing happens when it has one. */
export function rejoin(): void {
  const task = runningTask("rejoin");
  seceded.get(task)?.();
  seceded.delete(task);
}

/**
 * Calls `use` with the client of the engine that runs the task, while the task takes no place of
 * its thread. Errors: `InvalidArgument` outside of tasks.
 *
 * @example
 * import { Client, workerClient } from "heddle";
 * await Client.with({ embedded: true }, async (client) => {
 *   const total = client.submit(async () => {
 *     const square = (x: number) => x * x;
 *     const parts = await workerClient((inner) => inner.map(square, [1, 2, 3]).results());
 *     return parts.reduce((a, b) => a + b, 0);
 *   });
 *   console.log(await total.result()); // 14
 * });
 */
export async function workerClient<R>(use: (client: Client) => R | Promise<R>): Promise<R> {
  runningTask("workerClient");
  secede();
  try {
    return await use(getClient());
  } finally {
    rejoin();
  }
}

function runningTask(what: string): TaskContext {
  const task = currentTask();
  if (task !== undefined && !isMainThread) return task;
  throw new HeddleError(
    "InvalidArgument",
    `${what} works inside of tasks only; no task is running here`,
  );
}

/**
 * Thrown by a task that wants to be run again, perhaps on another worker: nothing is counted as
 * failed, and nobody hears of it. A task that always throws it never ends.
 */
export class Reschedule extends HeddleError<"Reschedule"> {
  constructor(reason: string = "the task asked to be run again") {
    super("Reschedule", reason);
  }
}
