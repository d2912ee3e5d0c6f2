/** @file What a worker says of itself when it connects, and how the scheduler reads it. */
import { HeddleError } from "../core/errors.ts";

/** The facts in a worker's hello. */
export interface WorkerHello {
  /** Unique name, chosen by the user or made from the process. */
  readonly name: string;
  readonly host: string;
  readonly pid: number;
  readonly threads: number;
  /** Of this its values may take so much. */
  readonly memoryLimitBytes: number;
  /** Memory of its process, as it was asked for; where it has none, that of its values. */
  readonly processLimitBytes?: number;
  readonly resources: Readonly<Record<string, number>>;
  /** Where its values are fetched, the best way first. */
  readonly addresses: readonly string[];
  /** Where it shows its state over HTTP, if it does. */
  readonly dashboard?: string;
  /** Process of the worker of the same name whose place it takes, if that is still there. */
  readonly follows?: number;
  /** The supervisor that restarts it, if there is one. */
  readonly supervisor?: string;
}

/** Throws `ProtocolError` when these are not the facts of a worker. */
export function readWorkerHello(facts: unknown): WorkerHello {
  const hello = facts as WorkerHello;
  const isRight =
    typeof facts === "object" &&
    facts !== null &&
    typeof hello.name === "string" &&
    typeof hello.host === "string" &&
    isCount(hello.pid, 0) &&
    (hello.follows === undefined || isCount(hello.follows, 0)) &&
    isCount(hello.threads, 1) &&
    (hello.dashboard === undefined || typeof hello.dashboard === "string") &&
    isCount(hello.memoryLimitBytes, 1) &&
    (hello.processLimitBytes === undefined || isCount(hello.processLimitBytes, 1)) &&
    Array.isArray(hello.addresses) &&
    hello.addresses.length > 0 &&
    hello.addresses.every((address) => typeof address === "string") &&
    typeof hello.resources === "object" &&
    hello.resources !== null &&
    Object.values(hello.resources).every((amount) => typeof amount === "number" && amount >= 0);
  if (isRight) return hello;
  throw new HeddleError("ProtocolError", "a worker's hello lacks its name, threads or addresses");
}

function isCount(value: unknown, least: number): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= least;
}
