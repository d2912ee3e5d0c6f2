/**
 * @file `heddle ssh`: a scheduler and workers on other hosts, for as long as this command runs.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { defaultConnectionFile } from "../cluster/remote-target.ts";
import { makeFolder } from "../config/make-folder.ts";
import { HeddleError, shortPath } from "../core/errors.ts";
import type { SSHClusterOptions } from "../deploy/index.ts";
import { SSHCluster } from "../deploy/index.ts";
import { integerOf, portsOf } from "./flags.ts";
import { RunFiles } from "./run-files.ts";
import { Shutdown } from "./shutdown.ts";

export interface SSHFlags {
  readonly scheduler?: string;
  readonly schedulerPort?: string;
  readonly schedulerFile?: string;
  readonly hostfile?: string;
  readonly nthreads?: string;
  readonly nworkers?: string;
  readonly sshUsername?: string;
  readonly sshPort?: string;
  readonly sshPrivateKey?: string;
  readonly sshOption?: string[];
  /** Whether the scheduler's host has workers, too. */
  readonly nohost?: boolean;
  readonly logDirectory?: string;
  readonly localDirectory?: string;
  readonly memoryLimit?: string;
  readonly workerPort?: string;
  readonly remoteNode?: string;
  readonly remoteCommand?: string;
  readonly json?: boolean;
}

/** Runs a cluster over hosts until it is interrupted; resolves to the exit code. */
export async function runSSH(hosts: readonly string[], flags: SSHFlags): Promise<number> {
  const options = planSSH(hosts, flags);
  const shutdown = new Shutdown();
  const files = new RunFiles();
  const cluster = new SSHCluster(options);
  try {
    const { address, token } = await cluster.access();
    const connectionFile = defaultConnectionFile(address);
    const facts = { type: "ssh", pid: process.pid, host: hostname(), hosts: options.hosts };
    const info = { address, ...(token === undefined ? {} : { token }), facts };
    makeFolder(dirname(connectionFile), { mode: 0o700 });
    const own = flags.schedulerFile === undefined ? [] : [flags.schedulerFile];
    for (const path of [connectionFile, ...own]) files.writeConnection(path, info);
    const { workers } = cluster;
    const line =
      flags.json === true
        ? JSON.stringify({ ...facts, address, connectionFile, workers })
        : `heddle: scheduler at ${address}, ${workers} workers on ${options.hosts.length} hosts`;
    process.stdout.write(`${line}\n`);
    const { exitCode } = await shutdown.asked;
    return exitCode;
  } finally {
    await cluster.close();
    if (flags.logDirectory !== undefined) await writeLogs(cluster, flags.logDirectory);
    files.remove();
    shutdown.release();
  }
}

/** What the flags ask for. Errors: `InvalidArgument`, `FileNotFound`. */
export function planSSH(given: readonly string[], flags: SSHFlags): SSHClusterOptions {
  const listed = flags.hostfile === undefined ? [] : readHosts(flags.hostfile);
  const all = [...given, ...listed];
  const scheduler = flags.scheduler ?? all[0];
  if (scheduler === undefined) {
    throw new HeddleError("InvalidArgument", "heddle ssh takes hosts, or --hostfile with them");
  }
  const workers = flags.nohost === true ? all.filter((host) => host !== scheduler) : all;
  if (workers.length === 0) {
    throw new HeddleError("InvalidArgument", "--nohost leaves no host for the workers");
  }
  const { nthreads, nworkers, sshPort, workerPort, schedulerPort } = flags;
  const connect = {
    ...(flags.sshUsername === undefined ? {} : { username: flags.sshUsername }),
    ...(sshPort === undefined ? {} : { port: integerOf("--ssh-port", sshPort, 1) }),
    ...(flags.sshPrivateKey === undefined ? {} : { privateKey: flags.sshPrivateKey }),
    ...(flags.sshOption === undefined ? {} : { options: flags.sshOption }),
  };
  const { localDirectory, memoryLimit, remoteNode, remoteCommand } = flags;
  return {
    hosts: [scheduler, ...workers],
    connect,
    schedulerPort: portsOf("--scheduler-port", schedulerPort ?? "8786"),
    ...(nworkers === undefined ? {} : { nWorkers: integerOf("--nworkers", nworkers, 1) }),
    ...(nthreads === undefined ? {} : { nThreads: integerOf("--nthreads", nthreads, 1) }),
    ...(workerPort === undefined ? {} : { workerPort: portsOf("--worker-port", workerPort) }),
    ...(localDirectory === undefined ? {} : { localDirectory }),
    ...(memoryLimit === undefined ? {} : { memoryLimit }),
    ...(remoteNode === undefined ? {} : { remoteNode }),
    ...(remoteCommand === undefined ? {} : { remoteCommand: remoteCommand.split(" ") }),
  };
}

/** Hosts of a file, one a line; what comes after # is for people. */
function readHosts(path: string): string[] {
  try {
    return readFileSync(path, "utf8")
      .split("\n")
      .map((line) => line.replace(/#.*/, "").trim())
      .filter((line) => line !== "");
  } catch (cause) {
    const message = `--hostfile ${shortPath(path)} cannot be read`;
    throw new HeddleError("FileNotFound", message, { cause });
  }
}

async function writeLogs(cluster: SSHCluster, folder: string): Promise<void> {
  makeFolder(folder);
  for (const [name, text] of Object.entries(await cluster.logs())) {
    writeFileSync(join(folder, `${name}.log`), text);
  }
}
