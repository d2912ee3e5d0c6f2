/**
 * @file The active memory manager: follows its policies from time to time. It only asks the
 * machine, which leaves copies that were asked for (`replicate`, `scatter` with `broadcast`) where
 * they are. Workers are retired without it: whoever asks for that waits until it is done.
 */

/** What a client may want of it. */
export type AmmAction = "start" | "stop" | "running" | "run-once";

/** What the machine is asked for: to drop copies that nobody will read, or to even out values. */
export type AmmPolicy = "reduce-replicas" | "rebalance";

/** Those that it has unless told otherwise. */
const POLICIES: readonly AmmPolicy[] = ["reduce-replicas", "rebalance"];

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
  readonly #follow: (policy: AmmPolicy) => void;
  #policies: readonly AmmPolicy[] = POLICIES;
  #timer: NodeJS.Timeout | undefined;

  constructor(fills: () => readonly Fill[], follow: (policy: AmmPolicy) => void) {
    this.#fills = fills;
    this.#follow = follow;
  }

  /** Whether it runs, after the action; with other policies from now on, if such are given. */
  handle(action: AmmAction, policies: readonly AmmPolicy[] = this.#policies): boolean {
    this.#policies = policies;
    switch (action) {
      case "start":
        this.#timer ??= this.#started();
        break;
      case "stop":
        this.stop();
        break;
      case "run-once":
        for (const policy of this.#policies) this.#follow(policy);
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
      for (const policy of this.#policies) {
        if (policy !== "rebalance" || isUneven(this.#fills())) this.#follow(policy);
      }
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
