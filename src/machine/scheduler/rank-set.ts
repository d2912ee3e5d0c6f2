/**
 * @file A set of small integers with "take the smallest" in a few word operations: a bitmap with
 * summary levels above it (each bit says whether a word below has any bit). The ready tasks of a
 * graph are kept by rank in such a set, so that queueing costs no comparison and no object,
 * whatever the number of tasks.
 */

export class RankSet {
  /** levels[0] holds one bit a rank; levels[k] one bit for each word of levels[k - 1]. */
  readonly #levels: Int32Array[] = [];
  #size = 0;

  constructor(capacity: number) {
    let words = Math.max(1, (capacity + 31) >>> 5);
    this.#levels.push(new Int32Array(words));
    while (words > 1) {
      words = (words + 31) >>> 5;
      this.#levels.push(new Int32Array(words));
    }
  }

  get size(): number {
    return this.#size;
  }

  add(rank: number): void {
    let at = rank;
    const lowest = this.#levels[0]!;
    const bit = 1 << (at & 31);
    if (lowest[at >>> 5]! & bit) return;
    this.#size++;
    for (const words of this.#levels) {
      const index = at >>> 5;
      const before = words[index]!;
      words[index] = before | (1 << (at & 31));
      if (before !== 0) return;
      at = index;
    }
  }

  delete(rank: number): boolean {
    let at = rank;
    if ((this.#levels[0]![at >>> 5]! & (1 << (at & 31))) === 0) return false;
    this.#size--;
    for (const words of this.#levels) {
      const index = at >>> 5;
      words[index] = words[index]! & ~(1 << (at & 31));
      if (words[index] !== 0) return true;
      at = index;
    }
    return true;
  }

  has(rank: number): boolean {
    return (this.#levels[0]![rank >>> 5]! & (1 << (rank & 31))) !== 0;
  }

  /** The smallest rank, or -1 when the set is empty. */
  first(): number {
    if (this.#size === 0) return -1;
    let at = 0;
    for (let level = this.#levels.length - 1; level >= 0; level--) {
      const word = this.#levels[level]![at]!;
      at = (at << 5) + (31 - Math.clz32(word & -word));
    }
    return at;
  }

  /** The smallest rank from `from` on, or -1. */
  next(from: number): number {
    if (this.#size === 0) return -1;
    let at = from;
    for (let level = 0; level < this.#levels.length; level++) {
      const words = this.#levels[level]!;
      const index = at >>> 5;
      if (index >= words.length) return -1;
      const word = words[index]! & (-1 << (at & 31));
      if (word !== 0) return this.#descend(level, (index << 5) + lowestBit(word));
      at = index + 1;
    }
    return -1;
  }

  /** The largest rank, or -1 when the set is empty. */
  last(): number {
    if (this.#size === 0) return -1;
    let at = 0;
    for (let level = this.#levels.length - 1; level >= 0; level--) {
      at = (at << 5) + (31 - Math.clz32(this.#levels[level]![at]!));
    }
    return at;
  }

  /** The smallest rank below bit `at` of a level. */
  #descend(level: number, at: number): number {
    let found = at;
    for (let below = level - 1; below >= 0; below--) {
      found = (found << 5) + lowestBit(this.#levels[below]![found]!);
    }
    return found;
  }

  /** Moves up to `limit` ranks from `from` up to `below` into `target`; returns how many. */
  takeBetween(target: Int32Array, limit: number, from: number, below: number): number {
    let taken = 0;
    for (let rank = this.next(from); rank >= 0 && rank < below && taken < limit; ) {
      target[taken++] = rank;
      this.delete(rank);
      rank = this.next(rank + 1);
    }
    return taken;
  }

  /** Moves up to `limit` of the smallest ranks into `target` from `start`; returns how many. */
  take(target: Int32Array, start: number, limit: number): number {
    let taken = 0;
    while (taken < limit && this.#size > 0) {
      let word = this.#levels[0]![this.first() >>> 5]!;
      const base = this.first() & ~31;
      while (word !== 0 && taken < limit) {
        const rank = base + (31 - Math.clz32(word & -word));
        word &= word - 1;
        target[start + taken++] = rank;
        this.delete(rank);
      }
    }
    return taken;
  }

  /** Adds all ranks from 0 to `count - 1`. */
  fill(count: number): void {
    for (let rank = 0; rank < count; rank++) this.add(rank);
  }
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}
