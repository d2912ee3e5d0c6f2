/**
 * @file The engine of this thread, opened at its first use with the settings last given, and the
 * task functions that run on it. A process has one thread that runs table tasks; in `sync` mode it
 * is the calling thread.
 */
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import v8 from "node:v8";
import { config } from "../config/config.ts";
import { makePrivateFolder } from "../config/private-folder.ts";
import { processFolder } from "../config/process-folder.ts";
import { HeddleError } from "../core/errors.ts";
import { collectGarbage } from "../ndarray/collect-garbage.ts";
import { type EngineSettings, TableEngine } from "./engine.ts";
import { InterruptCell } from "./interrupt.ts";

let settings: EngineSettings | undefined;
let current: TableEngine | undefined;
let cell = new InterruptCell();

/**
 * What the engine of this thread is opened with. Changing settings closes an open engine, whose
 * temporary tables never outlive a task.
 */
export function configureTableEngine(next: EngineSettings, nextCell?: InterruptCell): void {
  closeTableEngine();
  settings = next;
  if (nextCell !== undefined) cell = nextCell;
}

/** The engine of this thread. */
export function tableEngine(): TableEngine {
  if (current === undefined) {
    const given = settings ?? configuredSettings();
    const tempDirectory = given.tempDirectory ?? ownTempDirectory();
    makeTableFolder(tempDirectory);
    current = TableEngine.open({ ...given, tempDirectory }, cell);
  }
  return current;
}

/**
 * What the configuration says, where nobody has given settings; the rest is DuckDB's own default.
 */
function configuredSettings(): EngineSettings {
  const threads = config.get("dataframe.threads");
  const memoryLimitBytes = config.get("dataframe.memory-limit");
  return {
    ...(threads === "auto" ? {} : { threads }),
    ...(memoryLimitBytes === "auto" ? {} : { memoryLimitBytes }),
  };
}

/** An engine that may take more keeps what it has freed: taking it again costs time. */
const SMALL_BYTES = 2 ** 30;
/** Arrays outside of V8's heap, which V8 is slow to collect, may take this part of the limit. */
const ARRAYS_SHARE = 1 / 4;

/**
 * Gives back to the system what the task that has just ended has freed, where memory is short: the
 * engine's allocator and V8 would both keep it for a while.
 */
export function trimTableEngine(): void {
  const limitBytes = settings?.memoryLimitBytes;
  if (limitBytes === undefined || limitBytes >= SMALL_BYTES) return;
  current?.trim();
  if (v8.getHeapStatistics().external_memory > ARRAYS_SHARE * limitBytes) collectGarbage();
}

/** Closes the engine of this thread; the next use opens another. */
export function closeTableEngine(): void {
  current?.close();
  current = undefined;
}

let ownDirectory: string | undefined;

/** A folder for this thread's temporary files, removed when the thread ends, or by others. */
function ownTempDirectory(): string {
  if (ownDirectory === undefined) {
    const folder = config.get("temporary-directory") ?? tmpdir();
    const directory = join(folder, processFolder());
    process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
    ownDirectory = directory;
  }
  return ownDirectory;
}

function makeTableFolder(path: string): void {
  try {
    makePrivateFolder(path);
  } catch (cause) {
    const { message } = cause as Error;
    throw new HeddleError(
      "SpillFailed",
      `frames need a folder for temporary files, and ${path} cannot be made: ${message}. Name ` +
        "another one (localDirectory, or temporary-directory in the configuration).",
      { cause, fields: { path } },
    );
  }
}
