/** @file The folder of the logs of jobs: batch systems that do not find it drop them in silence. */
import { makeFolder } from "../config/make-folder.ts";
import { HeddleError, shortPath } from "../core/errors.ts";
import type { JobValues } from "./job-values.ts";

/** Makes it, unless it is there or its name is known on the nodes alone. */
export function makeLogFolder(values: JobValues): void {
  const folder = values.get("log-directory");
  if (folder === null || /[$%~]/.test(folder)) return;
  try {
    makeFolder(folder);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new HeddleError(
      "FileInvalid",
      `${values.who}: logDirectory ${shortPath(folder)} cannot be made: ${reason}`,
      { cause, fields: { path: folder } },
    );
  }
}
