import { describe, expect, it } from "vitest";
import type { Rank } from "../../../src/mpi/rank.ts";
import { memoryOf, ownNode, threadsOf } from "../../../src/mpi/shares.ts";

const node = { cores: 16, memoryBytes: 64e9 };
const rank = (localSize?: number, launcher: Rank["launcher"] = "Open MPI"): Rank => ({
  launcher,
  rank: 0,
  size: 8,
  localRank: 0,
  localSize,
  launch: undefined,
  jobId: undefined,
});

describe("a rank's share of its node", () => {
  it("is the cores and memory divided by the ranks that are there", () => {
    expect(threadsOf(rank(4), {}, node)).toBe(4);
    expect(threadsOf(rank(5), {}, node)).toBe(3);
    expect(threadsOf(rank(32), {}, node)).toBe(1);
    expect(threadsOf(rank(), {}, node)).toBe(16);
    expect(memoryOf(rank(4), {}, node)).toBe(16e9);
    expect(memoryOf(rank(), {}, node)).toBe(64e9);
  });

  it("under srun is what each task was given", () => {
    const environ = { SLURM_CPUS_PER_TASK: "6" };
    expect(threadsOf(rank(4, "Slurm"), environ, node)).toBe(6);
    // Children of mpirun inherit what the batch script was given.
    expect(threadsOf(rank(4, "Open MPI"), environ, node)).toBe(4);
  });

  it.each([
    ["for the node", { SLURM_MEM_PER_NODE: "1000" }, 1000 * 2 ** 20],
    ["for each core", { SLURM_MEM_PER_CPU: "500", SLURM_CPUS_ON_NODE: "4" }, 2000 * 2 ** 20],
  ])("leaves a twentieth of the job's memory %s alone", (_, environ, jobBytes) => {
    expect(memoryOf(rank(2), environ, node)).toBe(Math.floor((0.95 * jobBytes) / 2));
  });

  it("is never of more than the node has", () => {
    expect(memoryOf(rank(1), { SLURM_MEM_PER_NODE: "1000000" }, node)).toBe(64e9);
    expect(memoryOf(rank(1), { SLURM_MEM_PER_NODE: "0" }, node)).toBe(64e9);
  });

  it("this node has cores and memory", () => {
    const { cores, memoryBytes } = ownNode();
    expect(cores).toBeGreaterThanOrEqual(1);
    expect(memoryBytes).toBeGreaterThan(2 ** 28);
  });
});
