/** @file What the processes of a cluster run, and whether it fits together. */

import { packageVersion } from "../../config/package-version.ts";
import { HeddleError } from "../../core/errors.ts";
import type { Versions } from "./ops.ts";

export function ownVersions(): Versions {
  const { node, v8 } = process.versions;
  return { heddle: packageVersion(), node, v8, platform: process.platform, arch: process.arch };
}

/** The versions of all that take part. */
export interface ClusterVersions {
  readonly client: Versions;
  readonly scheduler: Versions;
  /** By address. */
  readonly workers: Readonly<Record<string, Versions>>;
}

/**
 * Throws `VersionMismatch`, naming who differs and how, unless all run the same Heddle and Node.
 */
export function checkVersions({ client, scheduler, workers }: ClusterVersions): void {
  const all = [["scheduler", scheduler] as const, ...Object.entries(workers)];
  const differences = all.flatMap(([who, versions]) => [
    ...differenceOf(who, "heddle", versions.heddle, client.heddle),
    ...differenceOf(who, "Node", major(versions.node), major(client.node)),
  ]);
  if (differences.length === 0) return;
  throw new HeddleError(
    "VersionMismatch",
    `the cluster does not run what this client runs: ${differences.join("; ")}`,
    { fields: { differences } },
  );
}

function differenceOf(who: string, what: string, theirs: string, ours: string): string[] {
  return theirs === ours ? [] : [`${who} has ${what} ${theirs}, the client ${ours}`];
}

function major(version: string): string {
  return version.split(".")[0] as string;
}
