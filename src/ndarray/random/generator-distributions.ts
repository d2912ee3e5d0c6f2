/**
 * @file The distributions of a generator: one method each, under NumPy's name in camelCase.
 * Parameters come first, then the size (a length, a list of lengths, or `{ size }`). Parameters may
 * be arrays, which are broadcast.
 */

import { HeddleError } from "../../core/errors.ts";
import { sizeOfShape } from "../../core/indexing.ts";
import { contiguous, elementsOf, runKernel } from "../library/operands.ts";
import { NDArray } from "../ndarray.ts";
import { CONTINUOUS, DISCRETE, type Distribution } from "./distributions.ts";
import {
  type Drawn,
  drawContinuous,
  drawDiscrete,
  type Parameter,
  type SizeArg,
  shapeOf,
} from "./draws.ts";
import type { PCG64 } from "./pcg64.ts";

type P = Parameter;
type S = SizeArg;

/** Base of `Generator`: what draws from named distributions. */
export class GeneratorDistributions {
  /** The stream of bits that all methods draw from. */
  readonly bitGenerator: PCG64;

  constructor(bitGenerator: PCG64) {
    this.bitGenerator = bitGenerator;
  }

  #real<R>(name: string, size: SizeArg, ...parameters: Parameter[]): R {
    const distribution = CONTINUOUS[name] as Distribution;
    return drawContinuous(this.bitGenerator, distribution, parameters, size) as R;
  }

  #count<R>(name: string, size: SizeArg, ...parameters: Parameter[]): R {
    const distribution = DISCRETE[name] as Distribution;
    return drawDiscrete(this.bitGenerator, distribution, parameters, size) as R;
  }

  /** Uniform in [low, high). */
  uniform<A extends P = number, B extends P = number, const Z extends S = undefined>(
    low?: A,
    high?: B,
    size?: Z,
  ): Drawn<A | B, Z, "float64"> {
    const [from, to] = [low ?? 0, high ?? 1];
    if (typeof from === "number" && typeof to === "number") {
      return this.#real("uniform", size, from, to - from);
    }
    return this.#real("uniform", size, from, differenceOf(to, from));
  }

  /** Normal with mean `loc` and standard deviation `scale`. */
  normal<A extends P = number, B extends P = number, const Z extends S = undefined>(
    loc?: A,
    scale?: B,
    size?: Z,
  ): Drawn<A | B, Z, "float64"> {
    return this.#real("normal", size, loc ?? 0, scale ?? 1);
  }

  /** Exponential with mean `scale`. */
  exponential<A extends P = number, const Z extends S = undefined>(
    scale?: A,
    size?: Z,
  ): Drawn<A, Z, "float64"> {
    return this.#real("exponential", size, scale ?? 1);
  }

  /** Gamma with scale 1. */
  standardGamma<A extends P, const Z extends S = undefined>(
    shape: A,
    size?: Z,
  ): Drawn<A, Z, "float64"> {
    return this.#real("gamma", size, shape, 1);
  }

  /** Gamma. */
  gamma<A extends P, B extends P = number, const Z extends S = undefined>(
    shape: A,
    scale?: B,
    size?: Z,
  ): Drawn<A | B, Z, "float64"> {
    return this.#real("gamma", size, shape, scale ?? 1);
  }

  /** Beta, on [0, 1]. */
  beta<A extends P, B extends P, const Z extends S = undefined>(
    a: A,
    b: B,
    size?: Z,
  ): Drawn<A | B, Z, "float64"> {
    return this.#real("beta", size, a, b);
  }

  /** Chi-square with `df` degrees of freedom. */
  chisquare<A extends P, const Z extends S = undefined>(df: A, size?: Z): Drawn<A, Z, "float64"> {
    return this.#real("chisquare", size, df);
  }

  /** Chi-square with a non-centrality. */
  noncentralChisquare<A extends P, B extends P, const Z extends S = undefined>(
    df: A,
    nonc: B,
    size?: Z,
  ): Drawn<A | B, Z, "float64"> {
    return this.#real("noncentralChisquare", size, df, nonc);
  }

  /** F (Fisher) with two degrees of freedom. */
  f<A extends P, B extends P, const Z extends S = undefined>(
    dfnum: A,
    dfden: B,
    size?: Z,
  ): Drawn<A | B, Z, "float64"> {
    return this.#real("f", size, dfnum, dfden);
  }

  /** F with a non-centrality. */
  noncentralF<A extends P, B extends P, C extends P, const Z extends S = undefined>(
    dfnum: A,
    dfden: B,
    nonc: C,
    size?: Z,
  ): Drawn<A | B | C, Z, "float64"> {
    return this.#real("noncentralF", size, dfnum, dfden, nonc);
  }

  /** Cauchy with mode 0. */
  standardCauchy<const Z extends S = undefined>(size?: Z): Drawn<number, Z, "float64"> {
    return this.#real("standardCauchy", size);
  }

  /** Student's t with `df` degrees of freedom. */
  standardT<A extends P, const Z extends S = undefined>(df: A, size?: Z): Drawn<A, Z, "float64"> {
    return this.#real("standardT", size, df);
  }

  /** Pareto II (Lomax). */
  pareto<A extends P, const Z extends S = undefined>(a: A, size?: Z): Drawn<A, Z, "float64"> {
    return this.#real("pareto", size, a);
  }

  /** Weibull with scale 1. */
  weibull<A extends P, const Z extends S = undefined>(a: A, size?: Z): Drawn<A, Z, "float64"> {
    return this.#real("weibull", size, a);
  }

  /** Power function distribution with exponent a - 1, on [0, 1]. */
  power<A extends P, const Z extends S = undefined>(a: A, size?: Z): Drawn<A, Z, "float64"> {
    return this.#real("power", size, a);
  }

  /** Laplace (double exponential). */
  laplace<A extends P = number, B extends P = number, const Z extends S = undefined>(
    loc?: A,
    scale?: B,
    size?: Z,
  ): Drawn<A | B, Z, "float64"> {
    return this.#real("laplace", size, loc ?? 0, scale ?? 1);
  }

  /** Gumbel (extreme values). */
  gumbel<A extends P = number, B extends P = number, const Z extends S = undefined>(
    loc?: A,
    scale?: B,
    size?: Z,
  ): Drawn<A | B, Z, "float64"> {
    return this.#real("gumbel", size, loc ?? 0, scale ?? 1);
  }

  /** Logistic. */
  logistic<A extends P = number, B extends P = number, const Z extends S = undefined>(
    loc?: A,
    scale?: B,
    size?: Z,
  ): Drawn<A | B, Z, "float64"> {
    return this.#real("logistic", size, loc ?? 0, scale ?? 1);
  }

  /** Exponential of a normal with the given mean and standard deviation. */
  lognormal<A extends P = number, B extends P = number, const Z extends S = undefined>(
    mean?: A,
    sigma?: B,
    size?: Z,
  ): Drawn<A | B, Z, "float64"> {
    return this.#real("lognormal", size, mean ?? 0, sigma ?? 1);
  }

  /** Rayleigh with mode `scale`. */
  rayleigh<A extends P = number, const Z extends S = undefined>(
    scale?: A,
    size?: Z,
  ): Drawn<A, Z, "float64"> {
    return this.#real("rayleigh", size, scale ?? 1);
  }

  /** Wald (inverse Gaussian). */
  wald<A extends P, B extends P, const Z extends S = undefined>(
    mean: A,
    scale: B,
    size?: Z,
  ): Drawn<A | B, Z, "float64"> {
    return this.#real("wald", size, mean, scale);
  }

  /** Triangular over [left, right] with its peak at `mode`. */
  triangular<const Z extends S = undefined>(
    left: number,
    mode: number,
    right: number,
    size?: Z,
  ): Drawn<number, Z, "float64"> {
    if (!(left <= mode && mode <= right && left < right)) {
      throw new HeddleError(
        "InvalidArgument",
        `triangular: left <= mode <= right and left < right is needed, not ${left}, ${mode}, ` +
          `${right}.`,
      );
    }
    return this.#real("triangular", size, left, mode, right);
  }

  /** Von Mises (circular normal) around `mu`, on [-pi, pi]. */
  vonmises<A extends P, B extends P, const Z extends S = undefined>(
    mu: A,
    kappa: B,
    size?: Z,
  ): Drawn<A | B, Z, "float64"> {
    return this.#real("vonmises", size, mu, kappa);
  }

  /** Poisson with expectation `lam`. */
  poisson<A extends P = number, const Z extends S = undefined>(
    lam?: A,
    size?: Z,
  ): Drawn<A, Z, "int64"> {
    return this.#count("poisson", size, lam ?? 1);
  }

  /** Successes in `n` trials of probability `p`. */
  binomial<A extends P, B extends P, const Z extends S = undefined>(
    n: A,
    p: B,
    size?: Z,
  ): Drawn<A | B, Z, "int64"> {
    return this.#count("binomial", size, n, p);
  }

  /** Failures before `n` successes of probability `p`. */
  negativeBinomial<A extends P, B extends P, const Z extends S = undefined>(
    n: A,
    p: B,
    size?: Z,
  ): Drawn<A | B, Z, "int64"> {
    return this.#count("negativeBinomial", size, n, p);
  }

  /** Trials until the first success of probability `p`. */
  geometric<A extends P, const Z extends S = undefined>(p: A, size?: Z): Drawn<A, Z, "int64"> {
    return this.#count("geometric", size, p);
  }

  /** Logarithmic series. */
  logseries<A extends P, const Z extends S = undefined>(p: A, size?: Z): Drawn<A, Z, "int64"> {
    return this.#count("logseries", size, p);
  }

  /** Zipf (zeta) with exponent `a`. */
  zipf<A extends P, const Z extends S = undefined>(a: A, size?: Z): Drawn<A, Z, "int64"> {
    return this.#count("zipf", size, a);
  }

  /** Good ones among `nsample` drawn from `ngood` good and `nbad` bad ones. */
  hypergeometric<A extends P, B extends P, C extends P, const Z extends S = undefined>(
    ngood: A,
    nbad: B,
    nsample: C,
    size?: Z,
  ): Drawn<A | B | C, Z, "int64"> {
    if (
      typeof ngood === "number" &&
      typeof nbad === "number" &&
      typeof nsample === "number" &&
      nsample > ngood + nbad
    ) {
      throw new HeddleError(
        "InvalidArgument",
        `hypergeometric: ${nsample} cannot be drawn from ${ngood + nbad}.`,
      );
    }
    return this.#count("hypergeometric", size, ngood, nbad, nsample);
  }

  /** Counts per category of `n` trials; an array of shape [...size, pvals.length]. */
  multinomial(n: number, pvals: NDArray | readonly number[], size?: SizeArg): NDArray<"int64"> {
    const p = vectorOf(pvals);
    const sum = elementsOf(p)
      .slice(0, -1)
      .reduce((total, x) => total + x, 0);
    const bad = elementsOf(p).some((x) => !(x >= 0 && x <= 1));
    if (p.size === 0 || bad || sum > 1 + 1e-12 || !(Number.isSafeInteger(n) && n >= 0)) {
      throw new HeddleError(
        "InvalidArgument",
        "multinomial: n is a non-negative integer, and pvals are probabilities that sum to 1.",
      );
    }
    return this.#vectors(p, size, "int64", (kernels, at, rows, pAt) => {
      kernels.fillMultinomial(at, rows, BigInt(n), pAt, p.size);
    });
  }

  /**
   * Points of the simplex with concentration `alpha`; an array of shape [...size, alpha.length].
   */
  dirichlet(alpha: NDArray | readonly number[], size?: SizeArg): NDArray<"float64"> {
    const a = vectorOf(alpha);
    if (a.size === 0 || elementsOf(a).some((x) => !(x >= 0))) {
      throw new HeddleError(
        "InvalidArgument",
        "dirichlet: alpha is a list of numbers of at least 0.",
      );
    }
    if (elementsOf(a).every((x) => x < 0.1)) {
      throw new HeddleError(
        "NotSupported",
        "dirichlet with all alphas below 0.1 is not supported.",
      );
    }
    return this.#vectors(a, size, "float64", (kernels, at, rows, alphaAt) => {
      kernels.fillDirichlet(at, rows, alphaAt, a.size);
    });
  }

  #vectors<D extends "int64" | "float64">(
    vector: NDArray,
    size: SizeArg,
    dtype: D,
    fill: (
      kernels: Parameters<Parameters<PCG64["use"]>[1]>[0],
      at: number,
      rows: number,
      vectorAt: number,
    ) => void,
  ): NDArray<D> {
    const outer = shapeOf(size) ?? [];
    const spec = { dtype, shape: [...outer, vector.size] };
    const [result] = runKernel([vector], [spec], 0, ({ memory, inputs, outputs }) => {
      const [vectorAt, at] = [inputs[0] as number, outputs[0] as number];
      this.bitGenerator.use(memory, (kernels) => fill(kernels, at, sizeOfShape(outer), vectorAt));
    });
    return result as NDArray<D>;
  }
}

function vectorOf(values: NDArray | readonly number[]): NDArray<"float64"> {
  const array = values instanceof NDArray ? values : new NDArray([...values]);
  return contiguous(array.astype("float64")) as NDArray<"float64">;
}

/** to - from, element by element. */
function differenceOf(to: Parameter, from: Parameter): NDArray<"float64"> {
  const arrays = [to, from].map((x) => (typeof x === "number" ? new NDArray([x]) : x));
  const [a, b] = arrays as [NDArray, NDArray];
  const shape = a.size >= b.size ? a.shape : b.shape;
  const result = a.astype("float64").broadcastTo(shape).copy();
  const [left, right] = [elementsOf(result), elementsOf(vectorOf(b.broadcastTo(shape)))];
  for (let i = 0; i < left.length; i++) left[i] = (left[i] as number) - (right[i] as number);
  return result as NDArray<"float64">;
}
