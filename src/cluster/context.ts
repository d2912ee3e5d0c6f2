/**
 * @file What code may ask about where it runs: the client it belongs to, and inside of tasks the
 * worker.
 */
import { isMainThread, workerData } from "node:worker_threads";
import { HeddleError } from "../core/errors.ts";
import type { ThreadInit } from "../threads/messages.ts";
import { currentTask } from "../threads/task-context.ts";
import { Client } from "./client.ts";
import { taskClient } from "./thread-client.ts";

/** What a task sees of the worker that runs it. */
export interface WorkerContext {
  readonly address: string;
  /** Number of the task thread within the worker, from 0. */
  readonly thread: number;
  /** Task threads of the worker. */
  readonly threads: number;
  /** Key of the running task. */
  readonly taskKey: string;
}

/** The client of this program, or inside a task the client of the engine that runs it. */
export function getClient(): Client {
  const client = taskClient() ?? Client.current();
  if (client !== undefined) return client;
  throw new HeddleError(
    "ConnectFailed",
    "there is no client: make one with new Client({ embedded: true }), or call getClient inside a task",
  );
}

/** The worker that runs the calling task. Throws `InvalidArgument` outside of tasks. */
export function getWorker(): WorkerContext {
  const task = currentTask();
  const init = workerData as Partial<ThreadInit> | null;
  if (isMainThread || task === undefined || init?.thread === undefined) {
    throw new HeddleError(
      "InvalidArgument",
      "getWorker works inside of tasks only; no task is running here",
    );
  }
  return {
    address: init.address ?? "",
    thread: init.thread,
    threads: init.threads ?? 1,
    taskKey: task.key,
  };
}
