/**
 * @file One class for all kinds of clusters: the cluster and a client of it, so that a program
 * moves from a laptop to a batch system by changing one word.
 */
/// <reference lib="esnext.disposable" preserve="true" />
import type { Adaptive } from "../cluster/adaptive.ts";
import { Client } from "../cluster/client.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { inspectAsText } from "../core/symbols.ts";
import type { JobAdaptOptions } from "../jobqueue/adapt-jobs.ts";
import { JobQueueCluster, type ScaleSize } from "../jobqueue/job-queue-cluster.ts";
import { type JobTable, readJobTable } from "../jobqueue/job-table.ts";
import { type ClusterKind, type KindOptions, makeCluster } from "./cluster-kinds.ts";

/** The kind of a cluster (`"local"`), and the options that this kind has. */
export type DaskClusterOptions =
  | ({ readonly kind?: "local" } & KindOptions["local"])
  | {
      [K in Exclude<ClusterKind, "local">]: { readonly kind: K } & KindOptions[K];
    }[Exclude<ClusterKind, "local">];

/** What a cluster is doing now. */
export interface ClusterReport extends JobTable {
  readonly name: string;
  readonly kind: ClusterKind;
  readonly address: string;
  /** Where the state is shown over HTTP, if it is. */
  readonly dashboardLink?: string;
  /** Workers that there are to be; those that are there are `workers`. */
  readonly wantedWorkers: number;
  /** Task threads, memory and running tasks of the workers that are there. */
  readonly threads: number;
  readonly memoryLimitBytes: number;
  readonly memoryBytes: number;
  readonly running: number;
}

/**
 * A cluster of any kind with its client. Options beside `kind` are those of the kind's own class:
 * `LocalCluster`, `SLURMCluster`, `SSHCluster` and so on.
 *
 * @example
 * import { DaskCluster } from "heddle/deploy";
 * const cluster = new DaskCluster({ kind: "local", nWorkers: 2, threadsPerWorker: 1 });
 * const squares = cluster.map((x: number) => x * x, [1, 2, 3]);
 * console.log(await cluster.gather(squares)); // [ 1, 4, 9 ]
 * console.log((await cluster.monitor()).threads); // 2
 * await cluster.close();
 */
export class DaskCluster {
  readonly kind: ClusterKind;
  /** The cluster itself, of the kind's class. */
  readonly cluster: Cluster;
  /** A client of it, for all that is not here. */
  readonly client: Client;

  constructor(options: DaskClusterOptions = {}) {
    if (typeof options !== "object" || options === null)
      checkOptionNames("DaskCluster", options, []);
    const { kind = "local", ...rest } = options;
    this.kind = kind;
    this.cluster = makeCluster(kind, rest as KindOptions[ClusterKind]);
    this.client = new Client(this.cluster);
  }

  get name(): string {
    return this.cluster.name;
  }

  /** Workers that there are to be. */
  get workers(): number {
    return this.cluster.workers;
  }

  get dashboardLink(): string | undefined {
    return this.cluster.dashboardLink;
  }

  /** As `client.submit`. */
  get submit(): Client["submit"] {
    return this.client.submit.bind(this.client);
  }

  /** As `client.map`. */
  get map(): Client["map"] {
    return this.client.map.bind(this.client);
  }

  /** As `client.gather`. */
  get gather(): Client["gather"] {
    return this.client.gather.bind(this.client);
  }

  /** As `client.scatter`. */
  get scatter(): Client["scatter"] {
    return this.client.scatter.bind(this.client);
  }

  /**
   * Starts or ends workers until there are so many; on a batch system sizes such as `{ jobs: 2 }`
   * or `{ cores: 96 }` too. Errors: `InvalidArgument`, `JobFailed`.
   */
  async scale(size: number | ScaleSize): Promise<void> {
    if (this.cluster instanceof JobQueueCluster) return await this.cluster.scale(size);
    if (typeof size === "number") return await this.cluster.scale(size);
    throw new HeddleError(
      "InvalidArgument",
      `a cluster of kind "${this.kind}" scales to a number of workers; sizes such as { jobs: 2 } ` +
        "are for batch systems",
    );
  }

  /** Changes the number of workers by what there is to do; `scale()` ends it. */
  adapt(options: JobAdaptOptions = {}): Adaptive {
    return this.cluster.adapt(options);
  }

  /** Resolves when there are so many workers (all). Errors: `Timeout`, `JobFailed`. */
  async waitForWorkers(
    count: number = this.workers,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<void> {
    await this.cluster.waitForWorkers(count, options);
  }

  /** What the cluster is doing now: workers, their tasks and memory, and jobs where it has some. */
  async monitor(): Promise<ClusterReport> {
    const table = await readJobTable(this.client);
    const { name, address, dashboardLink } = this.cluster;
    const total = (of: (worker: JobTable["workers"][number]) => number): number =>
      table.workers.reduce((sum, worker) => sum + of(worker), 0);
    return {
      ...{ name, kind: this.kind, address, wantedWorkers: this.workers },
      ...(dashboardLink === undefined ? {} : { dashboardLink }),
      threads: total(({ threads }) => threads),
      memoryLimitBytes: total(({ memoryLimitBytes }) => memoryLimitBytes),
      memoryBytes: total(({ memoryBytes }) => memoryBytes),
      running: total(({ running }) => running),
      ...table,
    };
  }

  /** Ends the client, the workers and the scheduler. */
  async close(): Promise<void> {
    await this.client.close();
    await this.cluster.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  toString(): string {
    return `DaskCluster(${String(this.cluster)})`;
  }
}
inspectAsText(DaskCluster.prototype);
