/**
 * @file `heddle/mpi`: clusters of the processes that `mpirun` or `srun` has launched, without an
 * MPI library.
 */
export {
  type ExecuteOptions,
  execute,
  type GivenRank,
  type InitializeOptions,
  initialize,
  sendCloseSignal,
} from "./initialize.ts";
export type { LaunchedWorkerOptions, LaunchOptions } from "./options.ts";
export type { Launcher, Rank } from "./rank.ts";
export { BaseRunner, type RunnerKind, type RunnerOptions } from "./runner.ts";
export { SLURMRunner } from "./slurm-runner.ts";
