/**
 * @file Which output to work towards next: the one that needs the fewest roots that have not been
 * loaded, among those the ones that something already computed leads to. Part of the critical-path
 * order.
 */
import type { Connected } from "./connected.ts";
import type { Adjacency, Edges } from "./topology.ts";

/** The outputs of a graph (tasks without users), taken one by one. */
export class TargetQueue {
  readonly #compare: (a: number, b: number) => number;
  readonly #edges: Edges;
  readonly #users: Adjacency;
  readonly #outputs: Connected | undefined;
  /** All outputs, the next one last: used until something has been computed that leads further. */
  readonly #plain: number[];
  /** Roots that each output still needs; 0 for tasks that are no outputs. */
  readonly #degree: Int32Array;
  /** Whether a dependency of the task is ranked, but not the task. */
  readonly #isReachable: Uint8Array;
  #reachable = 0;
  /**
   * Binary heap of outputs, made when first needed; entries that are no longer true are skipped.
   */
  #heap: Entry[] | undefined;

  constructor(
    edges: Edges,
    users: Adjacency,
    compare: (a: number, b: number) => number,
    roots: Connected | undefined,
    outputs: Connected | undefined,
  ) {
    const { count, depOffsets } = edges;
    this.#edges = edges;
    this.#users = users;
    this.#compare = compare;
    this.#outputs = outputs;
    this.#degree = new Int32Array(count);
    this.#isReachable = new Uint8Array(count);
    this.#plain = [];
    let rootCount = 0;
    for (let i = 0; i < count; i++) {
      const isRoot = depOffsets[i] === depOffsets[i + 1];
      if (isRoot) rootCount++;
      if (users.offsets[i] !== users.offsets[i + 1]) continue;
      this.#plain.push(i);
      if (roots !== undefined && !isRoot) this.#degree[i] = roots.count(i);
    }
    this.#plain.sort(compare);
    if (!this.#longestFirst(rootCount)) this.#plain.reverse();
  }

  /** The next target: an output without a rank. */
  next(rank: Int32Array): number {
    if (this.#reachable > 0 && this.#outputs !== undefined) {
      const best = this.#nearest(rank);
      if (best >= 0) return best;
    }
    let target = this.#plain.pop() as number;
    while ((rank[target] as number) >= 0) target = this.#plain.pop() as number;
    return target;
  }

  /** A task got its rank: outputs above a root need one root less. */
  ranked(task: number): void {
    if (this.#isReachable[task] === 1) {
      this.#isReachable[task] = 0;
      this.#reachable--;
    }
    const outputs = this.#outputs;
    const { depOffsets } = this.#edges;
    if (outputs === undefined || depOffsets[task] !== depOffsets[task + 1]) return;
    outputs.forEach(task, this.#needsOneLess);
  }

  readonly #needsOneLess = (output: number): void => {
    const degree = this.#degree[output] as number;
    if (degree === 0) return;
    this.#degree[output] = degree - 1;
    this.#push(output);
  };

  /** A dependency of `task` got its rank. */
  reached(task: number): void {
    if (this.#isReachable[task] === 1) return;
    this.#isReachable[task] = 1;
    this.#reachable++;
    if (this.#users.offsets[task] === this.#users.offsets[task + 1]) this.#push(task);
  }

  /**
   * Where outputs and roots are about as many and every root leads to as many outputs, the largest
   * output goes first; where they differ, the smallest: quick results free their inputs early.
   */
  #longestFirst(rootCount: number): boolean {
    const outputs = this.#outputs;
    if (outputs === undefined) return true;
    if (Math.abs(rootCount - this.#plain.length) / rootCount >= 0.8) return true;
    let size = 0;
    const { count, depOffsets } = this.#edges;
    for (let i = 0; i < count; i++) {
      if (depOffsets[i] !== depOffsets[i + 1]) continue;
      const own = outputs.count(i);
      if (size === 0) size = own;
      else if (size !== own) return false;
    }
    return true;
  }

  #nearest(rank: Int32Array): number {
    if (this.#heap === undefined) {
      this.#heap = [];
      for (const output of this.#plain) if ((rank[output] as number) < 0) this.#push(output);
    }
    for (;;) {
      const top = this.#pop();
      if (top === undefined) return -1;
      const isTrue =
        (rank[top.task] as number) < 0 &&
        this.#degree[top.task] === top.degree &&
        this.#isReachable[top.task] === top.reachable;
      if (isTrue) return top.task;
    }
  }

  #push(task: number): void {
    const heap = this.#heap;
    const degree = this.#degree[task] as number;
    if (heap === undefined || degree === 0) return;
    const entry = { task, degree, reachable: this.#isReachable[task] as number };
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!this.#before(entry, heap[above] as Entry)) break;
      heap[at] = heap[above] as Entry;
      at = above;
    }
    heap[at] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap as Entry[];
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = child + 1;
      if (right < heap.length && this.#before(heap[right] as Entry, heap[child] as Entry)) {
        child = right;
      }
      if (!this.#before(heap[child] as Entry, last)) break;
      heap[at] = heap[child] as Entry;
      at = child;
    }
    heap[at] = last;
    return top;
  }

  #before(a: Entry, b: Entry): boolean {
    if (a.degree !== b.degree) return a.degree < b.degree;
    if (a.reachable !== b.reachable) return a.reachable > b.reachable;
    return this.#compare(a.task, b.task) < 0;
  }
}

interface Entry {
  readonly task: number;
  readonly degree: number;
  readonly reachable: number;
}
