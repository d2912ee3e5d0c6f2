/**
 * @file The client machine: which task ids this client wants and how often it refers to them, what
 * is known of their state, and who waits for them. Pure: the shell sends what `release` returns and
 * resolves what the waiters are.
 */
import { IdList } from "../id-list.ts";

/** State of a task as its client sees it. */
export const STATUS = { unknown: 0, pending: 1, finished: 2, error: 3, cancelled: 4 } as const;

/** A failure as the engine reported it. */
export interface ClientFailure {
  readonly error: unknown;
  readonly culprit: string;
  readonly attempts: number;
}

/** Something that waits until all of its ids have settled. */
export interface Waiter {
  /** Ids not settled yet. */
  remaining: number;
  readonly done: () => void;
}

const PAGE_BITS = 12;
const PAGE_SIZE = 1 << PAGE_BITS;

interface Page {
  readonly status: Uint8Array;
  readonly references: Uint32Array;
}

/** A waiter for a range of ids costs one entry, however long the range is. */
interface RangeWaiter {
  readonly first: number;
  readonly last: number;
  readonly waiter: Waiter;
}

export class ClientMachine {
  readonly #pages = new Map<number, Page>();
  /** The page used last: ids come in runs. */
  #lastNumber = -1;
  #lastPage: Page | undefined;
  readonly #failures = new Map<number, ClientFailure>();
  readonly #waiters = new Map<number, Waiter[]>();
  readonly #ranges = new Set<RangeWaiter>();

  statusOf(id: number): number {
    return this.#pages.get(id >>> PAGE_BITS)?.status[id & (PAGE_SIZE - 1)] ?? STATUS.unknown;
  }

  /** All tasks that the client refers to. */
  referred(): Int32Array {
    const ids = new IdList();
    for (const [number, { references }] of this.#pages) {
      for (let at = 0; at < PAGE_SIZE; at++) {
        if (references[at] !== 0) ids.push(number * PAGE_SIZE + at);
      }
    }
    return ids.take();
  }

  failureOf(id: number): ClientFailure | undefined {
    return this.#failures.get(id);
  }

  /** A new reference to a task; true when it is the first. */
  retain(id: number): boolean {
    const page = this.#page(id);
    const at = id & (PAGE_SIZE - 1);
    page.references[at] = page.references[at]! + 1;
    if (page.references[at] !== 1) return false;
    if (page.status[at] === STATUS.unknown) this.#becomePending(page, id);
    return true;
  }

  /** Drops one reference to each id; returns those that are not referred to any more. */
  release(ids: Int32Array): Int32Array {
    const last = new Int32Array(ids.length);
    let count = 0;
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      const page = this.#page(id);
      const at = id & (PAGE_SIZE - 1);
      if (page.references[at] === 0) continue;
      // Nothing more will be heard of it: whoever waits for it all the same must not wait for ever.
      if (page.references[at] === 1 && page.status[at] === STATUS.pending) {
        this.#settle(id, STATUS.cancelled);
      }
      page.references[at] = page.references[at]! - 1;
      if (page.references[at] !== 0) continue;
      page.status[at] = STATUS.unknown;
      if (this.#failures.size > 0) this.#failures.delete(id);
      last[count++] = id;
    }
    return last.subarray(0, count);
  }

  done(ids: Int32Array): void {
    for (const id of ids) this.#settle(id, STATUS.finished);
  }

  cancelled(ids: Int32Array): void {
    for (const id of ids) this.#settle(id, STATUS.cancelled);
  }

  failed(ids: Int32Array, failure: ClientFailure): void {
    for (const id of ids) {
      if (this.#page(id).references[id & (PAGE_SIZE - 1)]! > 0) this.#failures.set(id, failure);
      this.#settle(id, STATUS.error);
    }
  }

  /** Settled tasks are being computed again (a value was lost, or the user asked for a retry). */
  reset(ids: Int32Array): void {
    for (const id of ids) {
      this.#failures.delete(id);
      const page = this.#page(id);
      const at = id & (PAGE_SIZE - 1);
      if (page.references[at] === 0 || page.status[at] === STATUS.pending) continue;
      this.#becomePending(page, id);
    }
  }

  /**
   * Calls `done` when every id has settled once: at once if they have. Some may be pending again by
   * then.
   */
  wait(ids: Iterable<number>, done: () => void): void {
    const waiter: Waiter = { remaining: 1, done };
    for (const id of ids) {
      if (this.statusOf(id) !== STATUS.pending) continue;
      waiter.remaining++;
      const list = this.#waiters.get(id);
      if (list === undefined) this.#waiters.set(id, [waiter]);
      else list.push(waiter);
    }
    this.#count(waiter);
  }

  /** The same for all ids from `first` to `last`. */
  waitRange(first: number, last: number, done: () => void): void {
    const waiter: Waiter = {
      remaining: 1,
      done: () => {
        this.#ranges.delete(entry);
        done();
      },
    };
    const entry: RangeWaiter = { first, last, waiter };
    for (let from = first; from <= last; from = (from | (PAGE_SIZE - 1)) + 1) {
      const status = this.#pages.get(from >>> PAGE_BITS)?.status;
      const end = Math.min(PAGE_SIZE, last - from + (from & (PAGE_SIZE - 1)) + 1);
      for (let at = from & (PAGE_SIZE - 1); status !== undefined && at < end; at++) {
        if (status[at] === STATUS.pending) waiter.remaining++;
      }
    }
    this.#ranges.add(entry);
    this.#count(waiter);
  }

  /** Whoever waits for a range that holds the id waits for it again. */
  #becomePending(page: Page, id: number): void {
    page.status[id & (PAGE_SIZE - 1)] = STATUS.pending;
    for (const { first, last, waiter } of this.#ranges) {
      if (id >= first && id <= last) waiter.remaining++;
    }
  }

  #settle(id: number, status: number): void {
    const page = this.#page(id);
    const at = id & (PAGE_SIZE - 1);
    const before = page.status[at]!;
    if (page.references[at] === 0) return;
    page.status[at] = status;
    if (before !== STATUS.pending) return;
    for (const range of this.#ranges) {
      if (id >= range.first && id <= range.last) this.#count(range.waiter);
    }
    const waiters = this.#waiters.size === 0 ? undefined : this.#waiters.get(id);
    if (waiters === undefined) return;
    this.#waiters.delete(id);
    for (const waiter of waiters) this.#count(waiter);
  }

  #count(waiter: Waiter): void {
    waiter.remaining--;
    if (waiter.remaining === 0) waiter.done();
  }

  #page(id: number): Page {
    const number = id >>> PAGE_BITS;
    if (number === this.#lastNumber) return this.#lastPage!;
    let page = this.#pages.get(number);
    if (page === undefined) {
      page = { status: new Uint8Array(PAGE_SIZE), references: new Uint32Array(PAGE_SIZE) };
      this.#pages.set(number, page);
    }
    this.#lastNumber = number;
    this.#lastPage = page;
    return page;
  }
}
