/**
 * @file A cluster over hosts that are reached with `ssh`: the scheduler on the first, workers on
 * the others.
 */
import { fileURLToPath } from "node:url";
import { makeToken } from "../comm/index.ts";
import { config } from "../config/config.ts";
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { schedulerJob } from "./program-job.ts";
import { type ClusterAccess, SpecCluster } from "./spec-cluster.ts";
import { type SSHConnectOptions, type SSHProgram, sshJob } from "./ssh-job.ts";
import { workerArguments } from "./worker-arguments.ts";

export interface SSHClusterOptions {
  /** The scheduler's host, then those of the workers; one alone has both. */
  readonly hosts: readonly string[];
  readonly connect?: SSHConnectOptions;
  /** Workers on each host (1). */
  readonly nWorkers?: number;
  /** Task threads of each worker; the host's cores unless given. */
  readonly nThreads?: number;
  /** Memory of each worker, as after `--memory-limit`. */
  readonly memoryLimit?: number | string;
  readonly localDirectory?: string;
  readonly resources?: Readonly<Record<string, number>>;
  /** Port of the scheduler (0: any that is free). */
  readonly schedulerPort?: number | string;
  /** Address or interface that the scheduler listens on; default all. */
  readonly schedulerHost?: string;
  /** Ports of the workers, as after `--worker-port`. */
  readonly workerPort?: number | string;
  /** Node on the other hosts; default `worker.node`, or the path that it has here. */
  readonly remoteNode?: string;
  /** The command there in place of Node and Heddle's own file, such as `"heddle"`. */
  readonly remoteCommand?: string | readonly string[];
  /** Variables added to the environment of the programs. */
  readonly environ?: Readonly<Record<string, string>>;
  readonly name?: string;
}

const OPTIONS = [
  "hosts",
  "connect",
  "nWorkers",
  "nThreads",
  "memoryLimit",
  "localDirectory",
  "resources",
  "schedulerPort",
  "schedulerHost",
  "workerPort",
  "remoteNode",
  "remoteCommand",
  "environ",
  "name",
] satisfies (keyof SSHClusterOptions)[];

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
    checkOptionNames("SSHCluster", options, OPTIONS);
    const { hosts, name, nWorkers = 1, nThreads } = options;
    const [first, ...rest] = Array.isArray(hosts) ? (hosts as readonly string[]) : [];
    if (first === undefined) {
      throw new HeddleError(
        "InvalidArgument",
        "SSHCluster takes { hosts }: the scheduler's host, then those of the workers",
      );
    }
    const workerHosts = rest.length === 0 ? [first] : rest;
    const secret = { token: makeToken(), configuration: config.serializeForHosts() };
    let count = 0;
    super({
      ...(name === undefined ? {} : { name }),
      ...(nThreads === undefined ? {} : { threadsPerWorker: nThreads }),
      nWorkers: nWorkers * workerHosts.length,
      scheduler: () => {
        const program = programOf(first, schedulerArgs(options), options, secret);
        return schedulerJob(sshJob(program), { token: secret.token });
      },
      worker: (worker, { address }) => {
        // Round the hosts, so that any number of workers is spread over them.
        const host = workerHosts[count++ % workerHosts.length] as string;
        return sshJob(programOf(host, workerArguments(worker, address, options), options, secret));
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
  host: string,
  args: readonly string[],
  options: SSHClusterOptions,
  secret: Pick<SSHProgram, "token" | "configuration">,
): SSHProgram {
  const { connect = {}, environ = {}, remoteCommand } = options;
  const { remoteNode = config.get("worker.node") ?? process.execPath } = options;
  const own = [remoteNode, fileURLToPath(new URL("../cli/main.js", import.meta.url))];
  const command =
    remoteCommand === undefined
      ? own
      : typeof remoteCommand === "string"
        ? [remoteCommand]
        : remoteCommand;
  return {
    ...{ host, connect, command, environ, ...secret },
    args: [...args, "--json", "--end-with-stdin"],
  };
}

function schedulerArgs({ schedulerPort = 0, schedulerHost }: SSHClusterOptions): string[] {
  const host = schedulerHost === undefined ? [] : ["--host", schedulerHost];
  return ["scheduler", "--port", String(schedulerPort), ...host];
}
