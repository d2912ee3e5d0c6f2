/**
 * @file Where a cluster is and how to get in, from what the user gives: an address, a connection
 * file, a token, certificates; and what is found in the environment and in the user's own folder.
 */
import { existsSync, opendirSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { dirname, join } from "node:path";
import { dial } from "../comm/dial.ts";
import {
  type Address,
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
import { HeddleError, isHeddleError } from "../core/errors.ts";
import { reachable } from "./reach.ts";
import type { RemoteOptions } from "./remote-options.ts";

/** A connection file is waited for as long as a connection. */
const CONNECT_MS = 30_000;
const FILE_POLL_MS = 100;
/** A file that is there and makes no sense is looked at again for so long. */
const SETTLE_MS = 1000;
/** So often the file of a scheduler that answers is looked for. */
const WORD_POLLS = 10;
const ANSWER_MS = 2000;

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
 * scheduler may only be starting, until `signal` says that nobody wants it. Errors: of addresses,
 * connection files and tokens; `ConnectFailed` when nobody listens there.
 */
export async function remoteOptions(
  target: RemoteTarget,
  signal?: AbortSignal,
): Promise<RemoteOptions> {
  const { schedulerFile, connectTimeoutMs } = target;
  const withinMs = connectTimeoutMs ?? CONNECT_MS;
  const file =
    schedulerFile === undefined
      ? undefined
      : await awaitConnectionFile(schedulerFile, withinMs, signal);
  const given = target.address ?? file?.address;
  if (given === undefined) {
    throw new HeddleError(
      "InvalidArgument",
      "a cluster is named by { address } or { schedulerFile }",
    );
  }
  parseAddress(given);
  const token = target.token ?? tokenFrom(process.env);
  const isEnough = token !== undefined || target.security !== undefined;
  const found = file ?? connectionOf(given);
  const known = found ?? (isEnough ? undefined : await awaitScheduler(given, withinMs, signal));
  const security =
    target.security ?? (known?.security === undefined ? undefined : new Security(known.security));
  const others = target.address === undefined ? (file?.addresses ?? []) : [];
  return {
    address: others.length > 1 ? await reachable(others, { security, withinMs, signal }) : given,
    token: target.token ?? known?.token ?? token,
    security,
    connectMs: connectTimeoutMs,
    configuration: file?.configuration,
  };
}

/** Reads a connection file, which may take so long to appear. Throws `FileNotFound` after that. */
async function awaitConnectionFile(
  path: string,
  withinMs: number,
  signal: AbortSignal | undefined,
): Promise<ConnectionInfo> {
  const endMs = performance.now() + withinMs;
  while (!isThere(path) && performance.now() < endMs) await pause(signal);
  // A file system that is shared may show the name before the contents.
  for (const settledMs = performance.now() + SETTLE_MS; ; await pause(signal)) {
    try {
      return readConnectionFile(path);
    } catch (error) {
      const mayPass = isHeddleError(error, "FileInvalid") && performance.now() < settledMs;
      if (!mayPass) throw error;
    }
  }
}

/** Whether the file is there: who opens its folder is not told what NFS knew a minute ago. */
function isThere(path: string): boolean {
  try {
    opendirSync(dirname(path)).closeSync();
  } catch {
    // Some may enter a folder that they cannot list.
  }
  return existsSync(path);
}

async function pause(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, FILE_POLL_MS));
  signal?.throwIfAborted();
}

/**
 * Without a token there is nothing to connect with: waits until the scheduler has left word of
 * itself, or somebody answers who has not. Throws `ConnectFailed` when nobody does.
 */
async function awaitScheduler(
  given: string,
  withinMs: number,
  signal: AbortSignal | undefined,
): Promise<ConnectionInfo | undefined> {
  const address = parseAddress(given);
  // Certificates may be enough for the one, the others are in this process.
  if (address.scheme !== "tcp" && address.scheme !== "unix") return undefined;
  const endMs = performance.now() + withinMs;
  for (let answered = 0; ; await pause(signal)) {
    const info = connectionOf(given);
    if (info !== undefined) return info;
    // It listens a moment before it has written its file.
    if (answered > 0 && ++answered > WORD_POLLS) return undefined;
    const failure = answered > 0 ? undefined : await answers(address);
    if (failure === undefined) answered ||= 1;
    else if (performance.now() >= endMs) throw nobodyThere(given, failure);
  }
}

/** Why nobody answers, if nobody does. */
async function answers(address: Address): Promise<unknown> {
  const signal = AbortSignal.timeout(ANSWER_MS);
  try {
    const wire = await dial(address, { role: "client", preferUnix: true, signal });
    wire.destroy();
    return undefined;
  } catch (error) {
    return error;
  }
}

function nobodyThere(given: string, cause: unknown): HeddleError<"ConnectFailed"> {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new HeddleError(
    "ConnectFailed",
    `nobody listens at ${given}: ${reason}. A scheduler of yours there would have left its token ` +
      `in ${defaultConnectionFile(given)}, which was waited for; is the port right? ` +
      "One of another user or host needs { token } (HEDDLE_TOKEN, --token-file) or its " +
      "{ schedulerFile }.",
    { cause, fields: { address: given } },
  );
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
