/**
 * @file The client: what programs talk to. Hands graphs and calls to an engine and gives back
 * futures.
 */
import { currentAnnotations } from "../core/annotations.ts";
import type { Collection } from "../core/collection.ts";
import { HeddleError } from "../core/errors.ts";
import type { Layer, TaskFunction, TaskOptions } from "../core/graph.ts";
import { checkOptionNames } from "../core/options.ts";
import { inspectAsText } from "../core/symbols.ts";
import type { TaskGraph } from "../core/task-graph.ts";
import { tokenize } from "../core/token.ts";
import { encodeShared, imageOf, shared } from "../threads/graph-image.ts";
import { currentTask } from "../threads/task-context.ts";
import { type EngineHandle, type EngineOptions, embeddedEngine, startEngine } from "./embedded.ts";
import { Future, FutureList, isFuture, Submission } from "./future.ts";
import { closeLimits, openLimits } from "./limits.ts";
import type { Accepted, EngineLink } from "./link.ts";
import type { ClientMessage, EngineInfo, EngineMessage } from "./messages.ts";
import { computeOn, type GraphRunner, persistOn, type RunOptions } from "./run-collections.ts";
import {
  CallBatch,
  type CallFacts,
  type DraftGraph,
  graphOfMap,
  type TaskInput,
} from "./submission.ts";
import type { Gathered, Lazy } from "./types.ts";
import type { TaskObserver } from "./watch.ts";

/**
 * How to connect. Anything of `EngineOptions` asks for an engine of the client's own, which ends
 * with the client.
 */
export interface ClientOptions extends EngineOptions {
  /** A client of the embedded engine that this process shares. */
  readonly embedded?: boolean;
  /** Whether `compute` and `persist` use this client when none is named; default true. */
  readonly setAsDefault?: boolean;
}

/** What a client may be made of: options, a cluster, or anything that has an engine. */
export type ClientTarget = ClientOptions | { readonly engine: EngineHandle };

/** Options of `submit` and `map`. */
export interface SubmitOptions extends TaskOptions {
  /**
   * Whether equal function and arguments give the same result, so that it is computed once; default
   * true.
   */
  readonly pure?: boolean;
  /** Key of the task; default: the function's name and a token. */
  readonly key?: string;
}

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
export class Client implements GraphRunner {
  /** Resolves when the engine can be used; rejects with `ConnectFailed`. */
  readonly ready: Promise<void>;
  readonly #engine: EngineHandle;
  readonly #ownsEngine: boolean;
  readonly #link: EngineLink;
  #batch: CallBatch | undefined;
  #closing: Promise<void> | undefined;

  constructor(target: ClientTarget = { embedded: true }) {
    const { handle, owned } = engineFor(target);
    this.#engine = handle;
    this.#ownsEngine = owned;
    this.#link = handle.connect();
    this.#link.owner = this;
    this.ready = handle.ready;
    this.ready.catch(() => undefined);
    const setAsDefault = !("setAsDefault" in target) || target.setAsDefault !== false;
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
   * Runs `fn(...args)` on the engine; arguments may be or contain futures. Returns at once.
   *
   * Errors (at `result()`): `TaskFailed`, `NotSerializable` naming what cannot travel.
   */
  submit<A extends unknown[], R>(
    fn: (...args: A) => R | Promise<R>,
    ...args: Lazy<A>
  ): Future<Awaited<R>> {
    return this.#submit({}, fn as TaskFunction, args) as Future<Awaited<R>>;
  }

  /** Runs `fn` once for each element of the arguments; one message, one range of tasks. */
  map<A extends unknown[], R>(
    fn: (...args: A) => R | Promise<R>,
    ...lists: { [K in keyof A]: Iterable<A[K]> | FutureList<A[K]> | readonly Future<A[K]>[] }
  ): FutureList<Awaited<R>> {
    return this.#map({}, fn as TaskFunction, lists) as FutureList<Awaited<R>>;
  }

  /** The same client with options for the tasks it submits. */
  options(options: SubmitOptions): Pick<Client, "submit" | "map"> {
    checkOptionNames("client.options", options, SUBMIT_OPTIONS);
    return {
      submit: (fn, ...args) => this.#submit(options, fn as TaskFunction, args) as never,
      map: (fn, ...lists) => this.#map(options, fn as TaskFunction, lists) as never,
    };
  }

  /**
   * The values of futures: of one, of a list, or of any nesting of arrays and plain objects with
   * futures inside.
   */
  async gather<T>(futures: T): Promise<Gathered<T>> {
    return (await gatherAll(futures)) as Gathered<T>;
  }

  /**
   * Puts values into the engine and returns their futures: one for each element of an array, else
   * one for the value. `broadcast` asks for a copy on every worker; the embedded engine has one
   * worker, so it changes nothing there.
   */
  scatter<T>(values: readonly T[], options?: { broadcast?: boolean }): FutureList<T>;
  scatter<T>(value: T, options?: { broadcast?: boolean }): Future<T>;
  scatter(value: unknown, _options: { broadcast?: boolean } = {}): unknown {
    const values = (Array.isArray(value) ? value : [value]).map(encodeShared);
    const name = `scatter-${tokenize(...values)}`;
    const submission = new Submission(this.#link);
    this.#link.submit((request) => ({ kind: "scatter", request, name, values }), {
      accepted: (place) => submission.settle(place),
      failed: (error) => submission.fail(error),
    });
    if (!Array.isArray(value)) return new Future(submission, 0, name);
    return new FutureList(submission, 0, values.length, (i) => `${name}[${i}]`);
  }

  /** Computes collections; the same as `compute(...)` with this client as its scheduler. */
  async compute(...collections: Collection[]): Promise<unknown[]> {
    return await computeOn(async () => this, collections, {});
  }

  /** Starts collections and keeps their values in the engine. */
  async persist(...collections: Collection[]): Promise<Collection[]> {
    return await persistOn(async () => this, collections, {});
  }

  /** Cancels futures that nobody else wants; with `force`, for everybody. */
  async cancel(
    futures: Future | FutureList | readonly Future[],
    options: { force?: boolean } = {},
  ): Promise<void> {
    if (Array.isArray(futures)) await Promise.all(futures.map((f: Future) => f.cancel(options)));
    else await (futures as Future | FutureList).cancel(options);
  }

  /** Tries failed futures again. */
  async retry(futures: Future | Iterable<Future>): Promise<void> {
    const list = isFuture(futures) ? [futures] : [...futures];
    await Promise.all(list.map((future) => future.retry()));
  }

  /** Key -> addresses of the workers that hold the value. */
  async whoHas(futures: Future | Iterable<Future>): Promise<Record<string, string[]>> {
    const list = isFuture(futures) ? [futures] : [...futures];
    const ids = Int32Array.from(await Promise.all(list.map((future) => future.id())));
    const facts = (await this.#link.query("tasks", ids)) as { workers: string[] }[];
    return Object.fromEntries(list.map((future, i) => [future.key, facts[i]?.workers ?? []]));
  }

  /** Workers, threads and memory of the engine. */
  async schedulerInfo(): Promise<EngineInfo> {
    return (await this.#link.query("info")) as EngineInfo;
  }

  /** Number of task threads. */
  get threads(): number {
    return this.#engine.threads;
  }

  /** @internal */
  async runGraph(
    graph: TaskGraph,
    options: RunOptions,
    observer?: TaskObserver,
  ): Promise<unknown[]> {
    const progress = observer === undefined ? undefined : progressTeller(observer);
    const submission = this.#send(graph, progress?.heard);
    submission.whenPlaced(() => progress?.placed(submission.place as Accepted));
    const locals = graph.outputs;
    const held = outputsOf(submission, locals);
    try {
      await submission.accepted;
      const ids = submission.idsAt(locals);
      await this.#settledOrAborted(ids, options.signal);
      return await this.#link.values(ids);
    } finally {
      held();
      if (progress !== undefined) this.#link.endProgress(progress.heard);
    }
  }

  /** @internal */
  async persistGraph(graph: TaskGraph): Promise<Layer> {
    const submission = this.#send(graph);
    const release = outputsOf(submission, graph.outputs);
    await submission.accepted;
    return heldLayer(this, submission.idsAt(graph.outputs), release);
  }

  /** Ends the connection: this client's futures are released. An engine of its own ends with it. */
  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  toString(): string {
    return `Client(${this.#engine.address}, ${this.threads} threads)`;
  }

  async #close(): Promise<void> {
    const at = current.indexOf(this);
    if (at >= 0) {
      current.splice(at, 1);
      closeLimits(this.#engine);
    }
    this.#link.close("the client was closed");
    if (this.#ownsEngine) await this.#engine.close();
  }

  #submit(options: SubmitOptions, fn: TaskFunction, args: readonly unknown[]): Future {
    const facts = callFacts("submit", options, fn, args);
    const batch = this.#openBatch();
    const local = batch.add(facts, args);
    return new Future(batch.submission, local, facts.key);
  }

  /** What collects this turn's calls. */
  #openBatch(): CallBatch {
    if (this.#batch !== undefined) return this.#batch;
    const batch = new CallBatch(new Submission(this.#link));
    this.#batch = batch;
    queueMicrotask(() => {
      this.#batch = undefined;
      this.#sendDraft(batch.submission, batch.finish());
    });
    return batch;
  }

  #map(options: SubmitOptions, fn: TaskFunction, lists: readonly Iterable<unknown>[]): FutureList {
    const columns = lists.map((list) =>
      list instanceof FutureList || Array.isArray(list) ? list : [...list],
    ) as (readonly unknown[] | FutureList)[];
    if (columns.length === 0) {
      throw new HeddleError("InvalidArgument", "map needs at least one list of arguments");
    }
    const count = Math.min(...columns.map((list) => list.length));
    const facts = callFacts("map", options, fn, columns);
    const submission = new Submission(this.#link);
    const list = new FutureList(submission, 0, count, (i) => `${facts.key}[${i}]`);
    this.#sendDraft(submission, graphOfMap(submission, facts, columns, count));
    return list;
  }

  /** Sends a graph as soon as the tasks it depends on have ids. */
  #sendDraft(submission: Submission, { graph, inputs }: DraftGraph): void {
    const foreign = inputs.some((input) => input.submission.link !== this.#link);
    if (foreign) {
      const error = new HeddleError("InvalidArgument", "an argument is a future of another client");
      return submission.fail(error);
    }
    const message = graphMessage(graph);
    const send = (): void => this.#post(submission, withHeld(message, graph.count, inputs));
    const waiting = inputs.filter((input) => input.submission.place === undefined);
    if (waiting.length === 0) return send();
    Promise.all(waiting.map((input) => input.submission.accepted)).then(send, (error: unknown) =>
      submission.fail(error),
    );
  }

  #send(graph: TaskGraph, progress?: (message: Progress) => void): Submission {
    const foreign = graph.holders?.find((holder) => holder.engine !== this);
    if (foreign !== undefined) {
      throw new HeddleError(
        "InvalidArgument",
        "a collection was persisted by another client: compute it there, or persist it again here",
      );
    }
    const submission = new Submission(this.#link);
    this.#post(submission, graphMessage(graph), progress);
    return submission;
  }

  #post(
    submission: Submission,
    message: GraphMessage,
    progress?: (message: Progress) => void,
  ): void {
    const parent = currentTask()?.id;
    const from = parent === undefined ? {} : { parent };
    const watch = progress !== undefined;
    this.#link.submit((request) => ({ kind: "graph", request, ...message, ...from, watch }), {
      accepted: (place) => submission.settle(place),
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

function engineFor(target: ClientTarget): { handle: EngineHandle; owned: boolean } {
  const isCluster = typeof target === "object" && target !== null && "engine" in target;
  if (!isCluster) checkOptionNames("Client", target, CLIENT_OPTIONS);
  if ("engine" in target) return { handle: target.engine, owned: false };
  const { embedded, setAsDefault: _, ...own } = target;
  if (Object.values(own).some((value) => value !== undefined)) {
    return { handle: startEngine(own), owned: true };
  }
  if (embedded === false) {
    throw new HeddleError(
      "NotSupported",
      "this version runs in one process only: use new Client({ embedded: true })",
    );
  }
  return { handle: embeddedEngine(), owned: false };
}

const CLIENT_OPTIONS = [
  "embedded",
  "setAsDefault",
  "threads",
  "memoryLimit",
  "resources",
  "localDirectory",
  "validate",
  "threadHeapMb",
] satisfies (keyof ClientOptions)[];

const SUBMIT_OPTIONS = [
  "pure",
  "key",
  "priority",
  "retries",
  "resources",
  "workers",
  "allowOtherWorkers",
  "concurrency",
] satisfies (keyof SubmitOptions)[];

function checkFunction(fn: unknown, where: string): void {
  if (typeof fn === "function") return;
  throw new HeddleError(
    "InvalidArgument",
    `${where} takes a function first, but was given ${typeof fn}`,
  );
}

let submissions = 0;
const session = Math.floor(Date.now() * 1000).toString(36);

function unique(): string {
  return `${session}-${++submissions}`;
}

function callFacts(
  where: string,
  options: SubmitOptions,
  fn: TaskFunction,
  values: readonly unknown[],
): CallFacts {
  checkFunction(fn, where);
  const { pure = true, key, ...own } = options;
  const rest = { ...currentAnnotations(), ...own };
  const name = fn.name === "" ? "lambda" : fn.name;
  // Reading the function now makes what cannot travel fail here, and fixes what it captures.
  const token = tokenize(fn);
  const content = key === undefined && pure ? tokenize(token, ...values) : unique();
  return { fn, token, name, key: key ?? `${name}-${content}`, options: taskOptions(rest), pure };
}

type Progress = Extract<EngineMessage, { kind: "progress" }>;

/** Tells an observer what the engine says of a graph's tasks, by the graph's own ids. */
function progressTeller(observer: TaskObserver): {
  heard: (message: Progress) => void;
  placed: (place: Accepted) => void;
} {
  let base = 0;
  return {
    placed: (place) => {
      base = place.base;
    },
    heard: ({ ids, elapsedMs, failed }) => {
      for (let i = 0; i < ids.length; i++) {
        const task = (ids[i] as number) - base;
        const ms = elapsedMs[i] as number;
        observer.began(task);
        observer.ended(task, {
          ...(Number.isNaN(ms) ? {} : { elapsedMs: ms }),
          ...(failed[i] === 1 ? { error: undefined } : {}),
        });
      }
    },
  };
}

/** A graph as it is posted: facts for the scheduler, the image for threads. */
type GraphMessage = Pick<Extract<ClientMessage, { kind: "graph" }>, "facts" | "image">;

function graphMessage(graph: TaskGraph): GraphMessage {
  const { templates, segments, holders: _, ...columns } = graph;
  return {
    image: imageOf(graph),
    facts: {
      ...columns,
      template: shared(graph.template),
      depOffsets: shared(graph.depOffsets),
      deps: shared(graph.deps),
      rank: shared(graph.rank),
      outputs: shared(graph.outputs),
      templates: templates.map(({ name, lane, options }) => ({
        name,
        ...(lane === undefined ? {} : { lane }),
        ...(options === undefined ? {} : { options }),
      })),
      segments: segments.map(({ columns: __, ...segment }) => segment),
    },
  };
}

/** The message with the ids of the graph's inputs, which have the local ids behind its calls. */
function withHeld(
  message: GraphMessage,
  count: number,
  inputs: readonly TaskInput[],
): GraphMessage {
  if (inputs.length === 0) return message;
  const held = new Int32Array(count).fill(-1);
  inputs.forEach(({ submission, local }, i) => {
    held[count - inputs.length + i] = submission.idOf(local) as number;
  });
  return { ...message, facts: { ...message.facts, held } };
}

function taskOptions(options: TaskOptions): TaskOptions | undefined {
  return Object.keys(options).length === 0 ? undefined : options;
}

/** `open` are the containers that hold the value: within itself, one stays as it is. */
async function gatherAll(value: unknown, open: readonly object[] = []): Promise<unknown> {
  if (isFuture(value)) return await value.result();
  if (value instanceof FutureList) return await value.results();
  if (typeof value !== "object" || value === null || open.includes(value)) return value;
  const within = [...open, value];
  if (Array.isArray(value)) {
    return await Promise.all(value.map((item) => gatherAll(item, within)));
  }
  const prototype = Object.getPrototypeOf(value) as unknown;
  if (prototype !== Object.prototype) return value;
  const entries = Object.entries(value).map(
    async ([key, item]) => [key, await gatherAll(item, within)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

/** Refers to the outputs of a graph until the returned function is called. */
function outputsOf(submission: Submission, locals: Int32Array): () => void {
  const { link } = submission;
  submission.whenPlaced(() => {
    for (const id of submission.idsAt(locals)) link.machine.retain(id);
  });
  return () => {
    submission.whenPlaced(() => {
      link.release(submission.idsAt(locals));
    });
  };
}

const held = new FinalizationRegistry<() => void>((release) => release());

/**
 * A layer over values that the engine keeps for as long as the layer's `held` object is reachable.
 */
function heldLayer(client: Client, ids: Int32Array, release: () => void): Layer {
  const handle = { engine: client, ids };
  held.register(handle, release);
  return {
    name: `held-${unique()}`,
    kind: "data",
    count: ids.length,
    templates: [],
    inputs: [],
    depOffsets: new Int32Array(ids.length + 1),
    deps: new Int32Array(0),
    columns: [],
    held: handle,
    pure: false,
  };
}
