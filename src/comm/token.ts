/**
 * @file The cluster's token: a random secret that every process of a cluster holds and that no one
 * sends. It is made by whoever starts the cluster and passed on in the environment or in a file
 * that only the user can read, never on a command line (others see those) and never in a log.
 */
import { randomBytes } from "node:crypto";
import { HeddleError } from "../core/errors.ts";

/** The environment variable that processes inherit the token in. */
export const TOKEN_VARIABLE = "HEDDLE_TOKEN";

/** A shorter token could be guessed by trying: a recorded handshake allows as many as one likes. */
const TOKEN_CHARS_MIN = 16;

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
      `${typeof token === "string" ? `one of ${token.length}` : typeof token}; ` +
      "makeToken() of heddle/distributed makes one",
  );
}

/** The token in the given environment, or undefined when there is none. */
export function tokenFrom(
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const token = environment[TOKEN_VARIABLE];
  return token === undefined || token === "" ? undefined : checkToken(token);
}
