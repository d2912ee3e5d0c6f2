/**
 * @file A stream of bytes from one thread to another through shared memory: a ring with one writer
 * and one reader. Neither waits here; who finds no room, or nothing to read, comes again.
 */

/** Words of a ring, each counting bytes modulo 2 ** 32. */
const WRITTEN = 0;
const READ = 1;

/** Both ends of a ring; a thread uses one of them. */
export class GangRing {
  readonly #words: Int32Array;
  readonly #data: Uint8Array;
  readonly #mask: number;

  /** `data` has a power of two of bytes; `words` are two, and both are in shared memory. */
  constructor(words: Int32Array, data: Uint8Array) {
    this.#words = words;
    this.#data = data;
    this.#mask = data.length - 1;
  }

  /** Bytes that can be read. */
  get used(): number {
    return (Atomics.load(this.#words, WRITTEN) - Atomics.load(this.#words, READ)) >>> 0;
  }

  /** Writes what there is room for, from `at` on; returns how much. */
  write(bytes: Uint8Array, at: number): number {
    const count = Math.min(bytes.length - at, this.#data.length - this.used);
    if (count === 0) return 0;
    const written = Atomics.load(this.#words, WRITTEN);
    const start = written & this.#mask;
    const first = Math.min(count, this.#data.length - start);
    this.#data.set(bytes.subarray(at, at + first), start);
    if (first < count) this.#data.set(bytes.subarray(at + first, at + count), 0);
    Atomics.store(this.#words, WRITTEN, (written + count) | 0);
    return count;
  }

  /** Reads what there is into `target`, from `at` on; returns how much. */
  read(target: Uint8Array, at: number): number {
    const count = Math.min(target.length - at, this.used);
    if (count === 0) return 0;
    const read = Atomics.load(this.#words, READ);
    const start = read & this.#mask;
    const first = Math.min(count, this.#data.length - start);
    target.set(this.#data.subarray(start, start + first), at);
    if (first < count) target.set(this.#data.subarray(0, count - first), at + first);
    Atomics.store(this.#words, READ, (read + count) | 0);
    return count;
  }
}
