/**
 * @file A client without an engine behind it but the simulated one: the real machine, messages that
 * take their time, and the checks that a client can make (what it reads is what it asked for).
 */
import { assert } from "../core/errors.ts";
import { ClientMachine, STATUS } from "../machine/client/client.ts";
import type { SchedulerCommand, SchedulerEvent } from "../machine/scheduler/events.ts";
import type { SimGraph } from "./random-graph.ts";

export type SimStatus = "finished" | "error" | "cancelled" | "pending";

type News = Extract<SchedulerCommand, { client: number }>;
type Placed = (outputs: number[]) => void;

/** Brings a value, the one of this index among those of its scatter, to a worker. */
export type Put = (to: {
  readonly id: number;
  readonly index: number;
  readonly worker: number;
  readonly epoch: number;
}) => void;

export class SimClient {
  readonly number: number;
  readonly machine: ClientMachine = new ClientMachine();
  /** Values that came with the news that they are there. */
  readonly words: Map<number, number> = new Map();
  #hasLeft = false;
  /** Cut off from the scheduler: what is said goes nowhere. */
  isAway = false;
  readonly #tell: (event: SchedulerEvent) => void;
  readonly #requests = new Map<
    number,
    { idsOf: (locals: Int32Array) => Int32Array; placed: Placed; outputs: Int32Array }
  >();
  /** Requests that have not been answered. */
  readonly #asked = new Map<number, SchedulerEvent>();
  /** How values are brought, by request; and where the ids of each begin. */
  readonly #puts = new Map<number, { readonly put: Put; base: number }>();
  #request = 0;
  #seen = 0;

  constructor(number: number, send: (event: SchedulerEvent) => void) {
    this.number = number;
    this.#tell = send;
  }

  #send(event: SchedulerEvent): void {
    if ("request" in event) this.#asked.set(event.request, event);
    if (!this.isAway) this.#tell(event);
  }

  /**
   * The scheduler is there again, and may not have heard what was said last. `outputsOf`: of a
   * request that it has accepted.
   */
  comeBack(outputsOf: (client: number, request: number) => Int32Array | undefined): void {
    this.isAway = false;
    const { number: client } = this;
    if (this.#hasLeft) return this.#tell({ kind: "client-left", client });
    const again: SchedulerEvent[] = [];
    const outputs: number[] = [];
    for (const [request, event] of this.#asked) {
      const known = outputsOf(client, request);
      if (known === undefined) again.push(event);
      else outputs.push(...known);
    }
    const kept = Int32Array.from(outputs);
    this.#tell({ kind: "rejoined", client, ids: this.machine.referred(), kept });
    this.#tell({ kind: "want", client, ids: kept });
    for (const event of again) this.#tell(event);
  }

  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  /**
   * Submits a graph; `placed` gets the ids of its outputs, which the client refers to from then on.
   */
  submit(graph: SimGraph, parent: number | undefined, placed: Placed): void {
    const request = this.#expect(graph.facts.outputs, placed);
    this.#send({
      kind: "graph",
      client: this.number,
      request,
      graph: graph.facts,
      body: graph,
      ...(parent === undefined ? {} : { parent }),
    });
  }

  /** Puts values on the worker, as `scatter` does. */
  adopt(worker: number, name: string, bytes: Float64Array, placed: Placed): void {
    const outputs = Int32Array.from(bytes, (_, i) => i);
    const request = this.#expect(outputs, placed);
    const { number: client } = this;
    this.#send({ kind: "adopt", client, request, worker, count: bytes.length, bytes, name });
  }

  /** Brings values to workers of the scheduler's choice; `put` brings them. */
  scatter(name: string, bytes: Float64Array, broadcast: number, put: Put, placed: Placed): void {
    const outputs = Int32Array.from(bytes, (_, i) => i);
    const request = this.#expect(outputs, placed);
    this.#puts.set(request, { put, base: -1 });
    const { number: client } = this;
    const count = bytes.length;
    this.#send({ kind: "scatter", client, request, count, bytes, name, broadcast });
  }

  #put(news: Extract<News, { kind: "placed" }>): void {
    const known = this.#puts.get(news.request);
    if (known === undefined) return;
    // The first time all are named; later some are brought elsewhere.
    if (known.base < 0) known.base = news.base;
    news.workers.forEach((worker, i) => {
      const id = news.base + i;
      // It has no place yet, or never will.
      if (worker < 0) return;
      known.put({ id, index: id - known.base, worker, epoch: news.epochs[i]! });
    });
  }

  /** The worker cannot be reached: the scheduler names another one. */
  unplaced(id: number, epoch: number): void {
    const { number: client } = this;
    const [ids, epochs] = [Int32Array.of(id), Int32Array.of(epoch)];
    if (!this.#hasLeft) this.#send({ kind: "unplaced", client, ids, epochs });
  }

  #expect(outputs: Int32Array, placed: Placed): number {
    const request = ++this.#request;
    this.#requests.set(request, { idsOf: (locals) => locals, placed, outputs });
    return request;
  }

  /** Nothing is said or heard any more. */
  leave(): void {
    this.#hasLeft = true;
    this.#send({ kind: "client-left", client: this.number });
  }

  /** Its process is gone; false when the scheduler does not know it at present. */
  end(): boolean {
    this.#hasLeft = true;
    return !this.isAway;
  }

  release(ids: readonly number[]): void {
    const last = this.machine.release(Int32Array.from(ids));
    if (last.length === 0 || this.#hasLeft) return;
    this.#send({ kind: "release", client: this.number, ids: last, seen: this.#seen });
  }

  cancel(ids: readonly number[], force: boolean): void {
    this.#send({ kind: "cancel", client: this.number, ids: Int32Array.from(ids), force });
  }

  /** Tries those of the ids again that have failed. */
  retry(ids: readonly number[]): void {
    const failed = Int32Array.from(ids.filter((id) => this.statusOf(id) === "error"));
    this.machine.reset(failed);
    if (failed.length > 0) this.#send({ kind: "retry", client: this.number, ids: failed });
  }

  /** Calls `done` when all have settled, if it is still wanted then: not once they are released. */
  settled(ids: readonly number[], done: () => void, isWanted: () => boolean = () => true): void {
    this.machine.wait(ids, () => {
      if (this.#hasLeft || !isWanted()) return;
      const pending = ids.filter((id) => this.statusOf(id) === "pending");
      if (pending.length === 0) done();
      else this.settled(pending, () => this.settled(ids, done, isWanted), isWanted);
    });
  }

  hear(news: News): void {
    if (this.#hasLeft) return;
    switch (news.kind) {
      case "accepted": {
        const { request, base, ids } = news;
        const { placed, outputs } = this.#requests.get(request)!;
        this.#requests.delete(request);
        this.#asked.delete(request);
        this.#seen = request;
        const own = Array.from(outputs, (local) => ids?.[local] ?? base + local);
        for (const id of own) this.machine.retain(id);
        placed(own);
        return;
      }
      case "done":
        news.ids.forEach((id, i) => {
          if (news.tags !== undefined && news.tags[i] !== 0) this.words.set(id, news.words![i]!);
          else this.words.delete(id);
        });
        return this.machine.done(news.ids);
      case "placed":
        return this.#put(news);
      case "failed":
        return this.machine.failed(news.ids, news);
      case "cancelled":
        return this.machine.cancelled(news.ids);
      case "reset":
        return this.machine.reset(news.ids);
    }
  }

  statusOf(id: number): SimStatus {
    const status = this.machine.statusOf(id);
    assert(status !== STATUS.unknown, `client ${this.number} has let go of task ${id}`);
    if (status === STATUS.finished) return "finished";
    if (status === STATUS.error) return "error";
    return status === STATUS.cancelled ? "cancelled" : "pending";
  }
}
