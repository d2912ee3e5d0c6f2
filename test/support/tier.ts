/**
 * @file How much a test does in each tier: what takes long because there is much of it, rather than
 * because it is one large thing, does some of it in the quick tier and all of it in the slow one.
 */

/** `few` in the quick tier, `all` in the slow one. */
export function inTier<T>(few: T, all: T): T {
  return process.env["HEDDLE_TEST_TIER"] === "slow" ? all : few;
}

/** One in `n` of what there is in the quick tier, all of it in the slow one. */
export function oneIn<T>(n: number, all: readonly T[]): T[] {
  return all.filter((_, i) => i % inTier(n, 1) === 0);
}
