/**
 * @file A cluster made of jobs: something that starts a scheduler, and something that starts one
 * worker. Each kind of place (other hosts over SSH, a batch system) says only what its jobs are.
 */
import { randomBytes } from "node:crypto";
import { Cluster } from "../cluster/cluster.ts";
import { RemoteEngine } from "../cluster/remote-engine.ts";
import { checkCount, THREADS_MAX, WORKERS_MAX } from "../cluster/worker-shape.ts";
import type { Security } from "../comm/security.ts";
import { checkOptionNames } from "../core/options.ts";

/** How clients and workers get into a cluster. */
export interface ClusterAccess {
  readonly address: string;
  readonly token?: string;
  readonly security?: Security;
}

/** One process, wherever it runs. */
export interface Job {
  /** Resolves when it has been started; rejects when it cannot be. */
  start(): Promise<void>;
  /** Ends it; resolves when it has ended. Harmless on one that has ended, or never started. */
  close(): Promise<void>;
  /** What it has written, as far as it is known here. */
  logs(): string | Promise<string>;
  /** Resolves, with the reason, when it has ended. */
  readonly ended: Promise<string>;
}

export interface SchedulerJob extends Job {
  /** Where it is, once it has been started. */
  readonly access: ClusterAccess;
}

export interface SpecClusterOptions {
  readonly name?: string;
  /** Makes the scheduler's job; it is started at once. */
  readonly scheduler: () => SchedulerJob;
  /** Makes the job of one worker, which has to join under the given name. */
  readonly worker: (name: string, access: ClusterAccess) => Job;
  /** Workers at the beginning (0). */
  readonly nWorkers?: number;
  /** Task threads of each worker, for planning (1). */
  readonly threadsPerWorker?: number;
}

const OPTIONS = [
  "name",
  "scheduler",
  "worker",
  "nWorkers",
  "threadsPerWorker",
] satisfies (keyof SpecClusterOptions)[];

/** A cluster whose processes are jobs. */
export class SpecCluster extends Cluster {
  /** @internal */
  readonly engine: RemoteEngine;
  readonly name: string;
  readonly ready: Promise<void>;
  readonly threadsPerWorker: number;
  readonly #options: SpecClusterOptions;
  readonly #scheduler: SchedulerJob;
  readonly #jobs = new Map<string, Job>();
  /** What jobs have written that have ended. */
  readonly #past = new Map<string, string>();
  #nextIndex = 0;
  #isClosing = false;

  constructor(options: SpecClusterOptions) {
    super();
    checkOptionNames("SpecCluster", options, OPTIONS);
    const { nWorkers = 0, threadsPerWorker = 1 } = options;
    checkCount("nWorkers", nWorkers, 0, WORKERS_MAX);
    checkCount("threadsPerWorker", threadsPerWorker, 1, THREADS_MAX);
    this.#options = options;
    this.name = options.name ?? `cluster-${randomBytes(3).toString("hex")}`;
    this.threadsPerWorker = threadsPerWorker;
    this.#scheduler = options.scheduler();
    const started = this.#scheduler.start();
    this.engine = new RemoteEngine(
      started.then(() => this.#scheduler.access),
      { threads: nWorkers * threadsPerWorker, memoryLimitBytes: 0 },
    );
    this.ready = started.then(async () => await this.setWorkers(nWorkers));
    this.ready.catch(() => undefined);
  }

  /** The scheduler's job. */
  protected get scheduler(): SchedulerJob {
    return this.#scheduler;
  }

  get workers(): number {
    return this.#jobs.size;
  }

  async logs(): Promise<Readonly<Record<string, string>>> {
    const all = new Map<string, string>(this.#past);
    all.set("scheduler", await this.#scheduler.logs());
    for (const [name, job] of this.#jobs) all.set(name, await job.logs());
    return Object.fromEntries(all);
  }

  protected async setWorkers(workers: number, going: readonly string[] = []): Promise<void> {
    const missing = workers - this.#jobs.size;
    const starting = Array.from({ length: Math.max(0, missing) }, () => this.#add());
    const first = going.filter((name) => this.#jobs.has(name));
    const others = [...this.#jobs.keys()].filter((name) => !first.includes(name));
    const surplus = [...first, ...others.slice(workers)].slice(0, Math.max(0, -missing));
    const ending = surplus.map(async (name) => await this.#end(name));
    await Promise.all([...starting, ...ending]);
  }

  protected async end(): Promise<void> {
    this.#isClosing = true;
    await this.engine.close("the cluster was closed");
    await Promise.all([...this.#jobs.keys()].map(async (name) => await this.#end(name)));
    await this.#scheduler.close();
  }

  async #add(): Promise<void> {
    const name = `${this.name}-${this.#nextIndex++}`;
    const job = this.#options.worker(name, this.#scheduler.access);
    this.#jobs.set(name, job);
    try {
      await job.start();
    } catch (error) {
      await this.#forget(name, job);
      throw error;
    }
    job.ended
      .then(async (reason) => {
        if (!(await this.#forget(name, job)) || this.#isClosing) return;
        process.emitWarning(`worker ${name} has ended: ${reason}`, "HeddleWarning");
      })
      .catch(() => undefined);
  }

  async #end(name: string): Promise<void> {
    const job = this.#jobs.get(name);
    if (job === undefined) return;
    this.#jobs.delete(name);
    await job.close();
    this.#past.set(name, await job.logs());
  }

  /** False when it was ended on purpose. */
  async #forget(name: string, job: Job): Promise<boolean> {
    if (!this.#jobs.delete(name)) return false;
    this.#past.set(name, await job.logs());
    return true;
  }
}
