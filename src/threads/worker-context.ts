/** @file What code on a task thread may ask of the worker it runs on. */
import { join } from "node:path";
import { isMainThread, workerData } from "node:worker_threads";
import type { ThreadInit } from "./messages.ts";
import { currentTask } from "./task-context.ts";

/** The worker that runs a task, a plugin, or a function given to `client.run`. */
export interface WorkerContext {
  readonly address: string;
  readonly name: string;
  /** Number of the task thread within the worker, from 0. */
  readonly thread: number;
  /** Task threads of the worker. */
  readonly threads: number;
  /** What the worker has of each resource. */
  readonly resources: Readonly<Record<string, number>>;
  /** Folder of the worker, where uploaded files are; it goes with the worker. */
  readonly localDirectory: string;
  /** Key of the running task; empty where none runs. */
  readonly taskKey: string;
}

/** The worker of this thread; undefined when this is no task thread. */
export function workerContext(): WorkerContext | undefined {
  const init = workerData as Partial<ThreadInit> | null;
  if (isMainThread || init?.thread === undefined) return undefined;
  const address = init.address ?? "";
  return {
    address,
    name: init.name ?? address,
    thread: init.thread,
    threads: init.threads ?? 1,
    resources: init.resources ?? {},
    localDirectory: join(init.scratch ?? "", "files"),
    taskKey: currentTask()?.key ?? "",
  };
}
