/**
 * @file A file that tells where a cluster is and how to get in: address, token, certificates. It is
 * made readable for its owner alone (mode 0600), and one that others could read is not used.
 */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { HeddleError, shortPath } from "../core/errors.ts";
import type { SecurityOptions } from "./security.ts";
import { checkToken } from "./token.ts";

/** What a connection file holds. */
export interface ConnectionInfo {
  /** Address of the scheduler. */
  readonly address: string;
  /** All addresses by which it may be reached, that one first, where there are several. */
  readonly addresses?: readonly string[];
  readonly token?: string;
  readonly security?: SecurityOptions;
  /** The cluster's configuration for its workers: `config.serializeForHosts()`. */
  readonly configuration?: string;
  /** More facts, such as id, type and versions: plain JSON. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** Writes the file at once: a reader sees the old one or all of the new one. */
export function writeConnectionFile(path: string, info: ConnectionInfo): void {
  const draft = `${path}.${process.pid}.part`;
  rmSync(draft, { force: true });
  const file = openSync(draft, "wx", 0o600);
  try {
    writeFileSync(file, `${JSON.stringify(info, null, 2)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
}

/**
 * Reads a connection file. Throws `FileNotFound`, `FileInvalid` when it is not one, and
 * `AuthFailed` when it holds secrets that other users could read.
 */
export function readConnectionFile(path: string): ConnectionInfo {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (cause) {
    throw new HeddleError(
      "FileNotFound",
      `Connection file ${shortPath(path)} cannot be read; the scheduler writes one with ` +
        "--scheduler-file",
      { cause },
    );
  }
  try {
    const { mode } = fstatSync(file);
    const info = parseInfo(path, readFileSync(file, "utf8"));
    const secret = info.token !== undefined || info.security !== undefined;
    if (secret && (mode & 0o077) !== 0 && process.platform !== "win32") {
      throw new HeddleError(
        "AuthFailed",
        `Connection file ${shortPath(path)} holds a secret and other users may read it (mode ` +
          `${(mode & 0o777).toString(8)}); chmod 600 it, and start the cluster anew with a new token`,
      );
    }
    return info;
  } finally {
    closeSync(file);
  }
}

function parseInfo(path: string, text: string): ConnectionInfo {
  let info: unknown;
  try {
    info = JSON.parse(text);
  } catch {
    info = undefined;
  }
  const given = typeof info === "object" && info !== null ? (info as Partial<ConnectionInfo>) : {};
  if (typeof given.address !== "string") {
    throw new HeddleError(
      "FileInvalid",
      `${shortPath(path)} is not a connection file: it should be JSON with an "address"`,
    );
  }
  if (given.token !== undefined) checkToken(given.token);
  return { ...given, address: given.address };
}
