/**
 * @file The slot of a task thread. An asynchronous task holds a share of it until it ends or is
 * given up, and lends it while it waits for other tasks; at a whole slot nothing more is claimed.
 */

/** What one task has to do with the slot. */
export interface Holding {
  readonly id: number;
  readonly share: number;
  /** How often it waits for other tasks at present. */
  waits: number;
  /** The task has ended or was given up: what it does now does not count. */
  isOver: boolean;
}

export class Slot {
  /** Shares that are held; lent before a task has returned its promise, it may be below zero. */
  #held = 0;
  #freed: (() => void) | undefined;
  readonly #tell: (id: number, waits: boolean) => void;

  /** `tell` hears of each task that begins to wait for others, and that goes on. */
  constructor(tell: (id: number, waits: boolean) => void) {
    this.#tell = tell;
  }

  /** Shares are fractions, so their sum may be a little off. */
  get isTaken(): boolean {
    return this.#held >= 1 - 1e-9;
  }

  enter(holding: Holding): void {
    this.#held += holding.share;
  }

  /** The task waits for others; the result ends that. However many it waits for, it lends once. */
  suspend(holding: Holding): () => void {
    if (holding.isOver) return () => undefined;
    if (holding.waits++ === 0) {
      this.#release(holding.share);
      this.#tell(holding.id, true);
    }
    let resumed = false;
    return () => {
      if (resumed || holding.isOver) return;
      resumed = true;
      if (--holding.waits > 0) return;
      this.#held += holding.share;
      this.#tell(holding.id, false);
    };
  }

  /** The task has ended or was given up, whether it waits for others or not: so is its wait. */
  leave(holding: Holding): void {
    holding.isOver = true;
    if (holding.waits === 0) this.#release(holding.share);
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
