/**
 * @file Runs the commands of a batch system: without a shell, with a bound on time and on what is
 * read, and with errors that say what the system said. No secret goes this way: scripts name the
 * connection file, and nothing else.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HeddleError } from "../core/errors.ts";
import type { BatchSystem, Command } from "./system.ts";

export interface CommandLimits {
  /** The command is ended after so long (120,000). */
  readonly timeoutMs?: number;
  /** Most that is read of its output (64 MiB). */
  readonly bytesMax?: number;
}

const TIMEOUT_MS = 120_000;
const BYTES_MAX = 2 ** 26;
/** Of what the system says of an error, the end of so much. */
const WORDS_MAX = 4000;

/** What a controller says that is busy, restarts or has a limit that others' jobs fill. */
const PASSING =
  /unable to contact|communication|connection (refused|timed out|reset)|timed? ?out|temporar|try again|\bbusy\b|not respond|cannot connect|can't connect|slurmctld|socket|MaxSubmit|limit.*(reached|exceeded)|too many|not yet|daemon|down for/i;

/**
 * What the command has written. Errors: `JobFailed` with the fields `command`, `exitCode`, `words`
 * (the system's own) and `mayPass`: whether trying again may help.
 */
export async function runCommand(
  system: BatchSystem,
  command: Command,
  limits: CommandLimits = {},
): Promise<string> {
  const { input = "", inFile = false, ...rest } = command;
  if (!inFile) return await run(system, command, limits);
  const folder = mkdtempSync(join(tmpdir(), "heddle-script-"));
  try {
    const path = join(folder, "script.sh");
    writeFileSync(path, input, { mode: 0o700 });
    return await run(system, { ...rest, args: [...rest.args, path] }, limits);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(system: BatchSystem, command: Command, limits: CommandLimits): Promise<string> {
  const { timeoutMs = TIMEOUT_MS, bytesMax = BYTES_MAX } = limits;
  const child = spawn(command.file, command.args, { stdio: "pipe" });
  const output = new Bounded(bytesMax, () => child.kill("SIGKILL"));
  const words = new Bounded(bytesMax, () => child.kill("SIGKILL"));
  child.stdout.on("data", (piece: Buffer) => output.add(piece));
  child.stderr.on("data", (piece: Buffer) => words.add(piece));
  // A command that does not read its input says why itself.
  child.stdin.on("error", () => undefined);
  child.stdin.end(command.input ?? "");
  let isLate = false;
  const late = setTimeout(() => {
    isLate = true;
    child.kill("SIGKILL");
  }, timeoutMs);
  const failed = (why: string, about: Failure): HeddleError<"JobFailed"> =>
    failure(system, command, why, about);
  return await new Promise<string>((resolve, reject) => {
    child.once("error", (cause: NodeJS.ErrnoException) => {
      clearTimeout(late);
      reject(cause.code === "ENOENT" ? missing(system, command) : failed(cause.message, { cause }));
    });
    child.once("close", (exitCode, signal) => {
      clearTimeout(late);
      const said = words.text.trim() === "" ? output.text : words.text;
      if (isLate) return reject(failed(`had not answered after ${timeoutMs / 1000} s`, PASSES));
      if (output.isFull) return reject(failed(`wrote more than ${bytesMax} bytes`, {}));
      if (exitCode === 0) return resolve(output.text);
      reject(failed(`ended with ${signal ?? `exit code ${exitCode}`}`, { exitCode, said }));
    });
  });
}

interface Failure {
  readonly exitCode?: number | null;
  readonly said?: string;
  readonly cause?: unknown;
  readonly mayPass?: boolean;
}

const PASSES: Failure = { mayPass: true };

function failure(
  { title }: BatchSystem,
  { file, args }: Command,
  why: string,
  { exitCode = null, said = "", cause, mayPass }: Failure,
): HeddleError<"JobFailed"> {
  const words = said.trim().slice(-WORDS_MAX);
  const command = [file, ...args.map((word) => word.slice(0, 200))].join(" ").slice(0, 1000);
  return new HeddleError(
    "JobFailed",
    `${title}: ${file} ${why}${words === "" ? "" : `: ${words}`} (the command was: ${command})`,
    { cause, fields: { command, exitCode, words, mayPass: mayPass ?? PASSING.test(words) } },
  );
}

function missing({ title }: BatchSystem, { file, args }: Command): HeddleError<"JobFailed"> {
  return new HeddleError(
    "JobFailed",
    `${title}: there is no command "${file}" on PATH. The commands of ${title} are usually on a ` +
      "site's login nodes: is this one? Some sites bring them with a module (module avail).",
    { fields: { command: [file, ...args].join(" "), exitCode: null, words: "", mayPass: false } },
  );
}

/** Pieces of text up to a bound. */
class Bounded {
  isFull = false;
  readonly #most: number;
  readonly #onFull: () => void;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(most: number, onFull: () => void) {
    this.#most = most;
    this.#onFull = onFull;
  }

  add(piece: Buffer): void {
    if (this.isFull) return;
    this.#bytes += piece.length;
    this.#pieces.push(piece);
    if (this.#bytes <= this.#most) return;
    this.isFull = true;
    this.#onFull();
  }

  get text(): string {
    return Buffer.concat(this.#pieces).toString("utf8");
  }
}
