/** @file What the machine that looks after batch jobs is told once; times are milliseconds. */

export interface JobSettings {
  /**
   * The system lists jobs so often while something is expected, seldomer and seldomer while nothing
   * changes, and so often in the end.
   */
  readonly pollMs: number;
  readonly pollIdleMs: number;
  /** So often after another number was wanted, until all jobs have been listed once. */
  readonly pollNewMs: number;
  /** And so often while all is to end, and somebody waits for it. */
  readonly pollClosingMs: number;
  /** Jobs that wait at a time, at most: sites limit them. */
  readonly pendingMax: number;
  /** Jobs submitted in one command, at most. */
  readonly arrayMax: number;
  /** A job runs for so long, unless undefined. */
  readonly walltimeMs?: number;
  /** Workers retire so long before the end of the walltime. */
  readonly marginMs: number;
  /**
   * A job that runs for so long without a worker has failed, whether there was one before or not.
   */
  readonly startMs: number;
  /** Workers that are to go may take so long before their job is cancelled. */
  readonly graceMs: number;
  /** The same when all is to end: there is nobody to hand over to. */
  readonly graceClosingMs: number;
  /** After a failed start the next try waits so long, twice as long each time, up to the most. */
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
  /** Starts that fail one after the other before it is given up. */
  readonly failuresMax: number;
}

export const JOB_SETTINGS: JobSettings = {
  pollMs: 5000,
  pollIdleMs: 30_000,
  pollNewMs: 1000,
  pollClosingMs: 500,
  pendingMax: 1000,
  arrayMax: 1000,
  marginMs: 120_000,
  startMs: 180_000,
  graceMs: 60_000,
  graceClosingMs: 15_000,
  backoffMs: 5000,
  backoffMaxMs: 300_000,
  failuresMax: 5,
};
