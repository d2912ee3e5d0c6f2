/** @file Plugins of one supervisor, in its process. */
import { hostname } from "node:os";
import { type CallOutcome, outcomeOf, valueIn } from "../../functions/index.ts";
import { loadArrays } from "../link-values.ts";
import type { WorkerPool } from "../worker-pool.ts";
import type { SupervisorPlugin } from "./plugin.ts";

export class SupervisorPlugins {
  readonly #pool: WorkerPool;
  readonly #plugins = new Map<string, SupervisorPlugin>();

  /** `pool` has the workers that are supervised. */
  constructor(pool: WorkerPool) {
    this.#pool = pool;
  }

  async setUp(name: string, encoded: Uint8Array): Promise<CallOutcome> {
    return await outcomeOf(async () => {
      await this.#end(name);
      await loadArrays();
      const plugin = (await valueIn(encoded)) as SupervisorPlugin;
      await plugin.setup?.(this.#context());
      this.#plugins.set(name, plugin);
      if (plugin.restart !== true) return;
      await Promise.all(this.#pool.names.map(async (worker) => await this.#pool.restart(worker)));
    });
  }

  async tearDown(name: string): Promise<CallOutcome> {
    return await outcomeOf(async () => await this.#end(name));
  }

  async #end(name: string): Promise<void> {
    const plugin = this.#plugins.get(name);
    this.#plugins.delete(name);
    await plugin?.teardown?.(this.#context());
  }

  #context(): { host: string; workers: readonly string[] } {
    return { host: hostname(), workers: this.#pool.names };
  }
}
