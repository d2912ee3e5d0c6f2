/**
 * @file The scheduler of a cluster: listens for workers and clients, gives each a seat at the
 * scheduler's host, and runs the machine over what they say, once for each turn of the event loop.
 */
import {
  type Address,
  type Comm,
  type CommOptions,
  type Listener,
  listen,
  makeToken,
  parseAddress,
  type Security,
} from "../comm/index.ts";
import { config } from "../config/config.ts";
import { HeddleError } from "../core/errors.ts";
import { formatBytes } from "../core/units.ts";
import type { Hello, MessageSet, Role } from "../protocol/index.ts";
import type { ValueMessage } from "./client-seats.ts";
import { chosenWorkers } from "./control/worker-choice.ts";
import { bothLogs, type EventLog, SILENT } from "./event-log.ts";
import { Homecoming } from "./homecoming.ts";
import { JournalLock } from "./journal/journal-lock.ts";
import { SchedulerJournal } from "./journal/scheduler-journal.ts";
import { LogBook } from "./log-book.ts";
import type { EngineMessage } from "./messages.ts";
import { peerKey, RemoteClients } from "./remote-clients.ts";
import { RemoteWorkerSeat } from "./remote-worker-seat.ts";
import { SchedulerHost, type WorkerLoss, type WorkerReturn } from "./scheduler-host.ts";
import { sessionTimers } from "./session-timers.ts";
import type { StatusServer } from "./status/status-server.ts";
import type { ProcessDeath } from "./supervisor.ts";
import { SupervisorSeats } from "./supervisor-seats.ts";
import { TroubleLog } from "./trouble-log.ts";
import { type ToClient, type ToScheduler, toClient, toScheduler } from "./wire/client-messages.ts";
import {
  type FromSupervisor,
  fromSupervisor,
  type ToSupervisor,
  toSupervisor,
} from "./wire/supervisor-messages.ts";
import { checkFromWorker } from "./wire/worker-checks.ts";
import { type FromWorker, fromWorker, type ToWorker, toWorker } from "./wire/worker-messages.ts";
import { readWorkerHello, type WorkerHello } from "./worker-hello.ts";

/** Everything that may come to the scheduler, and everything that it may say. */
type Incoming = ToScheduler | FromWorker | FromSupervisor;
type Outgoing = ToClient | ToWorker | ToSupervisor;

/** Messages of each role, to and from the scheduler. */
const MESSAGES: Readonly<Record<Role, Dialogue>> = {
  client: { incoming: toScheduler, outgoing: toClient } as unknown as Dialogue,
  worker: { incoming: fromWorker, outgoing: toWorker } as unknown as Dialogue,
  supervisor: { incoming: fromSupervisor, outgoing: toSupervisor } as unknown as Dialogue,
  // Refused before it says anything.
  scheduler: { incoming: toScheduler, outgoing: toClient } as unknown as Dialogue,
};

interface Dialogue {
  readonly incoming: MessageSet<Incoming>;
  readonly outgoing: MessageSet<Outgoing>;
}

export interface ClusterSchedulerOptions {
  /** Where to listen; default `tcp://127.0.0.1:0`. */
  readonly address?: string;
  readonly token?: string | undefined;
  readonly security?: Security | undefined;
  /** What the scheduler says of itself when others connect. */
  readonly hello: CommOptions["hello"];
  readonly allowedFailures: number;
  /** A client wants the cluster to end. */
  readonly shutDown?: () => void;
  /** A worker has not been heard of for too long: its process, if it is there, is of no use. */
  readonly onSilence?: (name: string) => void;
  /** Hears what happens; silent unless given. */
  readonly log?: EventLog;
  /**
   * Folder of the journal: a scheduler that is started with the same one goes on where this one
   * ended, however it did. Default none.
   */
  readonly journal?: string | undefined;
  /** After a restart, how long workers are waited for; default `scheduler.journal-grace`. */
  readonly journalGraceMs?: number | undefined;
}

export class ClusterScheduler {
  readonly host: SchedulerHost;
  readonly supervisors: SupervisorSeats;
  readonly #log: EventLog;
  readonly #troubles: TroubleLog;
  /** What clients read of the log. */
  readonly #book: LogBook = new LogBook();
  readonly #token: string | undefined;
  #status: StatusServer | undefined;
  #listener: Listener<Incoming, Outgoing> | undefined;
  readonly #seats = new Map<number, RemoteWorkerSeat>();
  readonly #onSilence: (name: string) => void;
  readonly #journal: SchedulerJournal | undefined;
  readonly #homecoming: Homecoming;
  readonly #clients: RemoteClients;
  #isTurnPlanned = false;
  #isClosing = false;
  #wakeTimer: NodeJS.Timeout | undefined;

  private constructor(options: ClusterSchedulerOptions, lock: JournalLock | undefined) {
    const log = bothLogs(this.#book, options.log ?? SILENT);
    this.#log = log;
    this.#troubles = new TroubleLog(log);
    this.#token = options.token;
    this.supervisors = new SupervisorSeats((name, death) => this.workerDied(name, death), log);
    const { allowedFailures, shutDown, journal } = options;
    if (journal !== undefined && lock !== undefined) {
      this.#journal = new SchedulerJournal(journal, lock, { allowedFailures });
    }
    this.#onSilence = options.onSilence ?? ((name) => this.supervisors.endSilent(name));
    this.host = new SchedulerHost(
      {
        allowedFailures,
        address: () => this.address,
        dashboard: () => this.dashboardLink,
        logs: () => this.#book.texts(),
        shutDown: shutDown ?? (() => this.#closeSoon()),
        supervisors: this.supervisors,
        ...(this.#journal && { journal: this.#journal }),
      },
      () => this.#planTurn(),
    );
    if (config.get("scheduler.active-memory-manager.start")) this.host.desk.watchMemory();
    this.host.clients.onWarning = (warning) => log.warn("{warning}", { warning });
    const graceMs = options.journalGraceMs ?? config.get("scheduler.journal-grace");
    this.#homecoming = this.#awaitWorkers(graceMs);
    this.#clients = new RemoteClients({
      host: this.host,
      journal: this.#journal,
      homecoming: this.#homecoming,
      log,
      welcome: () => this.#size(),
      scatter: (client, message) => this.#scatter(client, message),
    });
  }

  /** After a restart: what there is will be known when the workers are back. */
  #awaitWorkers(graceMs: number): Homecoming {
    const journal = this.#journal;
    if (journal !== undefined) {
      journal.onFailure = (failure) => {
        this.host.clients.warn(failure?.message ?? "the journal is written again");
      };
    }
    if (journal !== undefined && journal.tornBytes > 0) {
      this.#log.warn("the journal's end was torn: {bytes} bytes of a last record were dropped", {
        bytes: journal.tornBytes,
      });
    }
    const before = new Map(journal?.memory.workers);
    if (journal?.isRecovering === true) {
      this.#log.info("going on with the journal: {workers} workers are awaited", {
        workers: before.size,
      });
    }
    return new Homecoming(before, graceMs, (missing) => {
      for (const number of before.keys()) journal?.noteWorkerGone(number);
      if (missing.length > 0) {
        this.#log.warn("{count} workers did not come back", { count: missing.length });
      }
      this.host.recovered();
    });
  }

  /** Resolves when workers and clients can connect. */
  static async start(options: ClusterSchedulerOptions): Promise<ClusterScheduler> {
    const scheduler = new ClusterScheduler(options, await lockOf(options));
    try {
      await scheduler.#listen(options);
    } catch (error) {
      scheduler.#journal?.close();
      throw error;
    }
    return scheduler;
  }

  async #listen(options: ClusterSchedulerOptions): Promise<void> {
    const { hello, token, security } = options;
    this.#listener = await listen<Incoming, Outgoing>(options.address ?? "tcp://127.0.0.1:0", {
      hello,
      token,
      security,
      incoming: ({ role }) => MESSAGES[role].incoming,
      outgoing: ({ role }) => MESSAGES[role].outgoing,
      accept: (comm) => this.#accept(comm),
      session: ({ role }) => sessionTimers(role),
      log: (trouble) => this.#troubles.note(trouble),
    });
    this.#listener.relays = (address) => this.#isOnWorkersHost(address);
  }

  /** Whoever proves that it belongs to the cluster is connected with what workers listen on. */
  #isOnWorkersHost(address: Address): boolean {
    if (!("host" in address)) return false;
    for (const { hello } of this.#seats.values()) {
      for (const own of hello.addresses) {
        const parsed = parseAddress(own);
        if ("host" in parsed && parsed.host === address.host) return true;
      }
    }
    return false;
  }

  /** Where its state is shown, for a browser; undefined where it is not. */
  get dashboardLink(): string | undefined {
    return this.#status?.link;
  }

  /**
   * Shows its state over HTTP, at the next free port where the one that is asked for is taken. The
   * port has a token of its own, which opens nothing else: it may be read where it is sent.
   * Errors: `InvalidArgument` for addresses; `ConnectFailed`.
   */
  async showStatus(address: string): Promise<StatusServer> {
    const { openStatus, statusToken } = await import("./status/source.ts");
    const { hostname: host } = new URL(this.address.replace(/^\w+:/, "http:"));
    const token = statusToken(this.#token ?? makeToken());
    // Whoever reaches the scheduler under any name reaches its status, too.
    const everywhere = wildcardOf(this.#listener?.address ?? "");
    this.#status = await openStatus(this.host, { address, token, host, everywhere });
    const { url, taken } = this.#status;
    if (taken === undefined) this.#log.info("status at {url}", { url });
    else this.#log.warn("port {taken} is taken: status at {url}", { url, taken });
    this.#tellSize();
    return this.#status;
  }

  /** A client has asked for the end, and should hear that it comes. */
  #closeSoon(): void {
    setImmediate(() => this.close("a client has shut it down").catch(() => undefined));
  }

  /** Where workers and clients reach it. */
  get address(): string {
    return this.#listener?.contactAddress ?? "";
  }

  /** A supervisor has seen a worker's process end: nobody need wait for its silence. */
  workerDied(name: string, { reason, cause, pid, ...facts }: ProcessDeath): void {
    if (cause !== "expected") this.#log.error("{reason}", { reason, name, ...facts });
    for (const [worker, seat] of this.#seats) {
      const { hello } = seat;
      if (hello.name !== name || (pid !== undefined && hello.pid !== pid)) continue;
      this.#removeWorker(worker, { reason, cause, facts });
    }
    for (const comm of this.#listener?.comms ?? []) {
      if (isClientOf(comm.peer, name, pid)) comm.abort(new HeddleError("CommClosed", reason));
    }
  }

  /** Whether nothing is running and nothing waits for a worker. */
  get isIdle(): boolean {
    const { ready, workers } = this.host.machine.state;
    return ready.isEmpty && [...workers.values()].every(({ leased }) => leased === 0);
  }

  /** Ends all workers, with their supervisors, and the scheduler. */
  async close(reason = "the scheduler was closed"): Promise<void> {
    await this.host.desk.beforeClose();
    this.#isClosing = true;
    clearTimeout(this.#wakeTimer);
    this.host.desk.close();
    this.#homecoming.close();
    this.#clients.close();
    this.supervisors.stop(reason);
    for (const seat of this.#seats.values()) seat.send({ kind: "stop", reason, restart: false });
    await Promise.all([this.#listener?.close(), this.#status?.close()]);
    this.#troubles.close();
    this.#journal?.close();
  }

  #accept(comm: Comm<Incoming, Outgoing>): void {
    const { peer } = comm;
    if (peer.role === "worker") return this.#acceptWorker(comm as never, peer);
    if (peer.role === "client") return this.#clients.accept(comm as never);
    if (peer.role === "supervisor") return this.supervisors.add(comm as never);
    throw new HeddleError("NotSupported", "a scheduler takes no connections of a scheduler");
  }

  #acceptWorker(comm: Comm<FromWorker, ToWorker>, peer: Hello): void {
    const hello = readWorkerHello(peer.facts);
    for (const { hello: other } of this.#seats.values()) {
      if (other.name !== hello.name) continue;
      if (isHeirOf(hello, other) || isHeirOf(other, hello)) continue;
      throw new HeddleError("InvalidArgument", `there is a worker named ${hello.name} already`);
    }
    const key = peerKey(peer);
    if (peer.resume === undefined) return this.#join(comm, hello, key);
    // It was known before, and says first what it has; all else is about the time before.
    comm.onMessages = (messages) => {
      const at = messages.findIndex(({ kind }) => kind === "inventory");
      const first = messages[at];
      if (first?.kind !== "inventory") return;
      checkFromWorker(first);
      this.#join(comm, hello, key, first);
      this.#homecoming.arrived(key);
      comm.onMessages(messages.slice(at + 1));
    };
  }

  #join(
    comm: Comm<FromWorker, ToWorker>,
    hello: WorkerHello,
    key: string,
    known?: WorkerReturn,
  ): void {
    const seat = new RemoteWorkerSeat(
      hello,
      comm,
      (worker) => this.#seats.get(worker)?.hello.addresses,
    );
    if (known !== undefined) this.#tellOfGraphs(seat, known);
    const worker = this.host.addWorker(seat, known);
    this.#seats.set(worker, seat);
    this.#journal?.noteWorker(worker, key);
    const { name, threads, addresses } = hello;
    this.#log.info("worker {name} joined at {address}: {threads} threads, {memory}", {
      name,
      address: addresses[0],
      threads,
      memory: formatBytes(seat.processLimitBytes),
    });
    comm.onMessages = (messages) => {
      seat.seenMs = Date.now();
      for (const message of messages) {
        checkFromWorker(message);
        this.#hearWorker(worker, seat, message);
      }
      this.#planTurn();
    };
    comm.onState = (state) => {
      if (state === "closed") return;
      seat.isSilent = state !== "open";
      this.#tellPaused(worker, seat);
    };
    comm.onReconnected = ({ fresh }) => {
      if (fresh) comm.abort(new HeddleError("CommClosed", "the session could not go on"));
    };
    comm.onClosed = (error) => {
      const reason = error?.message ?? seat.leaving ?? `worker ${hello.name} has left`;
      const isMeant = this.#isClosing || seat.leaving !== undefined;
      const cause = error === undefined && isMeant ? "expected" : "silence";
      // Its supervisor may have told of its end already, and started another of the same name.
      const wasThere = this.#removeWorker(worker, { reason, cause });
      const isBack = error?.fields["returned"] === true;
      if (wasThere && cause === "silence" && !isBack) this.#onSilence(hello.name);
    };
    this.#tellSize();
  }

  /** A worker that comes back has graphs, whose rows it may lack. */
  #tellOfGraphs(seat: RemoteWorkerSeat, { inventory: { bases, serials } }: WorkerReturn): void {
    const { graphs, tasks } = this.host.machine.state;
    bases.forEach((base, i) => {
      const record = graphs[tasks.graph[base] ?? -1];
      if (record?.base !== base || record.serial !== serials[i]) return;
      const { facts: graph, body, serial, ids } = record;
      seat.has({ base, count: graph.count, graph, body, serial, ...(ids && { ids }) });
    });
  }

  #removeWorker(worker: number, loss: WorkerLoss): boolean {
    const seat = this.#seats.get(worker);
    if (seat === undefined) return false;
    this.#seats.delete(worker);
    const { name } = seat.hello;
    const { reason, cause } = loss;
    this.#log[cause === "expected" ? "info" : "warn"]("worker {name} is gone: {reason}", {
      name,
      reason,
    });
    seat.lost(reason);
    if (!this.#isClosing) this.#journal?.noteWorkerGone(worker);
    this.host.removeWorker(worker, { running: seat.working, ...loss });
    for (const other of this.#seats.values()) other.forget(worker, seat.hello.addresses);
    this.#tellSize();
    return true;
  }

  /** Clients plan for as many threads as there are. */
  #tellSize(): void {
    this.host.clients.broadcast(this.#size() as unknown as EngineMessage);
    this.#planTurn();
  }

  #size(): Extract<ToClient, { kind: "size" }> {
    const all = [...this.#seats.values()];
    return {
      kind: "size",
      workers: all.length,
      threads: all.reduce((sum, { facts }) => sum + facts.threads, 0),
      memoryLimitBytes: all.reduce((sum, { processLimitBytes }) => sum + processLimitBytes, 0),
      ...(this.dashboardLink === undefined ? {} : { dashboard: this.dashboardLink }),
    };
  }

  #hearWorker(worker: number, seat: RemoteWorkerSeat, message: FromWorker): void {
    switch (message.kind) {
      case "load": {
        const { kind: _, ...load } = message;
        seat.load = load;
        return;
      }
      case "warn":
        this.#log.warn("worker {name}: {warning}", {
          name: seat.hello.name,
          warning: message.message,
        });
        return this.host.clients.broadcast({ kind: "warn", message: message.message });
      case "collect":
        return this.host.clients.collect(performance.now());
      case "short":
        seat.isShort = message.isShort;
        this.#logShort(seat, message.memoryBytes);
        return this.#tellPaused(worker, seat);
      case "going":
        return this.#letGo(worker, seat, message);
      case "leaving":
        seat.leaving = message.reason;
        return;
      case "working":
        seat.working = message.ids;
        return;
      case "inventory":
        return;
      case "told":
        return seat.told(message.call, message.outcome);
      case "printed":
        return this.host.clients.broadcast(message);
      default:
        this.host.report(worker, message);
    }
  }

  /** A worker wants to end: it is told to when others have what only it has. */
  #letGo(
    worker: number,
    seat: RemoteWorkerSeat,
    { reason, restart, graceMs }: Extract<FromWorker, { kind: "going" }>,
  ): void {
    this.#log.info("worker {name} is to end: {reason}", { name: seat.hello.name, reason });
    const stop = (): void => seat.stop(reason, restart);
    this.host.desk.empty(worker, graceMs).then(stop, stop);
  }

  /** A worker gets no tasks while it is silent or short of memory. */
  #tellPaused(worker: number, { isSilent, isShort }: RemoteWorkerSeat): void {
    this.host.tell([{ kind: "worker-paused", worker, isPaused: isSilent || isShort }]);
  }

  #logShort({ hello: { name }, isShort }: RemoteWorkerSeat, memoryBytes: number): void {
    const memory = formatBytes(memoryBytes);
    if (!isShort) this.#log.info("worker {name} takes tasks again at {memory}", { name, memory });
    else this.#log.warn("worker {name} takes no tasks: it is at {memory}", { name, memory });
  }

  #scatter(client: number, message: ValueMessage): void {
    if (message.kind !== "scatter" || !("bytes" in message)) return;
    const { request, name, bytes, broadcast } = message;
    let workers: readonly string[] | undefined;
    try {
      workers = message.workers && this.#namesOf(message.workers);
    } catch (error) {
      const why = new HeddleError("NoWorkers", `scatter: ${(error as HeddleError).message}`);
      return this.host.clients.refuse(client, request, why);
    }
    this.host.tell([
      {
        kind: "scatter",
        client,
        request,
        count: bytes.length,
        bytes,
        name,
        ...(workers === undefined ? {} : { workers }),
        ...(broadcast === undefined ? {} : { broadcast }),
      },
    ]);
  }

  /** These names, and the addresses of workers whose host is named. Throws for unknown ones. */
  #namesOf(names: readonly string[]): readonly string[] {
    const seats = this.#seats;
    const chosen = chosenWorkers(seats, names).map((worker) => seats.get(worker)?.facts.address);
    return [...names, ...chosen.filter((address) => address !== undefined)];
  }

  /** What came together is handled together. */
  #planTurn(): void {
    if (this.#isTurnPlanned) return;
    this.#isTurnPlanned = true;
    setImmediate(() => {
      this.#isTurnPlanned = false;
      this.#turn();
    });
  }

  #turn(): void {
    this.host.step(performance.now());
    this.host.tellWatchers();
    this.host.clients.flush();
    this.#armWake();
  }

  /** The machine asks to be looked at again at some time. */
  #armWake(): void {
    clearTimeout(this.#wakeTimer);
    // The next step comes by itself.
    if (this.host.isHeld) return;
    const { nextWakeMs } = this.host.machine;
    if (nextWakeMs === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.max(0, nextWakeMs - performance.now());
    this.#wakeTimer = setTimeout(() => this.#turn(), delayMs);
  }
}

/** The lock of the journal, if there is one; another scheduler's is watched, where need be. */
async function lockOf({ journal, log }: ClusterSchedulerOptions): Promise<JournalLock | undefined> {
  if (journal === undefined) return undefined;
  return await JournalLock.watchAndTake(journal, {
    say: (about) => {
      const text =
        "the journal was used by {holder}, which cannot be seen from here: watching for {seconds} s " +
        "whether it still is";
      log?.warn(text, about);
    },
  });
}

/** Whether the one takes the place of the other, which is about to go. */
function isHeirOf(one: WorkerHello, other: WorkerHello): boolean {
  return one.follows === other.pid && one.host === other.host;
}

/**
 * Whether this is a client in a task thread of the worker, or of that process of it: its locks and
 * futures go with it.
 */
function isClientOf({ role, facts }: Hello, worker: string, pid: number | undefined): boolean {
  const own = facts as { readonly worker?: unknown; readonly pid?: unknown } | null;
  return role === "client" && own?.worker === worker && (pid === undefined || own.pid === pid);
}

/** The host of an address that stands for all of them, if it does. */
function wildcardOf(address: string): string | undefined {
  if (address.includes("//0.0.0.0:")) return "0.0.0.0";
  return address.includes("//[::]:") ? "::" : undefined;
}
