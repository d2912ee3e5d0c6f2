/**
 * @file A folder that holds one version of some of the user's files, laid out as the originals are.
 * Everything else that lies beside or above them (packages, package.json, data files) is linked, so
 * that imports and relative paths find what they found before. The folder is named by content and
 * removed when the process ends; the threads of the process share it. What lies there is run, so it
 * must be no one's but this user's.
 */
import {
  type Dirent,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isMainThread, threadId } from "node:worker_threads";
import { checkPrivate, makePrivateFolder } from "../config/private-folder.ts";
import { processFolder } from "../config/process-folder.ts";
import { HeddleError, isHeddleError } from "../core/errors.ts";
import { hashOfFile, type ModulePlace, type SourceFile } from "./modules.ts";

/** Of all threads of the process. */
function sharedFolder(): string {
  return path.join(os.tmpdir(), processFolder("modules"));
}

let own: string | undefined;

/** The folder that this thread uses: where somebody was in the way, one that none can guess. */
function ownFolder(): string {
  if (own === undefined) {
    try {
      own = sharedFolder();
      makePrivateFolder(own);
    } catch (error) {
      if (!isHeddleError(error, "AuthFailed")) throw error;
      own = path.join(os.tmpdir(), processFolder());
      makePrivateFolder(own);
      process.once("exit", () => remove(own as string));
    }
  }
  return own;
}

const LOOKED_FOR: ReadonlySet<string> = new Set(["node_modules", "package.json", "tsconfig.json"]);

/** URL of the module within a folder that holds exactly the content named by `place`. */
export function mirrorOf(place: ModulePlace, files: readonly SourceFile[]): string {
  const folder = path.join(ownFolder(), place.id.replace(/[^\w-]/g, "-"));
  if (!existsSync(folder)) {
    const draft = `${folder}.${threadId}`;
    rmSync(draft, { recursive: true, force: true });
    layOut(draft, place, files);
    try {
      renameSync(draft, folder);
    } catch (error) {
      // Another thread was faster, which is as good.
      rmSync(draft, { recursive: true, force: true });
      if (!existsSync(folder)) throw error;
    }
  }
  return pathToFileURL(placeIn(folder, fileURLToPath(place.specifier))).href;
}

/** Removes the folders of this process; called at its end. */
function removeMirrors(): void {
  remove(sharedFolder());
}

function remove(folder: string): void {
  if (!existsSync(folder)) return;
  try {
    checkPrivate(folder);
    rmSync(folder, { recursive: true });
  } catch {
    // Somebody else's; or the next engine removes it (`cluster/leftovers.ts`).
  }
}

/** Has the folders removed when the process ends; for the thread that outlives all others. */
export function removeMirrorsAtExit(): void {
  if (isMainThread && !process.listeners("exit").includes(removeMirrors)) {
    process.once("exit", removeMirrors);
  }
}

function placeIn(folder: string, file: string): string {
  return path.join(folder, path.relative(path.parse(file).root, file));
}

function layOut(folder: string, place: ModulePlace, files: readonly SourceFile[]): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const paths = files.map(({ url }) => fileURLToPath(url));
  for (const [i, file] of files.entries()) {
    const target = placeIn(folder, paths[i] as string);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, textOf(place, file), { mode: 0o600 });
  }
  const own = new Set(paths.map((file) => path.dirname(file)));
  for (const original of foldersAround(paths)) {
    linkRest(original, placeIn(folder, original), own.has(original));
  }
}

function textOf(place: ModulePlace, { url, hash, text }: SourceFile): string {
  if (text !== undefined) return text;
  if (hashOfFile(url) === hash) return readFileSync(fileURLToPath(url), "utf8");
  throw new HeddleError(
    "VersionMismatch",
    `The module ${place.specifier} was changed after the function was submitted, and ${url} is not ` +
      "the file it was. Submit the function again.",
    { fields: { module: place.specifier, file: url } },
  );
}

/** The folders of the files, and all above them. */
function foldersAround(paths: readonly string[]): Set<string> {
  const found = new Set<string>();
  for (const file of paths) {
    let folder = path.dirname(file);
    while (!found.has(folder)) {
      found.add(folder);
      if (path.dirname(folder) === folder) break;
      folder = path.dirname(folder);
    }
  }
  return found;
}

/** Links what is not there yet; above the files' own folders only what imports look for. */
function linkRest(original: string, copy: string, all: boolean): void {
  if (!existsSync(original)) return;
  mkdirSync(copy, { recursive: true });
  for (const entry of readdirSync(original, { withFileTypes: true })) {
    const target = path.join(copy, entry.name);
    if (!(all || LOOKED_FOR.has(entry.name)) || existsSync(target)) continue;
    try {
      symlinkSync(path.join(original, entry.name), target, linkKind(entry));
    } catch {
      // Without the right to link files (Windows), packages are still found through their folder.
    }
  }
}

function linkKind(entry: Dirent): "junction" | "file" {
  return entry.isDirectory() ? "junction" : "file";
}
