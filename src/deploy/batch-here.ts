/** @file Which batch system takes jobs from this host, by the commands that it has. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { HeddleError } from "../core/errors.ts";
import type { SystemName } from "../jobqueue/system.ts";

/** What submits jobs. Moab and OAR may stand before another system, so they come first. */
const COMMANDS: readonly (readonly [command: string, system: SystemName])[] = [
  ["msub", "moab"],
  ["oarsub", "oar"],
  ["sbatch", "slurm"],
  ["bsub", "lsf"],
  ["condor_submit", "htcondor"],
];

/** The batch system of this host. Errors: `NotSupported` when it has the commands of none. */
export function batchSystemHere(
  env: Readonly<Record<string, string | undefined>> = process.env,
): SystemName {
  const folders = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const has = (command: string): boolean =>
    folders.some((folder) => isExecutable(join(folder, command)));
  const found = COMMANDS.find(([command]) => has(command));
  if (found !== undefined) return found[1];
  // Both PBS and Grid Engine have qsub; only the latter needs this variable for it.
  if (has("qsub")) return env["SGE_ROOT"] ? "sge" : "pbs";
  const names = [...COMMANDS.map(([command]) => command), "qsub"].join(", ");
  throw new HeddleError(
    "NotSupported",
    `no batch system takes jobs from this host: none of ${names} is on the PATH. Say which one ` +
      '({ kind: "slurm" }), or make a cluster without one: createLocalCluster(), or ' +
      '{ kind: "ssh", hosts }',
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
