/**
 * @file The embedded engine: a scheduler and one worker on one control thread, run together until
 * neither has anything to say, with clients in the same process that read values where they lie.
 */
import { hostname } from "node:os";
import type { MessagePort } from "node:worker_threads";
import { assert } from "../core/errors.ts";
import type { SchedulerEvent } from "../machine/scheduler/events.ts";
import type { WorkerEvent } from "../machine/worker/events.ts";
import type { ValueMessage } from "./client-seats.ts";
import { LocalReads } from "./local-reads.ts";
import type { ClientMessage, EngineMessage } from "./messages.ts";
import { SchedulerHost } from "./scheduler-host.ts";
import { ADDRESS, type EngineInit, type LaneSpec, type LaunchedThread } from "./thread-launch.ts";
import { WorkerHost } from "./worker-host.ts";

/** While tasks run, clients are told of results this often. */
const CLIENT_BATCH_MS = 1;

export class Engine {
  readonly scheduler: SchedulerHost;
  readonly worker: WorkerHost;
  readonly #reads: LocalReads;
  readonly #number: number;
  #clientsToldMs = 0;

  /** The task threads have been started; what they run comes from here. */
  constructor(init: EngineInit, lane: LaneSpec, launched: readonly LaunchedThread[]) {
    const { allowedFailures, threads, memoryLimitBytes, resources } = init;
    const options = { allowedFailures, address: () => ADDRESS };
    this.scheduler = new SchedulerHost(options, () => this.worker.wake());
    const { clients } = this.scheduler;
    this.worker = new WorkerHost(init, {
      turn: () => this.#turn(),
      report: (report) => this.scheduler.report(this.#number, report),
      warn: (message) => clients.warn(message),
      collect: () => clients.collect(performance.now()),
      pinned: (reader, missing) => this.#reads.pinned(reader, missing),
      taken: () => assert(false, "clients share the memory"),
      inventory: () => assert(false, "the only scheduler is never lost"),
      fetch: () => assert(false, "the only worker holds every value"),
      connectClient: (port) => this.connect(port),
      share: (message) => clients.broadcast(message),
    });
    this.#reads = new LocalReads({
      tellWorker: (event) => this.#tellWorker(event),
      answer: (client, message) => {
        clients.post(client, message);
        return clients.has(client);
      },
    });
    const { worker } = this;
    this.#number = this.scheduler.addWorker({
      facts: { address: ADDRESS, threads, memoryLimitBytes, resources, leasesMax: 4096 },
      host: hostname(),
      pid: process.pid,
      isFixed: true,
      get load() {
        return worker.load;
      },
      get seenMs() {
        return Date.now();
      },
      tell: (order) => worker.tell(order),
      ask: (op) => worker.service.handle(op),
      restart: async () => {
        await worker.service.handle({ kind: "restart-threads" });
      },
      stop: () => undefined,
    });
    worker.start(lane, launched);
  }

  connect(port: MessagePort): void {
    const { clients } = this.scheduler;
    const client = clients.add({
      post: (messages) => port.postMessage(messages),
      values: (from, message) => this.#values(from, message),
      left: (from) => this.#reads.left(from),
    });
    const { heap, buffers } = this.worker.store;
    const known: EngineMessage[] = [
      ...heap.memories.map((memory) => ({ kind: "arena", memory }) as const),
      ...buffers.map((buffer) => ({ kind: "page", buffer }) as const),
    ];
    if (known.length > 0) port.postMessage(known);
    port.on("message", (messages: ClientMessage[]) => clients.receive(client, messages));
    port.on("close", () => clients.remove(client));
  }

  async close(): Promise<void> {
    await this.worker.close();
  }

  #tellWorker(event: WorkerEvent): void {
    this.worker.tell(event);
    this.worker.wake();
  }

  #values(client: number, message: ValueMessage): void {
    if (message.kind === "read") this.#reads.begin(client, message.request, message.ids);
    else if (message.kind === "unpin") this.#reads.end(client, message.request);
    else if ("values" in message) {
      this.#adopt(client, message.request, message.name, message.values);
    }
  }

  /** Puts a client's own values into the heap as tasks that are in memory already. */
  #adopt(client: number, request: number, name: string, values: readonly Uint8Array[]): void {
    // The machine gives the ids; the values are stored under them before anything else can ask for
    // them.
    const bytes = Float64Array.from(values, (value) => value.length);
    const worker = this.#number;
    const count = values.length;
    const event: SchedulerEvent = { kind: "adopt", client, request, worker, count, bytes, name };
    this.#flush();
    const commands = this.scheduler.handleNow(event, performance.now());
    const accepted = commands.find((c) => c.kind === "accepted");
    if (accepted?.kind === "accepted") {
      const ids = Int32Array.from(values, (_, i) => accepted.base + i);
      const lost = this.worker.hold(ids, values);
      if (lost.length > 0) this.scheduler.report(worker, { kind: "lost", ids: lost });
    }
    this.scheduler.obey(commands);
    this.worker.wake();
  }

  /** Runs both machines until neither has anything to say. */
  #flush(): boolean {
    let worked = false;
    for (let more = true; more; ) {
      more = this.worker.step();
      if (this.scheduler.step(performance.now())) more = true;
      worked ||= more;
    }
    return worked;
  }

  #turn(): boolean {
    const worked = this.#flush();
    // While much runs, clients hear of many tasks at a time; when nothing runs, they hear at once.
    const nowMs = performance.now();
    const isIdle = !worked || this.worker.running === 0;
    if (isIdle || nowMs - this.#clientsToldMs > CLIENT_BATCH_MS) {
      this.#clientsToldMs = nowMs;
      this.scheduler.tellWatchers();
      this.scheduler.clients.flush();
    }
    return worked;
  }
}
