/**
 * @file A list of integers whose length is not known beforehand, four bytes each: an array of
 * numbers would hold eight, and be copied to become a column.
 */

/** Integers of 32 bits, appended one by one. */
export class GrowingList {
  #items = new Int32Array(64);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: number): void {
    if (this.#length === this.#items.length) {
      const larger = new Int32Array(2 * this.#length);
      larger.set(this.#items);
      this.#items = larger;
    }
    this.#items[this.#length++] = item;
  }

  /** The items as an array of their own. */
  toArray(): Int32Array {
    return this.#items.slice(0, this.#length);
  }
}
