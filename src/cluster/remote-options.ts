/**
 * @file How a scheduler elsewhere is reached, and what it says beside the news of tasks. Without
 * anything of Node's, whose types programs need not know.
 */
import type { Security } from "../comm/security.ts";
import type { HeddleError } from "../core/errors.ts";
import type { ClusterSize } from "./wire/client-messages.ts";

export interface RemoteOptions {
  /** Where the scheduler listens. */
  readonly address: string;
  readonly token?: string | undefined;
  readonly security?: Security | undefined;
  /** Time for the first connection; default 30,000. */
  readonly connectMs?: number | undefined;
  /** What the connection file says of the configuration of workers. */
  readonly configuration?: string | undefined;
  /** Name of the worker in whose task thread the client is, if it is in one. */
  readonly worker?: string;
}

/** What the scheduler says beside the news of tasks. */
export interface RemoteListener {
  /** Workers have come or gone. */
  size(size: ClusterSize): void;
  warn(message: string): void;
  /** The connection is over. */
  closed(reason: HeddleError | string): void;
  /** The tasks that the client refers to, and those of them that have not settled. */
  referred(): Int32Array;
  isPending(id: number): boolean;
}
