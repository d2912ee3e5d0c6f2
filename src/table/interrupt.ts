/**
 * @file Stopping a query from another thread. The thread that runs queries writes its connection's
 * address into a small shared cell; whoever wants to stop it takes the cell for the length of the
 * call, so that the address is never used after the connection is closed, and names the run it
 * means, so that a late call cannot stop the next one.
 */
import { loadLibrary } from "./library.ts";

/** States of a cell's first word. */
const IDLE = 0;
const RUNNING = 1;
const TAKEN = 2;

/** Time between two interrupts of the same run. */
const RETRY_MS = 5;

/**
 * Word 0 state, 1 run number, 2-3 address (low, high), 4 whether an interrupt was asked for, 5 the
 * task whose queries run.
 */
const WORDS = 6;

/** Size of a cell. */
export const INTERRUPT_CELL_BYTES: number = WORDS * 4;

/** Shared memory through which one thread's queries can be stopped from others. */
export class InterruptCell {
  readonly words: Int32Array;

  /** Without an argument a new cell; else a view of the cell that another thread made. */
  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(INTERRUPT_CELL_BYTES)) {
    this.words = new Int32Array(buffer);
  }

  /** Called by the owner before a query: returns the number of the run. */
  begin(connection: number): number {
    const run = Atomics.add(this.words, 1, 1) + 1;
    Atomics.store(this.words, 2, connection | 0);
    Atomics.store(this.words, 3, Math.floor(connection / 2 ** 32));
    Atomics.store(this.words, 4, 0);
    Atomics.store(this.words, 0, RUNNING);
    return run;
  }

  /** Said by the owner before a task's first query. */
  set task(id: number) {
    Atomics.store(this.words, 5, id);
  }

  /** Called by the owner after a query: waits for an interrupt under way to be over. */
  end(): void {
    while (Atomics.compareExchange(this.words, 0, RUNNING, IDLE) === TAKEN) {
      Atomics.wait(this.words, 0, TAKEN, 10);
    }
  }

  /** Whether the current or last run was asked to stop. */
  get interrupted(): boolean {
    return Atomics.load(this.words, 4) !== 0;
  }

  /** The run under way, or 0. */
  get run(): number {
    return Atomics.load(this.words, 0) === IDLE ? 0 : Atomics.load(this.words, 1);
  }

  /**
   * Stops run `run` and resolves when it is over. The engine forgets an interrupt that comes before
   * it has begun to execute, so it is repeated until the owner has noticed.
   */
  async stop(run: number = this.run): Promise<void> {
    while (run !== 0 && this.run === run) {
      this.interrupt(run);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  /**
   * Stops queries for as long as `goesOn` says: a task may be several queries, and be between two
   * of them when it is to end. Only of tasks that are meant: the owner may have gone on to the next
   * one before `goesOn` can know.
   */
  async stopWhile(
    goesOn: () => boolean,
    isMeant: (task: number) => boolean = () => true,
  ): Promise<void> {
    while (goesOn()) {
      this.#withConnection(
        () => isMeant(Atomics.load(this.words, 5)),
        (connection) => this.#interrupt(connection),
      );
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  /** Stops what runs and waits here until it has ended, `limitMs` at most. */
  stopNow(limitMs: number): void {
    const nothing = new Int32Array(new SharedArrayBuffer(4));
    for (let waitedMs = 0; this.run !== 0 && waitedMs < limitMs; waitedMs += RETRY_MS) {
      this.interrupt();
      Atomics.wait(nothing, 0, 0, RETRY_MS);
    }
  }

  /**
   * Interrupts the query under way (only run `run`, if given) once, from any thread; false when
   * there is none. To be sure that it ends, use {@link stop}.
   */
  interrupt(run?: number): boolean {
    return this.#withConnection(
      () => this.#isRun(run),
      (connection) => this.#interrupt(connection),
    );
  }

  /** How far the query under way is, 0 to 1; -1 when unknown. */
  progress(run?: number): number {
    let fraction = -1;
    this.#withConnection(
      () => this.#isRun(run),
      (connection) => {
        fraction = loadLibrary().queryProgress(connection).percentage / 100;
      },
    );
    return fraction < 0 ? -1 : fraction;
  }

  #isRun(run: number | undefined): boolean {
    return run === undefined || Atomics.load(this.words, 1) === run;
  }

  #interrupt(connection: number): void {
    Atomics.store(this.words, 4, 1);
    loadLibrary().interrupt(connection);
  }

  /** Takes the cell, so that what runs cannot end meanwhile, and looks whether it is meant. */
  #withConnection(isMeant: () => boolean, use: (connection: number) => void): boolean {
    if (Atomics.compareExchange(this.words, 0, RUNNING, TAKEN) !== RUNNING) return false;
    try {
      if (!isMeant()) return false;
      const low = Atomics.load(this.words, 2) >>> 0;
      use(Atomics.load(this.words, 3) * 2 ** 32 + low);
      return true;
    } finally {
      Atomics.store(this.words, 0, RUNNING);
      Atomics.notify(this.words, 0);
    }
  }
}
