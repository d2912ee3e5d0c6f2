/**
 * @file What every cluster can do, whoever starts its workers: scale, adapt, wait for workers, give
 * their logs, close. A kind of cluster says only how workers are started and ended.
 */
/// <reference lib="esnext.disposable" preserve="true" />

import { refuseClass } from "../codec/registry.ts";
import { HeddleError, nearestName } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { inspectAsText } from "../core/symbols.ts";
import { type Adaptable, Adaptive } from "./adaptive.ts";
import { type AdaptOptions, type Demand, leastUseful } from "./adaptive-target.ts";
import type { Client } from "./client.ts";
import { makeClient } from "./client-maker.ts";
import type { EngineHandle } from "./embedded.ts";
import type { EngineLink } from "./link.ts";
import { within } from "./timeout.ts";
import { checkCount, WORKERS_MAX } from "./worker-shape.ts";

/** Those that were made here and not closed. */
const open = new Set<Cluster>();

/** A scheduler and its workers. A client is made of it: `new Client(cluster)`. */
export abstract class Cluster {
  /** @internal */
  abstract readonly engine: EngineHandle;
  abstract readonly name: string;
  /** Resolves when the scheduler listens; rejects when it cannot. */
  abstract readonly ready: Promise<void>;
  /** Workers that there are to be. */
  abstract readonly workers: number;
  abstract readonly threadsPerWorker: number;
  #isClosed = false;
  #own: EngineLink | undefined;
  #adaptive: Adaptive | undefined;

  /**
   * The open cluster of this name that this program has made. Errors: `InvalidArgument`, with the
   * nearest name; a cluster of another program is reached by `new Client({ schedulerFile })`.
   */
  static fromName(name: string): Cluster {
    const found = [...open].find((cluster) => cluster.name === name);
    if (found !== undefined) return found;
    // One whose constructor has thrown has no name.
    const names = [...open].flatMap((cluster) => cluster.name ?? []);
    const near = nearestName(name, names);
    const hint = near === undefined ? "" : `; did you mean "${near}"?`;
    throw new HeddleError(
      "InvalidArgument",
      `this program has no open cluster named "${name}"${hint} One of another program is reached ` +
        "by its address or scheduler file: new Client({ schedulerFile }).",
      { fields: { name } },
    );
  }

  constructor() {
    open.add(this);
  }

  /** The scheduler's address; empty until it listens. */
  get address(): string {
    return this.engine.address;
  }

  /** Where the state is shown over HTTP, with the token; undefined where it is not. */
  get dashboardLink(): string | undefined {
    return this.engine.dashboardLink;
  }

  /** Task threads of all workers. */
  get threads(): number {
    return this.engine.threads;
  }

  /**
   * Starts or ends workers until there are so many. Those that go bring their values to others
   * first.
   */
  async scale(workers: number): Promise<void> {
    checkCount("workers", workers, 0, WORKERS_MAX);
    this.stopAdapting();
    await this.ready;
    if (this.workers <= workers) return await this.setWorkers(workers);
    const demand = await this.demand();
    // Plugins of the scheduler may want some to stay.
    const least = Math.max(workers, demand.workers.filter(({ stays }) => stays).length);
    const names = leastUseful(demand.workers, this.workers - least);
    await this.#retire(names);
    await this.setWorkers(least, names);
  }

  /**
   * Changes the number of workers by what there is to do, from now on; `scale()` ends it.
   *
   * @example
   * import { LocalCluster } from "heddle";
   * const cluster = new LocalCluster({ nWorkers: 0, threadsPerWorker: 1 });
   * cluster.adapt({ minimum: 0, maximum: 4 });
   * await cluster.close();
   */
  adapt(options: AdaptOptions = {}): Adaptive {
    const cluster = this;
    return this.keepAdapting(
      {
        get workers() {
          return cluster.workers;
        },
        get threadsPerWorker() {
          return cluster.threadsPerWorker;
        },
        demand: async () => await this.demand(),
        grow: async (workers) => await this.setWorkers(workers),
        shrink: async (names) => {
          await this.#retire(names);
          await this.setWorkers(this.workers - names.length, names);
        },
      },
      options,
    );
  }

  /** Changes the number of what is adapted from now on, whatever it is made of. */
  protected keepAdapting(what: Adaptable, options: AdaptOptions): Adaptive {
    this.stopAdapting();
    this.#adaptive = new Adaptive(what, options, (error) => this.#adaptiveFailed(error));
    return this.#adaptive;
  }

  protected stopAdapting(): void {
    this.#adaptive?.stop();
  }

  /** Resolves when there are so many workers. Errors: `Timeout`. */
  async waitForWorkers(
    count: number,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<void> {
    checkOptionNames("waitForWorkers", options, ["timeoutMs"]);
    checkCount("waitForWorkers", count, 0);
    const there = this.link().then(async (link) => {
      await link.control({ kind: "wait-for-workers", count });
    });
    await within(options.timeoutMs, `waiting for ${count} workers`, there);
  }

  /** A client of this cluster, as `new Client(cluster)` makes it. */
  getClient(): Client {
    return makeClient(this);
  }

  /** What has happened to the scheduler and to each worker, as lines, by name. */
  abstract logs(): Promise<Readonly<Record<string, string>>>;

  /** Ends the workers and the scheduler. */
  async close(): Promise<void> {
    this.#isClosed = true;
    open.delete(this);
    this.stopAdapting();
    const own = this.#own;
    this.#own = undefined;
    own?.close("the cluster was closed");
    await this.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  toString(): string {
    const parts = [
      this.name,
      this.address,
      `${this.workers} workers`,
      `${this.workers * this.threadsPerWorker} threads`,
    ];
    return `${this.constructor.name}(${parts.filter((part) => part !== "").join(", ")})`;
  }

  /** Starts or ends workers until there are so many; `going` have been told to go. */
  protected abstract setWorkers(workers: number, going?: readonly string[]): Promise<void>;

  /** Ends everything. */
  protected abstract end(): Promise<void>;

  /** A connection of the cluster's own, for questions. */
  protected async link(): Promise<EngineLink> {
    await this.ready;
    if (this.#isClosed) throw new HeddleError("CommClosed", "the cluster was closed");
    this.#own ??= this.engine.connect();
    return this.#own;
  }

  protected async demand(): Promise<Demand> {
    return (await (await this.link()).query("demand")) as Demand;
  }

  async #retire(workers: readonly string[]): Promise<void> {
    if (workers.length === 0) return;
    await (await this.link()).control({ kind: "retire", close: true, workers });
  }

  #adaptiveFailed(error: unknown): void {
    // A closed cluster answers nothing; any other is asked again after the interval.
    if (!this.#isClosed) process.emitWarning(`adapt: ${String(error)}`, "HeddleWarning");
  }
}
inspectAsText(Cluster.prototype);
refuseClass(Cluster, {
  type: "cluster",
  advice: "Call getClient() inside the task: it gives the client of the cluster that runs it.",
});
