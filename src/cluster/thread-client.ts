/**
 * @file The client of a task thread: tasks that submit tasks use it. It talks to the engine whose
 * task is running.
 */
import { Client } from "./client.ts";
import { taskEngine } from "./thread-engine.ts";

let client: Client | undefined;

/** The client of this task thread, or undefined when this is no task thread. */
export function taskClient(): Client | undefined {
  if (client !== undefined) return client;
  const engine = taskEngine();
  if (engine !== undefined) client = new Client({ engine });
  return client;
}
