/**
 * @file `heddle run`: the user's program in a process of its own, so that it is the main module,
 * ends as it would alone, and hands its loader on to task threads. TypeScript goes through tsx,
 * which works on every supported Node. A module loaded before the program shows progress and the
 * summary.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { constants } from "node:os";
import { basename, dirname, extname, resolve } from "node:path";
import { HeddleError, nearestName } from "../core/errors.ts";

/** What to show while the program runs and after it. */
export interface RunScriptOptions {
  readonly progress: boolean;
  readonly summary: boolean;
}

const ENDINGS = [".js", ".mjs", ".cjs", ".ts", ".mts", ".cts"];

/**
 * Runs a program; resolves to its exit code.
 *
 * Errors: `FileNotFound` with the nearest name; `NotSupported` for a file that is no program.
 */
export async function runScript(
  script: string,
  args: readonly string[],
  options: RunScriptOptions,
): Promise<number> {
  const path = resolve(script);
  checkScript(path, script);
  const loader = /\.[cm]?ts$/.test(path) ? ["--import", import.meta.resolve("tsx")] : [];
  const preload = new URL("./run-preload.js", import.meta.url);
  preload.searchParams.set("parent", String(process.pid));
  preload.searchParams.set("progress", String(options.progress));
  preload.searchParams.set("summary", String(options.summary));
  const nodeArgs = [...process.execArgv, ...loader, "--import", preload.href];
  const child = spawn(process.execPath, [...nodeArgs, path, ...args], { stdio: "inherit" });
  // The terminal sends an interrupt to both processes; the program decides what to do with it.
  const ignore = (): void => {};
  const forward = (signal: NodeJS.Signals): void => {
    child.kill(signal);
  };
  process.on("SIGINT", ignore);
  process.on("SIGTERM", forward);
  try {
    return await new Promise<number>((settle, fail) => {
      child.on("error", fail);
      child.on("close", (code, signal) => settle(code ?? 128 + signalNumber(signal)));
    });
  } finally {
    process.off("SIGINT", ignore);
    process.off("SIGTERM", forward);
  }
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : constants.signals[signal];
}

function checkScript(path: string, given: string): void {
  if (!existsSync(path)) {
    const folder = dirname(path);
    const names = existsSync(folder) ? readdirSync(folder) : [];
    const nearest = nearestName(basename(path), names);
    const advice = nearest === undefined ? "" : `; did you mean ${nearest}?`;
    throw new HeddleError("FileNotFound", `${given} does not exist${advice}`, {
      fields: { path },
    });
  }
  if (ENDINGS.includes(extname(path))) return;
  throw new HeddleError(
    "NotSupported",
    `${given} is no program: heddle run takes files that end in ${ENDINGS.join(", ")}`,
  );
}
