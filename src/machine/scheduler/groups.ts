/**
 * @file What is known of each function: how long its tasks take and how large its results are.
 * Durations are kept as a decaying histogram over powers of two, so that a percentile costs one
 * pass over 40 numbers. Credits, estimates and admission read from here.
 */

const BUCKETS = 40;
/** Bucket 0 ends at 2^-10 ms (about 1 us). */
const FIRST_EXPONENT = -10;
/** Past this weight the histogram is halved: old behaviour fades. */
const WEIGHT_MAX = 4096;

export class FunctionGroup {
  readonly name: string;
  readonly #buckets: Float64Array = new Float64Array(BUCKETS);
  #weight = 0;
  #p95Ms = -1;
  /** Mean size of a result, or -1 when none is known. */
  bytesMean = -1;

  constructor(name: string) {
    this.name = name;
  }

  /** Time below which 95 of 100 tasks end, or -1 when nothing is known. */
  get p95Ms(): number {
    if (this.#p95Ms < 0 && this.#weight > 0) this.#p95Ms = this.#percentile(0.95);
    return this.#p95Ms;
  }

  addDuration(meanMs: number, count: number): void {
    const exponent = Math.ceil(Math.log2(Math.max(meanMs, 1e-9)));
    const bucket = Math.min(BUCKETS - 1, Math.max(0, exponent - FIRST_EXPONENT));
    this.#buckets[bucket] = this.#buckets[bucket]! + count;
    this.#weight += count;
    if (this.#weight > WEIGHT_MAX) {
      for (let i = 0; i < BUCKETS; i++) this.#buckets[i] = this.#buckets[i]! / 2;
      this.#weight /= 2;
    }
    this.#p95Ms = -1;
  }

  addBytes(bytes: number): void {
    this.bytesMean = this.bytesMean < 0 ? bytes : 0.9 * this.bytesMean + 0.1 * bytes;
  }

  #percentile(share: number): number {
    let below = 0;
    for (let i = 0; i < BUCKETS; i++) {
      below += this.#buckets[i]!;
      if (below >= share * this.#weight) return 2 ** (i + FIRST_EXPONENT);
    }
    return 2 ** (BUCKETS - 1 + FIRST_EXPONENT);
  }
}

/** Groups by name, numbered densely so that a task's group is one integer. */
export class FunctionGroups {
  readonly #list: FunctionGroup[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(name: string): number {
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.#list.length;
      this.#list.push(new FunctionGroup(name));
      this.#numbers.set(name, number);
    }
    return number;
  }

  at(number: number): FunctionGroup {
    return this.#list[number]!;
  }

  get all(): readonly FunctionGroup[] {
    return this.#list;
  }
}
