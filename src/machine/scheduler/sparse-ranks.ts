/**
 * @file A `RankSet` for few of many ranks: pages of 1024 ranks, made when one of them is added. The
 * tasks of a large graph that wait for one worker of a thousand take room for themselves only.
 */
import { RankSet } from "./rank-set.ts";

const PAGE_BITS = 10;
const PAGE_SIZE = 1 << PAGE_BITS;

export class SparseRanks {
  /** Pages that are not empty. */
  readonly #top: RankSet;
  readonly #pages = new Map<number, RankSet>();
  #size = 0;

  constructor(capacity: number) {
    this.#top = new RankSet((capacity + PAGE_SIZE - 1) >>> PAGE_BITS);
  }

  get size(): number {
    return this.#size;
  }

  add(rank: number): void {
    const number = rank >>> PAGE_BITS;
    let page = this.#pages.get(number);
    if (page === undefined) {
      page = new RankSet(PAGE_SIZE);
      this.#pages.set(number, page);
      this.#top.add(number);
    }
    const before = page.size;
    page.add(rank & (PAGE_SIZE - 1));
    this.#size += page.size - before;
  }

  delete(rank: number): boolean {
    const number = rank >>> PAGE_BITS;
    const page = this.#pages.get(number);
    if (page?.delete(rank & (PAGE_SIZE - 1)) !== true) return false;
    this.#size--;
    if (page.size === 0) this.#drop(number);
    return true;
  }

  first(): number {
    const number = this.#top.first();
    return number < 0 ? -1 : number * PAGE_SIZE + this.#pages.get(number)!.first();
  }

  last(): number {
    const number = this.#top.last();
    return number < 0 ? -1 : number * PAGE_SIZE + this.#pages.get(number)!.last();
  }

  /** Moves up to `limit` of the smallest ranks into `target`; returns how many. */
  take(target: Int32Array, limit: number): number {
    let taken = 0;
    while (taken < limit && this.#size > 0) {
      const rank = this.first();
      target[taken++] = rank;
      this.delete(rank);
    }
    return taken;
  }

  /** All ranks, ascending. */
  toRanks(): number[] {
    const ranks: number[] = [];
    for (let number = this.#top.first(); number >= 0; number = this.#top.next(number + 1)) {
      const page = this.#pages.get(number)!;
      for (let rank = page.first(); rank >= 0; rank = page.next(rank + 1)) {
        ranks.push(number * PAGE_SIZE + rank);
      }
    }
    return ranks;
  }

  #drop(number: number): void {
    this.#pages.delete(number);
    this.#top.delete(number);
  }
}
