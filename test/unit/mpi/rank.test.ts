/** The environments are those that the launchers made, but for names of hosts. */
import { describe, expect, it } from "vitest";
import { HeddleError } from "../../../src/core/errors.ts";
import { type Environ, type Rank, readRank, readSlurmRank } from "../../../src/mpi/rank.ts";

/** Rank 3 of `mpirun -np 4` of Open MPI 4.1.4. */
const OPEN_MPI: Environ = {
  OMPI_COMM_WORLD_RANK: "3",
  OMPI_COMM_WORLD_SIZE: "4",
  OMPI_COMM_WORLD_LOCAL_RANK: "1",
  OMPI_COMM_WORLD_LOCAL_SIZE: "2",
  OMPI_COMM_WORLD_NODE_RANK: "1",
  OMPI_UNIVERSE_SIZE: "8",
  OMPI_MCA_ess_base_jobid: "152698881",
  OMPI_MCA_orte_hnp_uri: "152698880.0;tcp://10.0.0.1:45223",
  PMIX_NAMESPACE: "152698881",
  PMIX_RANK: "3",
};
/** Rank 2 of `mpirun.mpich -np 4` of MPICH 4.0.2. */
const MPICH: Environ = {
  PMI_RANK: "2",
  PMI_SIZE: "4",
  PMI_FD: "8",
  MPI_LOCALRANKID: "0",
  MPI_LOCALNRANKS: "2",
  HYDI_CONTROL_FD: "7",
};
/** Task 3 of `srun -N2 -n4` of Slurm 22.05: three tasks on the first node, one on the second. */
const SRUN: Environ = {
  SLURM_CLUSTER_NAME: "lab",
  SLURM_JOB_ID: "6",
  SLURM_LOCALID: "0",
  SLURM_NODEID: "1",
  SLURM_NTASKS: "4",
  SLURM_PROCID: "3",
  SLURM_STEP_ID: "0",
  SLURM_STEP_NUM_TASKS: "4",
  SLURM_STEP_TASKS_PER_NODE: "3,1",
  SLURM_TASKS_PER_NODE: "3,1",
};
/** What a batch script, and whatever it starts by itself, sees. */
const SCRIPT: Environ = {
  SLURM_CLUSTER_NAME: "lab",
  SLURM_JOB_ID: "7",
  SLURM_LOCALID: "0",
  SLURM_NODEID: "0",
  SLURM_NTASKS: "2",
  SLURM_PROCID: "0",
  SLURM_TASKS_PER_NODE: "1(x2)",
};
/** What `mpirun` starts on the nodes of a job: a step of one daemon for each node. */
const DAEMON: Environ = { ...SCRIPT, SLURM_STEP_ID: "0", SLURM_STEP_NUM_TASKS: "2" };

const launched = (
  launcher: Rank["launcher"],
  rank: number,
  size: number,
  local: [number | undefined, number | undefined],
  launch: string | undefined,
  jobId?: string,
): Rank => ({ launcher, rank, size, localRank: local[0], localSize: local[1], launch, jobId });

const OMPI_LAUNCH = "ompi 152698881 152698880.0;tcp://10.0.0.1:45223";
const hydra = (): string => "node1:34927";

describe("readRank", () => {
  it.each<[string, Environ, Rank]>([
    ["Open MPI", OPEN_MPI, launched("Open MPI", 3, 4, [1, 2], OMPI_LAUNCH)],
    [
      "Open MPI in a job of Slurm, whose variables speak of daemons",
      { ...DAEMON, ...OPEN_MPI },
      launched("Open MPI", 3, 4, [1, 2], OMPI_LAUNCH, "7"),
    ],
    ["MPICH", MPICH, launched("MPICH", 2, 4, [0, 2], "hydra node1:34927")],
    [
      "MPICH in a job of Slurm, whose variables are those of the proxy",
      { ...DAEMON, ...MPICH },
      launched("MPICH", 2, 4, [0, 2], "hydra node1:34927", "7"),
    ],
    ["srun", SRUN, launched("Slurm", 3, 4, [0, 1], "slurm lab 6 0 0", "6")],
    [
      "srun --mpi=pmi2",
      { ...SRUN, PMI_RANK: "3", PMI_SIZE: "4", PMI_FD: "9" },
      launched("Slurm", 3, 4, [0, 1], "slurm lab 6 0 0", "6"),
    ],
    [
      "srun --mpi=pmix, which says no size",
      { ...SRUN, PMIX_RANK: "3", PMIX_NAMESPACE: "slurm.pmix.6.0" },
      launched("Slurm", 3, 4, [0, 1], "slurm lab 6 0 0", "6"),
    ],
    [
      "another launcher of PMIx, with the size from elsewhere",
      { PMIX_RANK: "1", PMIX_SIZE: "2", PMIX_NAMESPACE: "prterun-n1-77@1" },
      launched("PMIx", 1, 2, [undefined, undefined], "pmix prterun-n1-77@1"),
    ],
    [
      "another launcher of PMI",
      { PMI_RANK: "1", PMI_SIZE: "2", PMI_LOCAL_RANK: "1", PMI_LOCAL_SIZE: "2", PBS_JOBID: "0.vm" },
      launched("PMI", 1, 2, [1, 2], undefined, "0.vm"),
    ],
  ])("%s", (_, environ, expected) => {
    expect(readRank(environ, hydra)).toEqual(expected);
  });

  it("a launch may be named in the environment", () => {
    const { launch } = readRank({ ...MPICH, HEDDLE_MPI_LAUNCH: "mine" });
    expect(launch).toBe("mine");
    expect(readRank(MPICH).launch).toBeUndefined();
  });

  it("a job that is put back into the queue is another launch", () => {
    const first = readRank(SRUN);
    const again = readRank({ ...SRUN, SLURM_RESTART_COUNT: "1" });
    const step = readRank({ ...SRUN, SLURM_STEP_ID: "1" });
    expect(new Set([first.launch, again.launch, step.launch]).size).toBe(3);
  });

  it.each([
    ["0", "2(x3),1", 2],
    ["2", "2(x3),1", 2],
    ["3", "2(x3),1", 1],
    ["4", "2(x3),1", undefined],
    ["0", "16", 16],
    ["0", "?", undefined],
  ])("node %s of tasks %s has %s", (node, tasks, expected) => {
    const environ = { ...SRUN, SLURM_NODEID: node, SLURM_STEP_TASKS_PER_NODE: tasks };
    expect(readRank(environ).localSize).toBe(expected);
  });
});

describe("without a launch", () => {
  const failure = (environ: Environ, read: (environ: Environ) => Rank = readRank): HeddleError => {
    try {
      read(environ);
    } catch (error) {
      if (error instanceof HeddleError) return error;
    }
    throw new Error("it should have thrown");
  };

  it("says what was looked for", () => {
    const { code, message } = failure({ HOME: "/root" });
    expect(code).toBe("NoLauncher");
    expect(message).toMatch(/OMPI_COMM_WORLD_RANK.*PMI_RANK.*PMIX_RANK.*SLURM_STEP_ID/);
    expect(message).toMatch(/mpirun -np 4/);
  });

  it.each([
    ["the script of a batch job", SCRIPT],
    ["its step, as some versions number it", { ...SCRIPT, SLURM_STEP_ID: "4294967291" }],
    ["the shell of salloc", { ...SCRIPT, SLURM_STEP_ID: "4294967290" }],
  ])("%s runs once", (_, environ) => {
    for (const read of [readRank, readSlurmRank]) {
      const { code, message } = failure(environ, read);
      expect(code).toBe("NoLauncher");
      expect(message).toContain("the script of batch job 7, which runs once");
      expect(message).toContain("srun (or mpirun)");
    }
  });

  it("only srun is asked for a SLURMRunner", () => {
    expect(failure(OPEN_MPI, readSlurmRank).code).toBe("NoLauncher");
    expect(readSlurmRank(SRUN).rank).toBe(3);
  });

  it.each<[Environ, string, RegExp]>([
    [{ PMIX_RANK: "0" }, "NoLauncher", /PMIX_RANK is set.*PMIX_SIZE/],
    [{ PMI_RANK: "zero", PMI_SIZE: "2" }, "InvalidArgument", /PMI_RANK is "zero"/],
    [{ PMI_RANK: "2", PMI_SIZE: "2" }, "InvalidArgument", /rank 2 of 2.*two launches/],
  ])("%j is refused", (environ, code, message) => {
    expect(failure(environ)).toMatchObject({ code, message: expect.stringMatching(message) });
  });
});
