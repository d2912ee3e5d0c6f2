/**
 * @file A growable list of ids in a typed array: how machines collect the columns of their
 * messages.
 */

export class IdList {
  #data: Int32Array = new Int32Array(16);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(id: number): void {
    if (this.#length === this.#data.length) {
      const larger = new Int32Array(this.#data.length * 2);
      larger.set(this.#data);
      this.#data = larger;
    }
    this.#data[this.#length++] = id;
  }

  at(index: number): number {
    return this.#data[index]!;
  }

  pop(): number {
    return this.#data[--this.#length]!;
  }

  /** The ids so far, as an array of their own; the list is empty afterwards. */
  take(): Int32Array {
    const ids = this.#data.slice(0, this.#length);
    this.#length = 0;
    return ids;
  }
}
