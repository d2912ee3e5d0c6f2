/**
 * @file `da.random`: NumPy's generator over lazy arrays. With a seed, the numbers are those of
 * `dask.array.random` for the same chunks, block by block those of NumPy; without one, every call
 * draws anew.
 */

import {
  type DType,
  type DTypeLike,
  isScalar,
  type ResolveDType,
  type Scalar,
  toDType,
} from "../core/dtype.ts";
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import {
  type Generator as LocalGenerator,
  defaultRng as localRng,
} from "../ndarray/random/generator.ts";
import { type Entropy, SeedSequence } from "../ndarray/random/seed-sequence.ts";
import { toExpr } from "./arguments.ts";
import type { ArrayArg, Rank } from "./array-types.ts";
import { fromLocal } from "./build/create.ts";
import { draw, elementsAt, type SeedRange, sizeOfDraw } from "./build/random.ts";
import { take } from "./build/take.ts";
import { DistArray } from "./dist-array.ts";
import { type Expr, shapeOfExpr } from "./expression.ts";
import type { ChunksInput } from "./normalize-chunks.ts";

/** A shape: one length, or one per axis. */
export type Size = number | readonly number[];

/** How much to draw, and in which blocks. */
export interface DrawOptions {
  /** Default: what the parameters broadcast to, one number for plain ones. */
  readonly size?: Size;
  /** Default "auto". */
  readonly chunks?: ChunksInput;
}

/** A parameter of a distribution. */
export type Parameter = number | ArrayArg;

/** Without a size one number is drawn; options may have one, or not. */
export type DrawRank<S> = S extends undefined
  ? "scalar"
  : S extends Size | { readonly size: Size }
    ? "array"
    : Rank;

type Real = DistArray<"float64">;
type Counts = DistArray<"int64">;

/** Draws lazy arrays; make one with {@link defaultRng}. Each draw uses streams of its own. */
export class Generator {
  readonly #sequence: SeedSequence;
  #next: number;
  /** Orders of permutations, as NumPy draws them from the seed itself. */
  #orders: LocalGenerator | undefined;

  constructor(sequence: SeedSequence) {
    this.#sequence = sequence;
    this.#next = sequence.childrenSpawned;
  }

  /** Uniform in [0, 1). */
  random<S extends Size | DrawOptions | undefined = undefined>(
    size?: S,
    options: DrawOptions = {},
  ): DistArray<"float64", DrawRank<S>> {
    return this.#real("random", [], { ...sized(size), ...options });
  }

  /** Uniform in [low, high). */
  uniform(low: Parameter = 0, high: Parameter = 1, ...rest: DrawArgs): Real {
    return this.#real("uniform", [low, high], drawOptions(rest));
  }

  /** Normal with mean `loc` and standard deviation `scale`. */
  normal(loc: Parameter = 0, scale: Parameter = 1, ...rest: DrawArgs): Real {
    return this.#real("normal", [loc, scale], drawOptions(rest));
  }

  /** Normal with mean 0 and standard deviation 1. */
  standardNormal<S extends Size | DrawOptions | undefined = undefined>(
    size?: S,
    options: DrawOptions = {},
  ): DistArray<"float64", DrawRank<S>> {
    return this.#real("standardNormal", [], { ...sized(size), ...options });
  }

  /** Exponential with mean 1. */
  standardExponential<S extends Size | DrawOptions | undefined = undefined>(
    size?: S,
    options: DrawOptions = {},
  ): DistArray<"float64", DrawRank<S>> {
    return this.#real("standardExponential", [], { ...sized(size), ...options });
  }

  /** Exponential with mean `scale`. */
  exponential(scale: Parameter = 1, ...rest: DrawArgs): Real {
    return this.#real("exponential", [scale], drawOptions(rest));
  }

  /** Gamma with the given shape and scale. */
  gamma(shape: Parameter, scale: Parameter = 1, ...rest: DrawArgs): Real {
    return this.#real("gamma", [shape, scale], drawOptions(rest));
  }

  /** Beta. */
  beta(a: Parameter, b: Parameter, ...rest: DrawArgs): Real {
    return this.#real("beta", [a, b], drawOptions(rest));
  }

  /** Chi-square. */
  chisquare(df: Parameter, ...rest: DrawArgs): Real {
    return this.#real("chisquare", [df], drawOptions(rest));
  }

  /** Laplace (double exponential). */
  laplace(loc: Parameter = 0, scale: Parameter = 1, ...rest: DrawArgs): Real {
    return this.#real("laplace", [loc, scale], drawOptions(rest));
  }

  /** Logistic. */
  logistic(loc: Parameter = 0, scale: Parameter = 1, ...rest: DrawArgs): Real {
    return this.#real("logistic", [loc, scale], drawOptions(rest));
  }

  /** Log-normal: the logarithm is normal with the given mean and standard deviation. */
  lognormal(mean: Parameter = 0, sigma: Parameter = 1, ...rest: DrawArgs): Real {
    return this.#real("lognormal", [mean, sigma], drawOptions(rest));
  }

  /** Numbers of events with mean `lam`. */
  poisson(lam: Parameter = 1, ...rest: DrawArgs): Counts {
    return this.#draw("poisson", [lam], "int64", drawOptions(rest));
  }

  /** Numbers of successes in `n` trials of probability `p`. */
  binomial(n: Parameter, p: Parameter, ...rest: DrawArgs): Counts {
    return this.#draw("binomial", [n, p], "int64", drawOptions(rest));
  }

  /** Numbers of trials until the first success. */
  geometric(p: Parameter, ...rest: DrawArgs): Counts {
    return this.#draw("geometric", [p], "int64", drawOptions(rest));
  }

  /** Integers from `low` up to, not including, `high`; `integers(high)` starts at 0. */
  integers<T extends DTypeLike = "int64">(
    low: number | bigint,
    high?: number | bigint | null | IntegersOptions<T>,
    options?: IntegersOptions<T>,
  ): DistArray<ResolveDType<T>> {
    const bounded = typeof high === "number" || typeof high === "bigint";
    const given = (bounded ? options : (options ?? high)) ?? {};
    checkOptionNames("integers", given, ["size", "chunks", "dtype", "endpoint"]);
    const { dtype = "int64", endpoint = false, ...rest } = given as IntegersOptions;
    const [from, to] = bounded ? [low, high] : [0, low];
    if (to < from || (to === from && !endpoint)) {
      throw new HeddleError(
        "InvalidArgument",
        `integers: low (${from}) must be less than high (${to})`,
        {
          fields: { low: Number(from), high: Number(to) },
        },
      );
    }
    const resolved: DType = toDType(dtype);
    return this.#draw("integers", [from, to], resolved, rest, { dtype: resolved, endpoint });
  }

  /** A sample with replacement from an array's elements, or from 0 to `population - 1`. */
  choice(population: number | ArrayArg, options: ChoiceOptions = {}): DistArray {
    if (typeof population === "number") return this.#choose(population, options);
    const array = toExpr(population);
    const [length] = shapeOfExpr(array);
    if (length === undefined || Number.isNaN(length)) {
      throw new HeddleError(
        "InvalidShape",
        "choice needs a population of known length: call computeChunkSizes() first",
      );
    }
    return new DistArray(elementsAt(array, this.#choose(length, options).expr));
  }

  /**
   * The numbers from 0 to `x - 1`, or an array's elements along its first axis, in random order:
   * that of NumPy and Dask for the same seed. The order itself is drawn at once.
   */
  permutation(x: number, options?: PermutationOptions): DistArray<"int64">;
  permutation<D extends DType>(x: ArrayArg<D>, options?: PermutationOptions): DistArray<D>;
  permutation(x: number | ArrayArg, options: PermutationOptions = {}): DistArray {
    checkOptionNames("permutation", options, ["chunks"]);
    const array = typeof x === "number" ? undefined : toExpr(x);
    const length = array === undefined ? (x as number) : shapeOfExpr(array)[0];
    if (length === undefined || !Number.isSafeInteger(length) || length < 0) {
      throw new HeddleError(
        "InvalidShape",
        `permutation takes a number from 0 on, or an array with a first axis of known length; this ` +
          `one has ${String(length)} (computeChunkSizes() finds out what a mask left)`,
      );
    }
    this.#orders ??= localRng(this.#sequence);
    const order = this.#orders.permutation(length);
    if (array === undefined) return new DistArray(fromLocal(order, options.chunks ?? "auto"));
    const positions = order.toArray() as number[];
    const moved = new DistArray(take(array, positions, 0));
    return options.chunks === undefined ? moved : moved.rechunk(options.chunks);
  }

  #choose(population: number, options: ChoiceOptions): DistArray {
    checkOptionNames("choice", options, ["size", "chunks", "replace", "p"]);
    const { replace = true, p, ...rest } = options;
    const result = this.#draw("choice", [population], "int64", rest, {
      replace,
      ...(p === undefined ? {} : { p }),
    });
    if (replace === false && result.size > population) {
      throw new HeddleError(
        "InvalidArgument",
        `choice without replacement cannot take ${result.size} elements of ${population}: ask for ` +
          "at most that many, or leave out replace: false",
        { fields: { size: result.size, population } },
      );
    }
    if (replace === false && result.npartitions > 1) {
      throw new HeddleError(
        "NotSupported",
        `choice without replacement cannot be cut into ${result.npartitions} blocks: give chunks: -1`,
      );
    }
    return result;
  }

  #real<K extends Rank = "array">(
    method: string,
    parameters: readonly Parameter[],
    options: DrawOptions,
  ): DistArray<"float64", K> {
    return this.#draw<"float64", K>(method, parameters, "float64", options);
  }

  #draw<D extends DType, K extends Rank = "array">(
    method: string,
    parameters: readonly (Parameter | bigint)[],
    dtype: DType,
    options: DrawOptions,
    further: Readonly<Record<string, unknown>> = {},
  ): DistArray<D, K> {
    checkOptionNames(method, options, ["size", "chunks"]);
    const args = parameters.map((p): Expr | Scalar => (isScalar(p) ? p : toExpr(p)));
    const size = sizeOfDraw(options.size, args);
    const what = { method, parameters: args, dtype, options: further };
    return new DistArray<D, K>(
      draw(what, size, options.chunks ?? "auto", (count) => this.#reserve(count)),
    );
  }

  #reserve(count: number): SeedRange {
    const first = this.#next;
    this.#next += count;
    return { entropy: this.#sequence.entropy, spawnKey: this.#sequence.spawnKey, first };
  }
}

/**
 * Size and options after the parameters of a distribution: `(loc, scale, size, options)` or `(loc,
 * scale, options)`.
 */
export type DrawArgs = readonly [size?: Size | DrawOptions, options?: DrawOptions];

function drawOptions([size, options]: DrawArgs): DrawOptions {
  return { ...sized(size), ...options };
}

function sized(size: Size | DrawOptions | undefined): DrawOptions {
  if (size === undefined) return {};
  return typeof size === "number" || isList(size) ? { size } : size;
}

function isList(value: Size | DrawOptions): value is readonly number[] {
  return Array.isArray(value);
}

/** Options of `integers`. */
export interface IntegersOptions<T extends DTypeLike = DTypeLike> extends DrawOptions {
  /** Default int64. */
  readonly dtype?: T;
  /** Whether `high` is included; default false. */
  readonly endpoint?: boolean;
}

/** Options of `permutation`. */
export interface PermutationOptions {
  /** Default: "auto" for numbers, blocks as long as its own for an array. */
  readonly chunks?: ChunksInput;
}

/** Options of `choice`. */
export interface ChoiceOptions extends DrawOptions {
  /** Whether an element may be drawn more than once; default true. */
  readonly replace?: boolean;
  /** Probability of each element; default all the same. */
  readonly p?: readonly number[];
}

/**
 * A generator whose numbers follow from the seed and the chunks; without a seed, from fresh
 * entropy.
 *
 * @example
 * import * as da from "heddle/array";
 * const x = da.random.defaultRng(42).random([4, 4], { chunks: 2 });
 * console.log(await x.mean().compute() < 1); // true
 */
export function defaultRng(seed?: Entropy | SeedSequence | Generator): Generator {
  if (seed instanceof Generator) return seed;
  return new Generator(seed instanceof SeedSequence ? seed : new SeedSequence(seed));
}

let shared: Generator | undefined;

function fresh(): Generator {
  shared ??= defaultRng();
  return shared;
}

/** Makes the functions of this module draw from a seed from now on, in the order of their calls. */
export function seed(value?: Entropy): void {
  shared = defaultRng(value);
}

/** Uniform in [0, 1). */
export const random: Generator["random"] = (...args) => fresh().random(...args);
/** The same as `random`. */
export const randomSample: Generator["random"] = random;
/** Uniform in [low, high). */
export const uniform: Generator["uniform"] = (...args) => fresh().uniform(...args);
/** Normal with mean `loc` and standard deviation `scale`. */
export const normal: Generator["normal"] = (...args) => fresh().normal(...args);
/** Normal with mean 0 and standard deviation 1. */
export const standardNormal: Generator["standardNormal"] = (...args) =>
  fresh().standardNormal(...args);
/** Exponential with mean 1. */
export const standardExponential: Generator["standardExponential"] = (...args) =>
  fresh().standardExponential(...args);
/** Exponential with mean `scale`. */
export const exponential: Generator["exponential"] = (...args) => fresh().exponential(...args);
/** Gamma. */
export const gamma: Generator["gamma"] = (...args) => fresh().gamma(...args);
/** Beta. */
export const beta: Generator["beta"] = (...args) => fresh().beta(...args);
/** Chi-square. */
export const chisquare: Generator["chisquare"] = (...args) => fresh().chisquare(...args);
/** Laplace. */
export const laplace: Generator["laplace"] = (...args) => fresh().laplace(...args);
/** Logistic. */
export const logistic: Generator["logistic"] = (...args) => fresh().logistic(...args);
/** Log-normal. */
export const lognormal: Generator["lognormal"] = (...args) => fresh().lognormal(...args);
/** Poisson. */
export const poisson: Generator["poisson"] = (...args) => fresh().poisson(...args);
/** Binomial. */
export const binomial: Generator["binomial"] = (...args) => fresh().binomial(...args);
/** Geometric. */
export const geometric: Generator["geometric"] = (...args) => fresh().geometric(...args);
/** Integers from `low` up to, not including, `high`. */
export function integers<T extends DTypeLike = "int64">(
  low: number | bigint,
  high?: number | bigint | null | IntegersOptions<T>,
  options?: IntegersOptions<T>,
): DistArray<ResolveDType<T>> {
  return fresh().integers(low, high, options);
}
/** The same as `integers`, under NumPy's older name. */
export const randint: typeof integers = integers;
/** The numbers below a limit, or an array's elements along its first axis, in random order. */
export const permutation: Generator["permutation"] = (
  x: never,
  options?: PermutationOptions,
): never => fresh().permutation(x, options) as never;
/** A sample from a population. */
export const choice: Generator["choice"] = (...args) => fresh().choice(...args);
