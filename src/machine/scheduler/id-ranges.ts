/**
 * @file Hands out contiguous ranges of task ids and takes them back, so that ids stay dense and
 * every table indexed by id stays as small as the most tasks ever alive at once. First fit over a
 * sorted list of free ranges.
 */
import { assert } from "../../core/errors.ts";

export class IdRanges {
  /** Free ranges below `#end`, by start. */
  readonly #free: { start: number; count: number }[] = [];
  #end = 0;

  /** One past the largest id ever handed out: the length that tables need. */
  get end(): number {
    return this.#end;
  }

  allocate(count: number): number {
    for (let i = 0; i < this.#free.length; i++) {
      const range = this.#free[i]!;
      if (range.count < count) continue;
      const start = range.start;
      range.start += count;
      range.count -= count;
      if (range.count === 0) this.#free.splice(i, 1);
      return start;
    }
    const start = this.#end;
    this.#end += count;
    return start;
  }

  /** Takes a range that is known to be free. */
  claim(start: number, count: number): void {
    if (start > this.#end) this.free(this.#end, start - this.#end);
    const tail = Math.min(count, this.#end - start);
    this.#end = Math.max(this.#end, start + count);
    if (tail <= 0) return;
    const at = this.#free.findIndex((range) => start < range.start + range.count);
    const range = this.#free[at];
    assert(
      range !== undefined && range.start <= start && start + tail <= range.start + range.count,
      `the ids from ${start} are in use`,
    );
    const before = start - range.start;
    const after = range.count - before - tail;
    const rest = [
      { start: range.start, count: before },
      { start: start + tail, count: after },
    ];
    this.#free.splice(at, 1, ...rest.filter((part) => part.count > 0));
  }

  free(start: number, count: number): void {
    let low = 0;
    let high = this.#free.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#free[middle]!.start < start) low = middle + 1;
      else high = middle;
    }
    const before = this.#free[low - 1];
    const after = this.#free[low];
    const joinsBefore = before !== undefined && before.start + before.count === start;
    const joinsAfter = after !== undefined && start + count === after.start;
    if (joinsBefore && joinsAfter) {
      before.count += count + after.count;
      this.#free.splice(low, 1);
    } else if (joinsBefore) {
      before.count += count;
    } else if (joinsAfter) {
      after.start = start;
      after.count += count;
    } else {
      this.#free.splice(low, 0, { start, count });
    }
  }
}
