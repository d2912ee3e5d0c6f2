/** @file What plugins are: objects whose methods are called where they are registered. */
import type { WorkerContext } from "../../threads/worker-context.ts";
import type { SchedulerPlugin } from "../control/plugin-registry.ts";

export type { SchedulerContext, SchedulerPlugin } from "../control/plugin-registry.ts";

/**
 * Runs on every task thread of every worker: threads share no modules and no `globalThis`, so what
 * a plugin sets up for tasks must be set up on each. What is done for the whole process is done
 * when `worker.thread` is 0, the first of them.
 */
export interface WorkerPlugin {
  /** Others of the same name are replaced; default: the name of its class. */
  readonly name?: string;
  /** Called before the thread runs any more task. */
  setup?(worker: WorkerContext): unknown;
  /** Called when the plugin is unregistered or replaced. */
  teardown?(worker: WorkerContext): unknown;
  /**
   * A task of this thread goes from `"waiting"` to `"executing"`, and from there to `"memory"`,
   * `"error"` or `"released"` (to be run again).
   */
  transition?(key: string, start: string, finish: string): unknown;
}

/** What is known where workers are supervised. */
export interface SupervisorContext {
  /** Name of the machine. */
  readonly host: string;
  /** Names of the workers there. */
  readonly workers: readonly string[];
}

/**
 * Runs once in each process that supervises workers (the `heddle worker` program; for a
 * `LocalCluster` one thread of the program): registered with `{ target: "supervisors" }`. Dask
 * calls it a nanny plugin.
 */
export interface SupervisorPlugin {
  /** Others of the same name are replaced; default: the name of its class. */
  readonly name?: string;
  /** Whether the worker processes are replaced once it is set up; default false. */
  readonly restart?: boolean;
  setup?(supervisor: SupervisorContext): unknown;
  /** Called when the plugin is unregistered or replaced. */
  teardown?(supervisor: SupervisorContext): unknown;
}

export type Plugin = WorkerPlugin | SchedulerPlugin | SupervisorPlugin;

/** Options of `client.registerPlugin`. */
export interface RegisterOptions {
  /** Default: the plugin's own `name`, or that of its class. */
  readonly name?: string;
  /** Where it runs; default: where its methods belong; never supervisors unless told. */
  readonly target?: "workers" | "scheduler" | "supervisors";
}
