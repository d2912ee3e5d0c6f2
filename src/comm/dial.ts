/**
 * @file Opening a wire to an address, once. A tcp address of this host is reached over the unix
 * socket beside it when there is one, which is twice as fast; nothing else changes.
 */
import { existsSync } from "node:fs";
import { connect as connectSocket, type Socket, type TcpNetConnectOpts } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { HeddleError, isHeddleError } from "../core/errors.ts";
import type { Role } from "../protocol/index.ts";
import {
  type Address,
  formatAddress,
  isOwnHost,
  type NetworkAddress,
  resolveHost,
} from "./addresses.ts";
import { connectInproc } from "./inproc.ts";
import { certificateRefused, type Security } from "./security.ts";
import { besideSocket, usablePath } from "./unix-paths.ts";
import { SocketWire, type Wire } from "./wire.ts";

/** What opening a wire needs to know. */
export interface DialOptions {
  readonly role: Role;
  readonly security?: Security | undefined;
  /** Name that the listener's certificate must have; any of the authority unless given. */
  readonly serverName?: string | undefined;
  /** Use the unix socket beside a tcp address of this host. */
  readonly preferUnix: boolean;
  /** Gives up. */
  readonly signal?: AbortSignal | undefined;
}

/** Opens a wire. Throws `ConnectFailed` or, when certificates are the reason, `AuthFailed`. */
export async function dial(address: Address, options: DialOptions): Promise<Wire> {
  checkEncryption(address, options.security);
  if (address.scheme === "inproc") return connectInproc(address.name);
  if (address.scheme === "unix") return await dialUnix(usablePath(address.path), address, options);
  const host = resolveHost(address.host);
  if (address.scheme === "tcp" && options.preferUnix && isOwnHost(host)) {
    const path = besidePath(host, address.port);
    // A socket that nobody listens on any more was left by a process that was killed.
    const wire = path && (await dialUnix(path, address, options).catch(() => undefined));
    if (wire) return wire;
  }
  const tls =
    address.scheme === "tls"
      ? security(address, options).connectOptions(options.role, options.serverName)
      : undefined;
  return await openSocket(address, { host, port: address.port }, tls, options.signal);
}

/** Refuses what would not be encrypted although it must be. */
export function checkEncryption(address: Address, security: Security | undefined): void {
  if (address.scheme !== "tcp" || security?.requireEncryption !== true) return;
  const secret = formatAddress({ ...address, scheme: "tls" });
  throw new HeddleError(
    "InvalidArgument",
    `${formatAddress(address)} is not encrypted, and the given Security requires that; ` +
      `use ${secret}, or requireEncryption: false`,
  );
}

/** The security of a tls address. Throws `InvalidArgument` when there is none. */
export function security(
  address: NetworkAddress,
  options: { readonly security?: Security | undefined },
): Security {
  if (options.security?.hasCertificates) return options.security;
  throw new HeddleError(
    "InvalidArgument",
    `${formatAddress(address)} needs certificates: give { security: new Security({ tlsCaFile, ` +
      "tlsCert, tlsKey }) } or { security: await Security.temporary() }",
  );
}

function besidePath(host: string, port: number): string | undefined {
  if (process.platform === "win32") return undefined;
  const wildcard = host.includes(":") ? ["::"] : host === "localhost" ? ["::"] : [];
  const hosts = host === "localhost" ? ["127.0.0.1", "::1"] : [host];
  try {
    return [...hosts, "0.0.0.0", ...wildcard]
      .map((each) => besideSocket(each, port))
      .find((path) => existsSync(path));
  } catch (error) {
    // A folder that is not ours alone is not used.
    if (isHeddleError(error, "AuthFailed")) return undefined;
    throw error;
  }
}

function dialUnix(path: string, address: Address, options: DialOptions): Promise<Wire> {
  return openSocket(address, { path }, undefined, options.signal);
}

function openSocket(
  address: Address,
  target: { readonly path: string } | { readonly host: string; readonly port: number },
  tls: ConnectionOptions | undefined,
  signal: AbortSignal | undefined,
): Promise<Wire> {
  const remote = formatAddress(address);
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    let wire: SocketWire | undefined;
    const onread: NonNullable<TcpNetConnectOpts["onread"]> = SocketWire.reader(() => wire);
    const socket: Socket =
      tls === undefined
        ? connectSocket({ ...target, onread } as TcpNetConnectOpts)
        : connectTls({ ...target, ...tls, ...{ onread } });
    const abort = (): void => {
      socket.destroy();
      reject(signal?.reason);
    };
    const failed = (cause: Error): void => {
      signal?.removeEventListener("abort", abort);
      reject(connectFailed(remote, cause, tls !== undefined));
    };
    signal?.addEventListener("abort", abort, { once: true });
    socket.once("error", failed);
    socket.once(tls === undefined ? "connect" : "secureConnect", () => {
      signal?.removeEventListener("abort", abort);
      wire = new SocketWire(socket, remote, "onread");
      socket.off("error", failed);
      resolve(wire);
    });
  });
}

/** TLS with the address over a wire that somebody carries to it. */
export async function secureOver(
  wire: SocketWire,
  address: NetworkAddress,
  options: DialOptions,
): Promise<Wire> {
  const { role, serverName, signal } = options;
  const tls = security(address, options).connectOptions(role, serverName);
  const remote = wire.remote;
  return await new Promise((resolve, reject) => {
    const socket = connectTls({ ...tls, socket: wire.release() });
    const failed = (cause: Error): void => reject(connectFailed(remote, cause, true));
    const abort = (): void => {
      socket.destroy();
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
    socket.once("error", failed);
    socket.once("secureConnect", () => {
      signal?.removeEventListener("abort", abort);
      const secured = new SocketWire(socket, remote, "events");
      socket.off("error", failed);
      resolve(secured);
    });
  });
}

function connectFailed(remote: string, cause: Error, tls: boolean): HeddleError {
  const { code = "" } = cause as NodeJS.ErrnoException;
  const refused = tls ? certificateRefused(remote, cause) : undefined;
  if (refused !== undefined) return refused;
  return new HeddleError("ConnectFailed", `Cannot connect to ${remote}: ${cause.message || code}`, {
    cause,
    fields: { address: remote, reason: code },
  });
}
