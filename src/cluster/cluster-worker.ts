/**
 * @file A worker process: a worker's host whose scheduler is at the other end of a connection.
 * Values that its tasks need and that lie elsewhere are pulled from the workers that hold them;
 * what it holds is served to whoever asks.
 */
import { hostname } from "node:os";
import { MessageChannel } from "node:worker_threads";
import {
  BulkPool,
  type Comm,
  connect,
  type Listener,
  listen,
  makeToken,
  Relay,
  Security,
  serveBulk,
} from "../comm/index.ts";
import { config } from "../config/config.ts";
import { HeddleError } from "../core/errors.ts";
import type { Inventory } from "../machine/scheduler/events.ts";
import { type AnyMessageType, type Message, messageSet } from "../protocol/index.ts";
import { OutputPrinter, type Saying } from "../threads/output.ts";
import { settle, type WorkerOp } from "./control/ops.ts";
import { initFrom } from "./engine-options.ts";
import { type EventLog, SILENT } from "./event-log.ts";
import { removeFolder } from "./folders.ts";
import {
  MemoryPressure,
  type MemoryReading,
  type MemoryShares,
  takenBytes,
} from "./memory-pressure.ts";
import { ownHello } from "./own-hello.ts";
import { sessionTimers } from "./session-timers.ts";
import type { StatusServer } from "./status/status-server.ts";
import { type EngineInit, laneOf, launchLane } from "./thread-launch.ts";
import { TroubleLog } from "./trouble-log.ts";
import { ValueFetcher } from "./value-fetcher.ts";
import { ValueServer } from "./value-server.ts";
import { PagedGraphs } from "./wire/graph-pages.ts";
import { decodeImage } from "./wire/graphs.ts";
import { type FromWorker, fromWorker, type ToWorker, toWorker } from "./wire/worker-messages.ts";
import type { WorkerHello } from "./worker-hello.ts";
import { WorkerHost } from "./worker-host.ts";
import type { WorkerReport } from "./worker-report.ts";
import { type Lifetime, lifeLeftMs, type WorkerSettings } from "./worker-settings.ts";

/** How a worker has come to its end. */
export interface WorkerEnd {
  readonly reason: string;
  /** Whether another process should take its place. */
  readonly restart: boolean;
}

/** How a worker is to come to its end. */
export interface Leave {
  /** Whether another process should take its place; default false. */
  readonly restart?: boolean | undefined;
  /** The longest that it may take; default `worker.lifetime.grace`. */
  readonly graceMs?: number | undefined;
}

/** The scheduler is told this often how much memory is in use. */
const LOAD_MS = 500;
/** The longest that Node's timers can wait: 24 days. */
const TIMER_MOST_MS = 2 ** 31 - 1;
/** The scheduler, which knows how long a worker may take, has so much longer to tell it to stop. */
const ANSWER_MS = 1000;
const GRACE_MOST_MS = TIMER_MOST_MS - ANSWER_MS;
/** How often it is looked how much memory the process takes. */
const MEMORY_MS = 100;

export class ClusterWorker {
  readonly host: WorkerHost;
  /** Called when the worker has ended: it was told to stop, or the scheduler is gone. */
  onEnded: (end: WorkerEnd) => void = () => undefined;
  /** Called when its lifetime is over and another is to take its place; it leaves, otherwise. */
  onOver: (() => void) | undefined;
  readonly #init: EngineInit;
  readonly #listener: Listener;
  readonly #pool: BulkPool;
  readonly #server: ValueServer;
  readonly #fetcher: ValueFetcher;
  readonly #paged: PagedGraphs = new PagedGraphs();
  readonly #output: OutputPrinter;
  /** Whether tasks have said something to clients: others may, too. */
  #hasSaid = false;
  readonly #address: string;
  #comm: Comm<ToWorker, FromWorker> | undefined;
  #loadTimer: NodeJS.Timeout | undefined;
  #lifeTimer: NodeJS.Timeout | undefined;
  /** Ends it though the scheduler has not told it to. */
  #graceTimer: NodeJS.Timeout | undefined;
  #memoryTimer: NodeJS.Timeout | undefined;
  /** Looks what memory the process takes now. */
  #measure: () => number = () => Number.POSITIVE_INFINITY;
  #status: StatusServer | undefined;
  #isEnding = false;
  /** Plugins that are being set up or torn down, and what waits for it. */
  #changes = 0;
  readonly #held: ToWorker[] = [];

  private constructor(init: EngineInit, output: OutputPrinter, listener: Listener, pool: BulkPool) {
    this.#init = init;
    this.#address = init.address ?? listener.contactAddress;
    this.#listener = listener;
    this.#pool = pool;
    this.#output = output;
    this.host = new WorkerHost(init, {
      turn: () => this.host.step(),
      report: (report) => this.#report(report),
      warn: (message) => this.#comm?.send({ kind: "warn", message }),
      collect: () => this.#comm?.send({ kind: "collect" }),
      measure: () => this.#measure(),
      pinned: (reader, missing) => this.#server.pinned(reader, missing),
      taken: (ids, isTaken) => this.#fetcher.taken(ids, isTaken),
      inventory: (inventory) => this.#sendInventory(inventory),
      fetch: (command) => this.#fetcher.fetch(command),
      // Task threads have connections of their own.
      connectClient: (port) => port.close(),
      share: () => undefined,
    });
    this.host.service.onForward = (on) => this.#forward(on);
    this.#output.onSaid = (saying, text) => this.#say(saying, text);
    this.#server = new ValueServer(this.host);
    this.#fetcher = new ValueFetcher(this.host, pool);
  }

  /** Resolves when the scheduler has taken the worker. */
  static async start(settings: WorkerSettings, log: EventLog = SILENT): Promise<ClusterWorker> {
    const { token, name } = settings;
    config.adopt(settings.configuration);
    const { port1: arrivals, port2: output } = new MessageChannel();
    const security = settings.security && new Security(settings.security);
    const common = { hello: ownHello("worker", name, {}), token, security };
    const troubles = new TroubleLog(log);
    const listener = await listen<Message, Message>(settings.listen[0] ?? "tcp://127.0.0.1:0", {
      ...common,
      incoming: messageSet<AnyMessageType>([]),
      outgoing: messageSet<AnyMessageType>([]),
      accept: () => {
        throw new HeddleError("NotSupported", "a worker serves bulk data only");
      },
      log: (trouble) => troubles.note(trouble),
    });
    const pressure = new MemoryPressure(settings.memoryLimitBytes, memoryShares(settings));
    const init: EngineInit = {
      ...initFrom({
        threads: settings.threads,
        memoryLimit: pressure.valuesBytes,
        resources: settings.resources,
        localDirectory: settings.localDirectory,
        validate: settings.validate,
      }),
      ...(settings.isLimited === false ? {} : { processLimitBytes: settings.memoryLimitBytes }),
      output,
      address: settings.contact ?? listener.contactAddress,
      name,
      cluster: {
        scheduler: settings.scheduler[0] ?? "",
        ...(token === undefined ? {} : { token }),
        ...(settings.security === undefined ? {} : { security: settings.security }),
      },
    };
    const lane = laneOf(init);
    const launched = launchLane(lane);
    // Workers that cannot reach each other exchange values through the scheduler.
    const relay = new Relay(settings.scheduler[0] ?? "", {
      from: `worker ${name}`,
      warn: (message) => worker.#comm?.send({ kind: "warn", message }),
    });
    const pool = new BulkPool({ ...common, relay });
    const worker: ClusterWorker = new ClusterWorker(
      init,
      new OutputPrinter(arrivals),
      listener,
      pool,
    );
    if (settings.isLimited !== false) worker.#watchMemory(pressure);
    serveBulk(
      listener,
      {
        get: (id, _peer, part) => worker.#server.read(id, part),
        put: (id, bytes, _peer, facts) => worker.#fetcher.receive(id, bytes, facts),
      },
      {
        log: (remote, error) => {
          log.warn("{remote}: a transfer broke off: {error}", { remote, error: error.message });
        },
      },
    );
    await worker.#showStatus(settings, log);
    await worker.#join(settings);
    worker.host.start(lane, launched);
    return worker;
  }

  get address(): string {
    return this.#address;
  }

  /** Memory of the process, without room that its values have left free. */
  takenBytes(): number {
    return takenBytes(this.#readMemory());
  }

  /**
   * Ends the worker when its tasks have ended and others have what only it has, or after `graceMs`
   * (default `worker.lifetime.grace`); at once where the scheduler is out of reach.
   */
  async leave(reason: string, { restart = false, graceMs }: Leave = {}): Promise<void> {
    const mostMs = Math.min(graceMs ?? config.get("worker.lifetime.grace"), GRACE_MOST_MS);
    if (this.#isEnding || this.#graceTimer !== undefined) return;
    if (mostMs === 0 || this.#comm?.state !== "open") return await this.close(reason, { restart });
    this.#comm.send({ kind: "going", reason, restart, graceMs: mostMs });
    this.#graceTimer = setTimeout(() => {
      this.close(reason, { restart }).catch(() => undefined);
    }, mostMs + ANSWER_MS);
  }

  /** Ends the worker; the scheduler hears that it was meant. */
  async close(
    reason: string,
    { restart = false }: { readonly restart?: boolean | undefined } = {},
  ): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    clearInterval(this.#loadTimer);
    clearInterval(this.#memoryTimer);
    clearTimeout(this.#lifeTimer);
    clearTimeout(this.#graceTimer);
    this.#comm?.send({ kind: "leaving", reason });
    await this.#comm?.close(reason);
    await this.host.close();
    this.#pool.close();
    await this.#listener.close();
    await this.#status?.close();
    this.#output.close();
    removeFolder(this.#init.spillDirectory);
    this.onEnded({ reason, restart });
  }

  /** Opens the worker's own status port, where one is wanted. */
  async #showStatus(settings: WorkerSettings, log: EventLog): Promise<void> {
    const { dashboardAddress: address, name, threads, memoryLimitBytes, token } = settings;
    if (address === undefined) return;
    const { openWorkerStatus } = await import("./status/worker-source.ts");
    const own = { name, address: this.address, threads, memoryLimitBytes };
    const read = { load: () => this.host.load, takenBytes: () => this.takenBytes() };
    this.#status = await openWorkerStatus(
      { ...own, ...read },
      { address, token: token ?? makeToken() },
    );
    log.info("status of worker {name} at {url}", { name, url: this.#status.url });
  }

  async #join(settings: WorkerSettings): Promise<void> {
    const { threads, resources } = this.#init;
    const facts: WorkerHello = {
      name: settings.name,
      host: hostname(),
      pid: process.pid,
      threads,
      memoryLimitBytes: this.#init.memoryLimitBytes,
      processLimitBytes: settings.memoryLimitBytes,
      resources,
      addresses: [this.address],
      ...(this.#status === undefined ? {} : { dashboard: this.#status.url }),
      ...(settings.supervisor === undefined ? {} : { supervisor: settings.supervisor }),
      ...(settings.follows === undefined ? {} : { follows: settings.follows }),
    };
    this.#comm = await connect<ToWorker, FromWorker>(settings.scheduler[0] ?? "", {
      hello: ownHello("worker", settings.name, facts),
      token: settings.token,
      security: settings.security && new Security(settings.security),
      incoming: toWorker,
      outgoing: fromWorker,
      session: sessionTimers(),
      ...(settings.deathMs === undefined
        ? {}
        : { connectMs: settings.deathMs, reconnectMs: settings.deathMs }),
    });
    this.#comm.onMessages = (messages) => {
      for (const message of messages) this.#hear(message);
      this.host.wake();
    };
    this.#comm.onClosed = (error) => {
      const reason = error?.message ?? "the scheduler was closed";
      this.close(reason, { restart: error !== undefined }).catch(() => undefined);
    };
    this.#comm.onReconnected = ({ fresh }) => {
      if (!fresh) return;
      // The scheduler knows nothing of this worker any more: it hears what there is.
      this.host.tell({ kind: "rejoin" });
      this.host.wake();
    };
    this.#loadTimer = setInterval(() => {
      this.#comm?.send({ kind: "load", ...this.host.load });
    }, LOAD_MS);
    this.#loadTimer.unref();
    if (settings.lifetime !== undefined) this.#endAfter(settings.lifetime);
  }

  #readMemory(): MemoryReading {
    const { reachedBytes, usedBytes } = this.host.store.heap;
    const rssBytes = process.memoryUsage.rss();
    const { running, tableBytes } = this.host;
    return { rssBytes, reachedBytes, usedBytes, running, tableBytes };
  }

  /** Values make room, and tasks wait, when the process as a whole takes too much. */
  #watchMemory(pressure: MemoryPressure): void {
    const judge = (read: (reading: MemoryReading) => number): void => {
      const { isPaused: isShortBefore } = pressure;
      const memoryBytes = read(this.#readMemory());
      this.host.limitValues(pressure.valuesBytes, pressure.mostBytes);
      const { isPaused: isShort } = pressure;
      if (isShort !== isShortBefore) this.#comm?.send({ kind: "short", isShort, memoryBytes });
    };
    this.#measure = () => {
      judge((reading) => pressure.look(reading));
      return pressure.mostAtRestBytes;
    };
    this.#memoryTimer = setInterval(() => judge((reading) => pressure.read(reading)), MEMORY_MS);
    this.#memoryTimer.unref();
  }

  #endAfter(lifetime: Lifetime): void {
    const { restart } = lifetime;
    const afterMs = Math.min(TIMER_MOST_MS, lifeLeftMs(lifetime, Date.now(), Math.random()));
    this.#lifeTimer = setTimeout(() => {
      if (restart && this.onOver !== undefined) return this.onOver();
      this.leave("its lifetime is over", { restart }).catch(() => undefined);
    }, afterMs);
    this.#lifeTimer.unref();
  }

  #hear(message: ToWorker): void {
    if (this.#changes > 0 && message.kind !== "ask" && message.kind !== "stop") {
      this.#held.push(message);
      return;
    }
    switch (message.kind) {
      case "install": {
        const { base, count, serial, facts, body, ids, pages } = message;
        const which = { base, count, serial, ...(ids === undefined ? {} : { ids }) };
        const graph =
          pages === undefined
            ? { ...which, graph: facts, body: decodeImage(body) }
            : this.#paged.open(which, facts, body, pages);
        return this.host.tell({ kind: "install", graph });
      }
      case "page":
        return this.#paged.fill(message);
      case "uninstall":
        this.#paged.close(message.base);
        return this.host.tell(message);
      case "peers":
        return this.#fetcher.know(message.peers, message.gone);
      case "stop":
        this.close(message.reason, { restart: message.restart }).catch(() => undefined);
        return;
      case "ask":
        this.#answer(message.call, message.op).catch((error: unknown) => {
          this.#comm?.send({ kind: "warn", message: String(error) });
        });
        return;
      default:
        return this.host.tell(message);
    }
  }

  /** Does something beside tasks. No lease is taken while plugins are set up. */
  async #answer(call: number, op: WorkerOp): Promise<void> {
    const isChange = op.kind === "set-up" || op.kind === "tear-down";
    if (isChange) this.#changes++;
    const outcome = await settle(async () => await this.host.service.handle(op));
    this.#comm?.send({ kind: "told", call, outcome });
    if (isChange) this.#changes--;
    if (this.#changes > 0) return;
    const held = this.#held.splice(0);
    for (const message of held) this.#hear(message);
    if (held.length > 0) this.host.wake();
  }

  /** What tasks print is shown to the clients instead of here, or here again. */
  #forward(on: boolean): void {
    this.#output.drain();
    this.#output.onText = on
      ? (stream, text) => this.#comm?.send({ kind: "printed", stream, text })
      : undefined;
  }

  /** Tasks say something to the clients. */
  #say(saying: Saying, text: string): void {
    this.#hasSaid = true;
    if (saying === "warning") this.#comm?.send({ kind: "warn", message: text });
    else this.#comm?.send({ kind: "printed", stream: saying === "stdout" ? 1 : 2, text });
  }

  #sendInventory(inventory: Inventory): void {
    const words = this.host.store.wordsOf(inventory.ids, inventory.bytes);
    this.#comm?.send({ kind: "inventory", inventory: { ...inventory, ...words } });
  }

  #report(report: WorkerReport): void {
    // What a task has printed comes before its result.
    if (this.#hasSaid || this.#output.onText !== undefined) this.#output.drain();
    if (report.kind === "uninstalled" || report.kind === "durations") {
      return this.#comm?.sendSoon(report);
    }
    if (report.kind !== "finished") return this.#comm?.send(report as FromWorker);
    this.#comm?.send({ ...report, ...this.host.store.wordsOf(report.ids, report.bytes) });
  }
}

function memoryShares({ isLimited }: WorkerSettings): MemoryShares {
  const target = config.get("worker.memory.target");
  // Values go to disk also where the process itself has no limit.
  if (isLimited === false) return { target, spill: false, pause: false, terminate: false };
  return {
    target,
    spill: config.get("worker.memory.spill"),
    pause: config.get("worker.memory.pause"),
    terminate: config.get("worker.memory.terminate"),
  };
}
