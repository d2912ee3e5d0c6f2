/**
 * @file Memory into which values are read from the network before they are copied to where they
 * stay. Memory that a process touches for the first time costs several times what writing it does
 * (the system has to find and clear each page), so a few places are used again and again.
 */

/** Below this, new memory costs nothing that could be saved. */
const SMALL_BYTES = 64 * 1024;
/** What is kept for the next values, at most: about what one read fetches together. */
const KEPT_BYTES_MAX = 256 * 2 ** 20;
/** Nobody has read for so long: the memory goes back. */
const IDLE_MS = 1000;

export class Scratch {
  /** Places that nobody uses, the smallest first. */
  #free: Uint8Array[] = [];
  #freeBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Bytes that are kept: for tests. */
  get keptBytes(): number {
    return this.#freeBytes;
  }

  /** A place of so many bytes; what is in it is of no meaning. */
  take(bytes: number): Uint8Array {
    if (bytes < SMALL_BYTES) return new Uint8Array(bytes);
    const at = this.#free.findIndex((place) => place.length >= bytes);
    if (at < 0) return new Uint8Array(bytes);
    const [place] = this.#free.splice(at, 1) as [Uint8Array];
    this.#freeBytes -= place.length;
    return place.subarray(0, bytes);
  }

  /** Nobody reads any more what is in a place that was taken. */
  give(place: Uint8Array): void {
    const whole = new Uint8Array(place.buffer);
    if (whole.length < SMALL_BYTES || this.#freeBytes + whole.length > KEPT_BYTES_MAX) return;
    const at = this.#free.findIndex(({ length }) => length >= whole.length);
    this.#free.splice(at < 0 ? this.#free.length : at, 0, whole);
    this.#freeBytes += whole.length;
    if (this.#timer !== undefined) this.#timer.refresh();
    else this.#timer = setTimeout(() => this.clear(), IDLE_MS).unref();
  }

  /** Gives all memory back. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#free = [];
    this.#freeBytes = 0;
  }
}
