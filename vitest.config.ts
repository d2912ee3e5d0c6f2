import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const common = { pool: "forks" as const, testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    // By default one processor stays free: of two that is half.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        test: {
          ...common,
          name: "quick",
          include: ["test/{unit,property,conformance,sim,types}/**/*.test.ts", "test/tidy.test.ts"],
        },
      },
      {
        test: {
          ...common,
          name: "slow",
          testTimeout: 600_000,
          include: ["test/{e2e,slow}/**/*.test.ts"],
        },
      },
    ],
  },
});
