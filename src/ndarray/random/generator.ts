/**
 * @file `Generator`, NumPy's random generator: the same seed and the same calls give the same
 * numbers as `numpy.random.default_rng`. Uniform numbers, integers, choices and permutations agree
 * bit for bit, other distributions draw the same bits and agree to the last digits of exp, log and
 * pow.
 */

import { type DType, type DTypeLike, type ResolveDType, toDType } from "../../core/dtype.ts";
import { HeddleError } from "../../core/errors.ts";
import { checkOptionNames } from "../../core/options.ts";
import { take } from "../library/moving.ts";
import { NDArray } from "../ndarray.ts";
import {
  type ChoiceOptions,
  choosePositions,
  shuffleArray,
  shuffledRange,
  shuffleList,
} from "./choice.ts";
import { drawSmall, filled, type Size, type SizeArg, SMALL_AT, shapeOf } from "./draws.ts";
import { GeneratorDistributions } from "./generator-distributions.ts";
import { type Bound, drawIntegers, type IntegersOptions } from "./integers.ts";
import { PCG64 } from "./pcg64.ts";
import type { Entropy, SeedSequence } from "./seed-sequence.ts";

/** Size and precision of standard draws. */
export interface StandardOptions<F extends "float32" | "float64" = "float32" | "float64"> {
  /** Default: one value. */
  readonly size?: Size;
  /** Default float64. */
  readonly dtype?: F;
}

type StandardArg = Size | StandardOptions | undefined;

type ExponentialArg = Size | (StandardOptions & { readonly method?: "zig" | "inv" }) | undefined;

/** What a standard draw returns: a number without a size, else an array of the dtype asked for. */
export type StandardDrawn<S> = S extends {
  readonly size: Size;
  readonly dtype: infer F extends DType;
}
  ? NDArray<F>
  : S extends Size | { readonly size: Size }
    ? NDArray<"float64">
    : number;

/** What `integers` returns. */
export type IntegersDrawn<B, O> = [B] extends [number | bigint]
  ? O extends { readonly size: Size }
    ? NDArray<O extends { readonly dtype: infer D extends DTypeLike } ? ResolveDType<D> : "int64">
    : number
  : NDArray;

/**
 * Draws random numbers; make one with {@link defaultRng}.
 *
 * @example
 * import { defaultRng } from "heddle/ndarray";
 * console.log(defaultRng(42).random()); // 0.7739560485559633
 */
export class Generator extends GeneratorDistributions {
  /** Independent generators, spawned from the seed. */
  spawn(count: number): Generator[] {
    return this.bitGenerator.spawn(count).map((stream) => new Generator(stream));
  }

  /** Uniform in [0, 1). */
  random<const S extends StandardArg = undefined>(size?: S): StandardDrawn<S> {
    return this.#standard(size, "fillUniform", "fillUniform32") as StandardDrawn<S>;
  }

  /** Normal with mean 0 and standard deviation 1. */
  standardNormal<const S extends StandardArg = undefined>(size?: S): StandardDrawn<S> {
    return this.#standard(size, "fillNormal", "fillNormal32") as StandardDrawn<S>;
  }

  /**
   * Exponential with mean 1; `method: "inv"` inverts the distribution function instead of the
   * ziggurat.
   */
  standardExponential<const S extends ExponentialArg = undefined>(size?: S): StandardDrawn<S> {
    const inverse = typeof size === "object" && "method" in size && size.method === "inv" ? 1 : 0;
    const drawn = this.#standard(size, "fillExponential", "fillExponential32", inverse);
    return drawn as StandardDrawn<S>;
  }

  /**
   * Integers from `low` up to, not including, `high` (`endpoint: true` includes it);
   * `integers(high)` starts at 0.
   *
   * @example
   * import { defaultRng } from "heddle/ndarray";
   * console.log(defaultRng(12345).integers(0, 10, { size: 3 }).toArray()); // [ 6, 2, 7 ]
   */
  integers<L extends Bound, H extends Bound, const O extends IntegersOptions = IntegersOptions>(
    low: L,
    high: H,
    options?: O,
  ): IntegersDrawn<L | H, O>;
  integers<H extends Bound, const O extends IntegersOptions = IntegersOptions>(
    high: H,
    options?: O,
  ): IntegersDrawn<H, O>;
  integers(low: Bound, high?: Bound | IntegersOptions, options?: IntegersOptions): unknown {
    const onlyHigh = high === undefined || (typeof high === "object" && !(high instanceof NDArray));
    const given = (onlyHigh ? (high ?? options) : options) ?? {};
    checkOptionNames("integers", given, ["size", "dtype", "endpoint"]);
    if (onlyHigh) return drawIntegers(this.bitGenerator, 0, low, given as IntegersOptions);
    return drawIntegers(this.bitGenerator, low, high, given as IntegersOptions);
  }

  /** `count` random bytes. */
  bytes(count: number): Uint8Array {
    const words = Math.ceil(count / 4);
    const range = { size: words, dtype: "uint32" as const };
    const drawn = this.integers(0, 2 ** 32, range) as NDArray<"uint32">;
    const { buffer, byteOffset } = drawn.data;
    return Uint8Array.from(new Uint8Array(buffer, byteOffset, count));
  }

  /**
   * A sample from an array's elements along an axis, or from 0 to `population - 1`.
   *
   * @example
   * import { defaultRng } from "heddle/ndarray";
   * console.log(defaultRng(0).choice(5, { size: 3, replace: false }).toArray()); // [ 3, 4, 2 ]
   */
  choice<const O extends ChoiceOptions & { readonly size: Size }>(
    population: number,
    options: O,
  ): NDArray<"int64">;
  choice(population: number, options?: ChoiceOptions): number;
  choice<D extends DType>(population: NDArray<D>, options?: ChoiceOptions): NDArray<D>;
  choice(population: number | NDArray, options: ChoiceOptions = {}): unknown {
    checkOptionNames("choice", options, ["size", "replace", "p", "axis", "shuffle"]);
    if (typeof population === "number") {
      const positions = choosePositions(this.bitGenerator, population, options);
      return options.size === undefined ? positions.item() : positions;
    }
    const axis = options.axis ?? 0;
    const length = population.shape.at(axis);
    if (length === undefined) {
      throw new HeddleError(
        "InvalidAxis",
        `choice: a ${population.ndim}-d array has no axis ${axis}.`,
      );
    }
    return take(population, choosePositions(this.bitGenerator, length, options), { axis });
  }

  /** 0 to n - 1, or a copy of an array, in random order along an axis (default 0). */
  permutation(x: number): NDArray<"int64">;
  permutation<D extends DType>(x: NDArray<D>, options?: { readonly axis?: number }): NDArray<D>;
  permutation(x: number | NDArray, options: { readonly axis?: number } = {}): NDArray {
    checkOptionNames("permutation", options, ["axis"]);
    if (typeof x === "number") return shuffledRange(this.bitGenerator, x);
    const axis = options.axis ?? 0;
    if (x.ndim === 1) {
      const copy = x.copy();
      shuffleArray(this.bitGenerator, copy, 0);
      return copy;
    }
    const order = shuffledRange(this.bitGenerator, x.shape.at(axis) ?? 0);
    return take(x, order, { axis });
  }

  /** Shuffles an array along an axis (default 0), or a plain JavaScript array, in place. */
  shuffle(x: NDArray | unknown[], options: { readonly axis?: number } = {}): void {
    checkOptionNames("shuffle", options, ["axis"]);
    if (Array.isArray(x)) shuffleList(this.bitGenerator, x);
    else shuffleArray(this.bitGenerator, x, options.axis ?? 0);
  }

  #standard(
    size: StandardArg,
    wide: "fillUniform" | "fillNormal" | "fillExponential",
    narrow: "fillUniform32" | "fillNormal32" | "fillExponential32",
    inverse = 0,
  ): number | NDArray {
    const options = (
      typeof size === "object" && !Array.isArray(size) ? size : {}
    ) as StandardOptions;
    checkOptionNames("a standard distribution", options, ["size", "dtype", "method"]);
    const dtype = toDType(options.dtype ?? "float64") as "float32" | "float64";
    if (dtype !== "float64" && dtype !== "float32") {
      throw new HeddleError(
        "DTypeMismatch",
        `This draws float64 or float32, not ${dtype as string}.`,
      );
    }
    const shape = shapeOf(size as SizeArg);
    const kernel = dtype === "float64" ? wide : narrow;
    const stream = this.bitGenerator;
    if (shape !== undefined) {
      return filled(stream, dtype, shape, (kernels, at, n) => void kernels[kernel](at, n, inverse));
    }
    return drawSmall(stream, (kernels, memory) => {
      kernels[kernel](SMALL_AT, 1, inverse);
      const bytes = new DataView(memory.buffer);
      return dtype === "float64"
        ? bytes.getFloat64(SMALL_AT, true)
        : bytes.getFloat32(SMALL_AT, true);
    });
  }
}

/**
 * A generator with NumPy's default bit generator; `seed`: default fresh entropy from the system.
 */
export function defaultRng(seed?: Entropy | SeedSequence | PCG64 | Generator): Generator {
  if (seed instanceof Generator) return seed;
  return new Generator(seed instanceof PCG64 ? seed : new PCG64(seed));
}
