/** @file The active memory manager as clients see it: `client.amm`. */
import type { AmmAction } from "./control/memory-manager.ts";

/** Evens out what workers hold, every two seconds while it runs. It does not run by itself. */
export class ActiveMemoryManager {
  readonly #ask: (action: AmmAction) => Promise<boolean>;

  /** @internal */
  constructor(ask: (action: AmmAction) => Promise<boolean>) {
    this.#ask = ask;
  }

  async start(): Promise<void> {
    await this.#ask("start");
  }

  /** Copies that were asked for are safe either way. */
  async stop(): Promise<void> {
    await this.#ask("stop");
  }

  async running(): Promise<boolean> {
    return await this.#ask("running");
  }

  /** Moves values now, whether it runs or not. */
  async runOnce(): Promise<void> {
    await this.#ask("run-once");
  }
}
