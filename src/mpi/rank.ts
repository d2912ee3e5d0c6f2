/**
 * @file Which process of a launch this one is, from what its launcher put into the environment. No
 * MPI library is asked: Open MPI, MPICH and its kin (hydra), PMIx launchers and `srun` all tell
 * their processes rank and size in variables. The order matters where one runs inside another: the
 * processes of an `mpirun` within a Slurm job inherit Slurm's variables, which speak of the daemons
 * that started them, or of the batch script.
 */
import { HeddleError } from "../core/errors.ts";

/** Who started the processes. */
export type Launcher = "Open MPI" | "MPICH" | "PMI" | "PMIx" | "Slurm" | "given";

/** One process of a launch. */
export interface Rank {
  readonly launcher: Launcher;
  /** Number of this process, from 0. */
  readonly rank: number;
  /** How many processes were launched. */
  readonly size: number;
  /** Its number among those on the same node; undefined where the launcher does not say. */
  readonly localRank: number | undefined;
  /** How many of them are on the same node. */
  readonly localSize: number | undefined;
  /** Names the launch: the same in all its processes, another one in any other launch. */
  readonly launch: string | undefined;
  /** Id of the batch job, as the batch system writes it. */
  readonly jobId: string | undefined;
}

/** An environment: `process.env`, or another one. */
export type Environ = Readonly<Record<string, string | undefined>>;

/** Batch systems' variables with the id of the job. */
const JOB_IDS = ["SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "OAR_JOB_ID", "JOB_ID"];
/** Steps from here on are no launches: the batch script, the shell of `salloc` and their like. */
const SLURM_STEP_MAX = 0xfffffff0;

/**
 * Reads rank and size. `hydra` says what names a launch of MPICH, whose variables do not. Throws
 * `NoLauncher` when there are none, and `InvalidArgument` when they make no sense.
 */
export function readRank(environ: Environ, hydra: () => string | undefined = nothing): Rank {
  for (const read of [openMpi, pmi, pmix, slurm]) {
    const found = read(environ, hydra);
    if (found === undefined) continue;
    const { launcher, rank, size } = found;
    if (rank < size) return { ...found, launch: environ["HEDDLE_MPI_LAUNCH"] ?? found.launch };
    throw new HeddleError(
      "InvalidArgument",
      `${launcher} says that this is rank ${rank} of ${size}: ranks count from 0, so the variables ` +
        "of two launches are mixed in the environment; start it from a shell of its own",
      { fields: { launcher, rank, size } },
    );
  }
  throw noLauncher(environ);
}

/** Reads what `srun` says, and nothing else. Throws `NoLauncher` where it has started nothing. */
export function readSlurmRank(environ: Environ): Rank {
  const found = slurm(environ, nothing);
  if (found !== undefined) return found;
  throw noLauncher(environ);
}

function nothing(): undefined {
  return undefined;
}

type Reader = (environ: Environ, hydra: () => string | undefined) => Rank | undefined;

const openMpi: Reader = (environ) => {
  const rank = count(environ, "OMPI_COMM_WORLD_RANK");
  if (rank === undefined) return undefined;
  // The number of the job is made of mpirun's host and process; its address is of this run alone.
  const job = environ["PMIX_NAMESPACE"] ?? environ["OMPI_MCA_ess_base_jobid"];
  const hub = environ["OMPI_MCA_orte_hnp_uri"] ?? "";
  return {
    launcher: "Open MPI",
    rank,
    size: sizeOf(environ, "OMPI_COMM_WORLD_RANK", ["OMPI_COMM_WORLD_SIZE"]),
    localRank: count(environ, "OMPI_COMM_WORLD_LOCAL_RANK"),
    localSize: count(environ, "OMPI_COMM_WORLD_LOCAL_SIZE"),
    launch: job === undefined ? undefined : `ompi ${job} ${hub}`,
    jobId: jobIdOf(environ),
  };
};

const pmi: Reader = (environ, hydra) => {
  const rank = count(environ, "PMI_RANK");
  if (rank === undefined) return undefined;
  const size = sizeOf(environ, "PMI_RANK", ["PMI_SIZE"]);
  const step = ofStep(environ, rank);
  const isHydra = environ["MPI_LOCALNRANKS"] !== undefined;
  // `srun --mpi=pmi2` sets both kinds of variables.
  if (step !== undefined && !isHydra && step.size === size) return step;
  const found = isHydra ? hydra() : undefined;
  return {
    launcher: isHydra ? "MPICH" : "PMI",
    rank,
    size,
    localRank: count(environ, "MPI_LOCALRANKID") ?? count(environ, "PMI_LOCAL_RANK"),
    localSize: count(environ, "MPI_LOCALNRANKS") ?? count(environ, "PMI_LOCAL_SIZE"),
    launch: found === undefined ? undefined : `hydra ${found}`,
    jobId: jobIdOf(environ),
  };
};

const pmix: Reader = (environ) => {
  const rank = count(environ, "PMIX_RANK");
  if (rank === undefined) return undefined;
  const step = ofStep(environ, rank);
  // PMIx has no variable for the size.
  if (step !== undefined) return step;
  const job = environ["PMIX_NAMESPACE"];
  return {
    launcher: "PMIx",
    rank,
    size: sizeOf(environ, "PMIX_RANK", ["PMIX_SIZE", "OMPI_UNIVERSE_SIZE", "PRTE_NUM_PROCS"]),
    localRank: count(environ, "PMIX_LOCAL_RANK"),
    localSize: undefined,
    launch: job === undefined ? undefined : `pmix ${job}`,
    jobId: jobIdOf(environ),
  };
};

const slurm: Reader = (environ) => {
  const rank = count(environ, "SLURM_PROCID");
  return rank === undefined ? undefined : ofStep(environ, rank);
};

/** What `srun` says, if its step is the launch of which this is that rank. */
function ofStep(environ: Environ, rank: number): Rank | undefined {
  const step = count(environ, "SLURM_STEP_ID");
  if (step === undefined || step >= SLURM_STEP_MAX) return undefined;
  if (count(environ, "SLURM_PROCID") !== rank) return undefined;
  const jobId = environ["SLURM_JOB_ID"] ?? environ["SLURM_JOBID"];
  const cluster = environ["SLURM_CLUSTER_NAME"] ?? "";
  // A job that is put back into the queue starts again under its id.
  const start = environ["SLURM_RESTART_COUNT"] ?? "0";
  return {
    launcher: "Slurm",
    rank,
    size: sizeOf(environ, "SLURM_PROCID", ["SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"]),
    localRank: count(environ, "SLURM_LOCALID"),
    localSize: tasksOfNode(environ),
    launch: `slurm ${cluster} ${jobId} ${step} ${start}`,
    jobId,
  };
}

/** Tasks of the step on this node, from a list such as `2(x3),1`: two on three nodes, then one. */
function tasksOfNode(environ: Environ): number | undefined {
  let node = count(environ, "SLURM_NODEID");
  const list = environ["SLURM_STEP_TASKS_PER_NODE"] ?? environ["SLURM_TASKS_PER_NODE"];
  if (node === undefined || list === undefined) return undefined;
  for (const part of list.split(",")) {
    const [, tasks, nodes = "1"] = /^(\d+)(?:\(x(\d+)\))?$/.exec(part.trim()) ?? [];
    if (tasks === undefined) return undefined;
    if (node < Number(nodes)) return Number(tasks);
    node -= Number(nodes);
  }
  return undefined;
}

function jobIdOf(environ: Environ): string | undefined {
  const name = JOB_IDS.find((variable) => environ[variable] !== undefined);
  return name === undefined ? undefined : environ[name];
}

/** A number of the environment. Throws `InvalidArgument` for what is none. */
function count(environ: Environ, name: string): number | undefined {
  const text = environ[name];
  if (text === undefined || text === "") return undefined;
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new HeddleError(
    "InvalidArgument",
    `the environment variable ${name} is "${text}"; launchers set it to a number`,
    { fields: { variable: name } },
  );
}

/** The first of the variables that is there. */
function sizeOf(environ: Environ, rank: string, names: readonly string[]): number {
  for (const name of names) {
    const size = count(environ, name);
    if (size !== undefined) return size;
  }
  throw new HeddleError(
    "NoLauncher",
    `${rank} is set, and how many ranks there are is not: none of ${names.join(", ")} is. Export ` +
      `${names[0]} before the launch, or give { comm: { rank, size } } in the program.`,
  );
}

function noLauncher(environ: Environ): HeddleError<"NoLauncher"> {
  const looked =
    "Looked for OMPI_COMM_WORLD_RANK (Open MPI), PMI_RANK (MPICH, Intel MPI), PMIX_RANK (PMIx), and " +
    "SLURM_PROCID with SLURM_STEP_ID (srun) in the environment.";
  const jobId = jobIdOf(environ);
  const advice =
    jobId === undefined
      ? "Start it with mpirun -np 4 ..., or srun -n 4 ..."
      : `This is the script of batch job ${jobId}, which runs once, not once a rank: write ` +
        "srun (or mpirun) in front of the command there.";
  return new HeddleError("NoLauncher", `No launcher has started this process. ${looked} ${advice}`);
}
