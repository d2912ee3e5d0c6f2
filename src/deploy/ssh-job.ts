/**
 * @file A `heddle` program on another host, started with the system's `ssh`. The token goes over
 * its standard input, never onto a command line, and the program ends when that input ends: with
 * this process, or with the connection, whatever becomes of them.
 */
import { SECURITY_VARIABLE } from "../comm/security.ts";
import { CONFIGURATION_VARIABLE } from "../config/travel.ts";
import { HeddleError } from "../core/errors.ts";
import { quoted } from "../jobqueue/shell-text.ts";
import { ProgramJob } from "./program-job.ts";

/** How `ssh` connects; what is not given is as in the user's own `ssh` configuration. */
export interface SSHConnectOptions {
  readonly username?: string;
  readonly port?: number;
  /** File of the private key. */
  readonly privateKey?: string;
  /** More options, as after `ssh -o`: `"StrictHostKeyChecking=accept-new"`. */
  readonly options?: readonly string[];
  /** Time for the connection and for the program to start (60,000). */
  readonly timeoutMs?: number;
}

/** What runs where. */
export interface SSHProgram {
  readonly host: string;
  readonly connect: SSHConnectOptions;
  /** Words of the command, such as `["/usr/bin/node", "/opt/heddle/main.js"]`. */
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly environ: Readonly<Record<string, string>>;
  readonly token: string;
  /** What the program is told of this one's configuration. */
  readonly configuration: string;
  /** Certificates for all connections, as text; undefined for none. */
  readonly security?: string;
}

/** The job that starts a program on another host. */
export function sshJob(program: SSHProgram): ProgramJob {
  const { host, connect, token, configuration, security = "" } = program;
  return new ProgramJob({
    file: "ssh",
    args: sshArguments(program),
    input: [token, configuration, security].join("\n"),
    where: `on ${host} over ssh`,
    timeoutMs: connect.timeoutMs,
  });
}

/** Arguments of `ssh`. Throws `InvalidArgument` for hosts that it would take for options. */
export function sshArguments(program: SSHProgram): string[] {
  const { host, connect } = program;
  if (!/^[\w[][\w.:%@\]-]*$/.test(host)) {
    throw new HeddleError("InvalidArgument", `"${host}" is not the name of a host for ssh`);
  }
  const { username, port, privateKey, options = [] } = connect;
  return [
    // Nobody is there to answer questions.
    ...["-T", "-o", "BatchMode=yes", "-o", "ServerAliveInterval=15"],
    ...(username === undefined ? [] : ["-l", username]),
    ...(port === undefined ? [] : ["-p", String(port)]),
    ...(privateKey === undefined ? [] : ["-i", privateKey]),
    ...options.flatMap((option) => ["-o", option]),
    "--",
    host,
    remoteCommand(program),
  ];
}

/** What the other host's shell runs: reads its secrets, and becomes the program. */
export function remoteCommand({ command, args, environ }: SSHProgram): string {
  const variables = Object.entries(environ).map(([name, value]) => `${name}=${quoted(value)}`);
  const words = [...command, ...args].map(quoted).join(" ");
  const secrets = ["HEDDLE_TOKEN", CONFIGURATION_VARIABLE, SECURITY_VARIABLE];
  const read = secrets.map((name) => `read -r ${name}; export ${name}`).join("; ");
  const run = `${read}; exec env ${[...variables, words].join(" ")}`;
  // Whatever the user's shell is, this is read by a POSIX one.
  return `exec /bin/sh -c ${quoted(run)}`;
}
