/**
 * @file The file by which the workers of a cluster find its scheduler and prove that they belong to
 * it. It lies in a folder that the nodes share, so everything in it is for its owner alone, and no
 * secret is anywhere else: not in a script, not on a command line.
 */
import { rmSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { type ConnectionInfo, makeToken, Security, writeConnectionFile } from "../comm/index.ts";
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
  if (!/^[\w][\w.+@-]*$/.test(name)) {
    throw values.wrong(
      "name",
      name,
      "letters, digits and any of _ . + @ -, with which files begin",
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

/** Takes it away. */
export function removeAccess(path: string): void {
  rmSync(path, { force: true });
}
