/**
 * @file The cluster's token: a random secret that every process of a cluster holds and that no one
 * sends. It is made by whoever starts the cluster and passed on in the environment or in a file that
 * only the user can read, never on a command line (others see those) and never in a log.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { HeddleError } from "../core/errors.ts";

/** The environment variable that processes inherit the token in. */
export const TOKEN_VARIABLE = "HEDDLE_TOKEN";

/** A shorter token could be guessed by trying: a recorded handshake allows as many as one likes. */
const TOKEN_CHARS_MIN = 16;

/** Nonces of both sides, in bytes. */
export const NONCE_BYTES = 32;

/** A new token: 32 random bytes as text. */
export function makeToken(): string {
  return randomBytes(32).toString("base64url");
}

/** Throws `InvalidArgument` when the token is too short to be secret. The token is not shown. */
export function checkToken(token: string): string {
  if (typeof token === "string" && token.length >= TOKEN_CHARS_MIN) return token;
  throw new HeddleError(
    "InvalidArgument",
    `A cluster's token is a text of at least ${TOKEN_CHARS_MIN} characters, not ` +
      `${typeof token === "string" ? `one of ${token.length}` : typeof token}; makeToken() makes one`,
  );
}

/** The token in the given environment, or undefined when there is none. */
export function tokenFrom(environment: NodeJS.ProcessEnv): string | undefined {
  const token = environment[TOKEN_VARIABLE];
  return token === undefined || token === "" ? undefined : checkToken(token);
}

/** What a proof is about, so that one can never serve as another. */
export interface ProofFacts {
  /** Who proves. */
  readonly by: "listener" | "connector";
  /** The kind of connection. */
  readonly purpose: string;
  readonly connectorNonce: string;
  readonly listenerNonce: string;
  /** Keying material of the TLS connection underneath; empty without TLS. */
  readonly channel: string;
  /** What the prover says of itself: it cannot be changed on the way. */
  readonly statement: string;
}

/** Proof of knowing the token, bound to both nonces, the role, the connection and a statement. */
export function prove(token: string, facts: ProofFacts): string {
  const parts = [
    "heddle handshake 1",
    facts.by,
    facts.purpose,
    facts.connectorNonce,
    facts.listenerNonce,
    facts.channel,
    createHash("sha256").update(facts.statement).digest("hex"),
  ];
  // Lengths before the parts: no two lists of parts have the same text.
  const text = parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join("|");
  return createHmac("sha256", token).update(text).digest("hex");
}

/** Whether the proof is the right one; takes the same time wherever they differ. */
export function isProof(token: string, facts: ProofFacts, proof: unknown): boolean {
  if (typeof proof !== "string") return false;
  const expected = Buffer.from(prove(token, facts), "utf8");
  const given = Buffer.from(proof, "utf8");
  return given.length === expected.length && timingSafeEqual(given, expected);
}
