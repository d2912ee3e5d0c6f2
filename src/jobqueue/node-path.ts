/** @file Which Node runs Heddle's programs on the nodes of a batch system. */
import { config } from "../config/config.ts";
import type { JobValues } from "./job-values.ts";

/** What is said of this system, then what is said in general, then the one that runs this. */
export function nodePath(values: JobValues): string {
  const general = process.env["HEDDLE_NODE"] || config.get("worker.node");
  return values.get("node") ?? general ?? process.execPath;
}
