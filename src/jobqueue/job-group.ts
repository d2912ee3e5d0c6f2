/**
 * @file The jobs of one kind of a cluster: carries out on the batch system what the machine of jobs
 * wants (`machine/jobs`), and tells it what becomes of that. Keeps the process alive only while
 * somebody waits.
 */
import { HeddleError, isHeddleError } from "../core/errors.ts";
import type { JobCommand, JobEvent, JobReport, JobView } from "../machine/jobs/events.ts";
import { JobsMachine } from "../machine/jobs/jobs.ts";
import type { Desk } from "./batch-desk.ts";
import { describeLog, existingLogs } from "./job-logs.ts";
import type { JobPlan } from "./plan.ts";

/** The cluster, for its groups. */
export interface GroupHost {
  /**
   * Tells workers to hand over what only they have, and to end. Resolves to those that cannot, for
   * want of others who could take it.
   */
  retire(workers: readonly string[]): Promise<readonly string[]>;
  /** There are other jobs than before. */
  changed(): void;
  /** Something has happened, after which jobs may be in other states. */
  stepped(): void;
  /** `hopeless` has changed. */
  refused(): void;
  warn(message: string): void;
}

/** The longest that Node's timers can wait: 24 days. */
const TIMER_MOST_MS = 2 ** 31 - 1;

/** Of so many jobs that have ended it is remembered how. */
const PAST_MAX = 100;

interface Findings {
  readonly report: JobReport | undefined;
  /** `FAILED, exit code 7: NonZeroExitCode`. */
  readonly why: string;
  readonly log: string;
}

interface Waiter {
  readonly isOver: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: HeddleError) => void;
}

export class JobGroup {
  readonly plan: JobPlan;
  readonly #desk: Desk;
  readonly #host: GroupHost;
  readonly #machine: JobsMachine;
  /** The job of each worker that is there. */
  #workers: ReadonlyMap<string, string> = new Map();
  /** Names of workers as they were seen last. */
  #names: ReadonlySet<string> = new Set();
  #target = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #waiting = new Set<Waiter>();
  #hopeless: HeddleError<"JobFailed"> | undefined;
  /** Jobs that failed are looked into one after the other. */
  #explaining: Promise<void> = Promise.resolve();
  /** How the last of the jobs that have ended did so, and what they wrote. */
  readonly #past = new Map<string, string>();
  #cancelFailures = 0;
  #isClosed = false;

  constructor(plan: JobPlan, desk: Desk, host: GroupHost) {
    this.plan = plan;
    this.#desk = desk;
    this.#host = host;
    this.#machine = new JobsMachine(plan.settings);
  }

  /** Jobs that are wanted. */
  get target(): number {
    return this.#target;
  }

  /** All jobs that are known, oldest first. */
  get jobs(): readonly JobView[] {
    return this.#machine.jobs;
  }

  /** Why no more jobs can be had, if so. */
  get hopeless(): HeddleError<"JobFailed"> | undefined {
    return this.#hopeless;
  }

  /** The job of a worker of this group, by the worker's name. */
  jobOf(worker: string): string | undefined {
    return this.#workers.get(worker);
  }

  /**
   * So many jobs are wanted; of a surplus `going` are the first to go. Resolves when the batch
   * system has taken them. Errors: `JobFailed` with the system's words, when they cannot be had.
   */
  async scale(jobs: number, going: readonly string[] = []): Promise<void> {
    this.#target = jobs;
    this.#hopeAgain();
    this.#tell({ kind: "target", jobs, going });
    await this.#until(() => this.#machine.isSettled);
  }

  /** These workers are there now, of whatever group. */
  seen(names: ReadonlySet<string>): void {
    this.#names = names;
    const before = this.#workers;
    const now = this.#ownWorkers();
    this.#workers = now;
    for (const [worker, id] of before) {
      if (now.get(worker) !== id) this.#tell({ kind: "left", id, worker });
    }
    for (const [worker, id] of now) {
      if (before.get(worker) !== id) this.#tell({ kind: "joined", id, worker });
    }
  }

  /** What its jobs have written, by job, with how those ended that are over. */
  async logs(): Promise<ReadonlyMap<string, string>> {
    const logs = new Map(this.#past);
    for (const { id } of this.jobs) logs.set(`job ${id}`, await this.#logOf(id));
    return logs;
  }

  /**
   * Ends all jobs: those that wait at once, the others when their workers have ended, or after a
   * grace time. Resolves when nothing is left, or after `withinMs` with a warning.
   */
  async close(withinMs: number): Promise<void> {
    this.#hopeAgain();
    if (!this.#isClosed) this.#tell({ kind: "close" });
    let isLate = false;
    const late = setTimeout(() => {
      isLate = true;
      this.#wakeWaiting();
    }, withinMs);
    await this.#until(() => this.#isClosed || isLate);
    clearTimeout(late);
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    const ids = this.jobs.map(({ id }) => id).join(", ");
    this.#host.warn(`the batch system has not ended these jobs in time: ${ids}`);
  }

  #tell(event: JobEvent): void {
    if (this.#isClosed) return;
    const before = this.#machine.jobs.length;
    for (const command of this.#machine.step(event, performance.now())) this.#obey(command);
    if (this.#machine.jobs.length !== before || event.kind === "submitted") this.#host.changed();
    this.#host.stepped();
    this.#arm();
    this.#wakeWaiting();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const { wakeMs } = this.#machine;
    if (this.#isClosed || wakeMs === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.min(TIMER_MOST_MS, Math.max(1, Math.ceil(wakeMs - performance.now())));
    this.#timer = setTimeout(() => this.#tell({ kind: "tick" }), delayMs);
    if (this.#waiting.size === 0) this.#timer.unref();
  }

  /** Resolves when it is so; rejects when no more jobs can be had. */
  async #until(isOver: () => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#waiting.add({ isOver, resolve, reject });
      this.#timer?.ref();
      this.#wakeWaiting();
    });
  }

  #wakeWaiting(): void {
    const hopeless = this.#hopeless;
    for (const waiter of [...this.#waiting]) {
      if (hopeless === undefined && !waiter.isOver()) continue;
      this.#waiting.delete(waiter);
      if (hopeless === undefined) waiter.resolve();
      else waiter.reject(hopeless);
    }
    if (this.#waiting.size === 0) this.#timer?.unref();
  }

  /** What the machine wants; what fails is told to it as an event. */
  #obey(command: JobCommand): void {
    switch (command.kind) {
      case "submit":
        return this.#submit(command.ticket, command.count);
      case "list":
        return this.#list();
      case "retire":
        return this.#retire(command.ids);
      case "cancel":
        return this.#cancel(command.ids);
      case "explain":
        return this.#explain(command.id, command.report);
      case "ended":
        return this.#mourn(command.id, command.report);
      case "warn":
        return this.#host.warn(command.message);
      case "hopeless":
        return this.#giveUp(command.message);
      case "closed":
        this.#isClosed = true;
    }
  }

  #giveUp(message: string): void {
    const { system, group } = this.plan;
    const start = `${system.title}: `;
    const text = message.startsWith(start) ? message : `${start}${message}`;
    this.#hopeless = new HeddleError("JobFailed", text, { fields: { group } });
    this.#host.warn(text);
    this.#host.refused();
  }

  #hopeAgain(): void {
    if (this.#hopeless === undefined) return;
    this.#hopeless = undefined;
    this.#host.refused();
  }

  #submit(ticket: number, count: number): void {
    this.#desk.submit(this.plan, count).then(
      (ids) => {
        this.#tell({ kind: "submitted", ticket, ids });
        // A worker may be faster than the command that submitted its job.
        this.seen(this.#names);
      },
      (error: unknown) => {
        const fields = isHeddleError(error, "JobFailed") ? error.fields : {};
        const isHopeless = fields["mayPass"] !== true;
        this.#tell({ kind: "submit-failed", ticket, message: messageOf(error), isHopeless });
      },
    );
  }

  #list(): void {
    this.#desk.list(this.plan).then(
      (reports) => this.#tell({ kind: "listed", reports }),
      (error: unknown) => this.#tell({ kind: "list-failed", message: messageOf(error) }),
    );
  }

  #retire(ids: readonly string[]): void {
    const workers = this.#workersOf(new Set(ids));
    this.#host.retire(workers).then(
      (kept) => {
        const stuck = new Set(kept.map((worker) => this.#workers.get(worker)));
        this.#tell({ kind: "kept", ids: ids.filter((id) => stuck.has(id)) });
      },
      (error: unknown) => {
        this.#host.warn(`the workers of the jobs ${ids.join(", ")}: ${messageOf(error)}`);
        this.#tell({ kind: "kept", ids });
      },
    );
  }

  /** What could not be cancelled is tried again, and spoken of from the second time on. */
  #cancel(ids: readonly string[]): void {
    this.#desk.cancel(this.plan, ids).then(
      () => {
        this.#cancelFailures = 0;
        this.#tell({ kind: "cancelled" });
      },
      (error: unknown) => {
        if (++this.#cancelFailures > 1) this.#host.warn(messageOf(error));
        this.#tell({ kind: "cancelled" });
      },
    );
  }

  #explain(id: string, known: JobReport | undefined): void {
    this.#lookInto(async () => {
      const { report, why, log } = await this.#postMortem(id, known);
      const isOver = report === undefined || report.phase === "ended";
      const what = isOver ? "has ended before a worker joined" : "runs, but no worker has joined";
      this.#tell({ kind: "explained", id, message: `job ${id} ${what} (${why})\n${log}` });
    });
  }

  #mourn(id: string, known: JobReport | undefined): void {
    this.#lookInto(async () => {
      const { why } = await this.#postMortem(id, known);
      this.#host.warn(`job ${id} has ended (${why}); another is submitted`);
    });
  }

  #lookInto(look: () => Promise<void>): void {
    this.#explaining = this.#explaining.then(look);
  }

  /** How a job ended, in the system's words, and the end of its log. */
  async #postMortem(id: string, known: JobReport | undefined): Promise<Findings> {
    const isOver = known?.phase !== "running" || !this.#machine.has(id);
    const { report = known, text } = await this.#desk.postMortem(this.plan, id, isOver);
    const { state = "gone", reason, exitCode } = report ?? {};
    const how = [state, ...(exitCode ? [`exit code ${exitCode}`] : [])].join(", ");
    const why = reason === undefined ? how : `${how}: ${reason}`;
    const log = await describeLog(this.#logFiles(id, text));
    this.#past.set(`job ${id}`, `${why}\n${log}`);
    if (this.#past.size > PAST_MAX) this.#past.delete(this.#past.keys().next().value as string);
    return { report, why, log };
  }

  #logFiles(id: string, text: string): readonly string[] {
    return this.plan.system.logFiles(id, this.plan.shape, text);
  }

  async #logOf(id: string): Promise<string> {
    const found = await existingLogs(this.#logFiles(id, ""));
    if (found !== undefined) return found;
    // Elements of arrays may have numbers of their own in the names of their files.
    const { text } = await this.#desk.postMortem(this.plan, id, false);
    const files = this.#logFiles(id, text);
    return (await existingLogs(files)) ?? (await describeLog(files));
  }

  #workersOf(ids: ReadonlySet<string>): string[] {
    return [...this.#workers].filter(([, id]) => ids.has(id)).map(([worker]) => worker);
  }

  /** Workers are called `<prefix>-<id of their job>`, with more after another dash. */
  #ownWorkers(): Map<string, string> {
    const own = new Map<string, string>();
    const start = `${this.plan.prefix}-`;
    for (const name of this.#names) {
      if (!name.startsWith(start)) continue;
      // Ids may hold dashes, too: the longest that is known is meant.
      for (let end = name.length; end > start.length; end = name.lastIndexOf("-", end - 1)) {
        const id = name.slice(start.length, end);
        if (!this.#machine.has(id)) continue;
        own.set(name, id);
        break;
      }
    }
    return own;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
