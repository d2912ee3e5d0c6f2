/** @file The command line of a scheduler that is a process or a job of its own. */
import { fileURLToPath } from "node:url";
import type { SchedulerSettings } from "./scheduler-settings.ts";
import { expanded } from "./shell-text.ts";

/** The command line of this package. */
export const MAIN: string = fileURLToPath(new URL("../cli/main.js", import.meta.url));

/** Where it finds its secrets, and leaves how it is reached. */
export interface SchedulerFiles {
  readonly secrets: string;
  readonly connectionFile: string;
}

/** Arguments of `heddle scheduler`. No secret is among them. */
export function schedulerArguments(
  settings: SchedulerSettings,
  { secrets, connectionFile }: SchedulerFiles,
): string[] {
  const { protocol, host, port, dashboardAddress, idleTimeoutMs, journal, preload } = settings;
  const flags: Readonly<Record<string, string | undefined>> = {
    "--access-file": secrets,
    "--scheduler-file": connectionFile,
    "--protocol": protocol,
    "--port": port,
    "--host": settings.interface === undefined ? host : undefined,
    "--interface": settings.interface,
    "--dashboard-address": dashboardAddress ?? undefined,
    "--idle-timeout": idleTimeoutMs === undefined ? undefined : `${idleTimeoutMs}ms`,
    "--journal": journal,
  };
  const given = Object.entries(flags).flatMap(([flag, value]) =>
    value === undefined ? [] : [flag, value],
  );
  const modules = preload.flatMap((module) => ["--preload", module]);
  return [...given, ...modules, ...(dashboardAddress === null ? ["--no-dashboard"] : [])];
}

/** The same as a line for the shell of a job. */
export function schedulerCommand(
  node: string,
  settings: SchedulerSettings,
  files: SchedulerFiles,
): string {
  const args = schedulerArguments(settings, files).map(expanded);
  return [expanded(node), expanded(MAIN), "scheduler", ...args].join(" ");
}
