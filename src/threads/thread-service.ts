/**
 * @file What a task thread does beside tasks: functions that are to run on every worker, and
 * plugins. Loaded with the first of them.
 */
import { type CallOutcome, outcomeOf, runCall, valueIn } from "../functions/index.ts";
import type { ThreadOp } from "./messages.ts";
import { type WorkerContext, workerContext } from "./worker-context.ts";

/** What is called of a plugin on each task thread. */
export interface ThreadPlugin {
  setup?(worker: WorkerContext): unknown;
  teardown?(worker: WorkerContext): unknown;
  transition?(key: string, start: string, finish: string): unknown;
}

export class ThreadService {
  readonly #plugins = new Map<string, ThreadPlugin>();
  /** Those that hear of every task. */
  #watching: ThreadPlugin[] = [];

  async handle(op: ThreadOp): Promise<CallOutcome> {
    switch (op.kind) {
      case "run":
        return await runCall(op.call);
      case "set-up":
        return await outcomeOf(async () => await this.#setUp(op.name, op.plugin));
      case "tear-down":
        return await outcomeOf(async () => await this.#tearDown(op.name));
    }
  }

  /** Whether some plugin wants to hear of tasks. */
  get isWatching(): boolean {
    return this.#watching.length > 0;
  }

  /** Tells plugins that a task of this thread goes from one state to the next. */
  transition(key: string, start: string, finish: string): void {
    for (const plugin of this.#watching) {
      try {
        plugin.transition?.(key, start, finish);
      } catch (error) {
        // What a plugin throws must not fail the task.
        console.error(`heddle: a plugin's transition() threw ${String(error)}`);
      }
    }
  }

  async #setUp(name: string, encoded: Uint8Array): Promise<void> {
    await this.#tearDown(name);
    const plugin = (await valueIn(encoded)) as ThreadPlugin;
    await plugin.setup?.(workerContext() as WorkerContext);
    this.#plugins.set(name, plugin);
    this.#watch();
  }

  async #tearDown(name: string): Promise<void> {
    const plugin = this.#plugins.get(name);
    if (plugin === undefined) return;
    this.#plugins.delete(name);
    this.#watch();
    await plugin.teardown?.(workerContext() as WorkerContext);
  }

  #watch(): void {
    this.#watching = [...this.#plugins.values()].filter(({ transition }) => transition);
  }
}
