/**
 * @file The client: what programs talk to. Hands graphs and calls to an engine and gives back
 * futures.
 */
/// <reference lib="esnext.disposable" preserve="true" />

import { refuseClass } from "../codec/registry.ts";
import { isCollection } from "../core/collection.ts";
import { HeddleError, isHeddleError } from "../core/errors.ts";
import type { Layer, TaskFunction } from "../core/graph.ts";
import { checkOptionNames } from "../core/options.ts";
import { DISPLAY, inspectAsText } from "../core/symbols.ts";
import type { TaskGraph } from "../core/task-graph.ts";
import { type ActorMaker, actorMaker } from "./actor-maker.ts";
import { type ActorOptions, checkSubmitOptions, type SubmitOptions } from "./call-facts.ts";
import { CallSender } from "./call-sender.ts";
import {
  type ClientComputeOptions,
  checkComputable,
  checkComputeOptions,
  runnerWith,
} from "./client-compute.ts";
import { ClusterControl } from "./client-control.ts";
import { type ClientFacts, clientHtml, clientText } from "./client-html.ts";
import { setClientMaker } from "./client-maker.ts";
import { asOptions, type ClientOptions, type ClientTarget, engineFor } from "./client-target.ts";
import type { Asker } from "./coordination/asker.ts";
import { type DictGraph, submitDict } from "./dict-graph.ts";
import type { EngineHandle } from "./embedded.ts";
import { ClientExecutor } from "./executor.ts";
import { Future, FutureList } from "./future.ts";
import { futuresOf } from "./futures-of.ts";
import { checkGathered, checkGatherOptions, type GatherOptions, gatherAll } from "./gather.ts";
import { type Futures, futuresIn } from "./given-futures.ts";
import { GraphSender } from "./graph-sender.ts";
import { closeLimits, type EngineLimits, openLimits } from "./limits.ts";
import type { EngineLink } from "./link.ts";
import { computeOn, type GraphRunner, persistOn, type ReadOptions } from "./run-collections.ts";
import { type ScatterOptions, scatterOn } from "./scatter.ts";
import { waitsForCalls } from "./turn.ts";
import type {
  Computable,
  ComputedFutures,
  ComputedValues,
  Gathered,
  Lazy,
  LazyLists,
  Persisted,
} from "./types.ts";
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
export class Client extends ClusterControl implements GraphRunner {
  /**
   * Resolves when the engine can be used, a `LocalCluster` once the workers are there that it was
   * made with; rejects with `ConnectFailed`. Calls need not wait for it.
   */
  readonly ready: Promise<void>;
  readonly #engine: EngineHandle;
  /** Ends what began with the client. */
  readonly #end: (() => Promise<void>) | undefined;
  readonly #link: EngineLink;
  readonly #graphs: GraphSender;
  readonly #calls: CallSender;
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
    this.#graphs = new GraphSender(this.#link, handle.workers, this);
    this.#calls = new CallSender(this.#link, this.#graphs);
    this.ready = handle.ready;
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

  /**
   * Runs `fn(...args)` on the engine and returns at once. Arguments may be futures, delayed values
   * and collections, or arrays, objects, maps and sets with such inside: the task gets their
   * values.
   *
   * Errors: `NotSerializable` naming what cannot travel, `NoWorkers` and `ResourceUnsatisfied` for
   * what no worker may run; at `result()` `TaskFailed`.
   */
  submit<A extends unknown[], R>(
    fn: (...args: A) => R | Promise<R>,
    ...args: Lazy<A>
  ): Future<Awaited<R>> {
    return this.#calls.submit({}, fn as TaskFunction, args) as Future<Awaited<R>>;
  }

  /**
   * Runs `fn` once for each element of the lists, as many times as the shortest has elements; one
   * message, one range of tasks. Elements may be whatever `submit` takes.
   */
  map<A extends unknown[], R>(
    fn: (...args: A) => R | Promise<R>,
    ...lists: LazyLists<A>
  ): FutureList<Awaited<R>> {
    return this.#calls.map({}, fn as TaskFunction, lists) as FutureList<Awaited<R>>;
  }

  /** The same client with options for the tasks it submits. */
  options(options: ActorOptions): ActorMaker;
  options(options: SubmitOptions): Pick<Client, "submit" | "map">;
  options(options: SubmitOptions): Pick<Client, "submit" | "map"> | ActorMaker {
    checkSubmitOptions(options);
    if (options.actor === true) {
      const isFixed = this.#engine.workers !== undefined;
      return actorMaker(options, isFixed, (...given) => this.#calls.submit(...given));
    }
    const plain: Pick<Client, "submit" | "map"> = {
      submit: (fn, ...args) => this.#calls.submit(options, fn as TaskFunction, args) as never,
      map: (fn, ...lists) => this.#calls.map(options, fn as TaskFunction, lists) as never,
    };
    return plain;
  }

  /**
   * The values of futures: of one, of a list, or of any nesting of arrays and plain objects with
   * futures inside. `errors: "skip"` leaves failed tasks out.
   */
  async gather<T>(futures: T, options: GatherOptions = {}): Promise<Gathered<T>> {
    checkGathered(futures);
    checkGatherOptions(options);
    return (await gatherAll(futures, options)) as Gathered<T>;
  }

  /**
   * Puts values into the engine and returns their futures: one for each element of an array, else
   * one for the value. `broadcast` asks for a copy on every worker, `workers` (names or addresses)
   * for these; the embedded engine has one worker, so they change nothing there.
   */
  scatter<T>(values: readonly T[], options?: ScatterOptions): FutureList<T>;
  scatter<T>(value: T, options?: ScatterOptions): Future<T>;
  scatter(...given: [value?: unknown, options?: ScatterOptions]): unknown {
    return scatterOn(this.#link, given);
  }

  /**
   * Starts computing a collection, or several in one pass, and returns at once: a future of the
   * value, or a list of futures. With `sync: true` it resolves to the values instead. The other
   * options go to every task that has none of its own.
   *
   * Errors: `InvalidArgument` for what is no lazy collection.
   *
   * @example
   * import { Client, delayed } from "heddle";
   * await Client.with({ embedded: true }, async (client) => {
   *   const [one, two] = client.compute([delayed(Math.min)(1, 2), delayed(Math.max)(1, 2)]);
   *   console.log(await one.result(), await two.result()); // 1 2
   * });
   */
  compute<const T extends Computable>(
    collections: T,
    options: ClientComputeOptions & { readonly sync: true },
  ): Promise<ComputedValues<T>>;
  compute<const T extends Computable>(
    collections: T,
    options?: ClientComputeOptions,
  ): ComputedFutures<T>;
  compute(given: Computable, options: ClientComputeOptions = {}): unknown {
    const collections = checkComputable("client.compute", given);
    const { run, tasks, sync } = checkComputeOptions("client.compute", options);
    const isOne = isCollection(given);
    if (sync) {
      const values = computeOn(async () => runnerWith(this, tasks), collections, {
        ...run,
        scheduler: this,
      });
      return isOne ? values.then(([value]) => value) : values;
    }
    const lazy = this.#graphs.newLazy();
    if (collections.some(waitsForCalls)) this.#calls.endCalls();
    const locals = collections.map((collection) => lazy.add(collection));
    const futures = locals.map((at) => new Future(lazy.submission, at, lazy.keyOf(at)));
    this.#graphs.sendLazy(lazy, run, tasks);
    return isOne ? futures[0] : futures;
  }

  /**
   * Starts a collection, or several in one pass, and resolves to the same collections over values
   * that the engine keeps.
   */
  async persist<const T extends Computable>(
    given: T,
    options: Omit<ClientComputeOptions, "sync"> = {},
  ): Promise<Persisted<T>> {
    const collections = checkComputable("client.persist", given);
    const { run, tasks } = checkComputeOptions("client.persist", options);
    const kept = await persistOn(async () => runnerWith(this, tasks), collections, {
      ...run,
      scheduler: this,
    });
    return (isCollection(given) ? kept[0] : kept) as Persisted<T>;
  }

  /**
   * This client as an executor, for code that wants promises of values and no futures: each call is
   * run, also when an equal one was (`pure: false`), unless the options say otherwise.
   */
  getExecutor(options: SubmitOptions = {}): ClientExecutor {
    return new ClientExecutor(this.options({ pure: false, ...options }));
  }

  /**
   * The values of some keys of a graph that is written as an object: a key names a task
   * `[fn, ...args]`, another key, a list of such, or a value. Errors: `CycleInGraph`.
   *
   * @example
   * import { Client } from "heddle";
   * const add = (x: number, y: number) => x + y;
   * await Client.with({ embedded: true }, async (client) => {
   *   console.log(await client.get({ x: 1, y: [add, "x", 2] }, "y")); // 3
   * });
   */
  async get(graph: DictGraph, key: string): Promise<unknown>;
  async get(graph: DictGraph, keys: readonly string[]): Promise<unknown[]>;
  async get(graph: DictGraph, keys: string | readonly string[]): Promise<unknown> {
    const wanted = typeof keys === "string" ? [keys] : keys;
    const found = submitDict(graph, wanted, (fn, args) => this.#calls.submit({}, fn, args));
    const values = await this.gather(found);
    return typeof keys === "string" ? values[0] : values;
  }

  /** Cancels futures that nobody else wants; with `force`, for everybody. */
  async cancel(futures: Futures, options: { force?: boolean } = {}): Promise<void> {
    checkOptionNames("client.cancel", options, ["force"]);
    if (futures instanceof FutureList) return await futures.cancel(options);
    const list = futuresIn("client.cancel", futures);
    await Promise.all(list.map((future) => future.cancel(options)));
  }

  /**
   * The futures in a value: in lists, arrays and plain objects; of a persisted collection, one for
   * each task that it keeps. Errors: `InvalidArgument` for a collection that was not persisted
   * here.
   */
  futuresOf(given: unknown): Future[] {
    return futuresOf(this.#link, given);
  }

  /** Tries failed futures again. */
  async retry(futures: Futures): Promise<void> {
    const list = futuresIn("client.retry", futures);
    await Promise.all(list.map((future) => future.retry()));
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
  get limits(): EngineLimits {
    return this.#engine;
  }

  /** @internal */
  async runGraph(
    graph: TaskGraph,
    options: ReadOptions,
    observer?: TaskObserver,
  ): Promise<unknown[]> {
    return await this.#graphs.run(graph, options, observer);
  }

  /** @internal */
  async persistGraph(graph: TaskGraph): Promise<Layer> {
    return await this.#graphs.persist(graph);
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
