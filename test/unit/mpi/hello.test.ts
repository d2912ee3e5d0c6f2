import { expect, it } from "vitest";
import { helloLine } from "../../../src/mpi/hello.ts";

const rank = {
  launcher: "Slurm",
  rank: 3,
  size: 4,
  localRank: 0,
  localSize: 1,
  launch: "slurm lab 6 0 0",
  jobId: "6",
} as const;

it("a rank says who it is, where, and who has launched it", () => {
  expect(helloLine(rank, "raven05", undefined)).toBe(
    "Hello, World! I am process 3 of 4 on raven05. [Slurm, rank 0 of 1 on this node]",
  );
  expect(helloLine(rank, "vm", "node2")).toContain("on vm (node node2).");
});

it("what is not known is not said, but that nothing names the launch is", () => {
  const bare = { ...rank, launcher: "PMI", localRank: undefined, launch: undefined } as const;
  expect(helloLine(bare, "n1", "n1")).toBe(
    "Hello, World! I am process 3 of 4 on n1. [PMI, nothing names the launch]",
  );
});
