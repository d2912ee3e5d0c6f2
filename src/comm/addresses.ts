/**
 * @file Addresses as people write them: `tcp://host:port`, `tls://host:port`, `unix:///path` and
 * `inproc://name`; IPv6 in brackets, names of network interfaces (`tcp://eth0:0`), ranges of ports
 * (`tcp://0.0.0.0:8786-8799`) and `*` or nothing for every interface. The same words as Dask's,
 * with `unix` added. Nothing here asks a name server.
 */
import { isIPv4, isIPv6 } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import { HeddleError, nearestName } from "../core/errors.ts";

/** An address on the network: a host, or an interface's name, and a port or a range of ports. */
export interface NetworkAddress {
  readonly scheme: "tcp" | "tls";
  /** Host name, IP address without brackets, or the name of an interface of this host. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Last port of a range; equal to `port` when there is one. */
  readonly portLast: number;
}

/** A socket in the file system, for processes of one host. */
export interface UnixAddress {
  readonly scheme: "unix";
  readonly path: string;
}

/** A listener of the same thread, by name. */
export interface InprocAddress {
  readonly scheme: "inproc";
  readonly name: string;
}

export type Address = NetworkAddress | UnixAddress | InprocAddress;

const SCHEMES = ["tcp", "tls", "unix", "inproc"] as const;

/** The port that a scheduler listens on unless told otherwise. */
export const DEFAULT_PORT = 8786;

const FORMS =
  "Allowed: tcp://host:port, tls://host:port (IPv6 as [::1], an interface such as eth0, a range of " +
  "ports such as 8786-8799, 0 for any free port), unix:///path, inproc://name";

function badAddress(text: unknown, why: string): HeddleError {
  return new HeddleError("InvalidArgument", `Address ${JSON.stringify(text)}: ${why}. ${FORMS}`, {
    fields: { address: typeof text === "string" ? text : String(text) },
  });
}

/**
 * Reads an address. Without a scheme it is tcp; without a port it has `defaultPort` (8786). Throws
 * `InvalidArgument` with the allowed forms for anything else.
 */
export function parseAddress(text: string, defaultPort: number = DEFAULT_PORT): Address {
  if (typeof text !== "string" || text.trim() === "") throw badAddress(text, "it is empty");
  const found = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text.trim());
  const scheme = (found?.[1] ?? "tcp").toLowerCase();
  const rest = found === null ? text.trim() : (found[2] ?? "");
  if (scheme === "unix") {
    if (!rest.startsWith("/")) throw badAddress(text, "the path of a unix socket begins with /");
    return { scheme, path: rest };
  }
  if (scheme === "inproc") {
    if (rest === "") throw badAddress(text, "it has no name");
    return { scheme, name: rest };
  }
  if (scheme === "tcp" || scheme === "tls") return parseNetwork(text, scheme, rest, defaultPort);
  const near = nearestName(scheme, SCHEMES);
  const hint = near === undefined ? "" : `; did you mean ${near}://`;
  throw badAddress(text, `the scheme ${scheme} is not known${hint}`);
}

function parseNetwork(
  text: string,
  scheme: "tcp" | "tls",
  rest: string,
  defaultPort: number,
): NetworkAddress {
  const { host, ports } = splitHost(text, rest.replace(/\/$/, ""));
  if (!/^[^\s/@?#]*$/.test(host)) throw badAddress(text, `"${host}" is not a host`);
  const everywhere = host === "" || host === "*";
  const [port, portLast] = parsePorts(text, ports, defaultPort);
  return { scheme, host: everywhere ? "0.0.0.0" : host, port, portLast };
}

function splitHost(text: string, rest: string): { host: string; ports: string | undefined } {
  if (rest.startsWith("[")) {
    const found = /^\[([^\]]*)\](?::(.*))?$/.exec(rest);
    if (found === null) throw badAddress(text, "after [ comes an IPv6 address and ]");
    const host = found[1] ?? "";
    if (!isIPv6(host)) throw badAddress(text, `"${host}" in brackets is not an IPv6 address`);
    return { host, ports: found[2] };
  }
  const colon = rest.indexOf(":");
  if (colon < 0) return { host: rest, ports: undefined };
  if (rest.indexOf(":", colon + 1) >= 0) {
    if (isIPv6(rest)) throw badAddress(text, `an IPv6 address stands in brackets: [${rest}]`);
    throw badAddress(text, "it has several colons");
  }
  return { host: rest.slice(0, colon), ports: rest.slice(colon + 1) };
}

function parsePorts(
  text: string,
  ports: string | undefined,
  defaultPort: number,
): readonly [number, number] {
  if (ports === undefined) return [defaultPort, defaultPort];
  const found = /^(\d{1,5})(?:[-:](\d{1,5}))?$/.exec(ports);
  if (found === null) throw badAddress(text, `"${ports}" is not a port or a range of ports`);
  const first = Number(found[1]);
  const last = Number(found[2] ?? found[1]);
  if (first > 65_535 || last > 65_535) throw badAddress(text, "a port is at most 65535");
  if (last < first) throw badAddress(text, `the range of ports ${ports} ends before it begins`);
  return [first, last];
}

/** The address as text, in the one form that {@link parseAddress} reads back. */
export function formatAddress(address: Address): string {
  if (address.scheme === "unix") return `unix://${address.path}`;
  if (address.scheme === "inproc") return `inproc://${address.name}`;
  const { scheme, host, port, portLast } = address;
  const shown = isIPv6(host) ? `[${host}]` : host;
  return `${scheme}://${shown}:${port === portLast ? port : `${port}-${portLast}`}`;
}

/** One spelling for equal addresses: with scheme and port, IPv6 in brackets. */
export function normaliseAddress(text: string, defaultPort: number = DEFAULT_PORT): string {
  return formatAddress(parseAddress(text, defaultPort));
}

/** What {@link networkInterfaces} tells, so that tests can give their own. */
export type Interfaces = ReturnType<typeof networkInterfaces>;

/**
 * The IP address or host name to listen on or to connect to: of an interface its first address,
 * IPv4 before IPv6. Names that are neither an interface nor look like one are host names.
 */
export function resolveHost(host: string, interfaces: Interfaces = networkInterfaces()): string {
  if (isIPv4(host) || isIPv6(host)) return host;
  const addresses = interfaces[host];
  if (addresses === undefined) return host;
  const chosen = addresses.find((entry) => entry.family === "IPv4") ?? addresses[0];
  if (chosen === undefined) {
    throw new HeddleError("InvalidArgument", `The interface ${host} has no IP address`);
  }
  // An IPv6 address of one link is ambiguous without the interface's name.
  return chosen.family === "IPv6" && chosen.address.startsWith("fe80:")
    ? `${chosen.address}%${host}`
    : chosen.address;
}

/**
 * The address of a named interface, for `--interface`. Throws `InvalidArgument` with the names that
 * this host has.
 */
export function interfaceAddress(
  name: string,
  interfaces: Interfaces = networkInterfaces(),
): string {
  if (interfaces[name] !== undefined) return resolveHost(name, interfaces);
  const names = Object.keys(interfaces);
  const near = nearestName(name, names);
  throw new HeddleError(
    "InvalidArgument",
    `This host has no network interface "${name}"${near ? `; did you mean ${near}` : ""}. It has: ` +
      names.join(", "),
  );
}

/** True for an address that stands for every interface. */
export function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

/** True when the IP address (or `localhost`) belongs to this host. */
export function isOwnHost(host: string, interfaces: Interfaces = networkInterfaces()): boolean {
  if (host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host)) return true;
  return Object.values(interfaces).some((entries) =>
    entries?.some((entry) => entry.address === host),
  );
}

/**
 * Where others reach what listens on `host`: of a wildcard the first address that other hosts can
 * use, else the loopback one.
 */
export function contactHost(host: string, interfaces: Interfaces = networkInterfaces()): string {
  if (!isWildcard(host)) return host;
  const family = host === "::" ? "IPv6" : "IPv4";
  const entries = Object.values(interfaces).flatMap((list) => list ?? []);
  const usable = entries.filter(
    (entry) => !entry.internal && !/^(fe80:|169\.254\.)/.test(entry.address),
  );
  const chosen =
    usable.find((entry) => entry.family === family) ??
    (family === "IPv6" ? usable.find((entry) => entry.family === "IPv4") : undefined);
  return chosen?.address ?? (family === "IPv6" ? "::1" : "127.0.0.1");
}

/**
 * Every host by which others may reach what listens on `host`, the likeliest first: of a wildcard
 * all addresses of this host on networks, and its name.
 */
export function contactHosts(
  host: string,
  interfaces: Interfaces = networkInterfaces(),
  name: string = hostname(),
): string[] {
  const first = contactHost(host, interfaces);
  if (!isWildcard(host) || isOwnHost(first, {})) return [first];
  const entries = Object.values(interfaces).flatMap((list) => list ?? []);
  const usable = entries.filter(
    ({ internal, family, address }) =>
      !internal && (family === "IPv4" || host === "::") && !/^(fe80:|169\.254\.)/.test(address),
  );
  return [...new Set([first, ...usable.map(({ address }) => address), name])];
}

/**
 * All addresses of what was asked to listen at `asked` and now does at `address`, that one first.
 */
export function contactAddresses(asked: string, address: string): string[] {
  const [wanted, found] = [parseAddress(asked), parseAddress(address)];
  if (!("host" in wanted && "host" in found)) return [address];
  const hosts = contactHosts(wanted.host).map((host) => formatAddress({ ...found, host }));
  return [...new Set([address, ...hosts])];
}
