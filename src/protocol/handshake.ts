/**
 * @file What two sides say before they trust each other, one frame each: the dialer's hello, the
 * listener's challenge (with its own proof), the dialer's proof, and welcome or refused. Each proof
 * is a MAC over `transcript`, so neither side can be made to sign for the other, nor for another
 * pair of nonces or another hello. A hello starts with a magic word and the protocol version, which
 * every version keeps: two versions can always tell each other that they differ.
 */
import { type ErrorCode, HeddleError, isHeddleError } from "../core/errors.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import {
  bytesOf,
  type Codec,
  f64,
  jsonOf,
  type OptionalCodec,
  oneOf,
  optional,
  record,
  textOf,
} from "./fields.ts";
import { joinChunks } from "./frames.ts";
import { stringifyJson } from "./json.ts";

/** Version of everything below `comm/`: raised with every change of bytes on the wire. */
export const PROTOCOL_VERSION = 1;

/** "heddle\r\n": also finds out whoever translates line ends. */
const MAGIC: readonly number[] = [0x68, 0x65, 0x64, 0x64, 0x6c, 0x65, 0x0d, 0x0a];

/** What a process is in the cluster. */
export type Role = "scheduler" | "worker" | "client" | "supervisor";

/** Where a broken session may go on. */
export interface ResumePoint {
  /** Id of the session. */
  readonly session: string;
  /** Number of the last frame of messages that the speaker has received. */
  readonly received: number;
  /** The speaker can send again only what follows this number. */
  readonly floor: number;
}

/** Who speaks: the first thing that each side says about itself. */
export interface Hello {
  readonly role: Role;
  /** Whether messages, bulk data or the bytes of another connection will follow. */
  readonly purpose: "control" | "bulk" | "relay";
  /** Name of the speaker, the same after a restart. */
  readonly id: string;
  /** Another one after each restart. */
  readonly incarnation: string;
  /** Version of the package. */
  readonly version: string;
  /** Hash of the code that tasks may refer to; "" when it does not matter. */
  readonly codeHash: string;
  /** 16 to 64 random bytes, used once. */
  readonly nonce: Uint8Array;
  /** Whatever else the other side should know, in JSON of at most 32 KiB. */
  readonly facts: unknown;
  /** The session to go on with; absent for a new one. */
  readonly resume?: ResumePoint;
}

/** The listener's answer to a hello. */
export interface Challenge {
  /** The listener's own hello, encoded: the very bytes that the proofs are made over. */
  readonly hello: Uint8Array;
  /** The listener's proof; empty when there is no token. */
  readonly proof: Uint8Array;
}

/** The dialer's answer to a challenge. */
export interface Proof {
  /** Empty when there is no token. */
  readonly proof: Uint8Array;
}

/** The dialer is taken. */
export interface Welcome {
  /** The session that begins, or that goes on. */
  readonly session: string;
  /** There when the session goes on: send again what follows `received`. */
  readonly resume?: ResumePoint;
}

/** The dialer is not taken, and why. */
export interface Refused {
  readonly code: string;
  readonly message: string;
  readonly fields: unknown;
}

/** What the frames of the handshake say, by the names of the frames. */
export interface Handshake {
  readonly hello: Hello;
  readonly challenge: Challenge;
  readonly proof: Proof;
  readonly welcome: Welcome;
  readonly refused: Refused;
}

const MESSAGE_MAX = 8 * 1024;
const NONCE_MIN = 16;

const name: Codec<string> = textOf({ maxBytes: 256 });
const secret: Codec<Uint8Array> = bytesOf({ maxBytes: 64 });
const facts: Codec<unknown> = jsonOf({ maxBytes: 32 * 1024 });
const resumePoint: Codec<ResumePoint> = record({ session: name, received: f64, floor: f64 });
const resume: OptionalCodec<ResumePoint> = optional(resumePoint);

const CODECS: { readonly [K in keyof Handshake]: Codec<Handshake[K]> } = {
  hello: record({
    role: oneOf("scheduler", "worker", "client", "supervisor"),
    purpose: oneOf("control", "bulk", "relay"),
    id: name,
    incarnation: name,
    version: name,
    codeHash: name,
    nonce: secret,
    facts,
    resume,
  }),
  challenge: record({ hello: bytesOf({ maxBytes: 48 * 1024 }), proof: secret }),
  proof: record({ proof: secret }),
  welcome: record({ session: name, resume }),
  refused: record({ code: name, message: textOf({ maxBytes: MESSAGE_MAX }), fields: facts }),
};

/** The body of a frame of the handshake. */
export function encodeHandshake<K extends keyof Handshake>(
  kind: K,
  value: Handshake[K],
): Uint8Array {
  const writer = new ByteWriter();
  for (const byte of MAGIC) writer.u8(byte);
  writer.u32(PROTOCOL_VERSION);
  CODECS[kind].write(writer, value);
  return joinChunks(writer.take());
}

/**
 * What such a body says. Throws `ProtocolMismatch` when the other side speaks another version (a
 * refusal is read whatever its version), and `ProtocolError` for anything else that is wrong.
 */
export function decodeHandshake<K extends keyof Handshake>(
  kind: K,
  body: Uint8Array,
): Handshake[K] {
  const reader = new ByteReader(body, kind);
  for (const byte of MAGIC) {
    if (reader.u8() !== byte) throw reader.fail("this is not Heddle's protocol");
  }
  const version = reader.u32();
  if (version !== PROTOCOL_VERSION && kind !== "refused") {
    const both = `protocol version ${version} there, ${PROTOCOL_VERSION} here`;
    throw new HeddleError("ProtocolMismatch", `${both}: install one version of Heddle on both.`, {
      fields: { theirs: version, ours: PROTOCOL_VERSION },
    });
  }
  const value = CODECS[kind].read(reader);
  if (reader.left > 0) throw reader.fail(`${reader.left} bytes after the last field`);
  if (kind === "hello") checkHello(value as Hello, reader);
  return value;
}

/** What a side signs: which side it is, and both hellos, byte for byte as they were sent. */
export function transcript(
  side: "dialer" | "listener",
  dialerHello: Uint8Array,
  listenerHello: Uint8Array,
): Uint8Array {
  const writer = new ByteWriter();
  writer.text(`heddle ${side}`, 64);
  writer.u8s(dialerHello);
  writer.u8s(listenerHello);
  return joinChunks(writer.take());
}

/** The error with which `mine` refuses `theirs` because their programs differ, if they do. */
export function versionMismatch(mine: Hello, theirs: Hello): HeddleError | undefined {
  const them = `The ${theirs.role} "${theirs.id}"`;
  if (theirs.version !== mine.version) {
    const message =
      `${them} runs Heddle ${theirs.version}, this ${mine.role} "${mine.id}" runs ` +
      `${mine.version}: install one version on both.`;
    return mismatch(message, mine.version, theirs.version);
  }
  const { codeHash } = theirs;
  if (codeHash === "" || mine.codeHash === "" || codeHash === mine.codeHash) return undefined;
  const message =
    `${them} runs other code (${codeHash}) than this ${mine.role} "${mine.id}" ` +
    `(${mine.codeHash}): install the same package on both.`;
  return mismatch(message, mine.codeHash, codeHash);
}

/** An error as a refusal; what is not an error of Heddle's tells the other side nothing. */
export function refusalOf(error: unknown): Refused {
  if (!isHeddleError(error)) {
    return { code: "ConnectFailed", message: "The other side failed.", fields: {} };
  }
  const { code, message, fields } = error;
  const text = message.length * 3 <= MESSAGE_MAX ? message : `${message.slice(0, 2000)}…`;
  return { code, message: text, fields: isSmall(fields) ? fields : {} };
}

/** The error that a refusal stands for. */
export function errorOfRefusal(refused: Refused): HeddleError {
  const { message } = refused;
  const code = /^[A-Z][A-Za-z]{1,63}$/.test(refused.code) ? refused.code : "ConnectFailed";
  const given = refused.fields;
  const fields = typeof given === "object" && given !== null ? { ...given } : {};
  return new HeddleError(code as ErrorCode, message, { fields });
}

function checkHello(hello: Hello, reader: ByteReader): void {
  if (hello.nonce.length < NONCE_MIN) {
    throw reader.fail(`a nonce of ${hello.nonce.length} bytes, at least ${NONCE_MIN} are wanted`);
  }
}

function isSmall(fields: unknown): boolean {
  try {
    return stringifyJson(fields, "fields").length <= 8 * 1024;
  } catch {
    return false;
  }
}

function mismatch(message: string, ours: string, theirs: string): HeddleError {
  return new HeddleError("VersionMismatch", message, { fields: { ours, theirs } });
}
