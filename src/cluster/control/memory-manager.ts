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
/**
 * From so much of its memory on, a worker is better off without copies. Below that they are worth
 * keeping: who runs out of room drops them first, and work that comes back to a value need not
 * fetch it again.
 */
const FULL_SHARE = 0.5;
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
  readonly #intervalMs: number;
  /** Nobody has asked for it: it does only what is worth it. */
  #isAutomatic = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    fills: () => readonly Fill[],
    follow: (policy: AmmPolicy) => void,
    intervalMs: number = INTERVAL_MS,
  ) {
    this.#fills = fills;
    this.#follow = follow;
    this.#intervalMs = intervalMs;
  }

  /** Drops superfluous copies from now on whenever a worker is rather full. */
  watch(): void {
    this.#isAutomatic = true;
    this.#policies = ["reduce-replicas"];
    this.#timer ??= this.#started();
  }

  /** Whether it runs, after the action; with other policies from now on, if such are given. */
  handle(action: AmmAction, policies?: readonly AmmPolicy[]): boolean {
    if (action === "start" && this.#isAutomatic) {
      this.#isAutomatic = false;
      this.#policies = POLICIES;
    }
    if (policies !== undefined) this.#policies = policies;
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

  #isWorthIt(policy: AmmPolicy): boolean {
    if (policy === "rebalance") return isUneven(this.#fills());
    return !this.#isAutomatic || isFull(this.#fills());
  }

  #started(): NodeJS.Timeout {
    const timer = setInterval(() => {
      for (const policy of this.#policies) if (this.#isWorthIt(policy)) this.#follow(policy);
    }, this.#intervalMs);
    timer.unref();
    return timer;
  }
}

/** Whether some worker has little room left. */
export function isFull(fills: readonly Fill[]): boolean {
  return fills.some((fill) => fill.heldBytes > FULL_SHARE * fill.memoryLimitBytes);
}

/** Whether values are worth moving between these workers. */
export function isUneven(fills: readonly Fill[]): boolean {
  const shares = fills.map(({ heldBytes, memoryLimitBytes }) => heldBytes / memoryLimitBytes);
  return shares.length > 1 && Math.max(...shares) - Math.min(...shares) > UNEVEN_SHARE;
}
