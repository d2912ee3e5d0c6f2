/**
 * @file A cluster over hosts that are reached with `ssh`: the scheduler on the first, workers on
 * the others.
 */
import { fileURLToPath } from "node:url";
import { makeToken } from "../comm/index.ts";
import { config } from "../config/config.ts";
import { schedulerJob } from "./program-job.ts";
import { type ClusterAccess, SpecCluster } from "./spec-cluster.ts";
import { type SSHProgram, sshJob } from "./ssh-job.ts";
import {
  readSSHOptions,
  type SSHClusterOptions,
  type SSHHost,
  type SSHSchedulerOptions,
} from "./ssh-options.ts";
import { workerArguments } from "./worker-arguments.ts";

/**
 * Workers on other hosts. Heddle of the same version has to be installed there, by default at the
 * same path as here, and `ssh` has to get in without a password. Ends with this process.
 *
 * ```ts
 * const cluster = new SSHCluster({ hosts: ["login", "node1", "node2"], nThreads: 8 });
 * const client = new Client(cluster);
 * ```
 */
export class SSHCluster extends SpecCluster {
  constructor(options: SSHClusterOptions) {
    const { scheduler, schedulerOptions, workerHosts, workerOptions } = readSSHOptions(options);
    const { name, security } = options;
    const { nWorkers = 1, nThreads } = workerOptions;
    const token = makeToken();
    const secrets = {
      token,
      configuration: config.serializeForHosts(),
      ...(security === undefined ? {} : { security: JSON.stringify(security.withTexts()) }),
    };
    let count = 0;
    super({
      ...(name === undefined ? {} : { name }),
      ...(nThreads === undefined ? {} : { threadsPerWorker: nThreads }),
      nWorkers: nWorkers * workerHosts.length,
      scheduler: () => {
        const args = schedulerArgs(schedulerOptions, security !== undefined);
        const job = sshJob(programOf(scheduler, args, options, secrets));
        return schedulerJob(job, { token, ...(security === undefined ? {} : { security }) });
      },
      worker: (worker, { address }) => {
        // Round the hosts, so that any number of workers is spread over them.
        const host = workerHosts[count++ % workerHosts.length] as SSHHost;
        const args = workerArguments(worker, address, workerOptions);
        return sshJob(programOf(host, args, options, secrets));
      },
    });
  }

  /** How clients get in, once there is a scheduler. */
  async access(): Promise<ClusterAccess> {
    await this.ready;
    return this.scheduler.access;
  }
}

function programOf(
  { host, connect, remoteNode }: SSHHost,
  args: readonly string[],
  { environ = {}, remoteCommand }: SSHClusterOptions,
  secrets: Pick<SSHProgram, "token" | "configuration" | "security">,
): SSHProgram {
  const node = remoteNode ?? config.get("worker.node") ?? process.execPath;
  const own = [node, fileURLToPath(new URL("../cli/main.js", import.meta.url))];
  const command =
    remoteCommand === undefined
      ? own
      : typeof remoteCommand === "string"
        ? [remoteCommand]
        : remoteCommand;
  return {
    ...{ host, connect, command, environ, ...secrets },
    args: [...args, "--json", "--end-with-stdin"],
  };
}

function schedulerArgs(options: SSHSchedulerOptions, isEncrypted: boolean): string[] {
  const {
    port = 0,
    host,
    interface: named,
    dashboardAddress,
    idleTimeoutMs,
    preload = [],
  } = options;
  return [
    ...["scheduler", "--port", String(port)],
    ...(isEncrypted ? ["--protocol", "tls"] : []),
    ...(host === undefined ? [] : ["--host", host]),
    ...(named === undefined ? [] : ["--interface", named]),
    ...(dashboardAddress === null ? ["--no-dashboard"] : []),
    ...(typeof dashboardAddress === "string" ? ["--dashboard-address", dashboardAddress] : []),
    ...(idleTimeoutMs === undefined ? [] : ["--idle-timeout", `${idleTimeoutMs}ms`]),
    ...preload.flatMap((module) => ["--preload", module]),
  ];
}
