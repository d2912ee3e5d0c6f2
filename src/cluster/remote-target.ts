/**
 * @file Where a cluster is and how to get in, from what the user gives: an address, a connection
 * file, a token, certificates; and what is found in the environment and in the user's own folder.
 */
import { existsSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { join } from "node:path";
import {
  type ConnectionInfo,
  contactHost,
  formatAddress,
  isOwnHost,
  normaliseAddress,
  parseAddress,
  readConnectionFile,
  Security,
  tokenFrom,
} from "../comm/index.ts";
import { HeddleError } from "../core/errors.ts";
import type { RemoteOptions } from "./remote-options.ts";

/** A connection file is waited for as long as a connection. */
const CONNECT_MS = 30_000;
const FILE_POLL_MS = 100;

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

/**
 * Everything that connecting needs. Waits for a connection file that is not there yet, since a
 * scheduler may only be starting. Errors: of addresses, connection files and tokens.
 */
export async function remoteOptions(target: RemoteTarget): Promise<RemoteOptions> {
  const { schedulerFile, connectTimeoutMs } = target;
  const file =
    schedulerFile === undefined
      ? undefined
      : await awaitConnectionFile(schedulerFile, connectTimeoutMs ?? CONNECT_MS);
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
    connectMs: connectTimeoutMs,
  };
}

/** Reads a connection file, which may take so long to appear. Throws `FileNotFound` after that. */
async function awaitConnectionFile(path: string, withinMs: number): Promise<ConnectionInfo> {
  const endMs = performance.now() + withinMs;
  while (!existsSync(path) && performance.now() < endMs) {
    await new Promise((resolve) => setTimeout(resolve, FILE_POLL_MS));
  }
  return readConnectionFile(path);
}

/** What a scheduler of this user has left about the address, under the names that it may have. */
function connectionOf(address: string): ConnectionInfo | undefined {
  for (const name of namesOf(address)) {
    const path = defaultConnectionFile(name);
    if (!existsSync(path)) continue;
    const info = readConnectionFile(path);
    // A home may be shared between hosts, and each has a loopback address.
    const isElsewhere = isLoopback(name) && info.facts?.["host"] !== hostname();
    if (!isElsewhere) return info;
  }
  return undefined;
}

/**
 * The address, and what else a scheduler on this host may be called: one that listens everywhere
 * goes by the host's address on the network, however it is reached.
 */
function namesOf(text: string): readonly string[] {
  const address = parseAddress(text);
  if (!("host" in address) || !isOwnHost(address.host)) return [text];
  const hosts = ["127.0.0.1", "::1", contactHost("0.0.0.0"), contactHost("::")];
  return [text, ...hosts.map((host) => formatAddress({ ...address, host }))];
}

function isLoopback(text: string): boolean {
  const address = parseAddress(text);
  return "host" in address && /^(127\.|localhost$|::1$)/.test(address.host);
}
