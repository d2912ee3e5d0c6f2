/**
 * @file What the flags of servers mean: ports and ranges of ports, times, sizes, numbers of
 * workers. Whatever makes no sense is an `InvalidArgument` that names the flag.
 */
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { interfaceAddress } from "../comm/addresses.ts";
import { Security, type SecurityOptions, tokenFrom } from "../comm/index.ts";
import { SECURITY_VARIABLE } from "../comm/security.ts";
import { config } from "../config/config.ts";
import { type ConfigKey, type ConfigValues, SCHEMA } from "../config/schema.ts";
import { HeddleError, shortPath } from "../core/errors.ts";

/** Throws `InvalidArgument` for a flag. */
export function badFlag(flag: string, given: unknown, wanted: string): never {
  throw new HeddleError("InvalidArgument", `${flag} ${String(given)}: give ${wanted}`, {
    fields: { flag, given: String(given) },
  });
}

/** A port, or a range of ports `a:b`, as it stands in an address: `8786`, `8786-8799`. */
export function portsOf(flag: string, given: string): string {
  const found = /^(\d{1,5})(?:[-:](\d{1,5}))?$/.exec(given.trim());
  const first = Number(found?.[1]);
  const last = Number(found?.[2] ?? found?.[1]);
  if (found === null || last > 65_535 || first > last) {
    badFlag(
      flag,
      given,
      "a port from 0 to 65535 (0: any that is free), or a range such as 9000:9100",
    );
  }
  return first === last ? String(first) : `${first}-${last}`;
}

/**
 * The value of a flag that stands for a configuration key, read as the key's values are; without
 * the flag that of the configuration.
 */
export function flagOrConfig<K extends ConfigKey>(
  flag: string,
  given: string | boolean | undefined,
  key: K,
): ConfigValues[K] {
  if (given === undefined) return config.get(key) as ConfigValues[K];
  const { kind } = SCHEMA[key];
  const value = kind.parse(given);
  if (value === undefined) badFlag(flag, given, kind.expects);
  return value as ConfigValues[K];
}

/** A span of time that stands for a key; the unit must be there: 60 alone might be anything. */
export function timeOrConfig<K extends ConfigKey>(
  flag: string,
  given: string | undefined,
  key: K,
): ConfigValues[K] {
  if (given !== undefined && /^[\d.]*[1-9][\d.]*$/.test(given.trim())) {
    badFlag(flag, given, `a span of time with its unit, such as "${given.trim()}s"`);
  }
  return flagOrConfig(flag, given, key);
}

/** A whole number from `least` on. */
export function integerOf(flag: string, given: string, least: number): number {
  const value = Number(given);
  if (given.trim() === "" || !Number.isSafeInteger(value) || value < least) {
    badFlag(flag, given, `a whole number of at least ${least}`);
  }
  return value;
}

/** Flags that say where to listen. */
export interface ListenFlags {
  readonly host?: string;
  readonly interface?: string;
  readonly protocol?: string;
}

/** The address to listen on, made of flags. */
export function listenAddress(flags: ListenFlags, host: string, ports: string): string {
  const { protocol = "tcp" } = flags;
  if (protocol !== "tcp" && protocol !== "tls") badFlag("--protocol", protocol, "tcp or tls");
  if (flags.host !== undefined && flags.interface !== undefined) {
    badFlag("--host", flags.host, "either --host or --interface");
  }
  const named = flags.interface === undefined ? undefined : interfaceAddress(flags.interface);
  const chosen = named ?? flags.host ?? host;
  const bare = chosen.replace(/^\[(.*)\]$/, "$1");
  if (/[/@?#\s]/.test(bare)) badFlag("--host", chosen, "a host name or an IP address");
  return `${protocol}://${bare.includes(":") ? `[${bare}]` : bare}:${ports}`;
}

/** Flags that say how connections are protected. */
export interface SecurityFlags {
  readonly tlsCaFile?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tokenFile?: string;
}

/** Certificates, with absolute paths; undefined where there are none. Throws for missing files. */
export function securityOf(flags: SecurityFlags): Security | undefined {
  const { tlsCaFile, tlsCert, tlsKey } = flags;
  const given = { tlsCaFile, tlsCert, tlsKey };
  const missing = Object.entries(given).filter(([, value]) => value === undefined);
  if (missing.length === 3) return receivedSecurity();
  if (missing.length > 0) {
    const names = { tlsCaFile: "--tls-ca-file", tlsCert: "--tls-cert", tlsKey: "--tls-key" };
    const list = missing.map(([name]) => names[name as keyof typeof names]).join(" and ");
    const verb = missing.length === 1 ? "is" : "are";
    throw new HeddleError("InvalidArgument", `TLS needs all three files: ${list} ${verb} missing`);
  }
  const paths = Object.entries(given).map(([name, value]) => [name, resolve(String(value))]);
  const security = new Security(Object.fromEntries(paths) as SecurityOptions);
  // Reads them, so that a missing file is known now.
  security.withTexts();
  return security;
}

/** The certificates that the cluster has given to this program, which it starts with. */
function receivedSecurity(): Security | undefined {
  const given = process.env[SECURITY_VARIABLE];
  if (given === undefined || given === "") return undefined;
  return new Security(JSON.parse(given) as SecurityOptions);
}

/** The token of `--token-file`, else that of the environment. */
export function tokenOf({ tokenFile }: SecurityFlags): string | undefined {
  if (tokenFile === undefined) return tokenFrom(process.env);
  let token: string;
  let mode: number;
  try {
    token = readFileSync(tokenFile, "utf8").trim();
    mode = statSync(tokenFile).mode;
  } catch (cause) {
    const message = `--token-file ${shortPath(tokenFile)} cannot be read`;
    throw new HeddleError("FileNotFound", message, { cause });
  }
  if ((mode & 0o077) !== 0 && process.platform !== "win32") {
    throw new HeddleError(
      "FileInvalid",
      `--token-file ${shortPath(tokenFile)} may be read by other users; chmod 600 it`,
    );
  }
  return (
    tokenFrom({ HEDDLE_TOKEN: token }) ?? badFlag("--token-file", tokenFile, "a file with a token")
  );
}
