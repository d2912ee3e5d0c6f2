/**
 * @file The client: what programs talk to. Hands graphs and calls to an engine and gives back
 * futures.
 */
/// <reference lib="esnext.disposable" preserve="true" />

import { refuseClass } from "../codec/registry.ts";
import type { Security } from "../comm/security.ts";
import { isCollection } from "../core/collection.ts";
import { HeddleError, isHeddleError } from "../core/errors.ts";
import type { Layer, TaskFunction, TaskOptions } from "../core/graph.ts";
import { checkOptionNames } from "../core/options.ts";
import { placementProblem } from "../core/placement.ts";
import { DISPLAY, inspectAsText } from "../core/symbols.ts";
import type { TaskGraph } from "../core/task-graph.ts";
import { checkFlag } from "../core/task-options.ts";
import { tokenize } from "../core/token.ts";
import { encodeShared } from "../threads/graph-image.ts";
import { currentTask } from "../threads/task-context.ts";
import { typeName } from "../threads/value-kinds.ts";
import { type ActorMaker, actorMaker, placesOfActors } from "./actor-maker.ts";
import {
  type ActorOptions,
  callFacts,
  checkArguments,
  checkFunction,
  checkSubmitOptions,
  type SubmitOptions,
} from "./call-facts.ts";
import {
  type ClientComputeOptions,
  checkComputable,
  checkComputeOptions,
  runnerWith,
  withOptions,
} from "./client-compute.ts";
import { ClusterControl } from "./client-control.ts";
import { type ClientFacts, clientHtml, clientText } from "./client-html.ts";
import type { Asker } from "./coordination/asker.ts";
import { type EngineHandle, type EngineOptions, embeddedEngine, startEngine } from "./embedded.ts";
import { Future, FutureList, Submission } from "./future.ts";
import { futuresOf } from "./futures-of.ts";
import { checkGathered, checkGatherOptions, type GatherOptions, gatherAll } from "./gather.ts";
import { type Futures, futuresIn } from "./given-futures.ts";
import {
  type GraphMessage,
  graphMessage,
  type Progress,
  ProgressTeller,
  withHeld,
} from "./graph-message.ts";
import { GraphCounter } from "./graph-progress.ts";
import { heldLayer, keepOutputs } from "./held-layer.ts";
import { largeValueWarning } from "./large-values.ts";
import { LazyInputs } from "./lazy-inputs.ts";
import { closeLimits, type EngineLimits, openLimits } from "./limits.ts";
import type { Accepted, EngineLink } from "./link.ts";
import { LocalCluster } from "./local-cluster.ts";
import { RemoteEngine } from "./remote-engine.ts";
import {
  type ComputeOptions,
  computeOn,
  type GraphRunner,
  persistOn,
  type ReadOptions,
} from "./run-collections.ts";
import { CallBatch, type DraftGraph, graphOfMap, listOf } from "./submission.ts";
import { Turn, waitsForCalls } from "./turn.ts";
import type {
  Computable,
  ComputedFutures,
  ComputedValues,
  Gathered,
  Lazy,
  LazyLists,
  Persisted,
} from "./types.ts";
import { type TaskObserver, watchCalls } from "./watch.ts";

export type { SubmitOptions } from "./call-facts.ts";
/**
 * How to connect: to a running cluster (`address`, `schedulerFile`), to the engine in this process
 * (`embedded`), or to one that begins and ends with the client: an engine in this process where
 * anything of `EngineOptions` is given, else a local cluster.
 */
export interface ClientOptions extends EngineOptions {
  /** A client of the embedded engine that this process shares. */
  readonly embedded?: boolean;
  /** Address of a scheduler, such as `"tcp://host:8786"`. */
  readonly address?: string;
  /** A file that says where the scheduler is; the scheduler writes it (`--scheduler-file`). */
  readonly schedulerFile?: string;
  /**
   * The cluster's token; default that of the scheduler's file, or the environment's `HEDDLE_TOKEN`.
   */
  readonly token?: string;
  /** Certificates, where the cluster has them. */
  readonly security?: Security;
  /** Time for the first connection; default 30,000. */
  readonly connectTimeoutMs?: number;
  /** Whether `compute` and `persist` use this client when none is named; default true. */
  readonly setAsDefault?: boolean;
}

/** What a client may be made of: an address, options, a cluster, or what has an engine. */
export type ClientTarget = string | ClientOptions | { readonly engine: EngineHandle };

/** Where `scatter` puts values; default on one worker, whichever has most room. */
export interface ScatterOptions {
  /** A copy on every worker. */
  readonly broadcast?: boolean;
  /** Names or addresses of the workers that may have the values. */
  readonly workers?: readonly string[];
}

/** Copies on as many workers as there are. */
const BROADCAST = 65_535;

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
  /** Resolves when the engine can be used; rejects with `ConnectFailed`. */
  readonly ready: Promise<void>;
  readonly #engine: EngineHandle;
  /** Ends what began with the client. */
  readonly #end: (() => Promise<void>) | undefined;
  readonly #link: EngineLink;
  readonly #turn: Turn;
  #closing: Promise<void> | undefined;

  /** Without arguments: of a local cluster that ends with the client. */
  constructor(target: ClientTarget = {}) {
    super();
    const { handle, end } = engineFor(target);
    this.#engine = handle;
    this.#end = end;
    this.#link = handle.connect();
    this.#link.owner = this;
    this.#turn = new Turn({
      openCalls: (lazy) => new CallBatch(new Submission(this.#link), lazy),
      openLazy: () => this.#newLazy(),
      sendCalls: (batch) => this.#sendDraft(batch.submission, batch.finish()),
      sendLazy: (lazy) => this.#sendLazy(lazy, {}, {}),
    });
    this.ready = handle.ready;
    this.ready.catch(() => undefined);
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
    return this.#submit({}, fn as TaskFunction, args) as Future<Awaited<R>>;
  }

  /**
   * Runs `fn` once for each element of the lists, as many times as the shortest has elements; one
   * message, one range of tasks. Elements may be whatever `submit` takes.
   */
  map<A extends unknown[], R>(
    fn: (...args: A) => R | Promise<R>,
    ...lists: LazyLists<A>
  ): FutureList<Awaited<R>> {
    return this.#map({}, fn as TaskFunction, lists) as FutureList<Awaited<R>>;
  }

  /** The same client with options for the tasks it submits. */
  options(options: ActorOptions): ActorMaker;
  options(options: SubmitOptions): Pick<Client, "submit" | "map">;
  options(options: SubmitOptions): Pick<Client, "submit" | "map"> | ActorMaker {
    checkSubmitOptions(options);
    if (options.actor === true) {
      const isFixed = this.#engine.workers !== undefined;
      return actorMaker(options, isFixed, (...given) => this.#submit(...given));
    }
    const plain: Pick<Client, "submit" | "map"> = {
      submit: (fn, ...args) => this.#submit(options, fn as TaskFunction, args) as never,
      map: (fn, ...lists) => this.#map(options, fn as TaskFunction, lists) as never,
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
    const [value, options = {}] = given;
    if (given.length === 0) {
      throw new HeddleError(
        "InvalidArgument",
        "client.scatter takes a value or an array of values",
      );
    }
    checkOptionNames("client.scatter", options, ["broadcast", "workers"]);
    checkFlag("client.scatter", "broadcast", options.broadcast);
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    const values = items.map(encodeShared);
    const name = `scatter-${tokenize(...values)}`;
    const submission = new Submission(this.#link);
    submission.types = items.map(typeName);
    const { broadcast = false, workers } = options;
    const where = {
      ...(broadcast ? { broadcast: BROADCAST } : {}),
      ...(workers === undefined ? {} : { workers }),
    };
    this.#link.submit((request) => ({ kind: "scatter", request, name, values, ...where }), {
      accepted: (place) => submission.settle(place),
      failed: (error) => submission.fail(error),
    });
    if (!Array.isArray(value)) return new Future(submission, 0, name);
    return new FutureList(submission, 0, values.length, (i) => `${name}[${i}]`);
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
    const lazy = this.#newLazy();
    if (collections.some(waitsForCalls)) this.#turn.endCalls();
    const locals = collections.map((collection) => lazy.add(collection));
    const futures = locals.map((at) => new Future(lazy.submission, at, lazy.keyOf(at)));
    this.#sendLazy(lazy, run, tasks);
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
    const progress = observer === undefined ? undefined : new ProgressTeller(observer);
    const submission = this.#send(graph, progress?.heard);
    submission.whenPlaced(() => progress?.placed(submission.place as Accepted));
    const locals = graph.outputs;
    const held = keepOutputs(submission, locals);
    try {
      await submission.accepted;
      const ids = submission.idsAt(locals);
      await this.#settledOrAborted(ids, options.signal);
      return await this.#link.values(ids, undefined, options.receive);
    } finally {
      held();
      if (progress !== undefined) this.#link.endProgress(progress.heard);
    }
  }

  /** @internal */
  async persistGraph(graph: TaskGraph): Promise<Layer> {
    const submission = new Submission(this.#link);
    const message = this.#messageOf(graph);
    const counter = counterOf(submission, graph);
    this.#post(submission, message, this.#follow(submission, graph));
    const release = keepOutputs(submission, graph.outputs);
    await submission.accepted;
    const handle = { engine: this, ids: submission.idsAt(graph.outputs), counter };
    return heldLayer(handle, release);
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

  #facts(): ClientFacts {
    const { address, threads, memoryLimitBytes, workerCount, workers, dashboardLink } =
      this.#engine;
    const count = workerCount ?? workers?.length ?? 0;
    return { address, workers: count, threads, memoryLimitBytes, dashboardLink };
  }

  /** How many of these tasks have ended, for progress. @internal */
  countSettled(ids: Int32Array): { done: number; failed: number } {
    return this.#link.countSettled(ids);
  }

  async #close(): Promise<void> {
    const at = current.indexOf(this);
    if (at >= 0) {
      current.splice(at, 1);
      closeLimits(this.#engine);
    }
    if (this.#link.isKeptOpen) await this.#link.mayClose();
    this.#link.close("the client was closed");
    await this.#end?.();
  }

  #submit(options: SubmitOptions, fn: TaskFunction, args: readonly unknown[]): Future {
    checkFunction(fn, "submit");
    checkArguments(args);
    const facts = callFacts(options, fn, args);
    this.#checkPlacement(facts.options, facts.name);
    const batch = this.#turn.batchFor(args);
    const local = batch.add(facts, args);
    return new Future(batch.submission, local, facts.key);
  }

  #newLazy(): LazyInputs {
    return new LazyInputs(new Submission(this.#link));
  }

  #sendLazy(lazy: LazyInputs, options: ComputeOptions, tasks: TaskOptions): void {
    const { submission } = lazy;
    lazy
      .graph(options)
      .then((graph) => this.#sendWatched(submission, withOptions(graph, tasks)))
      .catch((error: unknown) => submission.fail(error));
  }

  /** Throws when no worker may ever run a task of these options. */
  #checkPlacement(options: TaskOptions | undefined, task: string): void {
    const { workers } = this.#engine;
    const problem = workers && placementProblem(workers, options, task);
    if (problem !== undefined) throw problem;
  }

  #map(options: SubmitOptions, fn: TaskFunction, lists: readonly unknown[]): FutureList {
    checkFunction(fn, "map");
    const columns = lists.map(listOf);
    if (columns.length === 0) {
      throw new HeddleError("InvalidArgument", "map needs at least one list of arguments");
    }
    const count = Math.min(...columns.map((list) => list.length));
    const facts = callFacts(options, fn, columns);
    this.#checkPlacement(facts.options, facts.name);
    const submission = new Submission(this.#link);
    const list = new FutureList(submission, 0, count, (i) => `${facts.key}[${i}]`);
    const draft = graphOfMap(submission, facts, columns, count, this.#turn.inputOf);
    this.#turn.sentAfter(draft.inputs);
    this.#sendDraft(submission, draft);
    return list;
  }

  /** Sends a graph as soon as the tasks it depends on have ids. */
  #sendDraft(submission: Submission, draft: DraftGraph): void {
    const places = placesOfActors(draft, async (op) => await this.#link.control(op));
    if (places === undefined) return this.#sendPlaced(submission, draft);
    places.then(
      (placed) => this.#sendPlaced(submission, placed),
      (error: unknown) => submission.fail(error),
    );
  }

  #sendPlaced(submission: Submission, { graph, inputs }: DraftGraph): void {
    const foreign = inputs.some((input) => input.submission.link !== this.#link);
    if (foreign) {
      const error = new HeddleError("InvalidArgument", "an argument is a future of another client");
      return submission.fail(error);
    }
    const message = graphMessage(graph);
    const warning = largeValueWarning(message.image);
    if (warning !== undefined) this.#link.onWarning(warning);
    const follow = this.#follow(submission, graph);
    const send = (): void => this.#post(submission, withHeld(message, graph.count, inputs), follow);
    const waiting = inputs.filter((input) => input.submission.place === undefined);
    if (waiting.length === 0) return send();
    Promise.all(waiting.map((input) => input.submission.accepted)).then(send, (error: unknown) =>
      submission.fail(error),
    );
  }

  #send(graph: TaskGraph, progress?: (message: Progress) => void): Submission {
    const submission = new Submission(this.#link);
    this.#post(submission, this.#messageOf(graph), progress);
    return submission;
  }

  /** Sends a graph whose outputs are the tasks of the submission. */
  #sendWatched(submission: Submission, graph: TaskGraph): void {
    const message = this.#messageOf(graph);
    submission.counter = counterOf(submission, graph);
    this.#post(submission, message, this.#follow(submission, graph), graph.outputs);
  }

  /** The graph as a message. Throws when this client cannot compute it. */
  #messageOf(graph: TaskGraph): GraphMessage {
    const foreign = graph.holders?.find((holder) => holder.engine !== this);
    if (foreign !== undefined) {
      throw new HeddleError(
        "InvalidArgument",
        "a collection was persisted by another client: compute it there, or persist it again here",
      );
    }
    for (const { name, options } of graph.templates) this.#checkPlacement(options, name);
    return graphMessage(graph);
  }

  /** Tells those who watch what becomes of a submission's tasks; undefined when nobody does. */
  #follow(submission: Submission, graph: TaskGraph): ((message: Progress) => void) | undefined {
    const watch = watchCalls(graph);
    if (watch === undefined) return undefined;
    const teller = new ProgressTeller(watch);
    const link = this.#link;
    submission.whenTaken((place) => {
      teller.placed(place);
      const idOf = (local: number): number => place.ids?.[local] ?? place.base + local;
      const ids = graph.outputs.map(idOf);
      link.whenSettled(ids, () => {
        link.endProgress(teller.heard);
        watch.settled((local) => link.hasFailed(idOf(local)));
      });
    });
    submission.accepted.catch((error: unknown) => watch.failed(error));
    return teller.heard;
  }

  #post(
    submission: Submission,
    message: GraphMessage,
    progress?: (message: Progress) => void,
    outputs?: Int32Array,
  ): void {
    const parent = currentTask()?.id;
    const from = parent === undefined ? {} : { parent };
    const watch = progress !== undefined;
    this.#link.submit((request) => ({ kind: "graph", request, ...message, ...from, watch }), {
      accepted: (place) => submission.settle(place, outputs),
      failed: (error) => submission.fail(error),
      progress,
    });
  }

  async #settledOrAborted(ids: Int32Array, signal: AbortSignal | undefined): Promise<void> {
    const resume = currentTask()?.suspend();
    try {
      if (signal === undefined) {
        await this.#link.settled(ids);
        return;
      }
      signal.throwIfAborted();
      let abort: () => void = () => undefined;
      const aborted = new Promise<never>((_, reject) => {
        abort = () => {
          this.#link.post({ kind: "cancel", ids, force: false });
          reject(signal.reason);
        };
        signal.addEventListener("abort", abort, { once: true });
      });
      await Promise.race([this.#link.settled(ids), aborted]).finally(() =>
        signal.removeEventListener("abort", abort),
      );
    } finally {
      resume?.();
    }
  }
}
inspectAsText(Client.prototype);
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

function asOptions(target: string | ClientOptions): ClientOptions {
  return typeof target === "string" ? { address: target } : target;
}

interface Target {
  readonly handle: EngineHandle;
  /** Set where it begins and ends with the client. */
  readonly end?: () => Promise<void>;
}

function engineFor(target: ClientTarget): Target {
  if (typeof target === "object" && target !== null && "engine" in target) {
    return { handle: target.engine };
  }
  if (typeof target !== "string") checkOptionNames("Client", target, CLIENT_OPTIONS);
  const { embedded, setAsDefault: _, ...rest } = asOptions(target);
  const { address, schedulerFile, token, security, connectTimeoutMs, ...own } = rest;
  if (address !== undefined || schedulerFile !== undefined) {
    const cluster = { address, schedulerFile, token, security, connectTimeoutMs };
    checkNothingElse(own);
    const options = import("./remote-target.ts").then((module) => module.remoteOptions(cluster));
    return owned(new RemoteEngine(options));
  }
  if (Object.values(own).some((value) => value !== undefined)) {
    return owned(startEngine(own));
  }
  if (embedded === true) return { handle: embeddedEngine() };
  const cluster = new LocalCluster();
  return { handle: cluster.engine, end: async () => await cluster.close() };
}

function owned(handle: EngineHandle): Target {
  return { handle, end: async () => await handle.close() };
}

/** A cluster that runs already has its sizes. */
function checkNothingElse(own: EngineOptions): void {
  const name = Object.entries(own).find(([, value]) => value !== undefined)?.[0];
  if (name === undefined) return;
  throw new HeddleError(
    "InvalidArgument",
    `${name} cannot be chosen for a cluster that runs already: leave it out, or leave the address ` +
      "out to have an engine of the client's own",
  );
}

const CLIENT_OPTIONS = [
  "embedded",
  "address",
  "schedulerFile",
  "token",
  "security",
  "connectTimeoutMs",
  "setAsDefault",
  "threads",
  "memoryLimit",
  "resources",
  "localDirectory",
  "validate",
  "threadHeapMb",
] satisfies (keyof ClientOptions)[];

/** Counts the tasks of a graph that is being sent. */
function counterOf(submission: Submission, graph: TaskGraph): GraphCounter {
  const counter = new GraphCounter(submission.link, graph);
  submission.whenTaken((place) => counter.placed(place));
  return counter;
}
