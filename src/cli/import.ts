/** @file `heddle config import`: Dask's configuration files in, one of ours out. */
import { readFileSync, writeFileSync } from "node:fs";
import { type DaskFile, type Imported, importDask } from "../config/import-dask.ts";
import { HeddleError, shortPath } from "../core/errors.ts";

export interface ImportFlags {
  readonly output?: string;
  readonly overwrite?: boolean;
}

/**
 * What to print: the translation, unless it goes into a file, and what became of the files. Errors:
 * `FileNotFound`, `ConfigInvalid` for bad YAML, `InvalidArgument` for a file that is there already.
 */
export function importFiles(
  paths: readonly string[],
  { output, overwrite = false }: ImportFlags,
): { readonly text: string; readonly summary: string } {
  const imported = importDask(paths.map(readFile));
  if (output === undefined) return { text: imported.text, summary: summaryOf(imported, "above") };
  writeFile(output, imported.text, overwrite);
  return { text: "", summary: summaryOf(imported, `in ${shortPath(output)}`) };
}

function readFile(path: string): DaskFile {
  try {
    return { path: shortPath(path), text: readFileSync(path, "utf8") };
  } catch (cause) {
    const message = `${shortPath(path)} cannot be read: name files such as ~/.config/dask/dask.yaml`;
    throw new HeddleError("FileNotFound", message, { cause, fields: { path } });
  }
}

function writeFile(path: string, text: string, overwrite: boolean): void {
  try {
    writeFileSync(path, text, { flag: overwrite ? "w" : "wx" });
  } catch (cause) {
    const isThere = (cause as NodeJS.ErrnoException).code === "EEXIST";
    const message = isThere
      ? `${shortPath(path)} is there already: name another file, or give --overwrite to replace it`
      : `${shortPath(path)} cannot be written: ${String(cause)}`;
    throw new HeddleError("InvalidArgument", message, { cause, fields: { path } });
  }
}

function summaryOf({ translated, left }: Imported, where: string): string {
  const rest =
    left.length === 0 ? "" : `; ${left.length} not: they are listed at the end, with the reasons`;
  return `${translated.length} keys translated, ${where}${rest}\n`;
}
