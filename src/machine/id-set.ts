/**
 * @file A set of task ids as bitmap pages: one bit a task where ids are dense, nothing where there
 * are none. Keeps which client wants which tasks.
 */

const PAGE_BITS = 15;
const PAGE_SIZE = 1 << PAGE_BITS;

export class IdSet {
  readonly #pages = new Map<number, Int32Array>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(id: number): boolean {
    const page = this.#pages.get(id >>> PAGE_BITS);
    if (page === undefined) return false;
    const at = id & (PAGE_SIZE - 1);
    return (page[at >>> 5]! & (1 << (at & 31))) !== 0;
  }

  /** Adds the id; false when it was there. */
  add(id: number): boolean {
    let page = this.#pages.get(id >>> PAGE_BITS);
    if (page === undefined) {
      page = new Int32Array(PAGE_SIZE >>> 5);
      this.#pages.set(id >>> PAGE_BITS, page);
    }
    const at = id & (PAGE_SIZE - 1);
    const bit = 1 << (at & 31);
    if (page[at >>> 5]! & bit) return false;
    page[at >>> 5] = page[at >>> 5]! | bit;
    this.#size++;
    return true;
  }

  /** Takes the id out; false when it was not there. */
  delete(id: number): boolean {
    const page = this.#pages.get(id >>> PAGE_BITS);
    if (page === undefined) return false;
    const at = id & (PAGE_SIZE - 1);
    const bit = 1 << (at & 31);
    if ((page[at >>> 5]! & bit) === 0) return false;
    page[at >>> 5] = page[at >>> 5]! & ~bit;
    this.#size--;
    return true;
  }

  /** All ids, ascending within a page. */
  toIds(): Int32Array {
    const ids = new Int32Array(this.#size);
    let count = 0;
    for (const [number, page] of this.#pages) {
      for (let w = 0; w < page.length; w++) {
        for (let word = page[w]!; word !== 0; word &= word - 1) {
          ids[count++] = number * PAGE_SIZE + w * 32 + (31 - Math.clz32(word & -word));
        }
      }
    }
    return ids;
  }
}
