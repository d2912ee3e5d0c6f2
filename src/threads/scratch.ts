/**
 * @file A folder for what a graph's tasks write while it runs (the runs of exchanges). It lives as
 * long as the graph: whoever runs the graph removes it when its tasks are forgotten.
 */

import { makePrivateFolder } from "../config/private-folder.ts";
import { HeddleError } from "../core/errors.ts";

let provider: (() => string) | undefined;
const made = new Set<string>();

/** Says which folder belongs to the graph of the task that is running. */
export function setScratch(folder: (() => string) | undefined): void {
  provider = folder;
}

/** The folder of the running task's graph; made on first use, for its owner only. */
export function scratchDirectory(): string {
  if (provider === undefined) {
    throw new HeddleError("InvariantViolated", "an exchange ran outside of a scheduler");
  }
  const folder = provider();
  if (!made.has(folder)) {
    makePrivateFolder(folder);
    made.add(folder);
  }
  return folder;
}
