/**
 * @file The machine that looks after the jobs of a cluster on a batch system: as many as are
 * wanted, replaced when they fail or their time is over, cancelled when they are not wanted, and
 * never a loop of starts and ends. Pure: it hears events and the time, and says what to do.
 *
 * The batch system is asked about all jobs at once, from time to time; workers that join and leave
 * say the rest. A job that is missing from two lists has ended.
 */
import { HeddleError } from "../../core/errors.ts";
import type { JobCommand, JobEvent, JobReport, JobStage, JobView } from "./events.ts";
import { JOB_SETTINGS, type JobSettings } from "./settings.ts";

/** Lists from which a job may be missing before it counts as ended: some systems lag. */
const MISSED_MAX = 2;
/** The longer nothing changes, the seldomer is asked: each time so much longer. */
const SELDOMER = 1.5;
/** A job that was just submitted may be missing for so long. */
const LAG_MS = 15_000;
/** Jobs that are to go and do not are cancelled again after so long. */
const CANCEL_AGAIN_MS = 30_000;
/** Part of its walltime in which a job may be replaced, however long others wait in the queue. */
const REPLACED_SHARE = 0.5;
/** Jobs of one submission that fail within so long have one cause. */
const ONE_CAUSE_MS = 60_000;

interface Job {
  readonly id: string;
  readonly submittedMs: number;
  stage: JobStage;
  report: JobReport | undefined;
  startedMs: number | undefined;
  /** Since when it runs without a worker. */
  emptyMs: number;
  readonly workers: Set<string>;
  hasJoined: boolean;
  missed: number;
  cancelMs: number;
}

export class JobsMachine {
  readonly #settings: JobSettings;
  readonly #jobs = new Map<string, Job>();
  readonly #tickets = new Map<number, number>();
  #commands: JobCommand[] = [];
  #nowMs = 0;
  #target = 0;
  #nextTicket = 1;
  #isClosing = false;
  #isClosed = false;
  #isHopeless = false;
  /** Somebody waits to hear whether there will be as many jobs as are wanted now. */
  #isAsked = false;
  /** Starts that failed since the last that did not. */
  #failures = 0;
  #notBeforeMs = 0;
  #listedMs = Number.NEGATIVE_INFINITY;
  #isListing = false;
  /** Lists in a row that have told nothing new. */
  #steady = 0;
  #explainedMs = Number.NEGATIVE_INFINITY;
  /** How long the last job that started had waited. */
  #queueMs = 0;

  constructor(settings: Partial<JobSettings> = {}) {
    this.#settings = { ...JOB_SETTINGS, ...settings };
  }

  /** Takes an event; returns what to do. */
  step(event: JobEvent, nowMs: number): JobCommand[] {
    this.#nowMs = nowMs;
    this.#take(event);
    this.#reconcile();
    const commands = this.#commands;
    this.#commands = [];
    return commands;
  }

  /** When to send the next `tick`, at the latest. */
  get wakeMs(): number {
    let wake = Number.POSITIVE_INFINITY;
    const at = (ms: number): void => {
      // What is due has been done, and waits for an answer.
      if (ms > this.#nowMs) wake = Math.min(wake, ms);
    };
    if (this.#jobs.size > 0 && !this.#isListing) at(this.#listedMs + this.#pollMs);
    at(this.#notBeforeMs);
    for (const job of this.#jobs.values()) {
      if (job.stage === "leaving") at(job.cancelMs);
      if (job.stage === "running") at(this.#expiresMs(job));
    }
    return wake;
  }

  /** All jobs that are known, oldest first. */
  get jobs(): JobView[] {
    return Array.from(this.#jobs.values(), (job) => ({
      id: job.id,
      stage: job.stage,
      state: job.report?.state ?? "",
      ...(job.report?.reason === undefined ? {} : { reason: job.report.reason }),
      workers: [...job.workers],
      submittedMs: job.submittedMs,
      ...(job.startedMs === undefined ? {} : { startedMs: job.startedMs }),
    }));
  }

  has(id: string): boolean {
    return this.#jobs.has(id);
  }

  /** Whether the batch system has answered to all that was asked of it, and has listed all jobs. */
  get isSettled(): boolean {
    if (this.#tickets.size > 0) return false;
    return this.#isHopeless || [...this.#jobs.values()].every(({ stage }) => stage !== "submitted");
  }

  #take(event: JobEvent): void {
    switch (event.kind) {
      case "target":
        this.#target = event.jobs;
        this.#isHopeless = false;
        this.#isAsked = true;
        this.#steady = 0;
        this.#failures = 0;
        this.#notBeforeMs = this.#nowMs;
        this.#drop(event.going ?? []);
        return;
      case "submitted":
        return this.#submitted(event.ticket, event.ids);
      case "submit-failed":
        this.#tickets.delete(event.ticket);
        if (event.isHopeless) return this.#giveUp(event.message);
        return this.#failed(`a job could not be submitted: ${event.message}`);
      case "listed":
        this.#isListing = false;
        this.#steady++;
        for (const job of [...this.#jobs.values()]) this.#listed(job, event.reports.get(job.id));
        return;
      case "list-failed":
        this.#isListing = false;
        this.#say({ kind: "warn", message: `the jobs could not be listed: ${event.message}` });
        return;
      case "joined":
        return this.#joined(event.id, event.worker);
      case "left":
        return this.#left(event.id, event.worker);
      case "kept":
        for (const id of event.ids) {
          const job = this.#jobs.get(id);
          if (job?.stage === "leaving") job.cancelMs = Math.min(job.cancelMs, this.#nowMs);
        }
        return;
      case "cancelled":
        // Whether it helped is seen at once.
        this.#listedMs = Number.NEGATIVE_INFINITY;
        return;
      case "explained":
        return this.#failed(event.message);
      case "close":
        this.#isClosing = true;
        this.#target = 0;
        return;
      case "tick":
        return;
    }
  }

  #submitted(ticket: number, ids: readonly string[]): void {
    this.#tickets.delete(ticket);
    this.#steady = 0;
    for (const id of ids) {
      if (this.#jobs.has(id))
        throw new HeddleError("InvariantViolated", `job ${id} was submitted twice`);
      this.#jobs.set(id, {
        id,
        submittedMs: this.#nowMs,
        stage: "submitted",
        report: undefined,
        startedMs: undefined,
        emptyMs: this.#nowMs,
        workers: new Set(),
        hasJoined: false,
        missed: 0,
        cancelMs: Number.POSITIVE_INFINITY,
      });
    }
  }

  #listed(job: Job, report: JobReport | undefined): void {
    if (report?.state !== job.report?.state || job.stage === "leaving") this.#steady = 0;
    if (report === undefined) {
      const isNew = job.stage === "submitted" && this.#nowMs - job.submittedMs < LAG_MS;
      if (isNew || ++job.missed < MISSED_MAX) return;
      return this.#ended(job);
    }
    job.missed = 0;
    job.report = report;
    if (report.phase === "ended") return this.#ended(job);
    if (job.stage === "leaving") return;
    if (report.isHopeless === true) {
      this.#leave(job);
      return this.#giveUp(
        `job ${job.id} waits for ever (${report.state}: ${report.reason ?? "no reason given"})`,
      );
    }
    if (report.phase === "queued") {
      // Also one that ran and was put back into the queue.
      job.stage = "queued";
      job.startedMs = undefined;
    } else if (job.startedMs === undefined) this.#started(job);
    const isEmpty = report.phase === "running" && job.workers.size === 0;
    if (isEmpty && this.#nowMs - job.emptyMs > this.#settings.startMs) {
      this.#leave(job);
      this.#explain(job);
    }
  }

  #started(job: Job): void {
    job.startedMs = this.#nowMs;
    job.emptyMs = this.#nowMs;
    job.stage = job.workers.size > 0 ? "running" : "starting";
    this.#queueMs = this.#nowMs - job.submittedMs;
  }

  #joined(id: string, worker: string): void {
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    job.workers.add(worker);
    job.hasJoined = true;
    this.#steady = 0;
    this.#failures = 0;
    if (job.startedMs === undefined) this.#started(job);
    if (job.stage === "starting") job.stage = "running";
  }

  #left(id: string, worker: string): void {
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    job.workers.delete(worker);
    job.emptyMs = this.#nowMs;
    this.#steady = 0;
  }

  #ended(job: Job): void {
    this.#jobs.delete(job.id);
    if (job.stage === "leaving" || this.#isClosing) return;
    if (!job.hasJoined) this.#explain(job);
    else if (job.stage !== "expiring") {
      this.#say({ kind: "ended", id: job.id, report: job.report });
    }
  }

  /** A start that failed counts once it is known why. */
  #explain(job: Job): void {
    const isSameCause =
      job.submittedMs <= this.#explainedMs && this.#nowMs - this.#explainedMs < ONE_CAUSE_MS;
    this.#notBeforeMs = Math.max(this.#notBeforeMs, this.#nowMs + this.#settings.backoffMs);
    if (isSameCause) return;
    this.#explainedMs = this.#nowMs;
    this.#say({ kind: "explain", id: job.id, report: job.report });
  }

  #failed(message: string): void {
    const { failuresMax, backoffMs, backoffMaxMs } = this.#settings;
    this.#failures++;
    if (this.#failures >= failuresMax) {
      return this.#giveUp(`${this.#failures} starts have failed, the last one so: ${message}`);
    }
    const waitMs = Math.min(backoffMaxMs, backoffMs * 2 ** (this.#failures - 1));
    this.#notBeforeMs = this.#nowMs + waitMs;
    this.#say({ kind: "warn", message: `${message}\nThe next try is in ${waitMs / 1000} s` });
  }

  #giveUp(message: string): void {
    if (this.#isHopeless || this.#isClosing) return;
    this.#isHopeless = true;
    this.#say({ kind: "hopeless", message });
  }

  /** Jobs that count towards what is wanted. */
  get #live(): Job[] {
    return [...this.#jobs.values()].filter(isLive);
  }

  /** On their way to the batch system. */
  get #submitting(): number {
    let jobs = 0;
    for (const count of this.#tickets.values()) jobs += count;
    return jobs;
  }

  get #missing(): number {
    let live = 0;
    for (const job of this.#jobs.values()) if (isLive(job)) live++;
    return this.#target - live - this.#submitting;
  }

  get #pollMs(): number {
    const { pollMs, pollIdleMs, pollNewMs, pollClosingMs } = this.#settings;
    if (this.#isClosing) return Math.min(pollClosingMs, pollMs);
    if (this.#isAsked && !this.isSettled) return Math.min(pollNewMs, pollMs);
    for (const { stage, workers, missed } of this.#jobs.values()) {
      if (stage === "running" && workers.size > 0 && missed === 0) continue;
      return Math.max(pollMs, Math.min(pollIdleMs, pollMs * SELDOMER ** (this.#steady - 1)));
    }
    return pollIdleMs;
  }

  /** When another job takes this one's place: time to wait in the queue, and to hand over. */
  #expiresMs({ startedMs }: Job): number {
    const { walltimeMs, marginMs } = this.#settings;
    if (walltimeMs === undefined || startedMs === undefined) return Number.POSITIVE_INFINITY;
    const early = Math.min(marginMs + this.#queueMs, REPLACED_SHARE * walltimeMs);
    return startedMs + walltimeMs - early;
  }

  #reconcile(): void {
    if (this.#isClosed) return;
    for (const job of this.#jobs.values()) {
      if (job.stage === "running" && this.#nowMs >= this.#expiresMs(job)) job.stage = "expiring";
    }
    if (this.#missing < 0) this.#drop([]);
    if (this.#isClosing) for (const job of this.#jobs.values()) this.#leave(job);
    this.#submit();
    if (this.isSettled) this.#isAsked = false;
    this.#cancel();
    this.#list();
    if (!this.#isClosing || this.#jobs.size > 0 || this.#tickets.size > 0) return;
    this.#isClosed = true;
    this.#say({ kind: "closed" });
  }

  #submit(): void {
    if (this.#isHopeless || this.#nowMs < this.#notBeforeMs) return;
    const missing = this.#missing;
    if (missing <= 0) return;
    const { pendingMax, arrayMax } = this.#settings;
    const waiting = this.#live.filter(({ startedMs }) => startedMs === undefined).length;
    const submitting = this.#submitting;
    let count = Math.min(missing, pendingMax - waiting - submitting);
    // After a failure one job shows whether the next start goes better.
    const isTrying = submitting > 0 || this.#live.some(({ hasJoined }) => !hasJoined);
    if (this.#failures > 0) count = isTrying ? 0 : Math.min(count, 1);
    while (count > 0) {
      const size = Math.min(count, arrayMax);
      const ticket = this.#nextTicket++;
      this.#tickets.set(ticket, size);
      this.#say({ kind: "submit", ticket, count: size });
      count -= size;
    }
  }

  /** Lets surplus jobs go: those that are named, then those that wait, then the youngest. */
  #drop(going: readonly string[]): void {
    const surplus = -this.#missing;
    if (surplus <= 0) return;
    const named = new Set(going);
    const rank = (job: Job): number => {
      if (named.has(job.id)) return 0;
      return job.startedMs === undefined ? 1 : 2;
    };
    const order = this.#live.reverse().sort((a, b) => rank(a) - rank(b));
    for (const job of order.slice(0, surplus)) this.#leave(job);
  }

  #leave(job: Job): void {
    if (job.stage === "leaving") return;
    const isQuiet = job.workers.size === 0;
    job.stage = "leaving";
    const { graceMs, graceClosingMs } = this.#settings;
    const longestMs = this.#isClosing ? Math.min(graceMs, graceClosingMs) : graceMs;
    job.cancelMs = isQuiet ? this.#nowMs : this.#nowMs + longestMs;
    if (!isQuiet) this.#say({ kind: "retire", ids: [job.id] });
  }

  #cancel(): void {
    const ids: string[] = [];
    for (const job of this.#jobs.values()) {
      if (job.stage !== "leaving" || this.#nowMs < job.cancelMs) continue;
      ids.push(job.id);
      job.cancelMs = this.#nowMs + CANCEL_AGAIN_MS;
    }
    if (ids.length > 0) this.#say({ kind: "cancel", ids });
  }

  #list(): void {
    if (this.#isListing || this.#jobs.size === 0) return;
    if (this.#nowMs < this.#listedMs + this.#pollMs) return;
    this.#isListing = true;
    this.#listedMs = this.#nowMs;
    this.#say({ kind: "list" });
  }

  #say(command: JobCommand): void {
    this.#commands.push(command);
  }
}

function isLive({ stage }: Job): boolean {
  return stage !== "leaving" && stage !== "expiring";
}
