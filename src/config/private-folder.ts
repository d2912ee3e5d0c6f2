/**
 * @file Folders below ones that everybody may write to (`/tmp`), which hold what others must not
 * read or change: values, tables, code that is run. Somebody else may have made a folder of that
 * name before, with things in it: such a one is not used.
 */
import { chmodSync, lstatSync, mkdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import { HeddleError, shortPath } from "../core/errors.ts";
import { makeFolder } from "./make-folder.ts";
import { isProcessFolder } from "./process-folder.ts";

/**
 * Makes a folder for this user alone (mode 700), and all above it that are missing. Throws
 * `AuthFailed` for one that is there and is somebody else's or open to others, and what `mkdir`
 * throws. Within a process's own folder that is the one which is closed, also where a task has made
 * it and left it open.
 */
export function makePrivateFolder(path: string): void {
  const own = processFolderAround(path);
  if (own === undefined) return makeClosed(path, checkPrivate);
  makeClosed(own, close);
  if (own !== path) makeFolder(path, { mode: 0o700 });
}

/** Throws `AuthFailed` unless the folder is a real one, of this user, closed to others. */
export function checkPrivate(folder: string): void {
  const stat = lstatSync(folder);
  const problem = stat.isDirectory() ? accessOf(stat) : "it is no folder";
  if (problem === undefined) return;
  throw new HeddleError(
    "AuthFailed",
    `${shortPath(folder)} must be a folder of this user with mode 700: others could read or ` +
      `change what is in it (${problem})`,
    { fields: { path: folder } },
  );
}

/** What lets other users in to a file or folder; undefined when nothing does. */
export function accessOf(stat: {
  readonly uid: number;
  readonly mode: number;
}): string | undefined {
  const own = process.getuid?.();
  // Windows has neither owners nor modes that would say something.
  if (own === undefined) return undefined;
  if (stat.uid !== own) return `it belongs to the user ${stat.uid}`;
  return (stat.mode & 0o077) === 0 ? undefined : `it has ${(stat.mode & 0o777).toString(8)}`;
}

function makeClosed(path: string, found: (path: string) => void): void {
  makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    found(path);
  }
}

/** Takes a folder that is this user's: nobody could guess its name, so no one else was in it. */
function close(path: string): void {
  const stat = lstatSync(path);
  const isOwn = process.getuid === undefined || stat.uid === process.getuid();
  if (stat.isDirectory() && isOwn && accessOf(stat) !== undefined) chmodSync(path, 0o700);
  checkPrivate(path);
}

function processFolderAround(path: string): string | undefined {
  if (isProcessFolder(basename(path))) return path;
  const above = dirname(path);
  return above === path ? undefined : processFolderAround(above);
}
