import { describe, expect, it } from "vitest";
import { isHeddleError } from "../../../src/core/errors.ts";
import { checkWorld, type Layout, rolesOf, workersOf } from "../../../src/mpi/roles.ts";

const PROGRAM: Layout = { schedulerRank: 0, programRank: 1, exclusiveWorkers: true };
const CLUSTER: Layout = { schedulerRank: 0, programRank: null, exclusiveWorkers: true };
const WORKERS: Layout = { schedulerRank: null, programRank: null, exclusiveWorkers: true };

/** A letter for each role of each rank. */
function rolesOfAll(size: number, layout: Layout): string[] {
  return Array.from({ length: size }, (_, rank) => {
    const { scheduler, program, worker } = rolesOf(rank, layout);
    return `${scheduler ? "s" : ""}${program ? "p" : ""}${worker ? "w" : ""}`;
  });
}

describe("the roles of ranks", () => {
  it.each<[string, Layout, string[]]>([
    ["of a program", PROGRAM, ["s", "p", "w", "w"]],
    [
      "of a program with inclusive workers",
      { ...PROGRAM, exclusiveWorkers: false },
      ["sw", "p", "w", "w"],
    ],
    ["of a cluster", CLUSTER, ["s", "w", "w", "w"]],
    [
      "of a cluster with inclusive workers",
      { ...CLUSTER, exclusiveWorkers: false },
      ["sw", "w", "w", "w"],
    ],
    ["of another scheduler's workers", WORKERS, ["w", "w", "w", "w"]],
    ["in another order", { ...PROGRAM, schedulerRank: 3, programRank: 0 }, ["p", "w", "w", "s"]],
  ])("%s", (_, layout, expected) => {
    expect(rolesOfAll(4, layout)).toEqual(expected);
    expect(workersOf(4, layout)).toBe(expected.filter((roles) => roles.includes("w")).length);
    expect(() => checkWorld(4, layout)).not.toThrow();
  });
});

describe("a world that is too small", () => {
  it.each<[string, Layout, number]>([
    ["scheduler, program, worker", PROGRAM, 3],
    ["scheduler with a worker, program", { ...PROGRAM, exclusiveWorkers: false }, 2],
    ["scheduler, worker", CLUSTER, 2],
    ["scheduler with a worker", { ...CLUSTER, exclusiveWorkers: false }, 1],
    ["a worker", WORKERS, 1],
    ["a scheduler far behind", { ...CLUSTER, schedulerRank: 5 }, 6],
    ["a program far behind", { ...PROGRAM, programRank: 7 }, 8],
  ])("%s: %j needs %i ranks", (_, layout, least) => {
    expect(() => checkWorld(least, layout)).not.toThrow();
    expect(workersOf(least, layout)).toBeGreaterThan(0);
    expect(() => checkWorld(least - 1, layout)).toThrow(
      expect.objectContaining({ code: "WorldTooSmall", fields: { size: least - 1, least } }),
    );
  });

  it("says who needs a rank, and what to do", () => {
    try {
      checkWorld(2, PROGRAM);
    } catch (error) {
      expect(isHeddleError(error, "WorldTooSmall")).toBe(true);
      expect((error as Error).message).toBe(
        "2 ranks were launched, and 3 are needed: the scheduler (rank 0), the program (rank 1), a " +
          "worker. Launch 3 ranks or more, or let the scheduler's rank have a worker, too " +
          "({ exclusiveWorkers: false }, --inclusive-workers).",
      );
    }
    expect.assertions(2);
  });

  it("one rank is not two things", () => {
    expect(() => checkWorld(9, { ...PROGRAM, programRank: 0 })).toThrow(/rank 0 cannot have both/);
  });
});
