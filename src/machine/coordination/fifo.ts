/**
 * @file A queue from whose middle things may be taken: a doubly linked list. All steps take
 * constant time, which those of a Map with deleted entries in front do not.
 */

export interface FifoNode<T> {
  readonly value: T;
  before: FifoNode<T> | undefined;
  after: FifoNode<T> | undefined;
  isIn: boolean;
}

export class Fifo<T> implements Iterable<T> {
  length = 0;
  #first: FifoNode<T> | undefined;
  #last: FifoNode<T> | undefined;

  get first(): T | undefined {
    return this.#first?.value;
  }

  push(value: T): FifoNode<T> {
    const node: FifoNode<T> = { value, before: this.#last, after: undefined, isIn: true };
    if (this.#last === undefined) this.#first = node;
    else this.#last.after = node;
    this.#last = node;
    this.length++;
    return node;
  }

  /** Puts a value in front of all others. */
  unshift(value: T): FifoNode<T> {
    const node: FifoNode<T> = { value, before: undefined, after: this.#first, isIn: true };
    if (this.#first === undefined) this.#last = node;
    else this.#first.before = node;
    this.#first = node;
    this.length++;
    return node;
  }

  shift(): T | undefined {
    const node = this.#first;
    if (node !== undefined) this.remove(node);
    return node?.value;
  }

  /** Does nothing for what has been taken out already. */
  remove(node: FifoNode<T>): void {
    if (!node.isIn) return;
    node.isIn = false;
    this.length--;
    if (node.before === undefined) this.#first = node.after;
    else node.before.after = node.after;
    if (node.after === undefined) this.#last = node.before;
    else node.after.before = node.before;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let node = this.#first; node !== undefined; node = node.after) yield node.value;
  }
}
