/** @file One program under `srun`, as dask-jobqueue's `SLURMRunner` runs it. */
import { readSlurmRank } from "./rank.ts";
import { BaseRunner, type RunnerOptions } from "./runner.ts";

/**
 * A cluster of the tasks of one `srun -n N node program.mjs`: process 0 is the scheduler, process 1
 * goes on with the program, the others are workers. The scheduler's file is
 * `scheduler-{job_id}.json` in the folder where the job runs, unless `schedulerFile` says another.
 * Errors: `NoLauncher` where `srun` has not started the process, `WorldTooSmall`.
 *
 * ```ts
 * import { Client } from "heddle";
 * import { SLURMRunner } from "heddle/mpi";
 *
 * await using runner = new SLURMRunner({ schedulerFile: "scheduler-{job_id}.json" });
 * await runner.ready; // the other processes stay here
 * const client = new Client(runner);
 * await client.waitForWorkers(runner.nWorkers);
 * ```
 */
export class SLURMRunner extends BaseRunner {
  constructor(options: RunnerOptions = {}) {
    super(readSlurmRank(process.env), { schedulerFile: "scheduler-{job_id}.json", ...options });
  }
}
