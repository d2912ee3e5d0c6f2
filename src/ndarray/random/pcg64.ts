/**
 * @file The state of a PCG64 stream on the JavaScript side: seeding, jumping ahead, and lending the
 * state to a kernel for the time of one call. The generator itself is
 * `library/assembly/random/pcg64.ts`.
 */
import type { WasmMemory } from "../../core/wasm.ts";
import { type RandomKernels, randomKernels } from "../library/kernels.ts";
import { type Entropy, SeedSequence } from "./seed-sequence.ts";

const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;
const BITS_64 = 64n;
const MASK_64 = (1n << 64n) - 1n;
const MASK_128 = (1n << 128n) - 1n;

/** State of a stream in NumPy's form (`bit_generator.state`). */
export interface Pcg64State {
  readonly state: bigint;
  readonly inc: bigint;
  /** Whether half of a 64-bit draw is kept for the next 32-bit one. */
  readonly hasUint32: boolean;
  readonly uinteger: number;
}

/** NumPy's default bit generator: the same seed gives the same bits. */
export class PCG64 {
  readonly seedSequence: SeedSequence;
  #state: bigint;
  #increment: bigint;
  #halfKept = 0;
  #half = 0;

  /** `seed`: default fresh entropy from the system. */
  constructor(seed?: Entropy | SeedSequence) {
    this.seedSequence = seed instanceof SeedSequence ? seed : new SeedSequence(seed);
    const [high, low, incHigh, incLow] = this.seedSequence.generateState64(4) as unknown as [
      bigint,
      bigint,
      bigint,
      bigint,
    ];
    this.#increment = ((((incHigh << BITS_64) | incLow) << 1n) | 1n) & MASK_128;
    const start = (this.#increment + ((high << BITS_64) | low)) & MASK_128;
    this.#state = this.#step(start);
  }

  get state(): Pcg64State {
    return {
      state: this.#state,
      inc: this.#increment,
      hasUint32: this.#halfKept !== 0,
      uinteger: this.#half,
    };
  }

  set state(value: Pcg64State) {
    this.#state = value.state & MASK_128;
    this.#increment = (value.inc & MASK_128) | 1n;
    this.#halfKept = value.hasUint32 ? 1 : 0;
    this.#half = value.uinteger >>> 0;
  }

  /** Moves on by `delta` draws (backwards when negative) in logarithmic time. */
  advance(delta: number | bigint): this {
    let steps = BigInt(delta) & MASK_128;
    let multiplier = 1n;
    let plus = 0n;
    let stepMultiplier = MULTIPLIER;
    let stepPlus = this.#increment;
    for (; steps > 0n; steps >>= 1n) {
      if ((steps & 1n) === 1n) {
        multiplier = (multiplier * stepMultiplier) & MASK_128;
        plus = (plus * stepMultiplier + stepPlus) & MASK_128;
      }
      stepPlus = ((stepMultiplier + 1n) * stepPlus) & MASK_128;
      stepMultiplier = (stepMultiplier * stepMultiplier) & MASK_128;
    }
    this.#state = (multiplier * this.#state + plus) & MASK_128;
    this.#halfKept = 0;
    this.#half = 0;
    return this;
  }

  /**
   * Runs `draw` with the kernels of `memory` loaded with this stream, and keeps where the stream
   * got to.
   */
  use<T>(memory: WasmMemory, draw: (kernels: RandomKernels) => T): T {
    const kernels = randomKernels(memory);
    kernels.setState(
      this.#state >> BITS_64,
      this.#state & MASK_64,
      this.#increment >> BITS_64,
      this.#increment & MASK_64,
      this.#halfKept,
      this.#half,
    );
    try {
      return draw(kernels);
    } finally {
      const high = BigInt.asUintN(64, kernels.stateHigh());
      this.#state = (high << BITS_64) | BigInt.asUintN(64, kernels.stateLow());
      this.#halfKept = kernels.halfKept();
      this.#half = kernels.halfValue() >>> 0;
    }
  }

  /** `count` independent streams, spawned from the seed as NumPy does. */
  spawn(count: number): PCG64[] {
    return this.seedSequence.spawn(count).map((sequence) => new PCG64(sequence));
  }

  #step(state: bigint): bigint {
    return (state * MULTIPLIER + this.#increment) & MASK_128;
  }
}
