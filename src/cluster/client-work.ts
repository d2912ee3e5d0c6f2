/**
 * @file The work that a client gives to its engine: calls, values and collections in, futures and
 * values out.
 */
import { isCollection } from "../core/collection.ts";
import type { Layer, TaskFunction } from "../core/graph.ts";
import { checkOptionNames } from "../core/options.ts";
import type { TaskGraph } from "../core/task-graph.ts";
import { checkFlag } from "../core/task-options.ts";
import { type ActorMaker, actorMaker } from "./actor-maker.ts";
import { type ActorOptions, checkSubmitOptions, type SubmitOptions } from "./call-facts.ts";
import type { CallSender } from "./call-sender.ts";
import { namesIn } from "./check-given.ts";
import {
  type ClientComputeOptions,
  checkComputable,
  checkComputeOptions,
  runnerWith,
} from "./client-compute.ts";
import { ClusterControl } from "./client-control.ts";
import { type DictGraph, submitDict } from "./dict-graph.ts";
import { ClientExecutor } from "./executor.ts";
import { Future, FutureList } from "./future.ts";
import { futuresOf } from "./futures-of.ts";
import { checkGathered, checkGatherOptions, type GatherOptions, gatherAll } from "./gather.ts";
import { type Futures, futuresIn } from "./given-futures.ts";
import type { GraphSender } from "./graph-sender.ts";
import { futuresOfActors } from "./published-actors.ts";
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

export abstract class ClientWork extends ClusterControl implements GraphRunner {
  /** @internal */
  protected abstract readonly graphs: GraphSender;
  /** @internal */
  protected abstract readonly calls: CallSender;
  /** Whether the engine has all workers that it will ever have. @internal */
  protected abstract readonly isFixed: boolean;

  /** @internal */
  abstract runGraph(
    graph: TaskGraph,
    options: ReadOptions,
    observer?: TaskObserver,
  ): Promise<unknown[]>;

  /** @internal */
  abstract persistGraph(graph: TaskGraph): Promise<Layer>;

  protected override async futuresOfActors(value: unknown): Promise<readonly Future[]> {
    return await futuresOfActors(value, (...given) => this.calls.submit(...given));
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
    return this.calls.submit({}, fn as TaskFunction, args) as Future<Awaited<R>>;
  }

  /**
   * Runs `fn` once for each element of the lists, as many times as the shortest has elements (the
   * others may be endless); one message, one range of tasks. Elements may be whatever `submit`
   * takes.
   */
  map<A extends unknown[], R>(
    fn: (...args: A) => R | Promise<R>,
    ...lists: LazyLists<A>
  ): FutureList<Awaited<R>> {
    return this.calls.map({}, fn as TaskFunction, lists) as FutureList<Awaited<R>>;
  }

  /** The same client with options for the tasks it submits. */
  options(options: ActorOptions): ActorMaker;
  options(options: SubmitOptions): Pick<ClientWork, "submit" | "map">;
  options(options: SubmitOptions): Pick<ClientWork, "submit" | "map"> | ActorMaker {
    checkSubmitOptions(options);
    if (options.actor === true) {
      return actorMaker(options, this.isFixed, (...given) => this.calls.submit(...given));
    }
    const plain: Pick<ClientWork, "submit" | "map"> = {
      submit: (fn, ...args) => this.calls.submit(options, fn as TaskFunction, args) as never,
      map: (fn, ...lists) => this.calls.map(options, fn as TaskFunction, lists) as never,
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
    return scatterOn(this.link, given);
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
    const lazy = this.graphs.newLazy();
    if (collections.some(waitsForCalls)) this.calls.endCalls();
    const locals = collections.map((collection) => lazy.add(collection));
    const futures = locals.map((at) => new Future(lazy.submission, at, lazy.keyOf(at)));
    this.graphs.sendLazy(lazy, run, tasks);
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
    const wanted = namesIn("client.get: the key", keys, { none: true });
    const found = submitDict(graph, wanted, (fn, args) => this.calls.submit({}, fn, args));
    const values = await this.gather(found);
    return typeof keys === "string" ? values[0] : values;
  }

  /** Cancels futures that nobody else wants; with `force`, for everybody. */
  async cancel(futures: Futures, options: { force?: boolean } = {}): Promise<void> {
    checkOptionNames("client.cancel", options, ["force"]);
    checkFlag("client.cancel", "force", options.force);
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
    return futuresOf(this.link, given);
  }

  /** Tries failed futures again. */
  async retry(futures: Futures): Promise<void> {
    const list = futuresIn("client.retry", futures);
    await Promise.all(list.map((future) => future.retry()));
  }
}
