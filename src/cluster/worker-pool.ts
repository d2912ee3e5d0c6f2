/**
 * @file The workers of one supervisor: so many processes with names that count up, started, ended
 * and replaced by name. One whose lifetime is over ends when the process that takes its place has
 * joined: until then both are there, under the same name.
 */
import { config } from "../config/config.ts";
import { HeddleError, nearestName } from "../core/errors.ts";
import { type ProcessDeath, type StopOptions, SupervisedWorker } from "./supervisor.ts";
import type { WorkerSettings } from "./worker-settings.ts";

export interface PoolListener {
  /** A worker's process ended; another one follows unless the death was expected. */
  died(name: string, death: ProcessDeath): void;
  /** A worker is gone for good: it ended by itself, or could not be started. */
  gone(name: string, reason: string, isFailure: boolean): void;
}

/** How a worker ends whose lifetime is over. */
function atLifesEnd(): StopOptions {
  return { graceMs: config.get("worker.lifetime.grace"), reason: "its lifetime is over" };
}

export class WorkerPool {
  readonly #settingsOf: (index: number) => WorkerSettings;
  readonly #listener: PoolListener;
  readonly #workers = new Map<string, SupervisedWorker>();
  /** Processes that are started to take the places of these, and have not joined yet. */
  readonly #heirs = new Map<string, SupervisedWorker>();
  /** Those that have given way, and are ending. */
  readonly #leaving = new Set<SupervisedWorker>();
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
    return this.#all.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  get #all(): SupervisedWorker[] {
    return [...this.#workers.values(), ...this.#heirs.values(), ...this.#leaving];
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
    await Promise.all([worker.stop(), this.#dropHeir(name)]);
  }

  /** Ends a worker's process; another one follows. */
  async restart(name: string, how: StopOptions = {}): Promise<void> {
    const worker = this.#find(name);
    await this.#dropHeir(name);
    await worker.restart(how);
  }

  /** Ends all, gracefully or at once. */
  async close(how: StopOptions = {}): Promise<void> {
    await Promise.all(this.#all.map(async (worker) => await worker.stop(how)));
    this.#workers.clear();
    this.#heirs.clear();
  }

  #find(name: string): SupervisedWorker {
    const worker = this.#workers.get(name);
    if (worker !== undefined) return worker;
    const near = nearestName(name, this.names);
    const hint = near === undefined ? "" : `; did you mean ${near}`;
    throw new HeddleError("InvalidArgument", `There is no worker named ${name} here${hint}`);
  }

  #add(): void {
    const worker = this.#start(this.#settingsOf(this.#nextIndex++));
    this.#workers.set(worker.settings.name, worker);
  }

  #start(settings: WorkerSettings): SupervisedWorker {
    const { name } = settings;
    return new SupervisedWorker(settings, {
      ready: (worker) => this.#isReady(worker),
      over: (worker) => this.#replace(worker),
      died: (worker, death) => {
        this.#listener.died(name, death);
        // One that has an heir already is not started again.
        if (this.#workers.get(name) === worker) this.#giveWay(name);
        if (this.#heirs.get(name) === worker) this.#disinherit(worker);
      },
      left: (worker, reason) => this.#gone(worker, reason, false),
      failed: (worker, reason) => this.#gone(worker, reason, true),
    });
  }

  /** Another process takes the worker's place: it is started first. */
  #replace(worker: SupervisedWorker): void {
    const { settings, pid } = worker;
    const { name } = settings;
    if (this.#workers.get(name) !== worker || this.#heirs.has(name) || pid === undefined) return;
    this.#heirs.set(name, this.#start({ ...settings, follows: pid }));
  }

  #isReady(worker: SupervisedWorker): void {
    const { name } = worker.settings;
    if (this.#heirs.get(name) === worker) this.#giveWay(name);
  }

  /** The worker's heir, if it has one, is the worker from now on. */
  #giveWay(name: string): void {
    const worker = this.#workers.get(name);
    const heir = this.#heirs.get(name);
    if (worker === undefined || heir === undefined) return;
    this.#heirs.delete(name);
    this.#workers.set(name, heir);
    this.#leaving.add(worker);
    const ended = (): boolean => this.#leaving.delete(worker);
    worker.stop(atLifesEnd()).then(ended, ended);
  }

  /** The worker ends before another begins: both cannot be there, perhaps for want of a port. */
  #disinherit(heir: SupervisedWorker): void {
    const { name } = heir.settings;
    this.#heirs.delete(name);
    heir.stop().catch(() => undefined);
    this.#workers
      .get(name)
      ?.restart(atLifesEnd())
      .catch(() => undefined);
  }

  #gone(worker: SupervisedWorker, reason: string, isFailure: boolean): void {
    const { name } = worker.settings;
    if (this.#workers.get(name) !== worker) return;
    this.#workers.delete(name);
    this.#listener.gone(name, reason, isFailure);
  }

  async #dropHeir(name: string): Promise<void> {
    const heir = this.#heirs.get(name);
    this.#heirs.delete(name);
    await heir?.stop();
  }
}
