/**
 * @file The file by which the workers of a cluster find its scheduler and prove that they belong to
 * it. It lies in a folder that the nodes share, so everything in it is for its owner alone, and no
 * secret is anywhere else: not in a script, not on a command line.
 */
import { rmSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { reachable } from "../cluster/reach.ts";
import {
  type ConnectionInfo,
  makeToken,
  readConnectionFile,
  Security,
  writeConnectionFile,
} from "../comm/index.ts";
import { config } from "../config/config.ts";
import { makeFolder } from "../config/make-folder.ts";
import { HeddleError, shortPath } from "../core/errors.ts";
import type { JobValues } from "./job-values.ts";

/** What all processes of a cluster share. */
export interface Secrets {
  readonly token: string;
  /** Undefined: connections are not encrypted. */
  readonly security: Security | undefined;
}

/** Where the file of a cluster is. Errors: `InvalidArgument` for names that are none of a file. */
export function connectionFile(values: JobValues, name: string): string {
  if (typeof name !== "string" || !/^\w[\w.+@-]{0,99}$/.test(name)) {
    throw values.wrong(
      "name",
      name,
      "at most 100 letters, digits and any of _ . + @ -, with which files begin",
    );
  }
  const folder = values.get("shared-temp-directory")?.replace(/^~(?=\/|$)/, homedir());
  return resolve(folder ?? join(homedir(), ".heddle", "jobqueue"), `${name}.json`);
}

/** A token, and certificates of an authority that is made for this cluster alone. */
export async function makeSecrets(given: {
  readonly security?: Security | undefined;
  readonly protocol?: "tcp" | "tls" | undefined;
}): Promise<Secrets> {
  const { security, protocol = "tls" } = given;
  const token = makeToken();
  if (protocol === "tcp") return { token, security: undefined };
  return { token, security: security ?? (await Security.temporary()) };
}

/** Where a scheduler that is a program of its own finds its secrets; it removes the file. */
export function secretsFile(connectionFile: string): string {
  return connectionFile.replace(/\.json$/, ".secrets.json");
}

/** Leaves the secrets for such a scheduler, and the configuration of the cluster. */
export function writeSecrets(path: string, { token, security }: Secrets): void {
  writeAccess(path, {
    address: "",
    token,
    ...(security === undefined ? {} : { security: security.withTexts() }),
    configuration: config.serializeForHosts(),
  });
}

/** Writes the file, for its owner alone. Errors: `FileInvalid` where that cannot be. */
export function writeAccess(path: string, info: ConnectionInfo): void {
  try {
    makeFolder(resolve(path, ".."), { mode: 0o700 });
    writeConnectionFile(path, info);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new HeddleError(
      "FileInvalid",
      `${shortPath(path)} cannot be written (${reason}): { sharedTempDirectory } names a folder ` +
        "that this host shares with the nodes",
      { cause, fields: { path } },
    );
  }
}

/**
 * Errors: `InvalidArgument` where the file is of a cluster that runs: its workers, and whoever else
 * reads the file, would come to another one. A file that a dead one has left is taken over.
 */
export async function refuseTaken(path: string, name: string): Promise<void> {
  const known = readAccess(path);
  if (known === undefined) return;
  const { address, addresses = [address] } = known;
  const security = known.security === undefined ? undefined : new Security(known.security);
  const answers = await reachable(addresses, { security, withinMs: 0 }).catch(() => undefined);
  if (answers === undefined) return;
  throw new HeddleError(
    "InvalidArgument",
    `a cluster named "${name}" runs already, at ${answers}: give this one another name, or connect ` +
      `to that one with new Client({ schedulerFile: "${shortPath(path)}" })`,
    { fields: { name, address: answers, path } },
  );
}

/** Takes the file away, if it is that of the cluster with this token. */
export function removeAccess(path: string, token: string | undefined): void {
  if (token !== undefined && readAccess(path)?.token === token) rmSync(path, { force: true });
}

function readAccess(path: string): ConnectionInfo | undefined {
  try {
    return readConnectionFile(path);
  } catch {
    return undefined;
  }
}
