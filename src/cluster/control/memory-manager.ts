/**
 * @file The active memory manager: evens out what workers hold, from time to time. It only asks the
 * machine to rebalance, which leaves copies that were asked for (`replicate`, `scatter` with
 * `broadcast`) where they are; copies that tasks have fetched are dropped by the workers themselves
 * when memory is short.
 */

/** What a client may want of it. */
export type AmmAction = "start" | "stop" | "running" | "run-once";

const INTERVAL_MS = 2000;
/** So much more in the fullest worker than in the emptiest is worth moving values, as a share. */
const UNEVEN_SHARE = 0.1;

/** What a worker holds, of what it may. */
export interface Fill {
  readonly heldBytes: number;
  readonly memoryLimitBytes: number;
}

export class MemoryManager {
  readonly #fills: () => readonly Fill[];
  readonly #rebalance: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(fills: () => readonly Fill[], rebalance: () => void) {
    this.#fills = fills;
    this.#rebalance = rebalance;
  }

  /** Whether it runs, after the action. */
  handle(action: AmmAction): boolean {
    switch (action) {
      case "start":
        this.#timer ??= this.#started();
        break;
      case "stop":
        this.stop();
        break;
      case "run-once":
        this.#rebalance();
        break;
      case "running":
    }
    return this.#timer !== undefined;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #started(): NodeJS.Timeout {
    const timer = setInterval(() => {
      if (isUneven(this.#fills())) this.#rebalance();
    }, INTERVAL_MS);
    timer.unref();
    return timer;
  }
}

/** Whether values are worth moving between these workers. */
export function isUneven(fills: readonly Fill[]): boolean {
  const shares = fills.map(({ heldBytes, memoryLimitBytes }) => heldBytes / memoryLimitBytes);
  return shares.length > 1 && Math.max(...shares) - Math.min(...shares) > UNEVEN_SHARE;
}
