/**
 * @file Which files are meant: paths, lists of paths, glob patterns and folders, looked up when a
 * reader is called so that a wrong name is an error at once.
 */
import { readdirSync, type Stats, statSync } from "node:fs";
import { basename, dirname, join, parse, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { HeddleError, nearestName } from "../core/errors.ts";

/** A path, a glob pattern (`*`, `?`, `[a-z]`, `{a,b}`, `**`), or a list of them. */
export type Paths = string | URL | readonly (string | URL)[];

/** One file, as it was when it was looked for. */
export interface FileInfo {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

const GLOB = /[*?[{]/;

/**
 * The files that `paths` means, those of a pattern or folder in natural order (part-2 before
 * part-10). A folder means the files below it whose names match `within`; without it, a folder is
 * an error. Errors: `FileNotFound`, also for a pattern that nothing matches; `InvalidArgument`.
 */
export function findFiles(paths: Paths, within?: RegExp): FileInfo[] {
  const given = Array.isArray(paths) ? (paths as (string | URL)[]) : [paths as string | URL];
  if (given.length === 0) {
    throw new HeddleError(
      "InvalidArgument",
      "no path was given; give at least one path or pattern",
    );
  }
  return given.flatMap((path) => {
    const name = nameOf(path);
    const full = resolve(name);
    const stats = statSync(full, { throwIfNoEntry: false });
    // A file of just this name is meant, even where the name could be a pattern.
    if (GLOB.test(name) && stats === undefined) return matchFiles(name);
    const isFolder = stats?.isDirectory() === true;
    return isFolder && within !== undefined ? filesWithin(full, within) : [fileInfo(full)];
  });
}

function nameOf(path: unknown): string {
  const scheme = /^([a-z][a-z\d+.-]+):\/\//i.exec(String(path))?.[1];
  if (scheme !== undefined && scheme.toLowerCase() !== "file") throw remote(scheme);
  if (path instanceof URL) return fileURLToPath(path);
  if (typeof path === "string" && path !== "") {
    return path.startsWith("file:") ? fileURLToPath(path) : path;
  }
  const given = path === "" ? "an empty text" : path === null ? "null" : typeof path;
  throw new HeddleError(
    "InvalidArgument",
    `a reader takes a path, a pattern such as "data/*.csv", or a list of those, not ${given}`,
  );
}

function remote(scheme: string): HeddleError {
  return new HeddleError(
    "NotSupported",
    `readers take paths of this machine, not ${scheme}:// addresses: download the file first, ` +
      "as with curl or fetch()",
    { fields: { scheme } },
  );
}

/**
 * Runs what reads a file; one that has vanished since it was looked for is `FileNotFound`, not the
 * system's own error.
 */
export function reading<R>(path: string, read: () => R): R {
  try {
    return read();
  } catch (error) {
    if ((error as { readonly code?: unknown } | null)?.code !== "ENOENT") throw error;
    throw missing(path, error);
  }
}

/** Files below a folder; what begins with a dot or an underscore is not data, as in Dask. */
function filesWithin(folder: string, within: RegExp): FileInfo[] {
  const below = (at: string): string[] =>
    list(at)
      .filter(({ name }) => !/^[._]/.test(name))
      .flatMap((entry) => {
        const path = join(at, entry.name);
        if (entry.isDirectory()) return below(path);
        return within.test(entry.name) ? [path] : [];
      });
  const found = below(folder).sort(naturalOrder);
  if (found.length > 0) return found.map(fileInfo);
  throw new HeddleError(
    "FileNotFound",
    `folder ${folder} has no file whose name matches ${within.source}`,
    { fields: { path: folder } },
  );
}

function matchFiles(pattern: string): FileInfo[] {
  const full = resolve(pattern);
  const { root } = parse(full);
  const steps = full.slice(root.length).split(sep);
  const fixed = steps.findIndex((step) => GLOB.test(step));
  const base = join(root, ...steps.slice(0, fixed));
  const found = walk(base, steps.slice(fixed)).sort(naturalOrder);
  if (found.length > 0) return found.map(fileInfo);
  throw new HeddleError(
    "FileNotFound",
    `no file matches ${JSON.stringify(pattern)} (looked below ${base}${hint(base, basename(full))})`,
    { fields: { pattern } },
  );
}

/** Paths of the files below `folder` that match the remaining steps of a pattern. */
function walk(folder: string, steps: readonly string[]): string[] {
  const [step, ...rest] = steps;
  if (step === undefined) return [];
  const here = list(folder);
  if (step === "**") {
    const below = here.filter((entry) => entry.isDirectory());
    return [...walk(folder, rest), ...below.flatMap((dir) => walk(join(folder, dir.name), steps))];
  }
  const matches = globExpression(step);
  const fits = here.filter(({ name }) => matches.test(name));
  if (rest.length > 0) {
    return fits.filter((e) => !e.isFile()).flatMap(({ name }) => walk(join(folder, name), rest));
  }
  return fits.map(({ name }) => join(folder, name)).filter((path) => statSync(path).isFile());
}

function list(folder: string): { name: string; isFile(): boolean; isDirectory(): boolean }[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** One step of a pattern as a regular expression; a leading dot is matched only by a dot. */
function globExpression(step: string): RegExp {
  const body = step.replace(/[.+^$()|\\]|\*+|\?|\[!|[{},]/g, (part) => {
    if (part.startsWith("*")) return ".*";
    if (part === "?") return ".";
    if (part === "[!") return "[^";
    if (part === "{") return "(?:";
    if (part === "}") return ")";
    if (part === ",") return step.includes("{") ? "|" : ",";
    return `\\${part}`;
  });
  return new RegExp(`^${/^[*?[]/.test(step) ? "(?!\\.)" : ""}${body}$`);
}

/** Orders names by code units, and the numbers in them by size. */
function naturalOrder(a: string, b: string): number {
  const left = a.split(/(\d+)/);
  const right = b.split(/(\d+)/);
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const x = left[i] as string;
    const y = right[i] as string;
    if (x === y) continue;
    const order = i % 2 === 1 ? Number(x) - Number(y) : 0;
    return order !== 0 ? order : x < y ? -1 : 1;
  }
  return left.length - right.length;
}

function fileInfo(path: string): FileInfo {
  let stats: Stats;
  try {
    stats = statSync(path);
  } catch (cause) {
    throw missing(path, cause);
  }
  if (stats.isDirectory()) {
    throw new HeddleError(
      "FileInvalid",
      `${path} is a folder; for its files write ${join(path, "*")}`,
      {
        fields: { path },
      },
    );
  }
  return { path, bytes: stats.size, modifiedMs: stats.mtimeMs };
}

function missing(path: string, cause: unknown): HeddleError<"FileNotFound"> {
  let folder = dirname(path);
  let name = basename(path);
  while (list(folder).length === 0 && dirname(folder) !== folder) {
    name = basename(folder);
    folder = dirname(folder);
  }
  return new HeddleError("FileNotFound", `there is no file ${path}${hint(folder, name)}`, {
    cause,
    fields: { path },
  });
}

function hint(folder: string, name: string): string {
  const near = nearestName(
    name,
    list(folder).map((entry) => entry.name),
  );
  return near === undefined ? "" : `; the nearest name there is ${join(folder, near)}`;
}
