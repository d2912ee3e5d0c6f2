/**
 * @file The words that the control thread and the task threads of one process share: doorbells, the
 * lease ring, and for each thread its claims, its mailbox for heap requests and its ring of
 * reports. All in one SharedArrayBuffer of 32-bit words; the offsets stand here and nowhere else.
 */

/** Leases in the ring; a power of two. */
export const RING_CAPACITY = 8192;
/** Records in a thread's report ring; a power of two. */
export const REPORT_CAPACITY = 8192;
/** Words of one report. */
export const REPORT_WORDS = 4;
/** Most leases that a thread claims at once. */
export const CLAIMS_MAX = 16;

/** Process-wide words. */
export const WORD = {
  /** Counted up by threads that have reported; the control thread waits on it. */
  controlBell: 0,
  /** 1 while the control thread sleeps. */
  controlSleeps: 1,
  /** Counted up when leases were added; threads wait on it. */
  taskBell: 2,
  /** Next lease to claim, and next free place: both only grow (modulo 2^31). */
  ringHead: 3,
  ringTail: 4,
} as const;

const HEADER_WORDS = 16;
/** A lease: task id + 1 (0: taken back, or claimed), and the number of its graph. */
export const LEASE_WORDS = 2;

/** Words of one thread, counted from its block. */
interface ThreadLayout {
  /** Claimed leases: how many, and how many of them are done; then their ids. */
  readonly claimCount: number;
  readonly claimsDone: number;
  readonly claims: number;
  readonly reportHead: number;
  readonly reportTail: number;
  /**
   * State of the mailbox (`MAIL`), bytes asked for in units of 64, and the arena and offset
   * granted.
   */
  readonly mailState: number;
  readonly mailUnits: number;
  readonly mailArena: number;
  readonly mailOffset: number;
  /** Task that asks. */
  readonly mailId: number;
  /** 1 while the thread sleeps. */
  readonly sleeps: number;
  /** 1 once the thread has loaded and looks for leases. */
  readonly started: number;
  /** When it claimed, as `clockWord` tells the time. */
  readonly claimedAt: number;
  /** How many actors live in it. */
  readonly actors: number;
  readonly reports: number;
}

export const THREAD: ThreadLayout = {
  claimCount: 0,
  claimsDone: 1,
  claims: 2,
  reportHead: 2 + CLAIMS_MAX,
  reportTail: 3 + CLAIMS_MAX,
  mailState: 4 + CLAIMS_MAX,
  mailUnits: 5 + CLAIMS_MAX,
  mailArena: 6 + CLAIMS_MAX,
  mailOffset: 7 + CLAIMS_MAX,
  mailId: 8 + CLAIMS_MAX,
  sleeps: 9 + CLAIMS_MAX,
  started: 10 + CLAIMS_MAX,
  claimedAt: 11 + CLAIMS_MAX,
  actors: 12 + CLAIMS_MAX,
  reports: 13 + CLAIMS_MAX,
};

const THREAD_WORDS = THREAD.reports + REPORT_CAPACITY * REPORT_WORDS;

/** Heap offsets and sizes travel in units of this many bytes. */
export const UNIT_BYTES = 64;

export function makeControlBlock(threads: number): SharedArrayBuffer {
  const words = HEADER_WORDS + RING_CAPACITY * LEASE_WORDS + threads * THREAD_WORDS;
  return new SharedArrayBuffer(words * 4);
}

/** Word of a place in the lease ring. */
export function leaseWord(index: number): number {
  return HEADER_WORDS + (index & (RING_CAPACITY - 1)) * LEASE_WORDS;
}

/** First word of a thread's block. */
export function threadWord(thread: number): number {
  return HEADER_WORDS + RING_CAPACITY * LEASE_WORDS + thread * THREAD_WORDS;
}
