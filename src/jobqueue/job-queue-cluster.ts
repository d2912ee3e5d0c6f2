/**
 * @file A cluster whose workers are jobs of a batch system: as many as are wanted, of one kind or
 * several, replaced when they fail or their time is over.
 */
import { randomBytes } from "node:crypto";
import type { Adaptive } from "../cluster/adaptive.ts";
import { Cluster } from "../cluster/cluster.ts";
import type { EngineInfo } from "../cluster/messages.ts";
import { RemoteEngine } from "../cluster/remote-engine.ts";
import { within } from "../cluster/timeout.ts";
import { checkCount } from "../cluster/worker-shape.ts";
import { HeddleError, nearestName } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { type JobAdaptOptions, jobRules } from "./adapt-jobs.ts";
import { BatchDesk } from "./batch-desk.ts";
import { Guard } from "./guard.ts";
import { demandInJobs, jobsThatStay, jobsToEnd } from "./job-demand.ts";
import { JobGroup } from "./job-group.ts";
import { JOB_UNITS, type JobSize, jobsOf } from "./job-size.ts";
import { JobValues } from "./job-values.ts";
import { makePlans } from "./make-plan.ts";
import { checkJobOptions } from "./option-names.ts";
import type { JobQueueOptions } from "./options.ts";
import type { JobPlan } from "./plan.ts";
import { type ClusterJob, JobPublisher, type JobSource } from "./publish-jobs.ts";
import type { SchedulerPlace } from "./scheduler-place.ts";
import { jobHeader } from "./script.ts";
import { connectionFileOf, startScheduler } from "./start-scheduler.ts";
import type { SystemName } from "./system.ts";

/** A size of the cluster's own kind of jobs, or sizes by group. */
export type ScaleSize = JobSize | { readonly groups: Readonly<Record<string, number | JobSize>> };

/** Beyond the grace time, how long `close()` waits for the batch system. */
const CLOSE_MS = 60_000;

/** A cluster on a batch system; `SLURMCluster` and the others say on which. */
export class JobQueueCluster extends Cluster {
  /** @internal */
  readonly engine: RemoteEngine;
  readonly name: string;
  readonly ready: Promise<void>;
  /** Name of the group that is meant where none is named. */
  readonly #first: string;
  readonly #groups: ReadonlyMap<string, JobGroup>;
  readonly #place: SchedulerPlace;
  readonly #guard: Guard | undefined;
  /** Tells other programs of the jobs. */
  readonly #publisher: JobPublisher;
  /** Addresses of the workers that are there, by name. */
  #workers: ReadonlyMap<string, string> = new Map();
  #isLooking = false;
  #lookAgain = false;
  /** Who waits for workers. */
  readonly #awaiting = new Set<() => void>();
  #isClosing = false;
  /** Workers to begin with, until they are asked for. */
  #beginning = 0;

  constructor(system: SystemName, options: JobQueueOptions) {
    super();
    checkJobOptions(system, options);
    this.name = options.name ?? `${system}-${randomBytes(3).toString("hex")}`;
    const connectionFile = connectionFileOf(system, options, this.name);
    const desk = new BatchDesk();
    const plans = makePlans(system, options, { connectionFile, clusterName: this.name });
    const first = plans[0] as JobPlan;
    this.#first = first.group;
    const host = {
      retire: async (workers: readonly string[]) => await this.#retire(workers),
      changed: () => this.#tellGuard(),
      stepped: () => this.#publisher.changed(),
      refused: () => this.#tellRefusal(),
      warn: (message: string) => this.#warn(message),
    };
    this.#groups = new Map(plans.map((plan) => [plan.group, new JobGroup(plan, desk, host)]));
    this.#publisher = new JobPublisher(this.#source(system));
    const jobs = firstJobs(first, options);
    const stays = new JobValues(system, options).get("on-client-exit") === "keep";
    this.#guard = stays ? undefined : new Guard();
    this.#place = startScheduler(system, options, this.name, connectionFile);
    this.engine = new RemoteEngine(this.#place.access, {
      threads: jobs * first.workersPerJob * first.threadsPerWorker,
      memoryLimitBytes: jobs * first.workersPerJob * first.memoryPerWorkerBytes,
    });
    this.#place.onLost = (error) => this.#lost(error);
    this.engine.onSize = () => this.#look();
    this.ready = this.#place.access.then(() => undefined);
    this.ready.catch(() => undefined);
    if (jobs === 0) return;
    const begun = this.scale({ jobs });
    this.#beginning = jobs * first.workersPerJob;
    begun
      .catch(() => undefined)
      .finally(() => {
        this.#beginning = 0;
      });
  }

  /** Workers that there are to be, of all groups. */
  get workers(): number {
    let workers = 0;
    for (const { target, plan } of this.#groups.values()) workers += target * plan.workersPerJob;
    return workers === 0 ? this.#beginning : workers;
  }

  get threadsPerWorker(): number {
    return this.#group().plan.threadsPerWorker;
  }

  /** File by which workers, and other clients, find the scheduler; for its owner alone. */
  get connectionFile(): string {
    return this.#place.connectionFile;
  }

  /** Name of the jobs in the batch system. */
  get jobName(): string {
    return this.#group().plan.shape.jobName;
  }

  /** The directives with which the script of a job begins. */
  get jobHeader(): string {
    const { system, shape } = this.#group().plan;
    return jobHeader(system, shape).join("\n");
  }

  /** All jobs that are known, with where each is in its life; times are since 1970. */
  get jobs(): readonly ClusterJob[] {
    return [...this.#groups].flatMap(([group, { jobs }]) =>
      jobs.map(({ submittedMs, startedMs, ...job }) => ({
        ...job,
        group,
        submittedMs: submittedMs + performance.timeOrigin,
        ...(startedMs === undefined ? {} : { startedMs: startedMs + performance.timeOrigin }),
      })),
    );
  }

  /** The script that is submitted for the jobs of a group; default the cluster's own kind. */
  jobScript(group?: string): string {
    return this.#group(group).plan.script;
  }

  /**
   * Submits or ends jobs until there are as many workers as wanted: a number of workers, one of
   * `{ jobs, workers, cores, memory }`, or `{ groups: { gpu: { jobs: 1 } } }`. Sizes are rounded up
   * to whole jobs; those that end bring their values to others first. Resolves when the batch
   * system has taken the jobs, which may then wait in its queue. Errors: `JobFailed` with the
   * system's own words when they cannot be had.
   *
   * ```ts
   * await cluster.scale({ cores: 96 });
   * await cluster.scale({ jobs: 2 }, { group: "gpu" });
   * ```
   */
  override async scale(
    size: number | ScaleSize,
    options: { readonly group?: string } = {},
  ): Promise<void> {
    checkOptionNames("scale", options, ["group"]);
    const wanted = this.#wanted(size, options.group);
    this.stopAdapting();
    this.#beginning = 0;
    await this.link();
    await Promise.all(
      [...wanted].map(async ([group, jobs]) => await this.#scaleGroup(group, jobs)),
    );
  }

  /**
   * Changes the number of jobs by what there is to do, from now on; `scale()` ends it. Bounds are
   * `minimum` and `maximum` workers, or `minimumJobs`, `maximumJobs`, `minimumCores` and so on;
   * what it decides about is whole jobs. A job starts when there is work for it, which may wait in
   * the queue, and ends when nothing was to do for its workers for five minutes: `waitCount` looks
   * (150), `intervalMs` (2,000) apart.
   */
  override adapt(options: JobAdaptOptions = {}): Adaptive {
    // Null, too, is complained about with the other options.
    const group = this.#group(options?.group);
    const { plan } = group;
    const rules = jobRules(plan, options);
    return this.keepAdapting(
      {
        get workers() {
          return group.target;
        },
        threadsPerWorker: plan.workersPerJob * plan.threadsPerWorker,
        demand: async () => demandInJobs(await this.demand(), group, (name) => group.jobOf(name)),
        grow: async (jobs) => {
          // What cannot be had is not asked for again and again.
          if (group.hopeless === undefined) await group.scale(jobs);
        },
        shrink: async (ids) => await group.scale(group.target - ids.length, ids),
      },
      rules,
    );
  }

  /**
   * Resolves when there are so many workers. Errors: `Timeout`; `JobFailed`, with the batch
   * system's own words, when their jobs cannot be had.
   */
  override async waitForWorkers(
    count: number,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<void> {
    checkOptionNames("waitForWorkers", options, ["timeoutMs"]);
    checkCount("waitForWorkers", count, 0);
    const there = this.#enough(count);
    await within(options.timeoutMs, `waiting for ${count} workers`, there);
  }

  /**
   * What has happened in the scheduler, and what each job has written as far as its files can be
   * read from here, by name.
   */
  async logs(): Promise<Readonly<Record<string, string>>> {
    const all = new Map(Object.entries(await this.#place.logs()));
    for (const group of this.#groups.values()) {
      for (const [name, text] of await group.logs()) all.set(name, text);
    }
    return Object.fromEntries(all);
  }

  protected async setWorkers(workers: number): Promise<void> {
    const group = this.#group();
    await this.#scaleGroup(group, jobsOf("scale", group.plan, workers));
  }

  /**
   * Jobs that wait are cancelled; the others end with their workers, which the scheduler tells to
   * go, or are cancelled when they do not.
   */
  protected async end(): Promise<void> {
    this.#isClosing = true;
    this.#publisher.close();
    for (const wake of this.#awaiting) wake();
    await this.engine.close("the cluster was closed");
    const groups = [...this.#groups.values()];
    const closing = groups.map(async (group) => await group.close(CLOSE_MS));
    await this.#place.close();
    await Promise.all(closing);
    if (groups.every(({ jobs }) => jobs.length === 0)) this.#guard?.release();
    else this.#guard?.abandon();
  }

  /** Without a scheduler jobs are of no use, and others in their place would not be either. */
  #lost(error: HeddleError): void {
    this.stopAdapting();
    this.engine.lost(error);
    this.#warn(`${error.message}; the jobs of ${this.name} are cancelled`);
    for (const group of this.#groups.values()) {
      group.close(CLOSE_MS).catch(() => undefined);
    }
  }

  #group(name: string = this.#first): JobGroup {
    const group = this.#groups.get(name);
    if (group !== undefined) return group;
    const near = nearestName(name, this.#groups.keys());
    const hint = near === undefined ? "." : `; did you mean "${near}"?`;
    throw new HeddleError(
      "InvalidArgument",
      `the cluster has no group "${name}"${hint} Groups: ${[...this.#groups.keys()].join(", ")}`,
    );
  }

  #wanted(size: number | ScaleSize, name: string | undefined): Map<JobGroup, number> {
    if (typeof size === "object" && size !== null && "groups" in size) {
      checkOptionNames("scale", size, [...JOB_UNITS, "groups"]);
      const others = Object.keys(size).filter((key) => key !== "groups");
      if (others.length > 0 || name !== undefined) {
        throw new HeddleError(
          "InvalidArgument",
          "scale takes either { groups } with a size for each, or one size",
        );
      }
      return new Map(
        Object.entries(size.groups).map(([each, its]) => {
          const group = this.#group(each);
          return [group, jobsOf(`scale: ${each}`, group.plan, its)];
        }),
      );
    }
    const group = this.#group(name);
    return new Map([[group, jobsOf("scale", group.plan, size)]]);
  }

  async #scaleGroup(group: JobGroup, jobs: number): Promise<void> {
    if (jobs >= group.target) return await group.scale(jobs);
    const demand = await this.demand();
    const jobOf = (worker: string): string | undefined => group.jobOf(worker);
    const least = Math.max(jobs, jobsThatStay(demand, group, jobOf));
    const waiting = group.jobs.filter(({ startedMs }) => startedMs === undefined).length;
    const count = Math.max(0, group.target - least - waiting);
    await group.scale(least, jobsToEnd(demand, group, jobOf, count));
  }

  /** Looks who is there, and once more when somebody came or went meanwhile. */
  #look(): void {
    this.#lookAgain = true;
    if (this.#isLooking || this.#isClosing) return;
    this.#isLooking = true;
    this.#lookWhileNeeded()
      .catch(() => undefined)
      .finally(() => {
        this.#isLooking = false;
      });
  }

  async #lookWhileNeeded(): Promise<void> {
    const link = await this.link();
    while (this.#lookAgain && !this.#isClosing) {
      this.#lookAgain = false;
      const { workers } = (await link.query("info")) as EngineInfo;
      this.#workers = new Map(Object.values(workers).map(({ name, address }) => [name, address]));
      const names = new Set(this.#workers.keys());
      for (const group of this.#groups.values()) group.seen(names);
      for (const wake of this.#awaiting) wake();
    }
  }

  async #enough(count: number): Promise<void> {
    const link = await this.link();
    let wake: () => void = () => undefined;
    const enough = new Promise<void>((resolve, reject) => {
      wake = () => {
        const refusal = this.#refusal();
        if (this.#workers.size >= count) resolve();
        else if (this.#isClosing) reject(new HeddleError("CommClosed", "the cluster was closed"));
        else if (refusal !== undefined && refusal.most < count) reject(refusal.error);
      };
      this.#awaiting.add(wake);
      wake();
    });
    await link.hold(enough).finally(() => this.#awaiting.delete(wake));
  }

  /** Why there will not be more workers than `most`, if so. */
  #refusal(): { readonly most: number; readonly error: HeddleError } | undefined {
    let most = 0;
    let error: HeddleError | undefined;
    for (const { hopeless, target, plan, jobs } of this.#groups.values()) {
      error ??= hopeless;
      if (hopeless === undefined) most += target * plan.workersPerJob;
      else for (const { workers } of jobs) most += workers.length;
    }
    return error && { most, error };
  }

  /** Whoever waits for workers, in whatever program, hears that they will not come. */
  #tellRefusal(): void {
    for (const wake of this.#awaiting) wake();
    if (this.#isClosing) return;
    const refusal = this.#refusal();
    const tell = async (): Promise<void> => {
      const link = await this.link();
      const { most = 0, error } = refusal ?? {};
      const refused = error === undefined ? {} : { refused: { most, message: error.message } };
      await link.control({ kind: "refuse-workers", ...refused });
    };
    tell().catch(() => undefined);
  }

  /** See `GroupHost.retire`. */
  async #retire(workers: readonly string[]): Promise<readonly string[]> {
    // The scheduler ends, and tells all workers to go: nothing is handed over.
    if (this.#isClosing) return [];
    const there = workers.filter((name) => this.#workers.has(name));
    if (there.length === 0) return [];
    const link = await this.link();
    const gone = (await link.control({ kind: "retire", close: true, workers: there })) as string[];
    return there.filter((name) => {
      const address = this.#workers.get(name);
      return address !== undefined && !gone.includes(address);
    });
  }

  /** What is to be cancelled should this process be killed now. */
  #tellGuard(): void {
    if (this.#guard === undefined) return;
    const commands = [...this.#groups.values()].flatMap(({ plan, jobs }) => {
      const ids = jobs.map(({ id }) => id);
      return ids.length === 0 ? [] : [plan.system.cancel(ids, plan.shape)];
    });
    this.#guard.set(commands);
  }

  /** What is published of this cluster. */
  #source(system: SystemName): JobSource {
    const cluster = this;
    return {
      ...{ name: this.name, system, connect: async () => await this.link() },
      get jobs() {
        return cluster.jobs;
      },
    };
  }

  #warn(message: string): void {
    process.emitWarning(message, "HeddleWarning");
  }
}

function firstJobs(plan: JobPlan, { jobs, nWorkers }: JobQueueOptions): number {
  if (jobs !== undefined && nWorkers !== undefined) {
    throw new HeddleError("InvalidArgument", "a cluster begins with jobs or nWorkers, not both");
  }
  return jobsOf("the cluster", plan, jobs === undefined ? (nWorkers ?? 0) : { jobs });
}
