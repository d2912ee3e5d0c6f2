/**
 * @file The workers of one supervisor: so many processes with names that count up, started, ended
 * and replaced by name.
 */
import { HeddleError, nearestName } from "../core/errors.ts";
import { type ProcessDeath, type StopOptions, SupervisedWorker } from "./supervisor.ts";
import type { WorkerSettings } from "./worker-settings.ts";

export interface PoolListener {
  /** A worker's process ended; another one follows unless the death was expected. */
  died(name: string, death: ProcessDeath): void;
  /** A worker is gone for good: it ended by itself, or could not be started. */
  gone(name: string, reason: string, isFailure: boolean): void;
}

export class WorkerPool {
  readonly #settingsOf: (index: number) => WorkerSettings;
  readonly #listener: PoolListener;
  readonly #workers = new Map<string, SupervisedWorker>();
  #nextIndex = 0;

  constructor(settingsOf: (index: number) => WorkerSettings, listener: PoolListener) {
    this.#settingsOf = settingsOf;
    this.#listener = listener;
  }

  get names(): readonly string[] {
    return [...this.#workers.keys()];
  }

  /** Process ids of those that run. */
  get pids(): readonly number[] {
    return [...this.#workers.values()].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  /**
   * Starts workers, or ends some until there are so many: those named, then the youngest.
   */
  async scale(count: number, first: readonly string[] = []): Promise<void> {
    while (this.#workers.size < count) this.#add();
    const going = first.filter((name) => this.#workers.has(name));
    const others = this.names.filter((name) => !going.includes(name));
    const surplus = [...going, ...others.slice(count)].slice(0, this.#workers.size - count);
    await Promise.all(surplus.map(async (name) => await this.end(name)));
  }

  /** Ends a worker for good. */
  async end(name: string): Promise<void> {
    const worker = this.#find(name);
    this.#workers.delete(name);
    await worker.stop();
  }

  /** Ends a worker's process; another one follows. */
  async restart(name: string, how: StopOptions = {}): Promise<void> {
    await this.#find(name).restart(how);
  }

  /** Ends all, gracefully or at once. */
  async close(how: StopOptions = {}): Promise<void> {
    const workers = [...this.#workers];
    await Promise.all(
      workers.map(async ([name, worker]) => {
        await worker.stop(how);
        this.#workers.delete(name);
      }),
    );
  }

  #find(name: string): SupervisedWorker {
    const worker = this.#workers.get(name);
    if (worker !== undefined) return worker;
    const near = nearestName(name, this.names);
    const hint = near === undefined ? "" : `; did you mean ${near}`;
    throw new HeddleError("InvalidArgument", `There is no worker named ${name} here${hint}`);
  }

  #add(): void {
    const settings = this.#settingsOf(this.#nextIndex++);
    const { name } = settings;
    const gone = (reason: string, isFailure: boolean): void => {
      this.#workers.delete(name);
      this.#listener.gone(name, reason, isFailure);
    };
    const worker = new SupervisedWorker(settings, {
      ready: () => undefined,
      died: (_worker, death) => this.#listener.died(name, death),
      left: (_worker, reason) => gone(reason, false),
      failed: (_worker, reason) => gone(reason, true),
    });
    this.#workers.set(name, worker);
  }
}
