/**
 * @file Where a cluster is and how to get in, from what the user gives: an address, a connection
 * file, a token, certificates; and what is found in the environment and in the user's own folder.
 */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import {
  normaliseAddress,
  parseAddress,
  readConnectionFile,
  Security,
  tokenFrom,
} from "../comm/index.ts";
import { HeddleError } from "../core/errors.ts";
import type { RemoteOptions } from "./remote-connection.ts";

/** How a client finds its cluster. */
export interface RemoteTarget {
  /** Address of the scheduler, such as `tcp://host:8786`. */
  readonly address?: string | undefined;
  /** File that the scheduler wrote (`heddle scheduler --scheduler-file`). */
  readonly schedulerFile?: string | undefined;
  /** The cluster's token; default that of the environment or of the connection file. */
  readonly token?: string | undefined;
  readonly security?: Security | undefined;
  readonly connectTimeoutMs?: number | undefined;
}

/** The file in the user's own folder in which a scheduler leaves how it is reached. */
export function defaultConnectionFile(address: string): string {
  const name = normaliseAddress(address).replace(/[^\w.-]+/g, "_");
  return join(homedir(), ".heddle", "clusters", `${name}.json`);
}

/** Everything that connecting needs. Errors: of addresses, connection files and tokens. */
export function remoteOptions(target: RemoteTarget): RemoteOptions {
  const file =
    target.schedulerFile === undefined ? undefined : readConnectionFile(target.schedulerFile);
  const given = target.address ?? file?.address;
  if (given === undefined) {
    throw new HeddleError(
      "InvalidArgument",
      "a cluster is named by { address } or { schedulerFile }",
    );
  }
  parseAddress(given);
  const known = file ?? connectionOf(given);
  const security =
    target.security ?? (known?.security === undefined ? undefined : new Security(known.security));
  return {
    address: given,
    token: target.token ?? known?.token ?? tokenFrom(process.env),
    security,
    connectMs: target.connectTimeoutMs,
  };
}

/** What a scheduler of this user has left about the address. */
function connectionOf(address: string): ReturnType<typeof readConnectionFile> | undefined {
  const path = defaultConnectionFile(address);
  try {
    readFileSync(path);
  } catch {
    return undefined;
  }
  return readConnectionFile(path);
}
