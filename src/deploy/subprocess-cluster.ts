/**
 * @file A cluster of programs on this machine: `heddle scheduler` and `heddle worker` as processes
 * of their own, as they run elsewhere. For trying out what a cluster of hosts will do; for work on
 * one machine `LocalCluster` starts faster.
 */
import { fileURLToPath } from "node:url";
import { makeToken } from "../comm/index.ts";
import { config } from "../config/config.ts";
import { CONFIGURATION_VARIABLE } from "../config/travel.ts";
import { checkOptionNames } from "../core/options.ts";
import { ProgramJob, type ProgramStart, schedulerJob } from "./program-job.ts";
import { SpecCluster } from "./spec-cluster.ts";
import { type WorkerShape, workerArguments } from "./worker-arguments.ts";

export interface SubprocessClusterOptions extends WorkerShape {
  /** Address that the scheduler and the workers listen on; default this machine only. */
  readonly host?: string;
  /** Port of the scheduler (0: any that is free). */
  readonly schedulerPort?: number | string;
  /** Workers, each a program with one process of its own (1). */
  readonly nWorkers?: number;
  /** Variables added to the environment of the programs. */
  readonly environ?: Readonly<Record<string, string>>;
  readonly name?: string;
}

const OPTIONS = [
  "host",
  "schedulerPort",
  "nWorkers",
  "nThreads",
  "memoryLimit",
  "localDirectory",
  "resources",
  "workerPort",
  "environ",
  "name",
] satisfies (keyof SubprocessClusterOptions)[];

/**
 * Programs on this machine. They end with this process.
 *
 * @example
 * import { Client } from "heddle";
 * import { SubprocessCluster } from "heddle/deploy";
 * const cluster = new SubprocessCluster({ nWorkers: 1, nThreads: 1 });
 * await Client.with(cluster, async (client) => {
 *   console.log(await client.submit((x: number) => x + 1, 41).result()); // 42
 * });
 * await cluster.close();
 */
export class SubprocessCluster extends SpecCluster {
  constructor(options: SubprocessClusterOptions = {}) {
    checkOptionNames("SubprocessCluster", options, OPTIONS);
    const { host = "127.0.0.1", schedulerPort = 0, environ = {}, name } = options;
    const { nWorkers = 1, nThreads = 1 } = options;
    const token = makeToken();
    const configuration = config.serialize();
    const start = (args: readonly string[], what: string): ProgramStart => ({
      file: config.get("worker.node") ?? process.execPath,
      args: [MAIN, ...args, "--json", "--end-with-stdin"],
      // Nobody but this user can read it there, and it is on no command line.
      env: {
        ...{ ...process.env, ...environ, HEDDLE_TOKEN: token },
        [CONFIGURATION_VARIABLE]: configuration,
      },
      where: `as ${what} on this machine`,
    });
    super({
      ...(name === undefined ? {} : { name }),
      nWorkers,
      threadsPerWorker: nThreads,
      scheduler: () => {
        const args = ["scheduler", "--host", host, "--port", String(schedulerPort)];
        return schedulerJob(new ProgramJob(start(args, "the scheduler")), { token });
      },
      worker: (worker, { address }) => {
        const args = workerArguments(worker, address, { ...options, nThreads });
        return new ProgramJob(start(args, `worker ${worker}`));
      },
    });
  }
}

/** The command line of this package. */
const MAIN = fileURLToPath(new URL("../cli/main.js", import.meta.url));
