/**
 * @file What the machine that looks after batch jobs hears, and what it wants done. Job ids are the
 * batch system's own; a job has one worker or several.
 */

/** Where a job is in its life, as its batch system sees it. */
export type JobPhase = "queued" | "running" | "ended";

/** What a batch system says about a job. */
export interface JobReport {
  readonly phase: JobPhase;
  /** The system's own word for it: `PENDING`, `qw`. */
  readonly state: string;
  /** Why it waits, or how it ended, in the system's words. */
  readonly reason?: string;
  /** It will never start as it was asked for. */
  readonly isHopeless?: boolean;
  readonly exitCode?: number;
}

export type JobEvent =
  /** So many jobs are wanted from now on; `going` are the first to go. */
  | { readonly kind: "target"; readonly jobs: number; readonly going?: readonly string[] }
  | { readonly kind: "submitted"; readonly ticket: number; readonly ids: readonly string[] }
  | {
      readonly kind: "submit-failed";
      readonly ticket: number;
      readonly message: string;
      /** The system refuses such jobs; trying again is of no use. */
      readonly isHopeless: boolean;
    }
  /** Everything that the system lists: what is missing has ended. */
  | { readonly kind: "listed"; readonly reports: ReadonlyMap<string, JobReport> }
  | { readonly kind: "list-failed"; readonly message: string }
  /** A worker of the job has joined the cluster, or left it. */
  | { readonly kind: "joined"; readonly id: string; readonly worker: string }
  | { readonly kind: "left"; readonly id: string; readonly worker: string }
  /** Workers of these jobs cannot hand over what they have: nobody could take it. */
  | { readonly kind: "kept"; readonly ids: readonly string[] }
  /** A command that cancels jobs has been carried out, or has failed. */
  | { readonly kind: "cancelled" }
  /** What could be found out about a job that failed. */
  | { readonly kind: "explained"; readonly id: string; readonly message: string }
  | { readonly kind: "tick" }
  | { readonly kind: "close" };

export type JobCommand =
  | { readonly kind: "submit"; readonly ticket: number; readonly count: number }
  | { readonly kind: "list" }
  /** The workers of these jobs are to hand over what they have, and to end. */
  | { readonly kind: "retire"; readonly ids: readonly string[] }
  | { readonly kind: "cancel"; readonly ids: readonly string[] }
  /** How did it end, and what are the last lines of its log? */
  | { readonly kind: "explain"; readonly id: string; readonly report: JobReport | undefined }
  /** One that had workers is over though it was wanted; another is submitted. */
  | { readonly kind: "ended"; readonly id: string; readonly report: JobReport | undefined }
  | { readonly kind: "warn"; readonly message: string }
  /** What is wanted cannot be had; nothing more is submitted until something else is wanted. */
  | { readonly kind: "hopeless"; readonly message: string }
  /** Nothing is left. */
  | { readonly kind: "closed" };

/** Where a job is for us. */
export type JobStage =
  /** Submitted, not listed yet. */
  | "submitted"
  | "queued"
  /** It runs, and no worker has joined. */
  | "starting"
  | "running"
  /** Its walltime is nearly over, and another takes its place. */
  | "expiring"
  /** It is to go. */
  | "leaving";

/** A job as people see it. */
export interface JobView {
  readonly id: string;
  readonly stage: JobStage;
  readonly state: string;
  readonly reason?: string;
  readonly workers: readonly string[];
  /** When it was submitted, and when it began to run. */
  readonly submittedMs: number;
  readonly startedMs?: number;
}
