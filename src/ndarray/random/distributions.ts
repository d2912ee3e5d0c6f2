/**
 * @file The distributions that a generator draws from: their numbers in the kernels
 * (`assembly/random/continuous.ts` and `discrete.ts`), their parameters, and what NumPy allows
 * these to be.
 */
import { HeddleError } from "../../core/errors.ts";

/** What a parameter may be. */
export type Constraint =
  | "any"
  | "finite"
  | "positive"
  | "nonNegative"
  | "span"
  | "probability"
  | "positiveProbability"
  | "belowOne"
  | "aboveOne"
  | "rate"
  | "count";

/** A distribution: its kernel number and its parameters in order. */
export interface Distribution {
  readonly name: string;
  readonly number: number;
  readonly parameters: readonly (readonly [name: string, constraint: Constraint])[];
}

function numbered(
  entries: readonly (readonly [name: string, ...parameters: (readonly [string, Constraint])[]])[],
): Readonly<Record<string, Distribution>> {
  return Object.fromEntries(
    entries.map(([name, ...parameters], number) => [name, { name, number, parameters }]),
  );
}

/** Continuous distributions, in the order of their kernel numbers. */
export const CONTINUOUS: Readonly<Record<string, Distribution>> = numbered([
  ["uniform", ["low", "finite"], ["high - low", "span"]],
  ["normal", ["loc", "any"], ["scale", "nonNegative"]],
  ["exponential", ["scale", "nonNegative"]],
  ["gamma", ["shape", "nonNegative"], ["scale", "nonNegative"]],
  ["beta", ["a", "positive"], ["b", "positive"]],
  ["chisquare", ["df", "positive"]],
  ["f", ["dfnum", "positive"], ["dfden", "positive"]],
  ["standardCauchy"],
  ["pareto", ["a", "positive"]],
  ["weibull", ["a", "nonNegative"]],
  ["power", ["a", "positive"]],
  ["laplace", ["loc", "any"], ["scale", "nonNegative"]],
  ["gumbel", ["loc", "any"], ["scale", "nonNegative"]],
  ["logistic", ["loc", "any"], ["scale", "nonNegative"]],
  ["lognormal", ["mean", "any"], ["sigma", "nonNegative"]],
  ["rayleigh", ["scale", "nonNegative"]],
  ["standardT", ["df", "positive"]],
  ["triangular", ["left", "any"], ["mode", "any"], ["right", "any"]],
  ["wald", ["mean", "positive"], ["scale", "positive"]],
  ["vonmises", ["mu", "any"], ["kappa", "nonNegative"]],
  ["noncentralChisquare", ["df", "positive"], ["nonc", "nonNegative"]],
  ["noncentralF", ["dfnum", "positive"], ["dfden", "positive"], ["nonc", "nonNegative"]],
]);

/** Discrete distributions, in the order of their kernel numbers. */
export const DISCRETE: Readonly<Record<string, Distribution>> = numbered([
  ["poisson", ["lam", "rate"]],
  ["binomial", ["n", "count"], ["p", "probability"]],
  ["negativeBinomial", ["n", "positive"], ["p", "positiveProbability"]],
  ["geometric", ["p", "positiveProbability"]],
  ["logseries", ["p", "belowOne"]],
  ["zipf", ["a", "aboveOne"]],
  ["hypergeometric", ["ngood", "count"], ["nbad", "count"], ["nsample", "count"]],
]);

/** Greatest rate of a Poisson variate whose values still fit 64 bits. */
const RATE_MAX = 2 ** 63 - Math.sqrt(2 ** 63) * 10;

const RULES: Readonly<Record<Constraint, readonly [test: (x: number) => boolean, text: string]>> = {
  any: [() => true, ""],
  finite: [Number.isFinite, "be finite"],
  positive: [(x) => x > 0, "be greater than 0"],
  nonNegative: [(x) => x >= 0 && !Object.is(x, -0), "be 0 or greater"],
  span: [(x) => x >= 0 && x < Number.POSITIVE_INFINITY, "be finite and 0 or greater"],
  probability: [(x) => x >= 0 && x <= 1, "be between 0 and 1"],
  positiveProbability: [(x) => x > 0 && x <= 1, "be greater than 0 and at most 1"],
  belowOne: [(x) => x >= 0 && x < 1, "be at least 0 and below 1"],
  aboveOne: [(x) => x > 1, "be greater than 1"],
  rate: [(x) => x >= 0 && x <= RATE_MAX, `be between 0 and ${RATE_MAX}`],
  count: [(x) => Number.isSafeInteger(x) && x >= 0, "be a non-negative integer"],
};

/** Throws when `value` is not allowed as parameter `index` of `distribution`. */
export function checkParameter(distribution: Distribution, index: number, value: number): void {
  const [name, constraint] = distribution.parameters[index] as readonly [string, Constraint];
  const [test, text] = RULES[constraint];
  if (test(value)) return;
  throw new HeddleError(
    "InvalidArgument",
    `${distribution.name}: ${name} must ${text}, not ${value}.`,
    { fields: { distribution: distribution.name, parameter: name, value: String(value) } },
  );
}
