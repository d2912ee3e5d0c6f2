/** @file What both sides of a connection are told, and the limits that hold unless they are. */
import { HeddleError } from "../core/errors.ts";
import { BODY_MAX, type SessionOptions } from "../protocol/index.ts";
import type { Address } from "./addresses.ts";
import type { OwnHello } from "./greeting.ts";
import type { Security } from "./security.ts";
import { checkToken } from "./token.ts";

/** What went wrong with a connection that has no user yet, for a log. */
export interface CommTrouble {
  /** `refused`: told so; `failed`: broke, or talked nonsense. */
  readonly kind: "refused" | "failed";
  /** Who it was with. */
  readonly remote: string;
  readonly error: Error;
}

/** What both sides of a connection are told. */
export interface CommOptions {
  /** What this process says of itself. */
  readonly hello: OwnHello;
  /** The cluster's token; needed unless there is TLS. */
  readonly token?: string | undefined;
  readonly security?: Security | undefined;
  /** When the other side is suspect and when it is lost. */
  readonly session?: SessionOptions;
  /** Time for a handshake (5,000). */
  readonly handshakeMs?: number;
  /** Largest frame of a peer that has proved itself (1 GiB). */
  readonly maxBodyBytes?: number;
  /** Hears of connections that fail before anybody has them. Says nothing unless given. */
  readonly log?: (trouble: CommTrouble) => void;
}

/** Limits that hold unless others are given. */
export const DEFAULTS: { readonly handshakeMs: number; readonly maxBodyBytes: number } = {
  handshakeMs: 5000,
  maxBodyBytes: BODY_MAX,
};

/** Throws `AuthFailed` unless both sides will have to prove who they are. */
export function checkProof(
  address: Address,
  shown: string,
  options: Pick<CommOptions, "token">,
): void {
  if (options.token !== undefined) checkToken(options.token);
  else if (address.scheme === "tcp" || address.scheme === "unix") {
    throw new HeddleError(
      "AuthFailed",
      `${shown} needs the cluster's token: whoever can connect can run code. Give { token: ` +
        "makeToken() } (of heddle/distributed) to all processes of the cluster, by the environment " +
        "variable HEDDLE_TOKEN or a connection file, or use tls:// with certificates",
      { fields: { address: shown } },
    );
  }
}
