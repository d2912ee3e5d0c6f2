/**
 * @file The slot of a task thread. An asynchronous task holds a share of it until it ends or is
 * given up, and lends it while it waits for other tasks; at a whole slot nothing more is claimed.
 */

/** What one task has to do with the slot. */
export interface Holding {
  readonly share: number;
  /** How often it waits for other tasks at present. */
  waits: number;
  /** The task has ended or was given up: what it does now does not count. */
  isOver: boolean;
}

export class Slot {
  /** Shares that are held; lent before a task has returned its promise, it may be below zero. */
  #held = 0;
  #suspended = 0;
  #freed: (() => void) | undefined;
  readonly #tell: (suspended: number) => void;

  /** `tell` hears of how many tasks wait for others whenever that has changed. */
  constructor(tell: (suspended: number) => void) {
    this.#tell = tell;
  }

  /** Shares are fractions, so their sum may be a little off. */
  get isTaken(): boolean {
    return this.#held >= 1 - 1e-9;
  }

  enter(holding: Holding): void {
    this.#held += holding.share;
  }

  /** The task waits for others; the result ends that. */
  suspend(holding: Holding): () => void {
    holding.waits++;
    this.#suspended++;
    this.#release(holding.share);
    this.#tell(this.#suspended);
    let resumed = false;
    return () => {
      if (resumed || holding.isOver) return;
      resumed = true;
      holding.waits--;
      this.#suspended--;
      this.#held += holding.share;
      this.#tell(this.#suspended);
    };
  }

  /** The task has ended or was given up, whether it waits for others or not. */
  leave(holding: Holding): void {
    holding.isOver = true;
    if (holding.waits > 0) {
      this.#suspended -= holding.waits;
      this.#tell(this.#suspended);
    }
    this.#release(holding.share * (1 - holding.waits));
  }

  /** Resolves when the slot is not taken. */
  async free(): Promise<void> {
    while (this.isTaken) {
      await new Promise<void>((resolve) => {
        this.#freed = resolve;
      });
    }
    this.#freed = undefined;
  }

  #release(share: number): void {
    this.#held -= share;
    this.#freed?.();
  }
}
