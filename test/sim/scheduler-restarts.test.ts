/**
 * @file Seeded runs of a cluster whose scheduler ends again and again: the next one knows what the
 * last has noted, workers and clients come back to it, and everything settles as if nothing had
 * been.
 */
import { describe, expect, test } from "vitest";
import { simulateCluster } from "../../src/testing/simulate-cluster.ts";
import { inTier } from "../support/tier.ts";

const SEEDS = inTier(8, 60);

describe("schedulers that start anew", () => {
  test("seeds in a row keep every invariant and settle every output", () => {
    let restarts = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      restarts += simulateCluster(seed, 1 + (seed % 4), { hasRestarts: true }).restarts;
    }
    expect(restarts).toBeGreaterThan((80 / 60) * SEEDS);
  });
});
