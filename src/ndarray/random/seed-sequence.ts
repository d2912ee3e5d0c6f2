/**
 * @file NumPy's SeedSequence (after M. O'Neill's seed_seq_fe): turns any entropy into well-mixed
 * words, and spawns children by appending to a key, so that every chunk of an array gets a stream
 * of its own from one seed.
 */
import { randomBytes } from "node:crypto";
import { HeddleError } from "../../core/errors.ts";

const INIT_A = 0x43b0d7e5;
const MULT_A = 0x931e8875;
const INIT_B = 0x8b51f9dd;
const MULT_B = 0x58f38ded;
const MIX_MULT_L = 0xca01f9dd;
const MIX_MULT_R = 0x4973f715;
const SHIFT = 16;
const POOL_WORDS = 4;

/** Entropy in the forms that NumPy takes: a non-negative integer, or a sequence of them. */
export type Entropy = number | bigint | readonly (number | bigint)[] | Uint32Array;

/** How a {@link SeedSequence} is set up; the defaults are those of a fresh one. */
export interface SeedSequenceOptions {
  /** Position in the tree of spawned sequences; default []. */
  readonly spawnKey?: readonly number[];
  /** Words of the entropy pool; default 4. */
  readonly poolSize?: number;
  /** Children already spawned; default 0. */
  readonly childrenSpawned?: number;
}

/**
 * A source of seeds: equal entropy and spawn key give equal words.
 *
 * @example
 * import { SeedSequence } from "heddle/ndarray";
 * console.log(new SeedSequence(42).generateState(2)); // Uint32Array(2) [ 3444837047, 2669555309 ]
 */
export class SeedSequence {
  readonly entropy: Entropy;
  readonly spawnKey: readonly number[];
  readonly poolSize: number;
  readonly #pool: Uint32Array;
  #spawned: number;

  /** `entropy`: default 128 bits from the system. */
  constructor(entropy?: Entropy, options: SeedSequenceOptions = {}) {
    this.entropy = entropy ?? systemEntropy();
    this.spawnKey = options.spawnKey ?? [];
    this.poolSize = Math.max(POOL_WORDS, options.poolSize ?? POOL_WORDS);
    this.#spawned = options.childrenSpawned ?? 0;
    this.#pool = mixEntropy(this.poolSize, this.#assembledEntropy());
  }

  /** How many children `spawn` has given out. */
  get childrenSpawned(): number {
    return this.#spawned;
  }

  /** `words` 32-bit words of seed. */
  generateState(words: number): Uint32Array {
    const state = new Uint32Array(words);
    let multiplier = INIT_B;
    for (let i = 0; i < words; i++) {
      let value = (this.#pool[i % this.poolSize] as number) ^ multiplier;
      multiplier = Math.imul(multiplier, MULT_B);
      value = Math.imul(value, multiplier);
      state[i] = value ^ (value >>> SHIFT);
    }
    return state;
  }

  /** `words` 64-bit words of seed. */
  generateState64(words: number): BigUint64Array {
    const halves = this.generateState(2 * words);
    return BigUint64Array.from(
      { length: words },
      (_, i) => BigInt(halves[2 * i] as number) | (BigInt(halves[2 * i + 1] as number) << 32n),
    );
  }

  /** `count` new children, never the same twice. */
  spawn(count: number): SeedSequence[] {
    const first = this.#spawned;
    this.#spawned += count;
    return Array.from(
      { length: count },
      (_, i) =>
        new SeedSequence(this.entropy, {
          spawnKey: [...this.spawnKey, first + i],
          poolSize: this.poolSize,
        }),
    );
  }

  #assembledEntropy(): number[] {
    const words = toWords(this.entropy);
    if (this.spawnKey.length === 0) return words;
    // A spawned sequence must not collide with an unspawned one whose entropy ends in the same
    // words.
    while (words.length < this.poolSize) words.push(0);
    return [...words, ...toWords(this.spawnKey)];
  }
}

function systemEntropy(): bigint {
  return BigInt(`0x${randomBytes(16).toString("hex")}`);
}

/** The 32-bit words of entropy, lowest first, one run per integer. */
function toWords(entropy: Entropy): number[] {
  if (typeof entropy !== "number" && typeof entropy !== "bigint") {
    return Array.from(entropy as readonly (number | bigint)[]).flatMap((part) => toWords(part));
  }
  if (typeof entropy === "number" && entropy >= 0 && entropy <= 0xffffffff) {
    if (Number.isInteger(entropy)) return [entropy];
  }
  const isSeed = typeof entropy === "bigint" ? entropy >= 0n : Number.isSafeInteger(entropy);
  if (!isSeed || entropy < 0) {
    throw new HeddleError(
      "InvalidArgument",
      `A seed of ${entropy} was given; seeds are non-negative integers (numbers up to 2^53, ` +
        "bigints of any size) or arrays of them.",
    );
  }
  const words: number[] = [];
  for (let rest = BigInt(entropy); rest > 0n; rest >>= 32n) words.push(Number(rest & 0xffffffffn));
  return words.length === 0 ? [0] : words;
}

function mixEntropy(poolSize: number, words: readonly number[]): Uint32Array {
  const pool = new Uint32Array(poolSize);
  let multiplier = INIT_A;
  const hash = (word: number): number => {
    let value = word ^ multiplier;
    multiplier = Math.imul(multiplier, MULT_A);
    value = Math.imul(value, multiplier);
    return value ^ (value >>> SHIFT);
  };
  for (let i = 0; i < poolSize; i++) pool[i] = hash(words[i] ?? 0);
  for (let source = 0; source < poolSize; source++) {
    for (let target = 0; target < poolSize; target++) {
      if (source === target) continue;
      pool[target] = mix(pool[target] as number, hash(pool[source] as number));
    }
  }
  for (const word of words.slice(poolSize)) {
    for (let i = 0; i < poolSize; i++) pool[i] = mix(pool[i] as number, hash(word));
  }
  return pool;
}

function mix(x: number, y: number): number {
  const value = Math.imul(MIX_MULT_L, x) - Math.imul(MIX_MULT_R, y);
  return value ^ (value >>> SHIFT);
}
