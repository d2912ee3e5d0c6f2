/**
 * @file Cancels the jobs of a program that is killed. A shell of its own session waits on a pipe
 * from this process, reads the command that would cancel what there is, and runs the last one it
 * has read when the pipe ends: whatever this process dies of, nothing stays in the queue. It takes
 * less than a megabyte and no time.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { quoted } from "./shell-text.ts";
import type { Command } from "./system.ts";

/** Reads lines; runs the last when there are no more. An empty one means: nothing is to be done. */
const SCRIPT = `last=
while IFS= read -r line; do last=$line; done
[ -z "$last" ] || eval "$last"`;

export class Guard {
  #shell: ChildProcess | undefined;
  #line = "";
  #isPlanned = false;

  /** Its process, once there is something to guard. */
  get pid(): number | undefined {
    return this.#shell?.pid;
  }

  /** From now on these commands would be run. */
  set(commands: readonly Command[]): void {
    this.#line = commands.map(shellLine).join("; ");
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    // What changes in one turn is told once.
    setImmediate(() => {
      this.#isPlanned = false;
      this.#write();
    });
  }

  /** Nothing is left, or what is left is to stay. */
  release(): void {
    this.#line = "";
    this.#isPlanned = false;
    this.#write();
    this.#shell?.stdin?.end();
    this.#shell = undefined;
  }

  /** What the end of this process does: what is left is cancelled now. */
  abandon(): void {
    this.#shell?.stdin?.end();
    this.#shell = undefined;
  }

  #write(): void {
    if (this.#line === "" && this.#shell === undefined) return;
    this.#shell ??= start();
    this.#shell.stdin?.write(`${this.#line}\n`);
  }
}

function start(): ChildProcess {
  const shell = spawn("/bin/sh", ["-c", SCRIPT, "heddle-guard"], {
    // An interrupt at the terminal, and the end of the terminal, are for the program only.
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    cwd: "/",
  });
  shell.on("error", () => undefined);
  shell.stdin.on("error", () => undefined);
  shell.unref();
  (shell.stdin as unknown as { unref?: () => void }).unref?.();
  return shell;
}

/** The command as a shell reads it. */
export function shellLine({ file, args }: Command): string {
  return [file, ...args].map(quoted).join(" ");
}
