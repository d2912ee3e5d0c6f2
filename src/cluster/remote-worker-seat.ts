/**
 * @file A worker at the other end of a connection, as the scheduler sees it. Says where other
 * workers are reached before it names them.
 */
import type { Comm } from "../comm/index.ts";
import { HeddleError } from "../core/errors.ts";
import type { InstalledGraph, Needs } from "../machine/scheduler/events.ts";
import { type Outcome, unsettle, type WorkerOp } from "./control/ops.ts";
import type { WorkerOrder, WorkerSeat } from "./scheduler-host.ts";
import { GraphPages } from "./wire/graph-pages.ts";
import type { FromWorker, ToWorker } from "./wire/worker-messages.ts";
import type { WorkerHello } from "./worker-hello.ts";
import type { WorkerLoad } from "./worker-host.ts";

interface Asked {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class RemoteWorkerSeat implements WorkerSeat {
  readonly hello: WorkerHello;
  readonly facts: WorkerSeat["facts"];
  load: WorkerLoad = { memoryBytes: 0, peakBytes: 0, spilledBytes: 0, running: 0 };
  readonly host: string;
  readonly pid: number;
  readonly processLimitBytes: number;
  readonly dashboard: string | undefined;
  seenMs: number = Date.now();
  #nextCall = 1;
  /** Questions that have not been answered. */
  readonly #asked = new Map<number, Asked>();
  /** Who waits for its end. */
  readonly #ends: (() => void)[] = [];
  /** Nothing has been heard of it for a while. */
  isSilent = false;
  /** It has said that it is short of memory. */
  isShort = false;
  /** Why it goes, once it has said so. */
  leaving: string | undefined;
  /** Tasks that have been running for a while: they are blamed if its process dies. */
  working: Int32Array = new Int32Array(0);
  readonly #comm: Pick<Comm<FromWorker, ToWorker>, "send" | "sendSoon">;
  readonly #addressesOf: (worker: number) => readonly string[] | undefined;
  /** Workers that this one has been told of. */
  readonly #known = new Set<number>();
  /** Graphs that it gets in pages, by their first ids, with the pages that it has. */
  readonly #paged = new Map<number, { readonly pages: GraphPages; readonly has: Uint8Array }>();

  constructor(
    hello: WorkerHello,
    comm: Pick<Comm<FromWorker, ToWorker>, "send" | "sendSoon">,
    addressesOf: (worker: number) => readonly string[] | undefined,
  ) {
    const { name, threads, memoryLimitBytes, resources, addresses, host, pid } = hello;
    this.host = host;
    this.pid = pid;
    this.processLimitBytes = hello.processLimitBytes ?? memoryLimitBytes;
    this.dashboard = hello.dashboard;
    this.hello = hello;
    const address = addresses[0] as string;
    this.facts = { address, name, threads, memoryLimitBytes, resources };
    this.#comm = comm;
    this.#addressesOf = addressesOf;
  }

  tell(order: WorkerOrder): void {
    if (order.kind === "install") return this.#install(order.graph);
    if (order.kind === "uninstall") this.#paged.delete(order.base);
    if (order.kind === "lease" && this.#paged.size > 0) this.#sendPages(order.ids);
    if ((order.kind === "lease" || order.kind === "copy") && order.needs !== undefined) {
      this.#introduce(order.needs);
    }
    // The worker lets go of something: nobody waits for that.
    if (order.kind === "free" || order.kind === "uninstall") this.#comm.sendSoon(order);
    else this.send(order);
  }

  send(message: ToWorker): void {
    this.#comm.send(message);
  }

  async ask(op: WorkerOp): Promise<unknown> {
    const call = this.#nextCall++;
    return await new Promise((resolve, reject) => {
      this.#asked.set(call, { resolve, reject });
      this.send({ kind: "ask", call, op });
    });
  }

  /** It has answered a question. */
  told(call: number, outcome: Outcome): void {
    const asked = this.#asked.get(call);
    this.#asked.delete(call);
    try {
      asked?.resolve(unsettle(outcome));
    } catch (error) {
      asked?.reject(error);
    }
  }

  stop(reason: string, restart: boolean): void {
    this.send({ kind: "stop", reason, restart });
  }

  async restart(reason: string): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#ends.push(resolve));
    this.stop(reason, true);
    await ended;
  }

  /** It is gone: nothing that it was asked is answered any more. */
  lost(reason: string): void {
    const error = new HeddleError("CommClosed", `worker ${this.hello.name} is gone: ${reason}`);
    for (const { reject } of this.#asked.values()) reject(error);
    this.#asked.clear();
    for (const ended of this.#ends.splice(0)) ended();
  }

  /**
   * Another worker is gone. Also for those who never dealt with it: they may have heard from others
   * what it had (the runs of exchanges).
   */
  forget(worker: number, addresses: readonly string[]): void {
    this.#known.delete(worker);
    this.send({ kind: "peers", peers: [], gone: [{ worker, addresses }] });
  }

  /** It has the graph from before, and nobody knows which of its pages. */
  has(graph: InstalledGraph): void {
    const pages = GraphPages.of(graph);
    if (pages === undefined) return;
    this.#paged.set(graph.base, { pages, has: new Uint8Array(pages.length) });
  }

  #install(graph: InstalledGraph): void {
    this.has(graph);
    const { base, count, serial, graph: facts, body, ids } = graph;
    const pages = this.#paged.get(base)?.pages;
    const what = pages?.shape ?? { facts, body: body as Uint8Array };
    // Of a graph in pages their task ids come with the pages.
    const held = pages === undefined ? ids : ids?.subarray(0, 0);
    const which = held === undefined ? {} : { ids: held };
    this.send({ kind: "install", base, count, serial, ...what, ...which });
  }

  #sendPages(ids: Int32Array): void {
    for (let i = 0; i < ids.length; i++) {
      for (const { pages, has } of this.#paged.values()) {
        const local = ids[i]! - pages.base;
        if (local < 0 || local >= pages.count) continue;
        const number = Math.floor(local / pages.tasks);
        if (has[number] === 1) break;
        has[number] = 1;
        this.send({ kind: "page", ...pages.page(number) });
        break;
      }
    }
  }

  #introduce({ holders }: Needs): void {
    const unknown = new Set(holders.filter((worker) => !this.#known.has(worker)));
    if (unknown.size === 0) return;
    const peers = [...unknown].map((worker) => {
      this.#known.add(worker);
      return { worker, addresses: [...(this.#addressesOf(worker) ?? [])] };
    });
    this.send({ kind: "peers", peers, gone: [] });
  }
}
