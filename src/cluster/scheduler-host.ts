/**
 * @file The scheduler machine and its shell: workers and clients take seats, what they say becomes
 * events, and each hears what concerns it. The embedded engine and a scheduler process run this
 * same class; what a seat is (a call in the same thread, a message port, a connection) is the
 * business of whoever takes it.
 */

import type { HeddleError } from "../core/errors.ts";
import { CoordinationMachine } from "../machine/coordination/coordination.ts";
import type { CoordinationEvent } from "../machine/coordination/events.ts";
import type { SchedulerCommand, SchedulerEvent } from "../machine/scheduler/events.ts";
import { progressOf } from "../machine/scheduler/progress.ts";
import { holdersOf } from "../machine/scheduler/replicas.ts";
import { SchedulerMachine } from "../machine/scheduler/scheduler.ts";
import type { SchedulerOptions } from "../machine/scheduler/state.ts";
import { STATE } from "../machine/scheduler/task-table.ts";
import type { WorkerEvent } from "../machine/worker/events.ts";
import { type ClientHost, ClientSeats } from "./client-seats.ts";
import { ControlDesk } from "./control/desk.ts";
import { type ControlOp, settle, type WorkerOp } from "./control/ops.ts";
import type { SupervisorDesk } from "./control/plugin-registry.ts";
import { CoordinationHost } from "./coordination/host.ts";
import { demandOf } from "./demand.ts";
import { GraphWatch } from "./graph-watch.ts";
import type { SchedulerJournal } from "./journal/scheduler-journal.ts";
import type {
  EngineInfo,
  EngineMessage,
  HoldersAnswer,
  Query,
  TaskFacts,
  WorkerInfo,
} from "./messages.ts";
import type { Unwanted } from "./stuck-tasks.ts";
import type { WorkerLoad } from "./worker-host.ts";
import type { WorkerReport } from "./worker-report.ts";

/** What the scheduler says to a worker. */
export type WorkerOrder = Extract<
  WorkerEvent,
  {
    kind:
      | "install"
      | "uninstall"
      | "lease"
      | "revoke"
      | "recall"
      | "hold"
      | "free"
      | "copy"
      | "expect";
  }
>;

/** What a worker has that comes back after its connection was lost. */
export type WorkerReturn = Required<
  Pick<Extract<SchedulerEvent, { kind: "worker-joined" }>, "inventory">
>;

/** What is known of a worker's end. */
export type WorkerLoss = Omit<Extract<SchedulerEvent, { kind: "worker-lost" }>, "kind" | "worker">;

/** A worker as the scheduler's shell sees it. */
export interface WorkerSeat {
  readonly facts: Omit<Extract<SchedulerEvent, { kind: "worker-joined" }>, "kind" | "worker">;
  readonly load: WorkerLoad;
  /** Where its process is. */
  readonly host: string;
  readonly pid: number;
  /** Memory that its process may take, where it has one of its own. */
  readonly processLimitBytes?: number;
  /** Where it shows its state over HTTP, if it does. */
  readonly dashboard?: string | undefined;
  /** When it was last heard of, in milliseconds since 1970. */
  readonly seenMs: number;
  /** Whether it cannot go before the scheduler does. */
  readonly isFixed?: boolean;
  tell(order: WorkerOrder): void;
  /** Asks for something beside tasks; rejects when the worker is lost. */
  ask(op: WorkerOp): Promise<unknown>;
  /** Begins anew: resolves when it has let go of everything. */
  restart(reason: string): Promise<void>;
  /** Ends it. */
  stop(reason: string, restart: boolean): void;
}

export interface SchedulerHostOptions extends Partial<SchedulerOptions> {
  /** Where the scheduler is; asked when it is told to somebody. */
  readonly address: () => string;
  /** Where the state is shown, if it is. */
  readonly dashboard?: () => string | undefined;
  /** Lines of the log by what they are about: `scheduler`, and names of workers. */
  readonly logs?: () => Readonly<Record<string, string>>;
  /** Ends the scheduler and its workers, when a client wants that. */
  readonly shutDown?: () => void;
  /** Remembers what happens, and what has happened before. */
  readonly journal?: SchedulerJournal;
  /** Runs plugins where the workers are supervised. */
  readonly supervisors?: SupervisorDesk;
}

export class SchedulerHost implements ClientHost {
  readonly machine: SchedulerMachine;
  readonly clients: ClientSeats;
  readonly desk: ControlDesk;
  readonly #options: SchedulerHostOptions;
  readonly #coordination: CoordinationHost;
  readonly #watch: GraphWatch = new GraphWatch();
  readonly #seats = new Map<number, WorkerSeat>();
  readonly #wake: () => void;
  readonly #startedMs: number = Date.now();
  #nextWorker: number;
  #isHeld = false;
  #events: SchedulerEvent[] = [];

  /** `wake` is called when there is something for `step`. */
  constructor(options: SchedulerHostOptions, wake: () => void) {
    this.#options = options;
    this.#wake = wake;
    const { journal } = options;
    this.machine = new SchedulerMachine(options, journal?.memory.scheduler);
    this.#nextWorker = journal?.memory.nextWorker ?? 0;
    this.clients = new ClientSeats(this);
    this.desk = new ControlDesk({
      machine: this.machine,
      seats: this.#seats,
      tell: (events) => this.tell(events),
      info: () => this.info(),
      logs: () => options.logs?.() ?? {},
      warn: (message) => this.clients.warn(message),
      shutDown: () => options.shutDown?.(),
      actors: journal && {
        made: journal.memory.actors,
        note: (key, worker) => journal.noteActor(key, worker),
      },
      supervisors: options.supervisors,
    });
    this.#coordination = new CoordinationHost(
      {
        tell: (events) => this.tell(events),
        post: (client, message) => this.clients.post(client, message),
        note: (event, nowMs) => journal?.noteCoordination(event, nowMs),
      },
      journal?.memory.coordination ?? new CoordinationMachine(),
    );
  }

  /** A worker joins; returns its number. */
  addWorker(seat: WorkerSeat, known: Partial<WorkerReturn> = {}): number {
    const worker = this.#nextWorker++;
    this.#seats.set(worker, seat);
    this.tell([{ ...known, kind: "worker-joined", worker, ...seat.facts }]);
    this.desk.workerJoined(worker, seat.facts);
    return worker;
  }

  /** A worker is gone: what it ran is run again elsewhere, and what it held is made again. */
  removeWorker(worker: number, loss: WorkerLoss): void {
    const seat = this.#seats.get(worker);
    if (seat === undefined) return;
    this.#seats.delete(worker);
    this.desk.workerLost(worker, seat.facts.address, loss.reason);
    this.tell([{ kind: "worker-lost", worker, ...loss }]);
  }

  report(worker: number, report: WorkerReport): void {
    if (this.#watch.isActive) this.#watchReport(report);
    this.desk.report(worker, report);
    this.#events.push({ ...report, worker } as SchedulerEvent);
  }

  tell(events: readonly SchedulerEvent[]): void {
    for (const event of events) this.#events.push(event);
    this.#wake();
  }

  /** Runs the machine over what has come in; false when there was nothing, and nothing was due. */
  step(nowMs: number): boolean {
    if (this.#isHeld) return false;
    if (this.#events.length === 0 && this.machine.nextWakeMs > nowMs) return false;
    const events = this.#events;
    this.#events = [];
    const ends = endOf(events);
    const commands = this.machine.step(events, nowMs);
    const noted = this.#options.journal?.noteStep();
    if (noted === undefined) this.#obey(commands, ends);
    else this.#obeyWhen(noted, commands, ends).catch(fatal);
    return true;
  }

  /** Whether the next step waits until the last one is in the journal. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** New work is spoken of when it is on the disk: until then other news wait too, in order. */
  async #obeyWhen(
    noted: Promise<HeddleError | undefined>,
    commands: readonly SchedulerCommand[],
    ends: Unwanted | undefined,
  ): Promise<void> {
    this.#isHeld = true;
    const failure = await noted;
    this.#isHeld = false;
    this.#obey(failure === undefined ? commands : this.#refuse(commands, failure), ends);
    this.#wake();
  }

  /**
   * What could not be noted has not been accepted: the clients hear why, and nothing comes of it.
   */
  #refuse(commands: readonly SchedulerCommand[], failure: HeddleError): SchedulerCommand[] {
    return commands.filter((command) => {
      if (command.kind === "placed") return false;
      if (command.kind !== "accepted") return true;
      const { client, request } = command;
      const outputs = this.#options.journal?.answerTo(client, request)?.outputs;
      if (outputs !== undefined) this.tell([{ kind: "release", client, ids: outputs }]);
      this.clients.refuse(client, request, failure);
      return false;
    });
  }

  /** Why no new work is taken, if it is not. */
  get refusal(): HeddleError | undefined {
    return this.#options.journal?.failure;
  }

  /** Whether the client's request has been accepted: it asks again after a restart. */
  hasAnswered(client: number, request: number): boolean {
    return this.#options.journal?.answerTo(client, request) !== undefined;
  }

  /** All workers that are going to are back after a restart: work goes on. */
  recovered(): void {
    const { journal } = this.#options;
    if (journal?.isRecovering !== true) return;
    journal.memory.coordination = this.#coordination.resume();
    this.tell([{ kind: "recovered" }]);
  }

  /** Handles one event at once, after all that came before; returns what the machine says. */
  handleNow(event: SchedulerEvent, nowMs: number): SchedulerCommand[] {
    this.step(nowMs);
    return this.machine.step([event], nowMs);
  }

  obey(commands: readonly SchedulerCommand[]): void {
    this.#obey(commands, undefined);
  }

  /** Answers a client's question. */
  answer(what: Query, ids: Int32Array | undefined): unknown {
    if (what === "info") return this.info();
    if (what === "demand") {
      return demandOf(this.machine.state, this.#seats, (all) => this.desk.plugins.mayGo(all));
    }
    if (what === "holders") return this.#holders(ids ?? new Int32Array(0));
    if (what === "progress") return progressOf(this.machine.state, ids?.[0] ?? -1);
    return Array.from(ids ?? [], (id) => this.#taskFacts(id));
  }

  /** Answers a question beside work, when there is an answer. */
  control(client: number, request: number, op: ControlOp): void {
    const answered = async (): Promise<void> => {
      const outcome = await settle(async () => await this.desk.answer(op, client));
      this.clients.post(client, { kind: "controlled", request, outcome });
      this.#wake();
    };
    answered().catch((error: unknown) => this.clients.warn(String(error)));
  }

  clientJoined(client: number): void {
    this.desk.clientJoined(client);
  }

  clientLeft(client: number): void {
    this.desk.clientLeft(client);
  }

  coordinate(event: CoordinationEvent): void {
    if (event.kind === "ask" && event.op.kind === "topic-publish") {
      this.desk.topicEvent(event.op.topics, event.op.bytes);
    }
    this.#coordination.take(event);
  }

  watch(client: number, request: number, base: number, count: number): void {
    this.#watch.add(client, request, base, count);
  }

  /** Tells clients what has happened to the tasks of graphs that they watch. */
  tellWatchers(): void {
    if (!this.#watch.isActive) return;
    const news = this.#watch.take((id) => this.machine.stateOf(id) === "erred");
    for (const { client, message } of news) this.clients.post(client, message);
  }

  #taskFacts(id: number): TaskFacts {
    const state = this.machine.stateOf(id);
    const { tasks } = this.machine.state;
    const seats = this.#holdersOf(id).map((worker) => this.#seats.get(worker));
    const holders = seats.flatMap((seat) => (seat === undefined ? [] : [seat.facts.address]));
    // A value that is a word lies everywhere: its maker is named.
    const maker =
      holders.length === 0 && state === "memory" ? this.desk.story.makerOf(id) : undefined;
    return {
      state,
      workers: maker === undefined ? holders : [maker],
      bytes: tasks.bytes[id] ?? 0,
    };
  }

  #holdersOf(id: number): number[] {
    const { state } = this.machine;
    return state.tasks.state[id] === STATE.memory ? holdersOf(state, id) : [];
  }

  #holders(ids: Int32Array): HoldersAnswer {
    const holders = Array.from(ids, (id) => this.#holdersOf(id));
    const addresses: Record<number, readonly string[]> = {};
    for (const worker of new Set(holders.flat())) {
      const seat = this.#seats.get(worker);
      if (seat !== undefined) addresses[worker] = [seat.facts.address];
    }
    return { addresses, holders };
  }

  /** The workers, and what there is altogether. */
  info(): EngineInfo {
    const seats = [...this.#seats.values()];
    const threads = seats.reduce((sum, { facts }) => sum + facts.threads, 0);
    const memoryLimitBytes = seats.reduce((sum, seat) => sum + limitOf(seat), 0);
    const dashboard = this.#options.dashboard?.();
    return {
      address: this.#options.address(),
      threads,
      cpu: threads,
      memoryLimitBytes,
      memory: memoryLimitBytes,
      clients: this.clients.count,
      startedMs: this.#startedMs,
      transitions: this.machine.state.transitions,
      ...(dashboard === undefined ? {} : { dashboard }),
      workers: Object.fromEntries(
        seats.map((seat) => [seat.facts.address, this.#workerInfo(seat)]),
      ),
    };
  }

  #workerInfo(seat: WorkerSeat): WorkerInfo {
    const { facts, host, pid, seenMs, load } = seat;
    const { address, name, threads, resources = {} } = facts;
    const memoryLimitBytes = limitOf(seat);
    const who = { name: name ?? address, address, host, pid, threads, memoryLimitBytes };
    const { dashboard } = seat;
    return {
      ...who,
      resources,
      seenMs,
      ...load,
      ...(dashboard === undefined ? {} : { dashboard }),
    };
  }

  #obey(commands: readonly SchedulerCommand[], ends: Unwanted | undefined): void {
    for (const command of commands) {
      this.desk.story.command(command);
      switch (command.kind) {
        case "revoke":
          this.#seats.get(command.worker)?.tell(ends ? { ...command, ends } : command);
          break;
        case "uninstall":
          this.#watch.remove(command.base);
          this.#seats.get(command.worker)?.tell(command);
          break;
        case "placed":
          this.clients.post(command.client, this.#addressed(command));
          break;
        case "retired":
          this.desk.retired(command.worker, command.left);
          break;
        case "accepted":
          this.#accepted(command);
          break;
        case "warn":
          this.clients.warn(command.message);
          break;
        default:
          if ("client" in command) this.clients.say(command);
          else this.#seats.get(command.worker)?.tell(command);
      }
    }
  }

  #accepted(command: Extract<SchedulerCommand, { kind: "accepted" }>): void {
    this.clients.say(command);
    if (!this.desk.plugins.hears("updateGraph")) return;
    const { state } = this.machine;
    const { base } = command;
    const count = state.graphs[state.tasks.graph[base] ?? -1]?.facts.count ?? 0;
    this.desk.plugins.tell("updateGraph", { base, count });
  }

  /** Where a client brings its values: addresses in place of numbers. */
  #addressed(placed: Extract<SchedulerCommand, { kind: "placed" }>): EngineMessage {
    const { request, base, workers, epochs } = placed;
    const addresses = Array.from(workers, (worker) => this.#seats.get(worker)?.facts.address ?? "");
    return { kind: "placed", request, base, addresses, epochs };
  }

  #watchReport(report: WorkerReport): void {
    if (report.kind === "finished") this.#watch.ended(report.ids);
    else if (report.kind === "erred") this.#watch.failed(report.id);
    else if (report.kind === "durations") {
      report.counts.forEach((count, i) => {
        if (count === 1) this.#watch.timed(report.ids[i]!, report.meanMs[i]!);
      });
    }
  }
}

/** What the user has given the worker; its values may take a part of it. */
function limitOf({ processLimitBytes, facts }: WorkerSeat): number {
  return processLimitBytes ?? facts.memoryLimitBytes;
}

/**
 * Why the running tasks that a step takes back are to end: of two reasons the one with more time.
 */
function endOf(events: readonly SchedulerEvent[]): Unwanted | undefined {
  if (events.some(({ kind }) => kind === "client-left")) return "client-gone";
  return events.some(({ kind }) => kind === "cancel") ? "cancelled" : undefined;
}

/** The scheduler cannot go on with half a step. */
function fatal(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
