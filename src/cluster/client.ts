/**
 * @file The client: what programs talk to. Its connection to an engine, from the beginning to the
 * end; what it is asked to do is in the classes that it extends.
 */
/// <reference lib="esnext.disposable" preserve="true" />

import { refuseClass } from "../codec/registry.ts";
import { HeddleError, isHeddleError } from "../core/errors.ts";
import type { Layer } from "../core/graph.ts";
import { checkFunction } from "../core/options.ts";
import { DISPLAY, inspectAsText } from "../core/symbols.ts";
import type { TaskGraph } from "../core/task-graph.ts";
import { CallSender } from "./call-sender.ts";
import { type ClientFacts, clientHtml, clientText } from "./client-html.ts";
import { setClientMaker } from "./client-maker.ts";
import { asOptions, type ClientOptions, type ClientTarget, engineFor } from "./client-target.ts";
import { ClientWork } from "./client-work.ts";
import type { Asker } from "./coordination/asker.ts";
import type { EngineHandle } from "./embedded.ts";
import { GraphSender } from "./graph-sender.ts";
import { closeLimits, type EngineLimits, openLimits } from "./limits.ts";
import type { EngineLink } from "./link.ts";
import type { ReadOptions } from "./run-collections.ts";
import type { TaskObserver } from "./watch.ts";

export type { SubmitOptions } from "./call-facts.ts";
export type { ClientOptions, ClientTarget } from "./client-target.ts";

const current: Client[] = [];

/**
 * A connection to an engine.
 *
 * @example
 * import { Client } from "heddle";
 * await Client.with({ embedded: true }, async (client) => {
 *   const future = client.submit((x: number) => x + 1, 41);
 *   console.log(await future.result()); // 42
 * });
 */
export class Client extends ClientWork {
  /**
   * Resolves when the engine can be used, a `LocalCluster` once the workers are there that it was
   * made with; from then on `threads` and `dashboardLink` are known. Rejects with `ConnectFailed`,
   * or with `CommClosed` where the cluster was closed. Calls need not wait for it.
   */
  readonly ready: Promise<void>;
  readonly #engine: EngineHandle;
  /** Ends what began with the client. */
  readonly #end: (() => Promise<void>) | undefined;
  readonly #link: EngineLink;
  /** @internal */
  protected override readonly graphs: GraphSender;
  /** @internal */
  protected override readonly calls: CallSender;
  #state: ClientFacts["state"] = "connecting";
  #closing: Promise<void> | undefined;

  /** Without arguments: of a local cluster that ends with the client. */
  constructor(target: ClientTarget = {}) {
    super();
    const { handle, end } = engineFor(target);
    this.#engine = handle;
    this.#end = end;
    this.#link = handle.connect();
    this.#link.owner = this;
    this.graphs = new GraphSender(this.#link, handle.workers, this);
    this.calls = new CallSender(this.#link, this.graphs);
    this.ready = this.#link.ready ?? handle.ready;
    this.ready.then(
      () => this.#become("connected"),
      () => this.#become("failed"),
    );
    const options: ClientOptions =
      typeof target === "object" && "engine" in target ? {} : asOptions(target);
    const setAsDefault = options.setAsDefault !== false;
    if (setAsDefault) {
      current.push(this);
      openLimits(handle);
    }
  }

  /** Runs `fn` with a client and closes it afterwards, whatever happens. */
  static async with<R>(target: ClientTarget, fn: (client: Client) => Promise<R> | R): Promise<R> {
    const client = new Client(target);
    try {
      return await fn(client);
    } finally {
      await client.close();
    }
  }

  /** The client made last that is still open; inside a task, the client of its engine. */
  static current(): Client | undefined {
    return current.at(-1);
  }

  /** Number of task threads. */
  get threads(): number {
    return this.#engine.threads;
  }

  /**
   * Where the cluster shows its state over HTTP, with the token; undefined where it does not, as on
   * the embedded engine, and before the client has connected.
   */
  get dashboardLink(): string | undefined {
    return this.#engine.dashboardLink;
  }

  /**
   * Writes a file by which other programs find the cluster: `new Client({ schedulerFile })`. It has
   * the cluster's token in it, so nobody else may read it. Errors: `NotSupported` on the embedded
   * engine, which no other program can reach; `FileInvalid`.
   */
  async writeSchedulerFile(path: string): Promise<void> {
    const access = await this.#engine.access?.();
    if (access === undefined) {
      throw new HeddleError(
        "NotSupported",
        "client.writeSchedulerFile: no other program can reach the engine in this one. Make a " +
          "cluster: new LocalCluster(), or heddle scheduler.",
      );
    }
    await this.ready;
    const { writeAccess } = await import("./write-access.ts");
    writeAccess(path, access);
  }

  /** @internal */
  override get coordination(): Asker {
    return this.#link.coordination;
  }

  /** @internal */
  protected override get link(): EngineLink {
    return this.#link;
  }

  /** @internal */
  protected override get isFixed(): boolean {
    return this.#engine.workers !== undefined;
  }

  /** @internal */
  get limits(): EngineLimits {
    return this.#engine;
  }

  /** @internal */
  override async runGraph(
    graph: TaskGraph,
    options: ReadOptions,
    observer?: TaskObserver,
  ): Promise<unknown[]> {
    return await this.graphs.run(graph, options, observer);
  }

  /** @internal */
  override async persistGraph(graph: TaskGraph): Promise<Layer> {
    return await this.graphs.persist(graph);
  }

  /**
   * Ends the connection: this client's futures are released. An engine of its own ends with it.
   * Waits for tasks that were given to `fireAndForget`.
   */
  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  /**
   * Ends the scheduler and all workers, for all clients, and this client with them. An engine in
   * this process ends likewise.
   */
  async shutdown(): Promise<void> {
    if (this.#engine.workers === undefined) {
      // The end may come before the answer.
      await this.#link.control({ kind: "shutdown" }).catch((error: unknown) => {
        if (!isHeddleError(error, "CommClosed")) throw error;
      });
      return await this.close();
    }
    await this.close();
    await this.#engine.close();
  }

  /**
   * Runs `use` with this client as the default one: the client of computations and of
   * `Client.current()` until what `use` gives has settled.
   */
  async asCurrent<R>(use: () => R | Promise<R>): Promise<R> {
    checkFunction("client.asCurrent", use, "async () => await x.compute()");
    current.push(this);
    openLimits(this.#engine);
    try {
      return await use();
    } finally {
      current.splice(current.lastIndexOf(this), 1);
      closeLimits(this.#engine);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  override toString(): string {
    return clientText(this.#facts());
  }

  /** A summary and a table of the workers, for notebooks. */
  async toHTML(): Promise<string> {
    const info = await this.schedulerInfo().catch(() => undefined);
    return clientHtml(this.#facts(), info);
  }

  /** A closed client stays closed. */
  #become(state: ClientFacts["state"]): void {
    if (this.#state !== "closed") this.#state = state;
  }

  #facts(): ClientFacts {
    const { address, threads, memoryLimitBytes, workerCount, workers, dashboardLink } =
      this.#engine;
    const count = workerCount ?? workers?.length ?? 0;
    const state = this.#state;
    return { state, address, workers: count, threads, memoryLimitBytes, dashboardLink };
  }

  /** How many of these tasks have ended, for progress. @internal */
  countSettled(ids: Int32Array): { done: number; failed: number } {
    return this.#link.countSettled(ids);
  }

  async #close(): Promise<void> {
    this.#become("closed");
    const at = current.indexOf(this);
    if (at >= 0) {
      current.splice(at, 1);
      closeLimits(this.#engine);
    }
    if (this.#link.isKeptOpen) await this.#link.mayClose();
    this.#link.close("the client was closed");
    await this.#end?.();
  }
}
inspectAsText(Client.prototype);
setClientMaker((cluster) => new Client(cluster));
// What notebooks that run JavaScript show.
Object.defineProperty(Client.prototype, DISPLAY, {
  async value(this: Client): Promise<Readonly<Record<string, string>>> {
    return { "text/html": await this.toHTML(), "text/plain": this.toString() };
  },
});
refuseClass(Client, {
  type: "Client",
  advice: "Call getClient() inside the task: it gives the client of the engine that runs it.",
});
