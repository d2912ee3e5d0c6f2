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

/** Waiters for at least as many ids stand at their pages, where there can only be few of them. */
const LONG_RANGE = 64;

interface Page {
  readonly status: Uint8Array;
  readonly references: Uint32Array;
  /** Who waits for a long range that holds ids of the page. */
  readonly ranges: Set<RangeWaiter>;
}

/** Counts each pending id of a range, also one that is pending again. */
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
  /** Who waits for a short range, by each id of it. */
  readonly #shortRanges = new Map<number, Set<RangeWaiter>>();

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
    let released = 0;
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
      last[released++] = id;
    }
    return last.subarray(0, released);
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
    count(waiter);
  }

  /**
   * The same for all ids from `first` to `last`; but a task of them that is pending again is waited
   * for again.
   */
  waitRange(first: number, last: number, done: () => void): void {
    if (first === last) return this.wait([first], done);
    const waiter: Waiter = {
      remaining: 1,
      done: () => {
        this.#leaveRange(entry);
        done();
      },
    };
    const entry: RangeWaiter = { first, last, waiter };
    this.#enterRange(entry);
    for (let from = first; from <= last; from = (from | (PAGE_SIZE - 1)) + 1) {
      const status = this.#pages.get(from >>> PAGE_BITS)?.status;
      const end = Math.min(PAGE_SIZE, last - from + (from & (PAGE_SIZE - 1)) + 1);
      for (let at = from & (PAGE_SIZE - 1); status !== undefined && at < end; at++) {
        if (status[at] === STATUS.pending) waiter.remaining++;
      }
    }
    count(waiter);
  }

  #enterRange(entry: RangeWaiter): void {
    const { first, last } = entry;
    if (last - first + 1 >= LONG_RANGE) {
      for (const page of this.#pagesOf(entry)) page.ranges.add(entry);
      return;
    }
    for (let id = first; id <= last; id++) {
      const ranges = this.#shortRanges.get(id);
      if (ranges === undefined) this.#shortRanges.set(id, new Set([entry]));
      else ranges.add(entry);
    }
  }

  #leaveRange(entry: RangeWaiter): void {
    const { first, last } = entry;
    if (last - first + 1 >= LONG_RANGE) {
      for (const page of this.#pagesOf(entry)) page.ranges.delete(entry);
      return;
    }
    for (let id = first; id <= last; id++) {
      const ranges = this.#shortRanges.get(id);
      if (ranges?.delete(entry) === true && ranges.size === 0) this.#shortRanges.delete(id);
    }
  }

  *#pagesOf({ first, last }: RangeWaiter): Generator<Page> {
    for (let number = first >>> PAGE_BITS; number <= last >>> PAGE_BITS; number++) {
      yield this.#page(number * PAGE_SIZE);
    }
  }

  /** Whoever waits for a range that holds the id waits for it again. */
  #becomePending(page: Page, id: number): void {
    page.status[id & (PAGE_SIZE - 1)] = STATUS.pending;
    this.#forRanges(page, id, countAgain);
  }

  #forRanges({ ranges }: Page, id: number, act: (waiter: Waiter) => void): void {
    if (ranges.size > 0) {
      for (const { first, last, waiter } of ranges) if (id >= first && id <= last) act(waiter);
    }
    if (this.#shortRanges.size === 0) return;
    for (const { waiter } of this.#shortRanges.get(id) ?? []) act(waiter);
  }

  #settle(id: number, status: number): void {
    const page = this.#page(id);
    const at = id & (PAGE_SIZE - 1);
    const before = page.status[at]!;
    if (page.references[at] === 0) return;
    page.status[at] = status;
    if (before !== STATUS.pending) return;
    this.#forRanges(page, id, count);
    const waiters = this.#waiters.size === 0 ? undefined : this.#waiters.get(id);
    if (waiters === undefined) return;
    this.#waiters.delete(id);
    for (const waiter of waiters) count(waiter);
  }

  #page(id: number): Page {
    const number = id >>> PAGE_BITS;
    if (number === this.#lastNumber) return this.#lastPage!;
    let page = this.#pages.get(number);
    if (page === undefined) {
      page = {
        status: new Uint8Array(PAGE_SIZE),
        references: new Uint32Array(PAGE_SIZE),
        ranges: new Set(),
      };
      this.#pages.set(number, page);
    }
    this.#lastNumber = number;
    this.#lastPage = page;
    return page;
  }
}

function count(waiter: Waiter): void {
  waiter.remaining--;
  if (waiter.remaining === 0) waiter.done();
}

function countAgain(waiter: Waiter): void {
  waiter.remaining++;
}
