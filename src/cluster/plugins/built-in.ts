/** @file Plugins that come with Heddle: environment, files, packages, and the output of tasks. */
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { makePrivateFolder } from "../../config/private-folder.ts";
import { HeddleError } from "../../core/errors.ts";
import { referToAll } from "../../functions/index.ts";
import type { WorkerContext } from "../../threads/worker-context.ts";
import * as self from "./built-in.ts";
import type { SchedulerContext, SchedulerPlugin, WorkerPlugin } from "./plugin.ts";

/** Sets variables of the environment on every task thread. */
export class Environ implements WorkerPlugin {
  readonly variables: Readonly<Record<string, string>>;

  constructor(variables: Readonly<Record<string, string>>) {
    this.variables = variables;
  }

  setup(): void {
    Object.assign(process.env, this.variables);
  }

  /** What was set before is not known any more. */
  teardown(): void {
    for (const name of Object.keys(this.variables)) delete process.env[name];
  }
}

/**
 * Copies a file into the folder of every worker. One that is copied again replaces the first; but a
 * module that a task thread has imported stays there as it was, as everywhere in Node: import it
 * under another name, or with a query, `` import(`${path}?v=2`) ``, or `client.restart()` first.
 * Errors: `FileNotFound`.
 */
export class UploadFile implements WorkerPlugin {
  readonly name: string;
  readonly fileName: string;
  readonly bytes: Uint8Array;

  /** The file is read now. */
  constructor(path: string) {
    this.fileName = basename(path);
    this.name = `UploadFile-${this.fileName}`;
    this.bytes = new Uint8Array(read(path));
  }

  setup(worker: WorkerContext): void {
    if (worker.thread === 0) write(join(worker.localDirectory, this.fileName), this.bytes);
  }
}

/**
 * Copies a file into the scheduler's folder, which plugins of the scheduler are told of as
 * `localDirectory`. Errors: `FileNotFound`.
 */
export class SchedulerUploadFile implements SchedulerPlugin {
  readonly name: string;
  readonly fileName: string;
  readonly bytes: Uint8Array;

  /** The file is read now. */
  constructor(path: string) {
    this.fileName = basename(path);
    this.name = `SchedulerUploadFile-${this.fileName}`;
    this.bytes = read(path);
  }

  start(scheduler: SchedulerContext): void {
    write(join(scheduler.localDirectory, this.fileName), this.bytes);
  }
}

/**
 * Copies a folder into the folder of every worker, under its own name. Of modules that have been
 * imported, see {@link UploadFile}. Errors: `FileNotFound`.
 */
export class UploadDirectory implements WorkerPlugin {
  readonly name: string;
  /** Paths with the folder's name in front. */
  readonly files: ReadonlyMap<string, Uint8Array>;

  /** The files are read now; `node_modules` and `.git` are left out. */
  constructor(path: string) {
    const folder = basename(resolve(path));
    this.name = `UploadDirectory-${folder}`;
    this.files = new Map(
      filesIn(path).map((file) => [`${folder}/${file}`, read(join(path, file))]),
    );
  }

  setup(worker: WorkerContext): void {
    if (worker.thread !== 0) return;
    for (const [path, bytes] of this.files) write(join(worker.localDirectory, path), bytes);
  }
}

/**
 * Installs packages into the folder of every worker with `npm install`. Tasks load them through
 * `createRequire(join(getWorker().localDirectory, "_"))`.
 */
export class NpmInstall implements WorkerPlugin {
  readonly packages: readonly string[];
  readonly npmOptions: readonly string[];

  constructor(
    packages: readonly string[],
    options: { readonly npmOptions?: readonly string[] } = {},
  ) {
    const wrong = packages.find((name) => typeof name !== "string" || name.startsWith("-"));
    if (packages.length === 0 || wrong !== undefined) {
      const given = wrong === undefined ? "none" : JSON.stringify(wrong);
      throw new HeddleError("InvalidArgument", `NpmInstall takes names of packages, not ${given}`);
    }
    this.packages = packages;
    this.npmOptions = options.npmOptions ?? [];
  }

  async setup({ thread, localDirectory }: WorkerContext): Promise<void> {
    if (thread !== 0) return;
    makePrivateFolder(localDirectory);
    const args = ["install", "--no-audit", "--no-fund", ...this.npmOptions, "--", ...this.packages];
    const [program, ...first] = process.platform === "win32" ? ["cmd", "/c", "npm"] : ["npm"];
    await promisify(execFile)(program as string, [...first, ...args], { cwd: localDirectory });
  }
}

/** Shows what tasks print on other machines and processes to the clients, too, before results. */
export class ForwardOutput implements WorkerPlugin {}

function read(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (cause) {
    throw new HeddleError("FileNotFound", `${path} cannot be read: ${String(cause)}`, { cause });
  }
}

/** Other threads never see half a file. */
function write(path: string, bytes: Uint8Array): void {
  makePrivateFolder(dirname(path));
  const fresh = `${path}.${process.pid}.part`;
  writeFileSync(fresh, bytes);
  renameSync(fresh, path);
}

const LEFT_OUT: ReadonlySet<string> = new Set(["node_modules", ".git"]);

/** Paths of all files in a folder, from the folder on. */
function filesIn(folder: string, inside = ""): string[] {
  const path = join(folder, inside);
  if (inside === "" && !isFolder(path)) {
    throw new HeddleError("FileNotFound", `${folder} is no folder`);
  }
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
    const at = inside === "" ? entry.name : `${inside}/${entry.name}`;
    if (entry.isDirectory()) return LEFT_OUT.has(entry.name) ? [] : filesIn(folder, at);
    return entry.isFile() ? [at] : [];
  });
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

referToAll(import.meta.url, self);
