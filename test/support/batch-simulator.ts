/**
 * @file A batch system under virtual time, as the machine of jobs sees one: random waits in the
 * queue, starts that fail, jobs that are lost or put back, listings that lag or fail, walltimes
 * that end jobs, and workers that hand over before they go.
 */
import type { JobCommand, JobEvent, JobReport } from "../../src/machine/jobs/events.ts";
import { JobsMachine } from "../../src/machine/jobs/jobs.ts";
import type { JobSettings } from "../../src/machine/jobs/settings.ts";

export interface BatchConditions {
  /** Longest wait in the queue. */
  readonly queueMs: number;
  /** Parts of all jobs that fail at their start, die in the middle, are put back into the queue. */
  readonly failing: number;
  readonly dying: number;
  readonly requeued: number;
  /** Part of the commands that fail: submissions, listings. */
  readonly refusing: number;
  /** A job is listed so long after it was submitted. */
  readonly lagMs: number;
}

interface SimJob {
  readonly id: string;
  readonly submittedMs: number;
  phase: JobReport["phase"];
  reason: string;
  startsMs: number;
  endsMs: number;
  joinsMs: number;
  worker: string | undefined;
}

/** Runs a machine against the simulated system until virtual time is over. */
export class BatchSimulator {
  readonly machine: JobsMachine;
  readonly jobs = new Map<string, SimJob>();
  readonly warnings: string[] = [];
  readonly hopeless: string[] = [];
  nowMs = 0;
  isClosed = false;
  /** Commands to the batch system, by kind. */
  readonly counts: Record<JobCommand["kind"], number> = {
    submit: 0,
    list: 0,
    retire: 0,
    cancel: 0,
    explain: 0,
    ended: 0,
    warn: 0,
    hopeless: 0,
    closed: 0,
  };
  /** Jobs that had a worker when they were cancelled or ended by their walltime. */
  killedWorkers = 0;
  readonly #random: () => number;
  readonly #conditions: BatchConditions;
  readonly #walltimeMs: number;
  readonly #marginMs: number;
  #answers: { readonly atMs: number; readonly event: () => JobEvent }[] = [];
  #nextId = 1;

  constructor(
    random: () => number,
    conditions: BatchConditions,
    settings: Partial<JobSettings> & { readonly walltimeMs: number; readonly marginMs: number },
  ) {
    this.#random = random;
    this.#conditions = conditions;
    this.#walltimeMs = settings.walltimeMs;
    this.#marginMs = settings.marginMs;
    this.machine = new JobsMachine(settings);
  }

  /** Jobs of the system that have not ended. */
  get alive(): SimJob[] {
    return [...this.jobs.values()].filter(({ phase }) => phase !== "ended");
  }

  get workers(): number {
    return this.alive.filter(({ worker }) => worker !== undefined).length;
  }

  tell(event: JobEvent): void {
    for (const command of this.machine.step(event, this.nowMs)) {
      this.counts[command.kind]++;
      this.#obey(command);
    }
  }

  /** Lets virtual time go on for so long. */
  run(ms: number, seen: () => void = () => undefined): void {
    const endMs = this.nowMs + ms;
    while (this.nowMs < endMs) {
      const next = Math.min(endMs, this.machine.wakeMs, this.#nextMs());
      this.nowMs = Math.max(this.nowMs + 1, next);
      this.#advance();
      const due = this.#answers.filter(({ atMs }) => atMs <= this.nowMs);
      this.#answers = this.#answers.filter(({ atMs }) => atMs > this.nowMs);
      for (const { event } of due) this.tell(event());
      this.tell({ kind: "tick" });
      seen();
    }
  }

  #nextMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { atMs } of this.#answers) next = Math.min(next, atMs);
    for (const job of this.alive) {
      const times = [job.startsMs, job.joinsMs, job.endsMs].filter((at) => at > this.nowMs);
      next = Math.min(next, ...times);
    }
    return next;
  }

  #advance(): void {
    for (const job of this.alive) {
      if (job.phase === "queued" && job.startsMs <= this.nowMs) this.#start(job);
      if (job.endsMs <= this.nowMs) this.#end(job);
      else if (job.joinsMs <= this.nowMs) {
        job.joinsMs = Number.POSITIVE_INFINITY;
        job.worker = `w-${job.id}`;
        this.tell({ kind: "joined", id: job.id, worker: job.worker });
      }
    }
  }

  #start(job: SimJob): void {
    const { failing, dying, requeued } = this.#conditions;
    job.phase = "running";
    job.startsMs = Number.POSITIVE_INFINITY;
    const draw = this.#random();
    if (draw < failing) job.endsMs = this.nowMs + 500;
    else {
      job.joinsMs = this.nowMs + 500 + this.#random() * 3000;
      // Workers retire by themselves before the walltime is over.
      job.endsMs = this.nowMs + this.#walltimeMs - this.#marginMs * this.#random();
      if (draw < failing + dying) job.endsMs = this.nowMs + this.#random() * this.#walltimeMs;
      else if (draw < failing + dying + requeued) this.#requeue(job);
    }
  }

  #requeue(job: SimJob): void {
    job.phase = "queued";
    job.joinsMs = Number.POSITIVE_INFINITY;
    job.endsMs = Number.POSITIVE_INFINITY;
    job.startsMs = this.nowMs + this.#random() * this.#conditions.queueMs;
  }

  #end(job: SimJob): void {
    job.phase = "ended";
    if (job.worker === undefined) return;
    const { worker } = job;
    job.worker = undefined;
    this.tell({ kind: "left", id: job.id, worker });
  }

  #obey(command: JobCommand): void {
    switch (command.kind) {
      case "submit":
        return this.#submit(command.ticket, command.count);
      case "list":
        return this.#answer(50 + this.#random() * 500, () => this.#listing());
      case "retire":
        for (const id of command.ids) {
          const job = this.jobs.get(id);
          if (job !== undefined) job.endsMs = this.nowMs + this.#random() * 10_000;
        }
        return;
      case "cancel":
        for (const id of command.ids) {
          const job = this.jobs.get(id);
          if (job === undefined || job.phase === "ended") continue;
          if (job.worker !== undefined) this.killedWorkers++;
          job.endsMs = this.nowMs + this.#random() * 3000;
          job.startsMs = Number.POSITIVE_INFINITY;
        }
        return;
      case "explain":
        return this.#answer(200, () => ({
          kind: "explained",
          id: command.id,
          message: `job ${command.id} has ended before a worker joined`,
        }));
      case "ended":
        return;
      case "warn":
        this.warnings.push(command.message);
        return;
      case "hopeless":
        this.hopeless.push(command.message);
        return;
      case "closed":
        this.isClosed = true;
    }
  }

  #answer(inMs: number, event: () => JobEvent): void {
    this.#answers.push({ atMs: this.nowMs + inMs, event });
  }

  #submit(ticket: number, count: number): void {
    const { refusing, queueMs } = this.#conditions;
    if (this.#random() < refusing) {
      const message = "the controller does not answer";
      this.#answer(100, () => ({ kind: "submit-failed", ticket, message, isHopeless: false }));
      return;
    }
    const ids = Array.from({ length: count }, () => String(this.#nextId++));
    for (const id of ids) {
      this.jobs.set(id, {
        id,
        submittedMs: this.nowMs,
        phase: "queued",
        reason: "Priority",
        startsMs: this.nowMs + this.#random() * queueMs,
        endsMs: Number.POSITIVE_INFINITY,
        joinsMs: Number.POSITIVE_INFINITY,
        worker: undefined,
      });
    }
    this.#answer(20 + this.#random() * 1000, () => ({ kind: "submitted", ticket, ids }));
  }

  #listing(): JobEvent {
    if (this.#random() < this.#conditions.refusing) {
      return { kind: "list-failed", message: "Unable to contact the controller" };
    }
    const reports = new Map<string, JobReport>();
    for (const job of this.jobs.values()) {
      if (this.nowMs - job.submittedMs < this.#conditions.lagMs) continue;
      // Ended jobs are forgotten after a while.
      if (job.phase === "ended" && this.nowMs - job.endsMs > 300_000) continue;
      reports.set(job.id, { phase: job.phase, state: job.phase.toUpperCase(), reason: job.reason });
    }
    return { kind: "listed", reports };
  }
}
