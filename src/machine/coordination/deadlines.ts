/**
 * @file What is to happen at a time unless it is called off: a binary heap, earliest first, in the
 * order of arrival at equal times. Called-off entries go when they reach the top, or all together
 * when they are most of the heap.
 */

export interface Deadline {
  readonly atMs: number;
  readonly order: number;
  /** Undefined when it was called off or has happened. */
  due: (() => void) | undefined;
}

/** Heaps up to this size are not cleaned. */
const CLEAN_FROM = 64;

export class Deadlines {
  #heap: Deadline[] = [];
  #nextOrder = 0;
  #calledOff = 0;

  /** Calls `due` at the time; `Infinity` never comes. */
  add(atMs: number, due: () => void): Deadline {
    const deadline: Deadline = { atMs, order: this.#nextOrder++, due };
    if (atMs === Number.POSITIVE_INFINITY) return deadline;
    this.#heap.push(deadline);
    this.#up(this.#heap.length - 1);
    return deadline;
  }

  callOff(deadline: Deadline): void {
    if (deadline.due === undefined) return;
    deadline.due = undefined;
    if (deadline.atMs === Number.POSITIVE_INFINITY) return;
    this.#calledOff++;
    if (this.#heap.length < CLEAN_FROM || this.#calledOff * 2 < this.#heap.length) return;
    // A sorted list is a heap.
    this.#heap = this.#heap.filter(({ due }) => due !== undefined).sort(compare);
    this.#calledOff = 0;
  }

  /** Time of the earliest. */
  get nextMs(): number | undefined {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.due !== undefined) return first?.atMs;
      this.#pop();
      this.#calledOff--;
    }
  }

  /** Does what is due by now. */
  run(nowMs: number): void {
    for (;;) {
      const atMs = this.nextMs;
      if (atMs === undefined || atMs > nowMs) return;
      const first = this.#pop();
      const { due } = first;
      first.due = undefined;
      due?.();
    }
  }

  #pop(): Deadline {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      this.#down(0);
    }
    return first;
  }

  #up(from: number): void {
    const heap = this.#heap;
    for (let i = from; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (compare(heap[parent]!, heap[i]!) <= 0) return;
      [heap[parent], heap[i]] = [heap[i]!, heap[parent]!];
      i = parent;
    }
  }

  #down(from: number): void {
    const heap = this.#heap;
    for (let i = from; ; ) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < heap.length && compare(heap[child]!, heap[least]!) < 0) least = child;
      }
      if (least === i) return;
      [heap[least], heap[i]] = [heap[i]!, heap[least]!];
      i = least;
    }
  }
}

function compare(a: Deadline, b: Deadline): number {
  return a.atMs - b.atMs || a.order - b.order;
}
