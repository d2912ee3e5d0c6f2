/**
 * @file How much the coordination machine keeps at most, and the checks of what it is asked with. A
 * client that goes on asking gets a typed error; it never takes the scheduler's memory.
 */
import { HeddleError } from "../../core/errors.ts";
import type { Payload } from "./events.ts";

export interface CoordinationLimits {
  /** Names of all kinds together; default 1,000,000. */
  readonly namesMax: number;
  /** Characters of a name; default 1024. */
  readonly nameLengthMax: number;
  /** Names of one lock, keys of one metadata path; default 1024. */
  readonly namesAtOnceMax: number;
  /** Requests that wait, of all clients; default 1,000,000. */
  readonly waitingMax: number;
  /** Leases of all clients; default 1,000,000. */
  readonly leasesMax: number;
  /** Bytes of one value; default 1 MiB. Larger ones are scattered, and their future is passed. */
  readonly valueBytesMax: number;
  /** Bytes of all values, histories and metadata; default 256 MiB. */
  readonly bytesMax: number;
  /** Events that a topic remembers; default 1000. */
  readonly topicEventsMax: number;
  /** Bytes that a topic remembers; default 4 MiB. */
  readonly topicBytesMax: number;
}

export const DEFAULT_LIMITS: CoordinationLimits = {
  namesMax: 1_000_000,
  nameLengthMax: 1024,
  namesAtOnceMax: 1024,
  waitingMax: 1_000_000,
  leasesMax: 1_000_000,
  valueBytesMax: 2 ** 20,
  bytesMax: 2 ** 28,
  topicEventsMax: 1000,
  topicBytesMax: 2 ** 22,
};

/** What keeping a value costs beside its bytes. */
const PAYLOAD_OVERHEAD_BYTES = 64;

export function payloadBytes({ bytes, tasks }: Payload): number {
  return bytes.length + tasks.byteLength + PAYLOAD_OVERHEAD_BYTES;
}

export function refuse(code: "InvalidArgument" | "MemoryLimit", message: string): HeddleError {
  return new HeddleError(code, message);
}

/** Throws `InvalidArgument` unless it is a name. */
export function checkName(limits: CoordinationLimits, what: string, name: unknown): void {
  if (typeof name !== "string" || name.length === 0) {
    throw refuse("InvalidArgument", `the name of a ${what} is a text that is not empty`);
  }
  if (name.length > limits.nameLengthMax) {
    const most = limits.nameLengthMax;
    throw refuse(
      "InvalidArgument",
      `the name of a ${what} has ${name.length} characters; at most ${most} are allowed`,
    );
  }
}

/** Throws `InvalidArgument` unless there are some names, and not too many. */
export function checkNames(
  limits: CoordinationLimits,
  what: string,
  names: readonly string[],
): void {
  if (names.length === 0 || names.length > limits.namesAtOnceMax) {
    const most = limits.namesAtOnceMax;
    throw refuse("InvalidArgument", `${names.length} names of a ${what}; 1 to ${most} are allowed`);
  }
  for (const name of names) checkName(limits, what, name);
}

/** Throws `InvalidArgument` unless it is a whole number from `least` on. */
export function checkCount(what: string, count: number, least: number): void {
  if (Number.isSafeInteger(count) && count >= least) return;
  throw refuse("InvalidArgument", `${what} is ${count}; it is a whole number from ${least} on`);
}

/** Throws `InvalidArgument` unless it is a number of milliseconds, or absent. */
export function checkTime(what: string, timeMs: number | undefined, least = 0): void {
  if (timeMs === undefined || (typeof timeMs === "number" && timeMs >= least)) return;
  throw refuse(
    "InvalidArgument",
    `${what} is ${timeMs}; it is a number of milliseconds from ${least} on`,
  );
}
