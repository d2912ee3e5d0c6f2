/**
 * @file The handshake over a wire. The dialer says hello; the listener answers with its own hello
 * and the proof that it knows the cluster's token; only then the dialer proves the same; the
 * listener answers with welcome, or refuses and says why. Proofs are MACs over both hellos, which
 * hold both nonces, and the keying material of TLS: the token itself is never sent, and no proof is
 * good for another connection, in the other direction, or at the other end of a relay.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { HeddleError, isHeddleError } from "../core/errors.ts";
import {
  decodeHandshake,
  encodeHandshake,
  errorOfRefusal,
  FRAME,
  type Frame,
  type Handshake,
  type Hello,
  refusalOf,
  transcript,
  versionMismatch,
  type Welcome,
} from "../protocol/index.ts";
import { type FrameChannel, unexpected } from "./frame-channel.ts";

/**
 * What a process says of itself; the rest of its hello is the same for all. A dialer says it before
 * the listener has proved who it is: nothing here may be secret.
 */
export type OwnHello = Omit<Hello, "nonce" | "purpose" | "resume">;

const NONCE_BYTES = 32;

/** A hello of its own for each handshake. */
export function makeHello(
  own: OwnHello,
  purpose: Hello["purpose"],
  resume?: Hello["resume"],
): Hello {
  const { role, id, incarnation, version, codeHash, facts } = own;
  return {
    role,
    id,
    incarnation,
    version,
    codeHash,
    facts,
    purpose,
    nonce: randomBytes(NONCE_BYTES),
    ...(resume !== undefined && { resume }),
  };
}

/** Proof of knowing the token; empty where there is none. */
function prove(
  token: string | undefined,
  side: "dialer" | "listener",
  dialerHello: Uint8Array,
  listenerHello: Uint8Array,
  channel: string,
): Uint8Array {
  if (token === undefined) return new Uint8Array();
  const key = createHmac("sha256", token).update(`heddle channel ${channel}`).digest();
  return createHmac("sha256", key)
    .update(transcript(side, dialerHello, listenerHello))
    .digest();
}

/** Compares in a time that does not tell where two proofs differ. */
function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function read<K extends keyof Handshake>(kind: K, frame: Frame): Handshake[K] {
  if (frame.type === FRAME.refused && kind !== "refused") {
    throw errorOfRefusal(decodeHandshake("refused", frame.body));
  }
  if (frame.type !== FRAME[kind]) throw unexpected(frame, kind);
  return decodeHandshake(kind, frame.body);
}

/** Throws `ProtocolError` with the address when something else than Heddle listens there. */
async function firstAnswer(channel: FrameChannel): Promise<Handshake["challenge"]> {
  try {
    return read("challenge", await channel.next());
  } catch (error) {
    if (!isHeddleError(error, "ProtocolError")) throw error;
    const { remote } = channel.wire;
    throw new HeddleError(
      "ProtocolError",
      `What listens at ${remote} does not answer as a process of a Heddle cluster: ` +
        `${error.message.replace(/\.+$/, "")}. Look up the scheduler's address in what it printed, ` +
        "or use { schedulerFile }; the port of its dashboard is another one.",
      { cause: error, fields: { address: remote } },
    );
  }
}

/** The dialer's side. Throws `AuthFailed`, or the error with which the listener refuses. */
export async function greetListener(
  channel: FrameChannel,
  hello: Hello,
  token: string | undefined,
  trustedBodyBytes: number,
): Promise<{ readonly peer: Hello; readonly welcome: Welcome }> {
  const { wire } = channel;
  const mine = encodeHandshake("hello", hello);
  channel.send(FRAME.hello, mine);
  const challenge = await firstAnswer(channel);
  const theirs = challenge.hello;
  const peer = decodeHandshake("hello", theirs);
  const expected = prove(token, "listener", mine, theirs, wire.channel);
  if (!isEqual(expected, challenge.proof)) {
    throw new HeddleError(
      "AuthFailed",
      `${wire.remote} does not prove that it knows the token of this cluster: ` +
        (challenge.proof.length === 0
          ? "it has none. Give both the same token, or neither and certificates to both"
          : token === undefined
            ? "this process has no token. Pass it on in the environment or a connection file"
            : "the tokens differ"),
      { fields: { address: wire.remote } },
    );
  }
  channel.awaitWelcome(trustedBodyBytes);
  const proof = prove(token, "dialer", mine, theirs, wire.channel);
  channel.send(FRAME.proof, encodeHandshake("proof", { proof }));
  const welcome = read("welcome", await channel.next());
  return { peer, welcome };
}

/**
 * The listener's side, up to knowing who the dialer is; `welcome` or `refuse` is to follow. Throws
 * what is to be refused.
 */
export async function greetDialer(
  channel: FrameChannel,
  own: OwnHello,
  token: string | undefined,
): Promise<Hello> {
  const { wire } = channel;
  const frame = await channel.next();
  const hello = read("hello", frame);
  const mine = makeHello(own, hello.purpose);
  const mineBytes = encodeHandshake("hello", mine);
  const proof = prove(token, "listener", frame.body, mineBytes, wire.channel);
  channel.send(FRAME.challenge, encodeHandshake("challenge", { hello: mineBytes, proof }));
  const answer = read("proof", await channel.next());
  const expected = prove(token, "dialer", frame.body, mineBytes, wire.channel);
  if (!isEqual(expected, answer.proof)) {
    const why = answer.proof.length === 0 ? "it gave no proof" : "its proof is wrong";
    throw new HeddleError(
      "AuthFailed",
      `The ${hello.role} does not prove that it knows the token of this cluster: ${why}`,
    );
  }
  const mismatch = versionMismatch(mine, hello);
  if (mismatch !== undefined) throw mismatch;
  return hello;
}

/** Takes the dialer. */
export function welcome(channel: FrameChannel, welcome: Welcome): void {
  channel.send(FRAME.welcome, encodeHandshake("welcome", welcome));
}

/**
 * Tells the dialer why it is not taken, and ends the connection; in so long at the latest, whether
 * or not the dialer listens.
 */
export function refuse(channel: FrameChannel, error: unknown, withinMs: number): void {
  const { wire } = channel;
  if (wire.isClosed) return;
  channel.send(FRAME.refused, encodeHandshake("refused", refusalOf(error)));
  const late = setTimeout(() => wire.destroy(), withinMs).unref();
  wire.onBytes = () => undefined;
  wire.onClosed = () => clearTimeout(late);
  wire.end();
}
