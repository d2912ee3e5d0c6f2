/**
 * @file Listening for wires on an address: a port or one of a range, an encrypted one, a socket in
 * the file system, a name in this thread. A tcp listener also opens the unix socket beside it.
 */
import { rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { makePrivateFolder } from "../config/private-folder.ts";
import { HeddleError } from "../core/errors.ts";
import type { Role } from "../protocol/index.ts";
import {
  type Address,
  contactHost,
  formatAddress,
  type NetworkAddress,
  resolveHost,
} from "./addresses.ts";
import { checkEncryption, security as securityOf } from "./dial.ts";
import { listenInproc, unlistenInproc } from "./inproc.ts";
import { certificateRefused, type Security } from "./security.ts";
import { besideSocket, socketFolder, sweepFolder, usablePath } from "./unix-paths.ts";
import { SocketWire, type Wire } from "./wire.ts";

/** What listening needs to know. */
export interface SocketOptions {
  readonly role: Role;
  readonly security?: Security | undefined;
  /** Connections that the system keeps waiting before they are accepted. */
  readonly backlog: number;
  /** TLS handshakes at a time. */
  readonly pendingMax: number;
  /** Time for a TLS handshake. */
  readonly handshakeMs: number;
  /** Also open a unix socket beside a tcp listener. */
  readonly unixBeside: boolean;
  /** A wire has been opened by somebody, who is to be refused when there is an error. */
  readonly accept: (wire: Wire, error?: HeddleError) => void;
  /** A connection ended before it became a wire, or a listener failed. */
  readonly failed: (remote: string, error: Error) => void;
}

/** A place where wires arrive. */
export interface Sockets {
  /** What it listens on, with the port that it got. */
  readonly address: string;
  /** Where other hosts reach it. */
  readonly contactAddress: string;
  /** Path of the unix socket, if there is one. */
  readonly unixPath: string | undefined;
  /** Stops listening; wires stay. */
  close(): Promise<void>;
}

/** Listens. Throws `ConnectFailed` when the address cannot be had. */
export async function openSockets(address: Address, options: SocketOptions): Promise<Sockets> {
  checkEncryption(address, options.security);
  if (address.scheme === "inproc") return openInproc(address.name, options);
  if (address.scheme === "unix") return await openUnix(address.path, options);
  return await openNetwork(address, options);
}

function openInproc(asked: string, options: SocketOptions): Sockets {
  const name = listenInproc(asked, options.accept);
  const text = `inproc://${name}`;
  const close = async (): Promise<void> => unlistenInproc(name);
  return { address: text, contactAddress: text, unixPath: undefined, close };
}

async function openUnix(asked: string, options: SocketOptions): Promise<Sockets> {
  const path = usablePath(asked);
  const folder = dirname(path);
  makePrivateFolder(folder);
  const text = `unix://${asked}`;
  const server = createServer((socket) => accepted(socket, text, options));
  await removeLeftover(path);
  await bind(server, { path }, text, options);
  const close = (): Promise<void> => closeServer(server);
  return { address: text, contactAddress: text, unixPath: path, close };
}

async function openNetwork(asked: NetworkAddress, options: SocketOptions): Promise<Sockets> {
  const host = resolveHost(asked.host);
  const shown = formatAddress(asked);
  const server =
    asked.scheme === "tls"
      ? createTlsServer(
          securityOf(asked, options).listenOptions(options.role, options.handshakeMs),
          (socket) => acceptedTls(socket, options),
        )
      : createServer((socket) =>
          accepted(socket, `tcp connection from ${socket.remoteAddress}`, options),
        );
  const endedNow =
    asked.scheme === "tls" ? boundHandshakes(server, options.pendingMax) : () => undefined;
  server.on("tlsClientError", (error: Error, socket: Socket) => {
    const name = nameOf(socket) ?? endedNow() ?? "an unknown address";
    options.failed(`tls connection from ${name}`, certificateRefused(name, error) ?? error);
    socket.destroy();
  });
  const { port, address: ip } = await bindRange(server, host, asked, shown, options);
  const beside =
    asked.scheme === "tcp" && options.unixBeside ? await openBeside(ip, port, options) : undefined;
  const address: NetworkAddress = { scheme: asked.scheme, host, port, portLast: port };
  return {
    address: formatAddress(address),
    contactAddress: formatAddress({ ...address, host: contactHost(host) }),
    unixPath: beside?.path,
    close: async () => {
      await Promise.all([closeServer(server), beside && closeServer(beside.server)]);
    },
  };
}

/** Where the other side of a socket is; undefined when it has ended. */
function nameOf({ remoteAddress, remotePort }: Socket): string | undefined {
  return remoteAddress === undefined ? undefined : `${remoteAddress}:${remotePort}`;
}

/**
 * Bounds the connections whose TLS handshake is under way: the oldest has to go. Returns what says
 * where the one was that ended last: its socket does not know any more.
 */
function boundHandshakes(server: Server, pendingMax: number): () => string | undefined {
  const pending = new Map<string, Socket>();
  let ended: string | undefined;
  server.on("connection", (socket: Socket) => {
    const name = nameOf(socket) ?? "";
    pending.set(name, socket);
    socket.once("close", () => {
      ended = name;
      if (pending.get(name) === socket) pending.delete(name);
    });
    if (pending.size > pendingMax) pending.values().next().value?.destroy();
  });
  server.on("secureConnection", (socket: TLSSocket) => pending.delete(nameOf(socket) ?? ""));
  return () => {
    for (const [name, { destroyed }] of pending) if (destroyed) return name;
    return ended;
  };
}

/** The first port of the range that is free. */
async function bindRange(
  server: Server,
  host: string,
  asked: NetworkAddress,
  shown: string,
  options: SocketOptions,
): Promise<AddressInfo> {
  for (let port = asked.port; ; port++) {
    try {
      await bind(server, { host, port }, shown, options);
      return server.address() as AddressInfo;
    } catch (error) {
      const { cause } = error as { cause?: NodeJS.ErrnoException };
      if (cause?.code !== "EADDRINUSE" || port >= asked.portLast) throw error;
    }
  }
}

/** The unix socket beside a tcp listener; none when there is no safe place for it. */
async function openBeside(
  host: string,
  port: number,
  options: SocketOptions,
): Promise<{ server: Server; path: string } | undefined> {
  if (process.platform === "win32") return undefined;
  const server = createServer((socket) => accepted(socket, "unix connection", options));
  try {
    const folder = socketFolder();
    sweepFolder(folder);
    const path = besideSocket(host, port, folder);
    // The port is ours, so whoever had this name before is gone.
    rmSync(path, { force: true });
    await bind(server, { path }, `unix://${path}`, options);
    return { server, path };
  } catch (error) {
    options.failed("unix socket", error as Error);
    return undefined;
  }
}

/** A TLS connection, to be refused unless it showed a certificate of the authority. */
function acceptedTls(socket: TLSSocket, options: SocketOptions): void {
  const remote = `tls connection from ${socket.remoteAddress}:${socket.remotePort}`;
  const wire = new SocketWire(socket, remote, "events");
  if (socket.authorized) return options.accept(wire);
  options.accept(
    wire,
    new HeddleError(
      "AuthFailed",
      `The listener does not accept the certificate: ${String(socket.authorizationError)}. Both ` +
        "sides need a certificate of the same authority that has not expired",
      { fields: { reason: String(socket.authorizationError) } },
    ),
  );
}

function accepted(socket: Socket, remote: string, options: SocketOptions): void {
  const name = socket.remotePort === undefined ? remote : `${remote}:${socket.remotePort}`;
  options.accept(new SocketWire(socket, name, "events"));
}

function bind(
  server: Server,
  where: { readonly path: string } | { readonly host: string; readonly port: number },
  shown: string,
  options: SocketOptions,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const refused = (cause: NodeJS.ErrnoException): void => {
      const range = "port" in where && where.port !== 0 ? ` (port ${where.port})` : "";
      const hint =
        cause.code === "EADDRINUSE"
          ? "; another process has it: give another port, a range such as 8786-8799, or 0"
          : cause.code === "EADDRNOTAVAIL" || cause.code === "ENOTFOUND"
            ? "; it is not an address of this host"
            : "";
      reject(
        new HeddleError(
          "ConnectFailed",
          `Cannot listen on ${shown}${range}: ${cause.message}${hint}`,
          { cause, fields: { address: shown, reason: cause.code ?? "" } },
        ),
      );
    };
    server.once("error", refused);
    server.listen({ ...where, backlog: options.backlog }, () => {
      server.off("error", refused);
      server.on("error", (error) => options.failed(shown, error));
      resolve();
    });
  });
}

function closeServer(server: Server): Promise<void> {
  // Waiting for the connections is not what is asked: the server stops listening at once.
  return new Promise((resolve) => {
    server.close();
    server.unref();
    setImmediate(resolve);
  });
}

/**
 * Removes a socket that a killed process left. Throws nothing when somebody still listens on it.
 */
async function removeLeftover(path: string): Promise<void> {
  const alive = await new Promise<boolean>((resolve) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
  if (!alive) rmSync(path, { force: true });
}
