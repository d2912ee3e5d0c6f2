/**
 * @file A `heddle` program on another host, started with the system's `ssh`. The token goes over
 * its standard input, never onto a command line, and the program ends when that input ends: with
 * this process, or with the connection, whatever becomes of them.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { HeddleError } from "../core/errors.ts";
import type { Job } from "./spec-cluster.ts";

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
}

const LOG_CHARS = 100_000;
const START_MS = 60_000;
/** A program that was told to end may take so long. */
const CLOSE_MS = 10_000;

export class SSHJob implements Job {
  readonly ended: Promise<string>;
  /** What the program said of itself in its first line. */
  first: Readonly<Record<string, unknown>> = {};
  readonly #program: SSHProgram;
  #hasEnded: (reason: string) => void = () => undefined;
  #child: ChildProcess | undefined;
  #log = "";

  constructor(program: SSHProgram) {
    this.#program = program;
    this.ended = new Promise((resolve) => {
      this.#hasEnded = resolve;
    });
  }

  async start(): Promise<void> {
    const { host, connect, token } = this.#program;
    const child = spawn("ssh", sshArguments(this.#program), { stdio: "pipe" });
    this.#child = child;
    child.stdin.on("error", () => undefined);
    child.stdin.write(`${token}\n`);
    child.stderr.setEncoding("utf8").on("data", (text: string) => this.#note(text));
    child.once("close", (code, signal) => {
      this.#hasEnded(`ssh ${host} ended with ${signal ?? `exit code ${code}`}`);
    });
    const { timeoutMs = START_MS } = connect;
    const late = setTimeout(() => child.kill(), timeoutMs);
    try {
      this.first = await this.#firstLine(child);
    } finally {
      clearTimeout(late);
    }
  }

  async close(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    child.stdin?.end();
    const late = setTimeout(() => child.kill(), CLOSE_MS);
    await this.ended;
    clearTimeout(late);
  }

  logs(): string {
    return this.#log;
  }

  #note(text: string): void {
    this.#log = (this.#log + text).slice(-LOG_CHARS);
  }

  /** The line in which the program says that it is there. */
  async #firstLine(child: ChildProcess): Promise<Readonly<Record<string, unknown>>> {
    const { host } = this.#program;
    let text = "";
    return await new Promise((resolve, reject) => {
      const failed = (why: string): void => {
        const message = `No Heddle on ${host} over ssh: ${why}${lastLines(this.#log)}`;
        reject(new HeddleError("ConnectFailed", message, { fields: { host } }));
      };
      child.once("error", ({ message }) => {
        this.#hasEnded(message);
        failed(`the command ssh cannot be run: ${message}`);
      });
      child.once("close", (code, signal) => failed(`it ended with ${signal ?? `code ${code}`}`));
      child.stdout?.setEncoding("utf8").on("data", (more: string) => {
        if (text.includes("\n")) return;
        text += more;
        const line = firstObject(text);
        if (line !== undefined) resolve(line);
      });
    });
  }
}

/** The first line that is a JSON object: shells may print a greeting before it. */
function firstObject(text: string): Readonly<Record<string, unknown>> | undefined {
  for (const line of text.split("\n").slice(0, -1)) {
    if (!line.startsWith("{")) continue;
    try {
      return JSON.parse(line) as Readonly<Record<string, unknown>>;
    } catch {
      // A greeting, after all.
    }
  }
  return undefined;
}

function lastLines(log: string): string {
  const lines = log.trim().split("\n").slice(-5).join("\n");
  return lines === "" ? "" : `\n${lines}`;
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

/** What the other host's shell runs: reads the token, and becomes the program. */
export function remoteCommand({ command, args, environ }: SSHProgram): string {
  const variables = Object.entries(environ).map(([name, value]) => `${name}=${quoted(value)}`);
  const words = [...command, ...args].map(quoted).join(" ");
  const run = `read -r HEDDLE_TOKEN; export HEDDLE_TOKEN; exec env ${[...variables, words].join(" ")}`;
  // Whatever the user's shell is, this is read by a POSIX one.
  return `exec /bin/sh -c ${quoted(run)}`;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
