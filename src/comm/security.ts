/**
 * @file How connections are made secret and by whom: certificates and keys for each role, as PEM
 * texts or files. TLS is always mutual: whoever connects shows a certificate of the same authority.
 */
import { readFileSync } from "node:fs";
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { inspectAsText } from "../core/symbols.ts";
import type { Role } from "../protocol/index.ts";

/** The variable by which a program that is started is given its certificates, as JSON. */
export const SECURITY_VARIABLE = "HEDDLE_INTERNAL_SECURITY";

/** Versions of TLS that Heddle speaks; older ones are broken. */
export type TlsVersion = "TLSv1.2" | "TLSv1.3";

/** What a TLS listener is made with. */
export interface TlsListening extends TlsContext {
  readonly requestCert: boolean;
  readonly handshakeTimeout: number;
}

/** What a TLS connection is made with. */
export interface TlsDialing extends TlsContext {
  readonly servername?: string;
  readonly checkServerIdentity?: () => undefined;
}

/** What both ends of a TLS connection are made with: Node's words, without its types. */
export interface TlsContext {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly minVersion: TlsVersion;
  readonly maxVersion?: TlsVersion;
  readonly ciphers?: string;
  readonly rejectUnauthorized?: boolean;
}

/** Options of {@link Security}. A certificate or key is a PEM text or the path of a PEM file. */
export interface SecurityOptions {
  /** The authority whose certificates are accepted. */
  readonly tlsCaFile?: string;
  /** Certificate and key of every role that has none of its own. */
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsSchedulerCert?: string;
  readonly tlsSchedulerKey?: string;
  readonly tlsWorkerCert?: string;
  readonly tlsWorkerKey?: string;
  readonly tlsClientCert?: string;
  readonly tlsClientKey?: string;
  /** Ciphers in OpenSSL's words; Node's own unless given. */
  readonly tlsCiphers?: string;
  /** Oldest version accepted; TLSv1.2 unless given. */
  readonly tlsMinVersion?: TlsVersion;
  readonly tlsMaxVersion?: TlsVersion;
  /** Refuse addresses that are not encrypted; true unless given when there is an authority. */
  readonly requireEncryption?: boolean;
}

const OPTION_NAMES: readonly (keyof SecurityOptions)[] = [
  "tlsCaFile",
  "tlsCert",
  "tlsKey",
  "tlsSchedulerCert",
  "tlsSchedulerKey",
  "tlsWorkerCert",
  "tlsWorkerKey",
  "tlsClientCert",
  "tlsClientKey",
  "tlsCiphers",
  "tlsMinVersion",
  "tlsMaxVersion",
  "requireEncryption",
];

const VERSIONS: readonly string[] = ["TLSv1.2", "TLSv1.3"];

/** Options that hold PEM. */
const PEM_NAMES = OPTION_NAMES.filter((name) => /(File|Cert|Key)$/.test(name));

/**
 * Certificates for a cluster. Throws `InvalidArgument` for options that are not known, and
 * `FileNotFound` when a file is read that is not there (at the first connection, not before).
 *
 * @example
 * import { Security } from "heddle/distributed";
 * const security = new Security({ tlsCaFile: "ca.pem", tlsCert: "me.pem", tlsKey: "me.key" });
 * console.log(security.requireEncryption); // true
 */
export class Security {
  readonly options: Readonly<SecurityOptions>;
  /** Certificates and key with which TLS works: those that were used last. */
  #usable: string | undefined;

  constructor(options: SecurityOptions = {}) {
    checkOptionNames("Security", options, OPTION_NAMES);
    for (const name of ["tlsMinVersion", "tlsMaxVersion"] as const) {
      const given = options[name];
      if (given === undefined || VERSIONS.includes(given)) continue;
      throw new HeddleError(
        "InvalidArgument",
        `Security: ${name} is "${String(given)}"; it may be ${VERSIONS.join(" or ")}`,
      );
    }
    // Not enumerable, so that nothing prints or serialises keys by accident.
    this.options = options;
    Object.defineProperty(this, "options", { enumerable: false });
  }

  /**
   * Security of a cluster that lives only now: an authority of its own, whose key is thrown away,
   * and one certificate for all roles, kept in memory. Valid for a year.
   */
  static async temporary(options: { days?: number } = {}): Promise<Security> {
    const { makeTemporaryCertificates } = await import("./certificates.ts");
    const { ca, cert, key } = await makeTemporaryCertificates(options.days ?? 365);
    return new Security({ tlsCaFile: ca, tlsCert: cert, tlsKey: key, requireEncryption: true });
  }

  /** Whether connections that are not encrypted are refused. */
  get requireEncryption(): boolean {
    return this.options.requireEncryption ?? this.options.tlsCaFile !== undefined;
  }

  /** Whether there are certificates for TLS. */
  get hasCertificates(): boolean {
    return this.options.tlsCaFile !== undefined;
  }

  /** The same with files read: for a process that cannot see them. Holds the keys. */
  withTexts(): SecurityOptions {
    const texts = PEM_NAMES.flatMap((name) => {
      const given = this.options[name];
      return given === undefined ? [] : [[name, readPem(name, String(given))] as const];
    });
    return { ...this.options, ...Object.fromEntries(texts) };
  }

  /** What Node's TLS needs of a role on either side. */
  #context(role: Role): TlsContext {
    const own = role === "supervisor" ? "worker" : role;
    const [certName, keyName] = NAMES_OF[own];
    const ca = this.#pem("tlsCaFile", role);
    const hasOwn = this.options[certName] !== undefined;
    const cert = this.#pem(hasOwn ? certName : "tlsCert", role);
    const key = this.#pem(hasOwn ? keyName : "tlsKey", role);
    const context: TlsContext = {
      ca,
      cert,
      key,
      minVersion: this.options.tlsMinVersion ?? "TLSv1.2",
      ...(this.options.tlsMaxVersion && { maxVersion: this.options.tlsMaxVersion }),
      ...(this.options.tlsCiphers !== undefined && { ciphers: this.options.tlsCiphers }),
    };
    const texts = [ca, cert, key].join("\0");
    if (this.#usable !== texts) checkUsable(context, hasOwn ? [certName, keyName] : BOTH, role);
    this.#usable = texts;
    return context;
  }

  #pem(name: keyof SecurityOptions, role: Role): string {
    const given = this.options[name];
    if (given !== undefined) return readPem(name, String(given));
    throw new HeddleError(
      "InvalidArgument",
      `TLS needs ${name} for the ${role}: give Security a PEM text or the path of a PEM file, ` +
        "or use await Security.temporary()",
    );
  }

  /**
   * Options of a TLS listener. A certificate is asked for; whoever accepts a socket must look at
   * its `authorized` (see `sockets.ts`): Node itself would hang up without a word.
   */
  listenOptions(role: Role, handshakeTimeout: number): TlsListening {
    return {
      ...this.#context(role),
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout,
    };
  }

  /**
   * Options of a TLS connection. The other's certificate must be of the authority; its names are
   * not compared, since workers move between hosts and the authority is the cluster's own, unless
   * `serverName` says which name it must have.
   */
  connectOptions(role: Role, serverName?: string): TlsDialing {
    return {
      ...this.#context(role),
      rejectUnauthorized: true,
      ...(serverName === undefined
        ? { checkServerIdentity: () => undefined }
        : { servername: serverName }),
    };
  }

  toString(): string {
    const names = OPTION_NAMES.filter((name) => this.options[name] !== undefined);
    return `Security(${names.join(", ")})`;
  }
}
inspectAsText(Security.prototype);

const NAMES_OF = {
  scheduler: ["tlsSchedulerCert", "tlsSchedulerKey"],
  worker: ["tlsWorkerCert", "tlsWorkerKey"],
  client: ["tlsClientCert", "tlsClientKey"],
} as const;

function readPem(name: string, given: string): string {
  if (given.includes("-----BEGIN ")) return given;
  let text: string;
  try {
    text = readFileSync(given, "utf8");
  } catch (cause) {
    throw new HeddleError("FileNotFound", `Security: ${name} "${given}" cannot be read`, { cause });
  }
  if (text.includes("-----BEGIN ")) return text;
  throw new HeddleError("FileInvalid", `Security: ${name} "${given}" holds no PEM`);
}

const BOTH = ["tlsCert", "tlsKey"] as const;

/** Throws `InvalidArgument` for what no TLS connection can be made with, such as another's key. */
function checkUsable(
  context: TlsContext,
  [certName, keyName]: readonly [string, string],
  role: Role,
): void {
  try {
    process.getBuiltinModule("node:tls").createSecureContext(context);
  } catch (cause) {
    const { code = "", message } = cause as NodeJS.ErrnoException;
    const why = code.includes("KEY_VALUES_MISMATCH")
      ? `${keyName} is not the key of ${certName}`
      : `${certName}, ${keyName}, tlsCaFile or tlsCiphers is of no use (${message})`;
    throw new HeddleError(
      "InvalidArgument",
      `Security: no TLS for the ${role}: ${why}. Give the certificate and the key that were made ` +
        "together, as PEM, the key without a password",
      { cause, fields: { role, reason: code } },
    );
  }
}

/** OpenSSL's and Node's words for a certificate that is refused, by either side. */
const CERTIFICATE_TROUBLE = /CERT|SELF_SIGNED|ISSUER|PURPOSE|TLS_|SSL|ALERT/;

/** OpenSSL's word for what is no TLS at all. */
const NO_TLS = "ERR_SSL_WRONG_VERSION_NUMBER";

/** The error of a TLS handshake in which one side did not accept the other's certificate, if so. */
export function certificateRefused(
  remote: string,
  cause: Error,
): HeddleError<"AuthFailed"> | undefined {
  const { code = "" } = cause as NodeJS.ErrnoException;
  if (code === NO_TLS) {
    return new HeddleError(
      "AuthFailed",
      `No TLS connection with ${remote}: what the other side says is not TLS. Both sides use an ` +
        "address of the same kind: tls:// where the scheduler has certificates, else tcp://",
      { fields: { address: remote, reason: code } },
    );
  }
  if (!CERTIFICATE_TROUBLE.test(code)) return undefined;
  return new HeddleError(
    "AuthFailed",
    `No TLS connection with ${remote}: ${cause.message}. Both sides need a certificate of the same ` +
      "authority that has not expired",
    { cause, fields: { address: remote, reason: code } },
  );
}
