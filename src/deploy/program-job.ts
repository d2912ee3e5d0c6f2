/**
 * @file A `heddle` program that another one starts and ends: it says in its first line where it is,
 * and ends when its standard input does, so with this process, whatever becomes of it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { HeddleError } from "../core/errors.ts";
import type { ClusterAccess, Job, SchedulerJob } from "./spec-cluster.ts";

/** What is started here, which may start the program elsewhere. */
export interface ProgramStart {
  readonly file: string;
  readonly args: readonly string[];
  /** Its environment; default this process' own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The first lines of its standard input, if it reads any. */
  readonly input?: string;
  /** Where it is, for messages: `"on node1 over ssh"`. */
  readonly where: string;
  /** Time for it to start (60,000). */
  readonly timeoutMs?: number | undefined;
}

const LOG_CHARS = 100_000;
const START_MS = 60_000;
/** A program that was told to end may take so long. */
const CLOSE_MS = 10_000;

export class ProgramJob implements Job {
  readonly ended: Promise<string>;
  /** What the program said of itself in its first line. */
  first: Readonly<Record<string, unknown>> = {};
  readonly #start: ProgramStart;
  #hasEnded: (reason: string) => void = () => undefined;
  #child: ChildProcess | undefined;
  #log = "";

  constructor(start: ProgramStart) {
    this.#start = start;
    this.ended = new Promise((resolve) => {
      this.#hasEnded = resolve;
    });
  }

  async start(): Promise<void> {
    const { file, args, env, input, where, timeoutMs = START_MS } = this.#start;
    const child = spawn(file, args, { stdio: "pipe", ...(env === undefined ? {} : { env }) });
    this.#child = child;
    child.stdin.on("error", () => undefined);
    if (input !== undefined) child.stdin.write(`${input}\n`);
    child.stderr.setEncoding("utf8").on("data", (text: string) => this.#note(text));
    child.once("close", (code, signal) => {
      this.#hasEnded(`the program ${where} ended with ${signal ?? `exit code ${code}`}`);
    });
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
    const { file, where } = this.#start;
    let text = "";
    return await new Promise((resolve, reject) => {
      const failed = (why: string): void => {
        const message = `No Heddle ${where}: ${why}${lastLines(this.#log)}`;
        reject(new HeddleError("ConnectFailed", message, { fields: { where } }));
      };
      child.once("error", ({ message }) => {
        this.#hasEnded(message);
        failed(`the command ${file} cannot be run: ${message}`);
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

/** The job of a scheduler, whose first line says its address. */
export function schedulerJob(
  job: ProgramJob,
  access: Omit<ClusterAccess, "address">,
): SchedulerJob {
  return {
    start: async () => await job.start(),
    close: async () => await job.close(),
    logs: () => job.logs(),
    ended: job.ended,
    get access() {
      return { ...access, address: String(job.first["address"]) };
    },
  };
}
