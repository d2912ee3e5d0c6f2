/**
 * @file A growable list of numbers in a typed array, like `IdList` for sizes and times.
 */

export class FloatList {
  #data: Float64Array = new Float64Array(16);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#data.length) {
      const larger = new Float64Array(this.#data.length * 2);
      larger.set(this.#data);
      this.#data = larger;
    }
    this.#data[this.#length++] = value;
  }

  /** The numbers so far, as an array of their own; the list is empty afterwards. */
  take(): Float64Array {
    const values = this.#data.slice(0, this.#length);
    this.#length = 0;
    return values;
  }
}
