/**
 * @file The scheduler's answers to what clients ask beside work. Reads are answered from the state
 * of the machine and from what its shell remembers; what concerns workers is asked of them; changes
 * become events of the machine.
 */
import { config } from "../../config/config.ts";
import { HeddleError } from "../../core/errors.ts";
import { type CallOutcome, outcomeOf, runCall, valueIn } from "../../functions/index.ts";
import type { SchedulerEvent } from "../../machine/scheduler/events.ts";
import type { SchedulerMachine } from "../../machine/scheduler/scheduler.ts";
import { STATE } from "../../machine/scheduler/task-table.ts";
import { loadArrays } from "../link-values.ts";
import type { EngineInfo } from "../messages.ts";
import type { WorkerSeat } from "../scheduler-host.ts";
import { Meters } from "../status/meters.ts";
import type { WorkerReport } from "../worker-report.ts";
import { ActorBook, type ActorNotes } from "./actor-book.ts";
import { MemoryManager } from "./memory-manager.ts";
import type {
  ControlOp,
  PluginTarget,
  ProfileOp,
  RegisterOp,
  RetireOp,
  SomeTasks,
  WorkerChoice,
  WorkerOp,
  WorkerResult,
} from "./ops.ts";
import { PluginRegistry, type SchedulerContext, type SupervisorDesk } from "./plugin-registry.ts";
import {
  describeLosses,
  dumpTasks,
  heldBy,
  idsOfKeys,
  isTask,
  leasedTo,
  lossesWith,
  sizesOf,
  stateCounts,
} from "./reads.ts";
import { type Recipe, recipeOf } from "./recipe.ts";
import { SchedulerFolder } from "./scheduler-folder.ts";
import { type StoryEntry, StoryLog, type TransitionListener } from "./story.ts";
import { TaskStream } from "./task-stream.ts";
import { ownVersions } from "./versions.ts";
import { chosenWorkers, workersToRetire } from "./worker-choice.ts";

/** What the desk needs of the scheduler's shell. */
export interface DeskHost {
  readonly machine: SchedulerMachine;
  readonly seats: ReadonlyMap<number, WorkerSeat>;
  tell(events: readonly SchedulerEvent[]): void;
  info(): EngineInfo;
  logs(): Readonly<Record<string, string>>;
  warn(message: string): void;
  /** Ends the scheduler and all workers. */
  shutDown(): void;
  /** What a journal knows of actors. */
  readonly actors?: ActorNotes | undefined;
  /** Who supervises the workers, if somebody does. */
  readonly supervisors?: SupervisorDesk | undefined;
}

/** The longest that Node's timers can wait: 24 days. */
const TIMER_MOST_MS = 2 ** 31 - 1;
/** Plugins may take so long before the scheduler ends. */
const BEFORE_CLOSE_MS = 5000;

/** A client that waits for workers. */
interface Waiting {
  readonly client: number;
  readonly count: number;
  readonly resolve: () => void;
  readonly reject: (error: HeddleError) => void;
}

export class ControlDesk {
  readonly story: StoryLog;
  readonly stream: TaskStream;
  readonly plugins: PluginRegistry;
  readonly meters: Meters;
  readonly #host: DeskHost;
  readonly #actors: ActorBook;
  readonly #memory: MemoryManager;
  readonly #folder = new SchedulerFolder();
  #isEnding = false;
  /** Fulfilled when plugins have heard of all that was said on topics. */
  #said: Promise<void> = Promise.resolve();
  readonly #waiting = new Set<Waiting>();
  /** Workers beyond `most` will not come, says whoever starts them. */
  #refused: { readonly most: number; readonly message: string } | undefined;
  /** Who waits for a worker to be retired. */
  readonly #retiring = new Map<number, ((left: number) => void)[]>();

  constructor(host: DeskHost) {
    this.#host = host;
    const { state } = host.machine;
    this.meters = new Meters(state);
    this.#actors = new ActorBook(
      (keys) => new Set(idsOfKeys(state, keys).map((id) => state.keyOf(id))),
      host.actors,
    );
    this.#memory = new MemoryManager(
      () =>
        [...state.workers.values()].map(({ worker, memoryLimitBytes }) => {
          return { heldBytes: state.heldBytes(worker), memoryLimitBytes };
        }),
      (policy) => host.tell([{ kind: policy }]),
      config.get("scheduler.active-memory-manager.interval"),
    );
    this.story = new StoryLog((base) => state.graphs[state.tasks.graph[base]!]?.facts.count ?? 1);
    this.stream = new TaskStream(state, (worker) => this.#addressOf(worker) ?? "");
    this.plugins = new PluginRegistry(
      async (worker, op) => await this.#ask(worker, op),
      (message) => host.warn(message),
      host.supervisors,
    );
  }

  /** The active memory manager begins by itself. */
  watchMemory(): void {
    this.#memory.watch();
  }

  /** Plugins hear that the scheduler is going to end, while all is still there. */
  async beforeClose(): Promise<void> {
    if (this.#isEnding || !this.plugins.hears("beforeClose")) return;
    this.#isEnding = true;
    const late = new Promise<void>((resolve) => setTimeout(resolve, BEFORE_CLOSE_MS).unref());
    const told = this.#said.then(async () => await this.plugins.tellAll("beforeClose"));
    await Promise.race([told, late]);
  }

  close(): void {
    this.#memory.stop();
    this.plugins.tell("close");
    this.#folder.remove();
  }

  /** Somebody says something on topics. */
  topicEvent(topics: readonly string[], bytes: Uint8Array): void {
    if (!this.plugins.hears("logEvent")) return;
    const told = async (): Promise<void> => {
      await loadArrays();
      const message = await valueIn(bytes);
      for (const topic of topics) this.plugins.tell("logEvent", topic, message);
    };
    // What is to be decoded first must not be overtaken.
    this.#said = this.#said.then(told).catch((error: unknown) => this.#host.warn(String(error)));
  }

  /** A worker says something. */
  report(worker: number, report: WorkerReport): void {
    this.story.report(worker, report);
    this.stream.report(worker, report);
    this.meters.report(report);
  }

  clientJoined(client: number): void {
    this.meters.clientsAdded++;
    this.plugins.tell("addClient", client);
  }

  clientLeft(client: number): void {
    for (const waiting of [...this.#waiting]) {
      if (waiting.client === client) this.#waiting.delete(waiting);
    }
    this.meters.clientsRemoved++;
    this.plugins.tell("removeClient", client);
  }

  /** A worker has taken its seat. */
  workerJoined(worker: number, { address }: { readonly address: string }): void {
    this.meters.workersAdded++;
    this.story.workerJoined(worker, address);
    this.plugins.greet(worker);
    this.plugins.tell("addWorker", address);
    for (const waiting of [...this.#waiting]) {
      if (this.#host.seats.size < waiting.count) continue;
      this.#waiting.delete(waiting);
      waiting.resolve();
    }
  }

  workerLost(worker: number, address: string, reason: string): void {
    this.meters.workersRemoved++;
    this.story.workerLost(worker, reason);
    this.plugins.tell("removeWorker", address, reason);
    this.retired(worker, 0);
  }

  /** The machine has said what became of a retirement. */
  retired(worker: number, left: number): void {
    for (const resolve of this.#retiring.get(worker) ?? []) resolve(left);
    this.#retiring.delete(worker);
  }

  /**
   * A worker is about to end: resolves when others have what only it has and its tasks have ended,
   * or nobody can take them, or at the latest after `graceMs`. What is lost then is told.
   */
  async empty(worker: number, graceMs: number): Promise<void> {
    const { machine, seats } = this.#host;
    const seat = seats.get(worker);
    if (seat === undefined || seat.isFixed === true) return;
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, Math.min(graceMs, TIMER_MOST_MS));
      const retired = (): void => {
        clearTimeout(late);
        resolve();
      };
      this.#retiring.set(worker, [...(this.#retiring.get(worker) ?? []), retired]);
      this.#host.tell([{ kind: "retire", worker, isLeaving: true }]);
    });
    if (!seats.has(worker)) return;
    const loss = describeLosses(lossesWith(machine.state, worker));
    const name = seat.facts.name ?? seat.facts.address;
    if (loss !== undefined) this.#host.warn(`worker ${name} ends ${loss}`);
  }

  /** Answers a question; rejects with the error that the client gets. */
  async answer(op: ControlOp, client: number): Promise<unknown> {
    const { state } = this.#host.machine;
    switch (op.kind) {
      case "run":
        return await this.#run(op);
      case "run-on-scheduler":
        await loadArrays();
        return await runCall(op.call);
      case "versions":
        return await this.#versions();
      case "wait-for-workers":
        return await this.#waitForWorkers(op, client);
      case "refuse-workers":
        this.#refused = op.refused;
        return this.#refuseWaiting();
      case "has-what":
        return this.#byWorker(op.workers, (worker) => heldBy(state, worker));
      case "processing":
        return this.#byWorker(op.workers, (worker) => leasedTo(state, worker));
      case "sizes":
        return sizesOf(state, op.ids);
      case "call-stack":
        return await this.#callStack(op);
      case "story":
        return this.#story(op);
      case "task-stream":
        return this.stream.entries(op.sinceMs, op.count);
      case "profile-start":
      case "profile-stop":
        return await this.#profile(op);
      case "logs":
        return this.#host.logs();
      case "dump":
        return await this.#dump();
      case "recipe":
        return await this.#recipe(op);
      default:
        return await this.#change(op);
    }
  }

  async #change(op: ControlOp): Promise<unknown> {
    switch (op.kind) {
      case "retire":
        return await this.#retire(op);
      case "replicate":
        return this.#host.tell([{ kind: "replicate", ids: op.ids, copies: op.copies }]);
      case "actor-place":
      case "actor-made":
      case "actor-gone":
        return this.#actors.answer(op, this.#addresses());
      case "rebalance":
        return this.#host.tell([{ kind: "rebalance" }]);
      case "amm":
        return this.#memory.handle(op.action, op.policies);
      case "restart":
        return await this.#restart(op.all, op.workers);
      case "shutdown":
        this.#host.shutDown();
        return undefined;
      case "register":
        return await this.#register(op);
      case "unregister":
        return await this.#unregister(op.target, op.name);
      default:
        throw new HeddleError("NotSupported", `this scheduler does not know "${op.kind}"`);
    }
  }

  #addresses(): string[] {
    return [...this.#host.seats.values()].map(({ facts }) => facts.address);
  }

  async #run(
    op: Extract<ControlOp, { kind: "run" }>,
  ): Promise<Map<string, readonly CallOutcome[]>> {
    const { call, each } = op;
    const workers = this.#choose(op.workers);
    const outcomes = await Promise.all(
      workers.map(async (worker) => {
        const address = this.#addressOf(worker) as string;
        // A worker that is lost has an outcome, too.
        const lost = async (error: unknown): Promise<CallOutcome[]> => [
          await outcomeOf(async () => await Promise.reject(error)),
        ];
        return [address, await this.#ask(worker, { kind: "run", call, each }).catch(lost)] as const;
      }),
    );
    return new Map(outcomes);
  }

  async #versions(): Promise<unknown> {
    const workers = await Promise.all(
      [...this.#host.seats].map(async ([worker, { facts }]) => {
        return [facts.address, await this.#ask(worker, { kind: "versions" })] as const;
      }),
    );
    return { scheduler: ownVersions(), workers: Object.fromEntries(workers) };
  }

  async #waitForWorkers(
    { count, timeoutMs }: Extract<ControlOp, { kind: "wait-for-workers" }>,
    client: number,
  ): Promise<void> {
    if (this.#host.seats.size >= count) return;
    await new Promise<void>((resolve, reject) => {
      const waiting = { client, count, resolve, reject };
      this.#waiting.add(waiting);
      this.#refuseWaiting();
      // The client waits no longer, either.
      if (timeoutMs === undefined || timeoutMs >= 2 ** 31) return;
      setTimeout(() => this.#waiting.delete(waiting), timeoutMs).unref();
    });
  }

  #refuseWaiting(): void {
    const refused = this.#refused;
    if (refused === undefined) return;
    for (const waiting of [...this.#waiting]) {
      if (waiting.count <= refused.most) continue;
      this.#waiting.delete(waiting);
      waiting.reject(new HeddleError("JobFailed", refused.message));
    }
  }

  async #callStack(op: SomeTasks): Promise<unknown> {
    const { state } = this.#host.machine;
    const wanted = this.#tasksOf(op);
    const stacks = await Promise.all(
      [...this.#host.seats].map(async ([worker, { facts }]) => {
        const running = await this.#ask(worker, { kind: "running" }).catch(() => []);
        const known = running.filter(
          ({ id }) => state.tasks.state[id] === STATE.leased && wanted?.has(id) !== false,
        );
        const calls = known.map(({ id, thread, elapsedMs }) => {
          const group = state.groups.at(state.tasks.group[id]!);
          return { key: state.keyOf(id), function: group.name, thread, elapsedMs };
        });
        return [facts.address, calls] as const;
      }),
    );
    return Object.fromEntries(stacks.filter(([, calls]) => calls.length > 0));
  }

  /** Answered by the workers that are there: what became of others is not a profile. */
  async #profile(op: ProfileOp & WorkerChoice): Promise<Record<string, unknown>> {
    const profiles = await Promise.all(
      this.#choose(op.workers).map(async (worker) => {
        const address = this.#addressOf(worker) as string;
        return [address, await this.#ask(worker, op).catch(() => null)] as const;
      }),
    );
    return Object.fromEntries(profiles);
  }

  async #recipe({ id, culprit }: Extract<ControlOp, { kind: "recipe" }>): Promise<Recipe> {
    const { state } = this.#host.machine;
    const which = culprit ? (state.failures.get(id)?.culpritId ?? id) : id;
    if (isTask(state, which)) return await recipeOf(state, which);
    throw new HeddleError("Cancelled", "the task is not known any more");
  }

  #story(op: SomeTasks): (StoryEntry & { readonly key: string })[] {
    const { state } = this.#host.machine;
    const ids = this.#tasksOf(op) ?? new Set<number>();
    const keys = new Map<number, string>();
    for (const id of ids) keys.set(id, isTask(state, id) ? state.keyOf(id) : "");
    return this.story.of(ids).map((entry) => ({ ...entry, key: keys.get(entry.id) ?? "" }));
  }

  /** The tasks that are meant; undefined for all. */
  #tasksOf({ ids, keys }: SomeTasks): Set<number> | undefined {
    if (ids === undefined && keys === undefined) return undefined;
    const ofKeys = keys === undefined ? [] : idsOfKeys(this.#host.machine.state, keys);
    return new Set([...(ids ?? []), ...ofKeys]);
  }

  async #dump(): Promise<unknown> {
    const { state } = this.#host.machine;
    // Dumps are passed on: not with a link that opens the status port.
    const { dashboard: _, ...info } = this.#host.info();
    return {
      info,
      versions: await this.#versions().catch(() => ({})),
      counts: stateCounts(state),
      tasks: dumpTasks(state, (worker) => this.#addressOf(worker)),
      taskStream: this.stream.entries(),
    };
  }

  async #retire(op: RetireOp): Promise<string[]> {
    const { state } = this.#host.machine;
    const mayGo = this.plugins.mayGo(this.#addresses());
    const workers = workersToRetire(state, this.#host.seats, op, mayGo);
    if (workers.some((worker) => this.#host.seats.get(worker)?.isFixed === true)) {
      throw new HeddleError(
        "NotSupported",
        "the embedded engine has one worker, which stays: close the client to end it",
      );
    }
    const left = await Promise.all(
      workers.map(async (worker) => {
        return await new Promise<number>((resolve) => {
          this.#retiring.set(worker, [...(this.#retiring.get(worker) ?? []), resolve]);
          this.#host.tell([{ kind: "retire", worker }]);
        });
      }),
    );
    const gone = workers.filter((_, i) => left[i] === 0);
    const addresses = gone.flatMap((worker) => this.#addressOf(worker) ?? []);
    if (op.close) {
      for (const worker of gone) this.#host.seats.get(worker)?.stop("it was retired", false);
    }
    return addresses;
  }

  /** All tasks are forgotten first where `all` are meant; then the workers begin anew. */
  async #restart(all: boolean, names: readonly string[] | undefined): Promise<string[]> {
    const { machine, seats } = this.#host;
    const workers = this.#choose(names);
    const addresses = workers.map((worker) => this.#addressOf(worker) as string);
    if (all) {
      for (const { client, wants } of machine.state.clients.values()) {
        this.#host.tell([{ kind: "cancel", client, ids: wants.toIds(), force: true }]);
      }
      this.plugins.tell("restart", this.#context());
    }
    const graceMs = config.get("worker.lifetime.grace");
    await Promise.all(
      workers.map(async (worker) => {
        if (!all && graceMs > 0) await this.empty(worker, graceMs);
        await seats.get(worker)?.restart("it was restarted");
      }),
    );
    return addresses;
  }

  async #register(op: RegisterOp): Promise<CallOutcome> {
    if (op.target === "supervisors") return await this.plugins.setUpOnSupervisors(op);
    if (op.target === "workers") return await this.plugins.setUp(op, [...this.#host.seats.keys()]);
    const outcome = await this.plugins.start(op, this.#context());
    this.#listenForPlugins();
    return outcome;
  }

  async #unregister(target: PluginTarget, name: string): Promise<CallOutcome> {
    const workers = [...this.#host.seats.keys()];
    const outcome = await this.plugins.unregister(target, name, workers);
    this.#listenForPlugins();
    return outcome;
  }

  /** Transitions cost something to tell: only where a plugin hears of them. */
  #listenForPlugins(): void {
    const { state } = this.#host.machine;
    const tell: TransitionListener = (ids, start, finish) => {
      for (const id of ids) {
        if (isTask(state, id)) this.plugins.tell("transition", state.keyOf(id), start, finish);
      }
    };
    this.story.onTransition = this.plugins.hears("transition") ? tell : undefined;
  }

  #context(): SchedulerContext {
    const { machine, seats } = this.#host;
    return {
      address: this.#host.info().address,
      workers: [...seats.values()].map(({ facts }) => facts.address),
      counts: () => stateCounts(machine.state),
      localDirectory: this.#folder.path,
    };
  }

  #byWorker<T>(names: readonly string[] | undefined, of: (worker: number) => T): Record<string, T> {
    const workers = this.#choose(names);
    return Object.fromEntries(workers.map((one) => [this.#addressOf(one) as string, of(one)]));
  }

  #choose(names: readonly string[] | undefined): number[] {
    return chosenWorkers(this.#host.seats, names);
  }

  #addressOf(worker: number): string | undefined {
    return this.#host.seats.get(worker)?.facts.address;
  }

  async #ask<O extends WorkerOp>(worker: number, op: O): Promise<WorkerResult<O>> {
    const seat = this.#host.seats.get(worker);
    if (seat === undefined) throw new HeddleError("NoWorkers", "the worker has left");
    return (await seat.ask(op)) as WorkerResult<O>;
  }
}
