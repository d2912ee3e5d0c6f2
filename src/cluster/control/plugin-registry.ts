/**
 * @file Plugins of a cluster: the scheduler's own run here; those of workers are kept, so that
 * workers which come later get them before their first task.
 */
import { HeddleError, nearestName } from "../../core/errors.ts";
import { type CallOutcome, outcomeOf, valueIn } from "../../functions/index.ts";
import type { RegisterOp, WorkerOp, WorkerResult } from "./ops.ts";

/** What a scheduler plugin sees of the scheduler. */
export interface SchedulerContext {
  readonly address: string;
  /** Addresses of the workers that there are. */
  readonly workers: readonly string[];
  /** Number of tasks in each state. */
  counts(): Record<string, number>;
  /** Folder of the scheduler, for files of plugins; it goes with the scheduler. */
  readonly localDirectory: string;
}

/**
 * Hears what happens at the scheduler, on its thread: each call should be short. What a plugin
 * throws is warned of and changes nothing.
 */
export interface SchedulerPlugin {
  /** Others of the same name are replaced; default: the name of its class. */
  readonly name?: string;
  start?(scheduler: SchedulerContext): unknown;
  close?(): unknown;
  addWorker?(address: string): unknown;
  removeWorker?(address: string, reason: string): unknown;
  addClient?(client: number): unknown;
  removeClient?(client: number): unknown;
  /** A graph has been accepted. */
  updateGraph?(graph: { readonly base: number; readonly count: number }): unknown;
  /** A task goes from one state to the next. */
  transition?(key: string, start: string, finish: string): unknown;
  restart?(scheduler: SchedulerContext): unknown;
  /** The scheduler is going to end, with its workers: it waits for that, for some seconds. */
  beforeClose?(): unknown;
  /**
   * Of these workers (addresses), one of which is to go, those that may; the others stay. Must
   * answer at once.
   */
  validWorkersDownscaling?(workers: readonly string[]): readonly string[];
  /** Something was said on a topic. */
  logEvent?(topic: string, message: unknown): unknown;
}

/** Runs plugins where workers are supervised. */
export interface SupervisorDesk {
  setUp(name: string, plugin: Uint8Array): Promise<CallOutcome>;
  tearDown(name: string): Promise<CallOutcome>;
}

/** Asks a worker; rejects when it is lost. */
export type AskWorker = <O extends WorkerOp>(worker: number, op: O) => Promise<WorkerResult<O>>;

type Hook = Exclude<keyof SchedulerPlugin, "name">;

export class PluginRegistry {
  readonly #ofWorkers = new Map<string, RegisterOp>();
  readonly #ofScheduler = new Map<string, SchedulerPlugin>();
  readonly #ofSupervisors = new Set<string>();
  readonly #supervisors: SupervisorDesk | undefined;
  readonly #ask: AskWorker;
  readonly #warn: (message: string) => void;

  constructor(
    ask: AskWorker,
    warn: (message: string) => void,
    supervisors?: SupervisorDesk | undefined,
  ) {
    this.#ask = ask;
    this.#warn = warn;
    this.#supervisors = supervisors;
  }

  /** Whether a plugin hears of this; then it is worth saying. */
  hears(hook: Hook): boolean {
    for (const plugin of this.#ofScheduler.values()) if (plugin[hook] !== undefined) return true;
    return false;
  }

  /** Tells the scheduler's plugins. */
  tell(hook: Hook, ...args: readonly unknown[]): void {
    for (const [name, plugin] of this.#ofScheduler) {
      const result = this.#call(name, plugin, hook, args);
      if (result instanceof Promise) result.catch((error) => this.#failed(hook, name, error));
    }
  }

  /** Tells them, and waits until each has done what it does. */
  async tellAll(hook: Hook): Promise<void> {
    const all = [...this.#ofScheduler].map(async ([name, plugin]) => {
      try {
        await this.#call(name, plugin, hook, []);
      } catch (error) {
        this.#failed(hook, name, error);
      }
    });
    await Promise.all(all);
  }

  /** Those of the workers (addresses) that all plugins let go. */
  mayGo(workers: readonly string[]): ReadonlySet<string> {
    let left = workers;
    for (const [name, plugin] of this.#ofScheduler) {
      if (plugin.validWorkersDownscaling === undefined) continue;
      const answer = this.#call(name, plugin, "validWorkersDownscaling", [left]);
      if (Array.isArray(answer)) left = left.filter((address) => answer.includes(address));
      else this.#failed("validWorkersDownscaling", name, "no list of addresses");
    }
    return new Set(left);
  }

  /** What a plugin throws at once is warned of. */
  #call(name: string, plugin: SchedulerPlugin, hook: Hook, args: readonly unknown[]): unknown {
    try {
      const method = plugin[hook] as ((...given: unknown[]) => unknown) | undefined;
      return method?.apply(plugin, [...args]);
    } catch (error) {
      this.#failed(hook, name, error);
      return undefined;
    }
  }

  #failed(hook: Hook, name: string, error: unknown): void {
    this.#warn(`${hook}() of scheduler plugin "${name}" threw ${String(error)}`);
  }

  /** Starts a scheduler plugin; another one of the name is closed first. */
  async start(op: RegisterOp, context: SchedulerContext): Promise<CallOutcome> {
    return await outcomeOf(async () => {
      const plugin = (await valueIn(op.plugin)) as SchedulerPlugin;
      await this.#ofScheduler.get(op.name)?.close?.();
      await plugin.start?.(context);
      this.#ofScheduler.set(op.name, plugin);
    });
  }

  /**
   * Sets a plugin up on all workers, or on none: where one fails, it is torn down on the others.
   */
  async setUp(op: RegisterOp, workers: readonly number[]): Promise<CallOutcome> {
    this.#ofWorkers.set(op.name, op);
    const outcomes = await Promise.all(
      workers.map(async (worker) => await this.#setUpOn(worker, op)),
    );
    const failed = outcomes.find((outcome) => !outcome.ok);
    if (failed === undefined) return await outcomeOf(async () => undefined);
    this.#ofWorkers.delete(op.name);
    await Promise.all(workers.map(async (worker) => await this.#tearDownOn(worker, op)));
    return failed;
  }

  /** Sets a plugin up where workers are supervised, also for supervisors that come later. */
  async setUpOnSupervisors({ name, plugin }: RegisterOp): Promise<CallOutcome> {
    if (this.#supervisors === undefined) {
      throw new HeddleError("NotSupported", "the embedded engine's worker has no supervisor");
    }
    const outcome = await this.#supervisors.setUp(name, plugin);
    if (outcome.ok) this.#ofSupervisors.add(name);
    return outcome;
  }

  async unregister(target: string, name: string, workers: readonly number[]): Promise<CallOutcome> {
    const known: ReadonlyMap<string, unknown> | ReadonlySet<string> =
      target === "workers"
        ? this.#ofWorkers
        : target === "scheduler"
          ? this.#ofScheduler
          : this.#ofSupervisors;
    if (!known.has(name)) throw noPlugin(target, name, [...known.keys()]);
    if (target === "supervisors") {
      this.#ofSupervisors.delete(name);
      return await (this.#supervisors as SupervisorDesk).tearDown(name);
    }
    if (target === "scheduler") {
      const plugin = this.#ofScheduler.get(name);
      this.#ofScheduler.delete(name);
      return await outcomeOf(async () => await plugin?.close?.());
    }
    const op = this.#ofWorkers.get(name) as RegisterOp;
    this.#ofWorkers.delete(name);
    const ended = await Promise.all(workers.map(async (one) => await this.#tearDownOn(one, op)));
    return ended.find(({ ok }) => !ok) ?? (await outcomeOf(async () => undefined));
  }

  /** A worker has come: it gets all plugins, in the order in which they were registered. */
  greet(worker: number): void {
    const ops = [...this.#ofWorkers.values()];
    Promise.all(ops.map(async (op) => [op, await this.#setUpOn(worker, op)] as const))
      .then((outcomes) => {
        for (const [{ name }, { ok }] of outcomes) {
          if (!ok) this.#warn(`plugin "${name}" could not be set up on a new worker`);
        }
      })
      .catch((error: unknown) => this.#warn(String(error)));
  }

  async #setUpOn(worker: number, op: RegisterOp): Promise<CallOutcome> {
    const { name, plugin, forwardsOutput } = op;
    return await this.#outcome(async () => {
      if (forwardsOutput === true) await this.#ask(worker, { kind: "forward-output", on: true });
      return await this.#ask(worker, { kind: "set-up", name, plugin });
    });
  }

  async #tearDownOn(worker: number, { name, forwardsOutput }: RegisterOp): Promise<CallOutcome> {
    return await this.#outcome(async () => {
      if (forwardsOutput === true) await this.#ask(worker, { kind: "forward-output", on: false });
      return await this.#ask(worker, { kind: "tear-down", name });
    });
  }

  /** A worker that is lost has nothing left to set up or tear down. */
  async #outcome(ask: () => Promise<CallOutcome>): Promise<CallOutcome> {
    return await ask().catch(async () => await outcomeOf(async () => undefined));
  }
}

function noPlugin(target: string, name: string, known: readonly string[]): HeddleError {
  const near = nearestName(name, known);
  const hint = near === undefined ? "" : `; did you mean "${near}"?`;
  const list = known.length === 0 ? "none is registered" : `registered: ${known.join(", ")}`;
  const message = `there is no plugin "${name}" of the ${target}${hint} (${list})`;
  return new HeddleError("InvalidArgument", message, { fields: { name } });
}
