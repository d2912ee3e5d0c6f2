/** @file `getTaskMetadata`: where and when the tasks ran that ended while a function ran. */
import { checkFunction, checkOptionNames } from "../core/options.ts";
import type { Client } from "./client.ts";
import { getClient } from "./context.ts";
import type { TaskStreamEntry } from "./control/task-stream.ts";

/** Where and when a task ran, and how it ended. */
export type TaskMetadata = Omit<TaskStreamEntry, "key" | "count">;

/** What `getTaskMetadata` resolves to. */
export interface CollectedTasks<R> {
  /** What the function gave. */
  readonly value: R;
  /** By key. Tasks too short to be measured one by one are under the key of the last of them. */
  readonly tasks: Readonly<Record<string, TaskMetadata>>;
}

/**
 * Runs `use`, and tells of the tasks that ended meanwhile where and when each ran; at most the last
 * 16,384 measurements, of tasks whose values are still wanted.
 *
 * @example
 * import { Client } from "heddle";
 * import { getTaskMetadata } from "heddle/distributed";
 * await Client.with({ embedded: true }, async (client) => {
 *   const future = client.options({ key: "mine" }).submit(() => 42);
 *   const { value, tasks } = await getTaskMetadata(() => future.result(), { client });
 *   console.log(value, tasks["mine"]?.status); // 42 finished
 * });
 */
export async function getTaskMetadata<R>(
  use: () => R | Promise<R>,
  options: { readonly client?: Client } = {},
): Promise<CollectedTasks<R>> {
  checkFunction("getTaskMetadata", use, "(() => x.compute())");
  checkOptionNames("getTaskMetadata", options, ["client"]);
  const { client = getClient() } = options;
  const startMs = Date.now();
  const value = await use();
  const entries = await client.getTaskStream();
  const ended = entries.filter((entry) => entry.startMs + entry.durationMs >= startMs);
  const tasks = ended.flatMap(({ key, count: _, ...facts }) => {
    return key === undefined ? [] : [[key, facts] as const];
  });
  return { value, tasks: Object.fromEntries(tasks) };
}
