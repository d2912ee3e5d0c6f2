/**
 * @file A thread's reports to the control thread: a ring with one writer and one reader. A report
 * is four words; values themselves lie in the value pages and the heap.
 */
import { REPORT_CAPACITY, REPORT_WORDS, THREAD, threadWord, WORD } from "./control-block.ts";

/** Kinds of report, and what their three words mean. */
export const REPORT = {
  /** id: the value is a word of its page. */
  done: 1,
  /** id, bytes (low, high): the value lies in an extent of its own. */
  doneExtent: 2,
  /** id, bytes: the value lies in the thread's current slab. */
  doneSlab: 3,
  /** id, where the error lies (`ERROR_PLACE`), bytes. */
  failed: 4,
  /** arena, offset in units: an extent that is not needed any more. */
  freeExtent: 5,
  /** No further value goes to the current slab. */
  closeSlab: 6,
  /** id of one of them, count, mean time as `timeWord` writes it. */
  time: 7,
  /** id, 1 or 0: the task waits for others, or goes on. The end of a task ends its wait. */
  suspended: 8,
  /** arena, offset in units: values go to this slab from now on. */
  openSlab: 9,
  /** id: an asynchronous task goes on until it is reported done or failed. */
  began: 10,
  /** id: the task wants to be run again, perhaps elsewhere. */
  again: 11,
  /** id: the asynchronous task was given up, as it was told. */
  givenUp: 12,
  /** id: the value that is reported next is an actor, and the thread hears when it goes. */
  actor: 13,
} as const;

/** Where a task's error lies: the thread's slab, an extent, or nowhere for want of memory. */
export const ERROR_PLACE = { slab: 0, extent: 1, none: 2 } as const;

/** A time as one word: nanoseconds, or milliseconds below zero when it is long. */
export function timeWord(ms: number): number {
  return ms < 1000 ? Math.round(ms * 1e6) : -Math.min(2e9, Math.round(ms));
}

export function wordMs(word: number): number {
  return word < 0 ? -word : word / 1e6;
}

/** The time now in milliseconds, as one word that all threads of a machine agree on. */
export function clockWord(): number {
  return (performance.timeOrigin + performance.now()) | 0;
}

/** Milliseconds since the time of a word, which is less than three weeks ago. */
export function sinceWord(word: number): number {
  return Math.max(0, (clockWord() - word) | 0);
}

const MASK = 0x7fffffff;
/** After this many reports the control thread is woken even if the thread goes on. */
const WAKE_EVERY = 256;

/** The thread's side. */
export class ReportWriter {
  readonly #words: Int32Array;
  readonly #block: number;
  #tail: number;
  #unannounced = 0;

  constructor(words: Int32Array, thread: number) {
    this.#words = words;
    this.#block = threadWord(thread);
    this.#tail = words[this.#block + THREAD.reportTail]!;
  }

  write(kind: number, a: number, b: number, c: number): void {
    const words = this.#words;
    const headAt = this.#block + THREAD.reportHead;
    while (((this.#tail - Atomics.load(words, headAt)) & MASK) >= REPORT_CAPACITY) {
      this.announce();
      Atomics.wait(words, headAt, Atomics.load(words, headAt), 1);
    }
    const at = this.#block + THREAD.reports + (this.#tail & (REPORT_CAPACITY - 1)) * REPORT_WORDS;
    words[at] = kind;
    words[at + 1] = a;
    words[at + 2] = b;
    words[at + 3] = c;
    this.#tail = (this.#tail + 1) & MASK;
    Atomics.store(words, this.#block + THREAD.reportTail, this.#tail);
    this.#unannounced++;
    if (this.#unannounced >= WAKE_EVERY) this.announce();
  }

  /** Makes sure that the control thread will read what was written. */
  announce(): void {
    this.#unannounced = 0;
    Atomics.add(this.#words, WORD.controlBell, 1);
    if (Atomics.load(this.#words, WORD.controlSleeps) === 1) {
      Atomics.notify(this.#words, WORD.controlBell);
    }
  }

  get hasUnannounced(): boolean {
    return this.#unannounced > 0;
  }
}

/** The control thread's side: calls `visit` with each report that has been written. */
export function readReports(
  words: Int32Array,
  thread: number,
  visit: (kind: number, a: number, b: number, c: number) => void,
): number {
  const block = threadWord(thread);
  const tail = Atomics.load(words, block + THREAD.reportTail);
  let head = words[block + THREAD.reportHead]!;
  let count = 0;
  while (head !== tail) {
    const at = block + THREAD.reports + (head & (REPORT_CAPACITY - 1)) * REPORT_WORDS;
    visit(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
    head = (head + 1) & MASK;
    count++;
  }
  if (count > 0) Atomics.store(words, block + THREAD.reportHead, head);
  return count;
}
