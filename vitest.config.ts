import { availableParallelism } from "node:os";
import { dirname, resolve } from "node:path";
import { defineConfig } from "vitest/config";

const common = { pool: "forks" as const, testTimeout: 60_000, hookTimeout: 60_000 };

const root = import.meta.dirname;

/** Imports of the sources become those of what was compiled from them. */
const compiled = {
  name: "compiled",
  enforce: "pre" as const,
  resolveId(source: string, importer: string | undefined): string | undefined {
    if (importer === undefined || !source.startsWith(".") || !source.endsWith(".ts")) return;
    const path = resolve(dirname(importer), source);
    const sources = resolve(root, "src/");
    if (!path.startsWith(`${sources}/`)) return;
    return path.replace(sources, resolve(root, "dist")).replace(/\.ts$/, ".js");
  },
};

/** Folders whose code keeps nothing for the process: their tests may run in one, and start fast. */
const pure = ["test/unit/{core,heap,machine,ndarray,optimize,protocol}/**/*.test.ts"];

/** Random tests, of which the quick tier runs some and the slow one all (`test/support/tier.ts`). */
const random = [
  "test/conformance/frames-partitioned.test.ts",
  "test/property/{frames-partitioned,kernels}.test.ts",
  "test/sim/*.test.ts",
];

/** The suites of the collections on another scheduler. */
const elsewhere = (runner: "threads" | "cluster" | "simulator") => ({
  plugins: [compiled],
  test: {
    ...common,
    testTimeout: 600_000,
    name: `on-${runner}`,
    env: { HEDDLE_TEST_RUNNER: runner, HEDDLE_TEST_TIER: "slow" },
    setupFiles: [`test/support/on-${runner === "simulator" ? "simulator" : "cluster"}.ts`],
    include: [
      "test/conformance/{array,frames}.test.ts",
      "test/unit/{array,bag,dataframe,delayed}/**/*.test.ts",
      "test/property/{array/whole,bag}.test.ts",
    ],
    // It notes in this process what runs.
    exclude: ["test/unit/delayed/graph-manipulation.test.ts"],
  },
});

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
          exclude: pure,
        },
      },
      {
        test: {
          ...common,
          name: "quick-pure",
          include: pure,
          isolate: false,
        },
      },
      {
        test: {
          ...common,
          name: "slow",
          testTimeout: 600_000,
          env: { HEDDLE_TEST_TIER: "slow" },
          include: ["test/{e2e,slow}/**/*.test.ts", ...random],
        },
      },
      elsewhere("threads"),
      elsewhere("cluster"),
      elsewhere("simulator"),
    ],
  },
});
