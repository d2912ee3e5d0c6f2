import { expect, it } from "vitest";
import { type JobScriptOptions, jobScript } from "../../../src/mpi/job-script.ts";

const plain: JobScriptOptions = {
  jobName: "heddle-mpi",
  nodes: 1,
  tasksPerNode: 8,
  cpusPerTask: 1,
  walltime: "00:10:00",
  logDirectory: ".",
  modules: [],
  prologue: [],
  launcher: "srun",
  heddle: ["heddle"],
  args: ["--scheduler-file", "scheduler.json"],
};

it("the script of one node, with what has a default", () => {
  expect(jobScript(plain)).toBe(`#!/usr/bin/env bash

#SBATCH -J heddle-mpi
#SBATCH -o ./heddle-mpi-%j.out
#SBATCH -e ./heddle-mpi-%j.err
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=8
#SBATCH --cpus-per-task=1
#SBATCH -t 00:10:00

# One of the 8 ranks becomes the scheduler, the others become workers.
srun --cpus-per-task=1 --kill-on-bad-exit=0 \\
  heddle mpi --scheduler-file scheduler.json
`);
});

it("the notebook's script, over several nodes", () => {
  const options: JobScriptOptions = {
    ...plain,
    jobName: "dask-mpi-test",
    nodes: 50,
    queue: "general",
    account: "mpg",
    memory: "32GiB",
    logDirectory: "logs/",
    modules: ["nodejs/20", "openmpi"],
    prologue: ["export OMP_NUM_THREADS=1"],
    launcher: "mpirun",
    heddle: ["node", "/opt/my heddle/main.js"],
    args: ["--scheduler-file", "$SCRATCH/s-{job_id}.json"],
  };
  expect(jobScript(options)).toBe(`#!/usr/bin/env bash

#SBATCH -J dask-mpi-test
#SBATCH -o logs/dask-mpi-test-%j.out
#SBATCH -e logs/dask-mpi-test-%j.err
#SBATCH -p general
#SBATCH -A mpg
#SBATCH --nodes=50
#SBATCH --ntasks-per-node=8
#SBATCH --cpus-per-task=1
#SBATCH --mem=32G
#SBATCH -t 00:10:00

module load nodejs/20
module load openmpi
export OMP_NUM_THREADS=1

# One of the 400 ranks becomes the scheduler, the others become workers.
mpirun -np 400 \\
  node '/opt/my heddle/main.js' mpi --scheduler-file "$SCRATCH/s-{job_id}.json"
`);
});

it("what Slurm would not take is refused here", () => {
  expect(() => jobScript({ ...plain, walltime: "ten" })).toThrow(/--walltime ten/);
  expect(() => jobScript({ ...plain, memory: "much" })).toThrow(/much/);
});

it("text that would leave its place in the script is refused", () => {
  const wrong: Partial<JobScriptOptions>[] = [
    { jobName: "" },
    { jobName: "a\ntouch x" },
    { queue: "normal\ntouch x" },
    { queue: "normal --comment=x" },
    { account: "-A" },
    { logDirectory: "my logs" },
    { modules: ["gcc; touch x"] },
  ];
  for (const own of wrong) {
    expect(() => jobScript({ ...plain, ...own }), JSON.stringify(own)).toThrow(
      /^--[a-z-]+ ".*: give /s,
    );
  }
  expect(jobScript({ ...plain, modules: ["gcc/12 openmpi"] })).toContain(
    "module load gcc/12 openmpi",
  );
});
