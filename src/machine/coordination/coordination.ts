/**
 * @file The coordination machine: locks, events, semaphores, queues, variables, topics, metadata
 * and published datasets of one cluster. Pure: `step(events, nowMs)` changes the state and returns
 * commands. A scheduler runs it beside the scheduler machine.
 */
import type { Json } from "../../codec/registry.ts";
import { HeddleError, isHeddleError } from "../../core/errors.ts";
import { Datasets, type SavedDataset } from "./datasets.ts";
import { type Asking, Desk } from "./desk.ts";
import { EventFlags } from "./event-flags.ts";
import type {
  CoordinationCommand,
  CoordinationEvent,
  CoordinationOp,
  OpKind,
  OpOf,
  WaitingOp,
} from "./events.ts";
import { Leases, type SavedLeases } from "./leases.ts";
import { type CoordinationLimits, DEFAULT_LIMITS } from "./limits.ts";
import { Metadata } from "./metadata.ts";
import { Queues, type SavedQueue } from "./queues.ts";
import { type SavedTopic, Topics } from "./topics.ts";
import { type SavedVariable, Variables } from "./variables.ts";

/** All that a restarted scheduler needs to go on; plain data. */
export interface CoordinationSnapshot {
  readonly leases: SavedLeases;
  readonly events: readonly string[];
  readonly queues: readonly SavedQueue[];
  readonly variables: readonly SavedVariable[];
  readonly topics: readonly SavedTopic[];
  readonly metadata: Json;
  readonly datasets: readonly SavedDataset[];
  /** Requests that wait, in the order in which they came, with the time that is left to them. */
  readonly waiting: readonly {
    readonly client: number;
    readonly request: number;
    readonly op: WaitingOp;
  }[];
  /** Answers whose tasks the clients have not confirmed yet. */
  readonly delivered: readonly {
    readonly client: number;
    readonly request: number;
    readonly tasks: Int32Array;
  }[];
}

type Handlers = { readonly [K in OpKind]: (at: Asking, op: OpOf<K>) => void };

export class CoordinationMachine {
  readonly #desk: Desk;
  readonly #leases: Leases;
  readonly #events: EventFlags;
  readonly #queues: Queues;
  readonly #variables: Variables;
  readonly #topics: Topics;
  readonly #metadata: Metadata;
  readonly #datasets: Datasets;
  readonly #handlers: Handlers;
  /** The time for which `wake` was said last. */
  #wakeMs: number | undefined;

  constructor(limits: Partial<CoordinationLimits> = {}) {
    this.#desk = new Desk({ ...DEFAULT_LIMITS, ...limits });
    this.#leases = new Leases(this.#desk);
    this.#events = new EventFlags(this.#desk);
    this.#queues = new Queues(this.#desk);
    this.#variables = new Variables(this.#desk);
    this.#topics = new Topics(this.#desk);
    this.#metadata = new Metadata(this.#desk);
    this.#datasets = new Datasets(this.#desk);
    this.#handlers = this.#makeHandlers();
  }

  /**
   * Handles events in order, then what is due: a renewal that has come counts before its lease
   * lapses. `nowMs` must not go back; it becomes the time of topics' events.
   */
  step(events: readonly CoordinationEvent[], nowMs: number): CoordinationCommand[] {
    this.#desk.nowMs = Math.max(nowMs, this.#desk.nowMs);
    for (const event of events) this.#handle(event);
    this.#desk.deadlines.run(this.#desk.nowMs);
    const { nextMs } = this.#desk.deadlines;
    if (nextMs !== this.#wakeMs) {
      this.#wakeMs = nextMs;
      this.#desk.say({ kind: "wake", atMs: nextMs });
    }
    return this.#desk.take();
  }

  /** The state as plain data. What it holds must not be changed. */
  snapshot(): CoordinationSnapshot {
    const { nowMs } = this.#desk;
    return {
      leases: this.#leases.save(),
      events: this.#events.save(),
      queues: this.#queues.save(),
      variables: this.#variables.save(),
      topics: this.#topics.save(),
      metadata: this.#metadata.save(),
      datasets: this.#datasets.save(),
      waiting: Array.from(this.#desk.waiting, ({ client, request, op, deadline }) => {
        const leftMs = Math.max(0, deadline.atMs - nowMs);
        const isLimited = op.timeoutMs !== undefined && leftMs < Number.POSITIVE_INFINITY;
        return { client, request, op: isLimited ? { ...op, timeoutMs: leftMs } : op };
      }),
      delivered: this.#desk.delivered,
    };
  }

  /**
   * A machine that goes on where the other was, and its first commands (`want`, `wake`). Clients
   * that do not come back must be reported as `client-left`. Each lease has its whole time again.
   */
  static restore(
    saved: CoordinationSnapshot,
    nowMs: number,
    limits: Partial<CoordinationLimits> = {},
  ): { machine: CoordinationMachine; commands: CoordinationCommand[] } {
    const machine = new CoordinationMachine(limits);
    const desk = machine.#desk;
    desk.nowMs = nowMs;
    machine.#leases.load(saved.leases);
    machine.#events.load(saved.events);
    machine.#queues.load(saved.queues);
    machine.#variables.load(saved.variables);
    machine.#topics.load(saved.topics);
    machine.#metadata.load(saved.metadata);
    machine.#datasets.load(saved.datasets);
    for (const { client, request, tasks } of saved.delivered) {
      desk.keepFor(client, request, tasks);
    }
    const waiting = saved.waiting.map((asked) => ({ kind: "ask", ...asked }) as const);
    return { machine, commands: machine.step(waiting, nowMs) };
  }

  /** What is kept, in numbers. */
  get totals(): { names: number; bytes: number; waiting: number; tasks: number } {
    return this.#desk.totals;
  }

  /** Throws `InvariantViolated` when the state contradicts itself; for tests. */
  validate(): void {
    this.#leases.validate();
    this.#queues.validate();
  }

  #handle(event: CoordinationEvent): void {
    switch (event.kind) {
      case "ask":
        return this.#ask(event);
      case "cancel":
        return this.#desk.cancel(event);
      case "confirm":
        return this.#desk.confirm(event);
      case "client-left":
        this.#desk.clientLeft(event.client);
        this.#leases.clientLeft(event.client);
        return this.#topics.clientLeft(event.client);
    }
  }

  #ask(event: Extract<CoordinationEvent, { kind: "ask" }>): void {
    // Asked again after a new start of the connection.
    if (this.#desk.isWaiting(event)) return;
    try {
      this.#run(event, event.op);
    } catch (error) {
      if (!isHeddleError(error) || error.code === "InvariantViolated") throw error;
      this.#desk.refuse(event, error);
    }
  }

  #run(at: Asking, op: CoordinationOp): void {
    if (!Object.hasOwn(this.#handlers, op.kind)) {
      throw new HeddleError("NotSupported", `no such operation: ${String(op.kind)}`);
    }
    const handle = this.#handlers[op.kind] as (at: Asking, op: CoordinationOp) => void;
    handle(at, op);
  }

  #makeHandlers(): Handlers {
    const [leases, flags, queues] = [this.#leases, this.#events, this.#queues];
    const [variables, topics] = [this.#variables, this.#topics];
    const [metadata, datasets] = [this.#metadata, this.#datasets];
    return {
      acquire: (at, op) => leases.acquire(at, op),
      "release-lease": (at, op) => leases.release(at, op),
      renew: (at, op) => leases.renew(at, op),
      "lease-count": (at, op) => leases.countHeld(at, op),
      "semaphore-open": (at, op) => leases.open(at, op),
      "semaphore-close": (at, op) => leases.close(at, op),
      "event-set": (at, op) => flags.set(at, op),
      "event-clear": (at, op) => flags.clear(at, op),
      "event-is-set": (at, op) => flags.isSet(at, op),
      "event-wait": (at, op) => flags.wait(at, op),
      "queue-put": (at, op) => queues.put(at, op),
      "queue-get": (at, op) => queues.get(at, op),
      "queue-size": (at, op) => queues.size(at, op),
      "queue-close": (at, op) => queues.close(at, op),
      "variable-get": (at, op) => variables.get(at, op),
      "variable-set": (at, op) => variables.set(at, op),
      "variable-delete": (at, op) => variables.delete(at, op),
      "topic-publish": (at, op) => topics.publish(at, op),
      "topic-events": (at, op) => topics.history(at, op),
      "topic-subscribe": (at, op) => topics.subscribe(at, op),
      "topic-unsubscribe": (at, op) => topics.unsubscribe(at, op),
      "metadata-set": (at, op) => metadata.set(at, op),
      "metadata-get": (at, op) => metadata.get(at, op),
      "dataset-publish": (at, op) => datasets.publish(at, op),
      "dataset-get": (at, op) => datasets.get(at, op),
      "dataset-unpublish": (at, op) => datasets.unpublish(at, op),
      "dataset-list": (at) => datasets.list(at),
    };
  }
}
