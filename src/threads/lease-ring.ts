/**
 * @file The ring of leases that all task threads of a lane share. The control thread appends; a
 * thread claims the place at the head by compare-and-swap and then takes the lease out of it by an
 * exchange. The control thread takes a lease back by the same kind of swap, so exactly one of them
 * has it. A slow task therefore delays nothing but itself.
 */
import { leaseWord, RING_CAPACITY, THREAD, threadWord, WORD } from "./control-block.ts";

const COUNTER_MASK = 0x7fffffff;

/** The control thread's side. */
export class LeaseWriter {
  readonly #words: Int32Array;

  constructor(block: SharedArrayBuffer) {
    this.#words = new Int32Array(block);
  }

  /** Appends a lease; false when the ring is full. */
  push(id: number, graph: number): boolean {
    const tail = this.#words[WORD.ringTail]!;
    const at = leaseWord(tail);
    // The place is free only when its last lease has been taken out, not merely claimed.
    if (this.length >= RING_CAPACITY || Atomics.load(this.#words, at) !== 0) return false;
    this.#words[at + 1] = graph;
    Atomics.store(this.#words, at, id + 1);
    Atomics.store(this.#words, WORD.ringTail, (tail + 1) & COUNTER_MASK);
    return true;
  }

  /** Leases not yet claimed. */
  get length(): number {
    const head = Atomics.load(this.#words, WORD.ringHead);
    return (this.#words[WORD.ringTail]! - head) & COUNTER_MASK;
  }

  /** Takes leases back that no thread has; returns those it got. */
  takeBack(ids: Int32Array): Int32Array {
    const wanted = new Set(ids);
    const got: number[] = [];
    const tail = this.#words[WORD.ringTail]!;
    for (let place = Atomics.load(this.#words, WORD.ringHead); place !== tail; ) {
      const at = leaseWord(place);
      const held = Atomics.load(this.#words, at);
      const id = held - 1;
      if (wanted.has(id) && Atomics.compareExchange(this.#words, at, held, 0) === held)
        got.push(id);
      place = (place + 1) & COUNTER_MASK;
    }
    return Int32Array.from(got);
  }

  /**
   * Takes out leases behind the head: a thread that died had claimed their places, and what is
   * behind the head nobody claims again. One that a thread is about to take out counts as well:
   * that thread then finds nothing, and claims the next.
   */
  takeStranded(): number[] {
    const stranded: number[] = [];
    const head = Atomics.load(this.#words, WORD.ringHead);
    for (let back = RING_CAPACITY - this.length; back > 0; back--) {
      const at = leaseWord(head - back);
      const held = Atomics.exchange(this.#words, at, 0);
      if (held !== 0) stranded.push(held - 1);
    }
    return stranded;
  }

  /** Wakes threads that sleep, as many as there is work for. */
  ring(count: number): void {
    Atomics.add(this.#words, WORD.taskBell, 1);
    Atomics.notify(this.#words, WORD.taskBell, count);
  }
}

/** A task thread's side. */
export class LeaseReader {
  readonly #words: Int32Array;
  readonly #claims: number;
  readonly #count: number;
  /** The lease claimed last. */
  id = 0;
  graph = 0;

  constructor(words: Int32Array, thread: number) {
    this.#words = words;
    this.#claims = threadWord(thread) + THREAD.claims;
    this.#count = threadWord(thread) + THREAD.claimCount;
  }

  get isEmpty(): boolean {
    return Atomics.load(this.#words, WORD.ringHead) === Atomics.load(this.#words, WORD.ringTail);
  }

  /** Leases that nobody has claimed yet. */
  get length(): number {
    const head = Atomics.load(this.#words, WORD.ringHead);
    return (Atomics.load(this.#words, WORD.ringTail) - head) & COUNTER_MASK;
  }

  /**
   * Claims the next lease into `id` and `graph`, noting it as this thread's claim number `index`;
   * false: none left.
   */
  claim(index: number): boolean {
    const words = this.#words;
    for (;;) {
      const head = Atomics.load(words, WORD.ringHead);
      if (head === Atomics.load(words, WORD.ringTail)) return false;
      const next = (head + 1) & COUNTER_MASK;
      if (Atomics.compareExchange(words, WORD.ringHead, head, next) !== head) continue;
      const at = leaseWord(head);
      // Noted before it is taken out, so that a thread that dies in between loses nothing.
      words[this.#claims + index] = Atomics.load(words, at) - 1;
      words[this.#count] = index + 1;
      this.graph = words[at + 1]!;
      this.id = Atomics.exchange(words, at, 0) - 1;
      if (this.id >= 0) return true;
      words[this.#count] = index;
    }
  }
}
