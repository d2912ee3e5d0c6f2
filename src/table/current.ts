/**
 * @file The engine of this thread, opened at its first use with the settings last given, and the task functions that
 * run on it. A process has one thread that runs table tasks; in `sync` mode it is the calling thread.
 */
import { mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EngineSettings, TableEngine } from "./engine.ts";
import { InterruptCell } from "./interrupt.ts";

let settings: EngineSettings = {};
let current: TableEngine | undefined;
let cell = new InterruptCell();

/**
 * What the engine of this thread is opened with. Changing settings closes an open engine, whose temporary tables never
 * outlive a task.
 */
export function configureTableEngine(next: EngineSettings, nextCell?: InterruptCell): void {
  closeTableEngine();
  settings = next;
  if (nextCell !== undefined) cell = nextCell;
}

/** The engine of this thread. */
export function tableEngine(): TableEngine {
  if (current === undefined) {
    const tempDirectory = settings.tempDirectory ?? ownTempDirectory();
    current = TableEngine.open({ ...settings, tempDirectory }, cell);
  }
  return current;
}

/** The settings that the engine of this thread has or will have. */
export function tableEngineSettings(): EngineSettings {
  return settings;
}

/** Closes the engine of this thread; the next use opens another. */
export function closeTableEngine(): void {
  current?.close();
  current = undefined;
}

let ownDirectory: string | undefined;

/** A folder under the system's own for temporary files, removed when the process ends. */
function ownTempDirectory(): string {
  if (ownDirectory === undefined) {
    const directory = join(tmpdir(), `heddle-table-${process.pid}`);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
    ownDirectory = directory;
  }
  return ownDirectory;
}
