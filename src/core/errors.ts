/**
 * @file Every error that Heddle raises on purpose. One class, a code from a closed list, typed
 * fields and a brand, so that a guard works across threads, processes and duplicate copies of the
 * package.
 */

/**
 * What went wrong, as a closed list. The message always says what was given, what is allowed and
 * what to do.
 */
export type ErrorCode =
  | "InvalidArgument"
  | "InvalidShape"
  | "InvalidChunks"
  | "InvalidAxis"
  | "DTypeMismatch"
  | "UnknownColumn"
  | "NotSupported"
  | "CycleInGraph"
  | "MissingKey"
  | "TokenizeFailed"
  | "NotSerializable"
  | "ValueCorrupt"
  | "InputMutated"
  | "TaskFailed"
  | "Cancelled"
  | "Lost"
  | "Unreachable"
  | "KilledWorker"
  | "Reschedule"
  | "Retry"
  | "NoLauncher"
  | "NoWorkers"
  | "WorldTooSmall"
  | "ResourceUnsatisfied"
  | "MemoryLimit"
  | "SpillFailed"
  | "JobFailed"
  | "JournalFailed"
  | "JournalDamaged"
  | "ConnectFailed"
  | "CommClosed"
  | "TransferFailed"
  | "ProtocolError"
  | "ProtocolMismatch"
  | "VersionMismatch"
  | "Timeout"
  | "AuthFailed"
  | "ConfigInvalid"
  | "ConfigUnknownKey"
  | "FileNotFound"
  | "FileInvalid"
  | "UnsafeInteger"
  | "InvariantViolated"
  | "InvalidTransition";

const BRAND: symbol = Symbol.for("heddle.error");

/** Base of all Heddle errors; tell them apart by `code`, best through {@link isHeddleError}. */
export class HeddleError<C extends ErrorCode = ErrorCode> extends Error {
  readonly code: C;
  /** Facts about the error, by name: plain JSON values only, so that they travel. */
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(
    code: C,
    message: string,
    options: { cause?: unknown; fields?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.fields = options.fields ?? {};
    this.name = code;
  }
}
Object.defineProperty(HeddleError.prototype, BRAND, { value: true });

/**
 * True when `error` is a Heddle error (of the given code, if one is given), whichever copy of the
 * package made it.
 *
 * @example
 * import { isHeddleError } from "heddle";
 * const error: unknown = new RangeError("not ours");
 * console.log(isHeddleError(error, "TaskFailed")); // false
 */
export function isHeddleError<C extends ErrorCode>(
  error: unknown,
  code?: C,
): error is HeddleError<C> {
  if (typeof error !== "object" || error === null || !(BRAND in error)) return false;
  return code === undefined || (error as HeddleError).code === code;
}

/**
 * Throws `InvariantViolated` when a condition that must hold in correct code does not: our bug,
 * never the user's.
 */
export function assert(condition: unknown, message: string): asserts condition {
  if (condition) return;
  throw new HeddleError(
    "InvariantViolated",
    `${message}. This is a bug in Heddle: please report it.`,
  );
}

/**
 * The name among `known` nearest to `given` by edit distance, or undefined when none is near: at
 * least half of it must be as it was given.
 */
export function nearestName(given: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(given.length / 3)) + 1;
  for (const name of known) {
    const distance = editDistance(given.toLowerCase(), name.toLowerCase(), bestDistance);
    const isNear = 2 * distance <= Math.max(given.length, name.length);
    if (isNear && distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

/** Letters that were left out, added, replaced, or swapped with their neighbour. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? (before[j - 2] ?? 0) + 1 : limit;
      row.push(Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, replaced, swapped));
    }
    before = previous;
    previous = row;
  }
  return previous[b.length] ?? limit;
}

/** Longest text of a path in a message. */
const PATH_MAX = 160;

/** A path as messages show it: of a long one, the two ends. */
export function shortPath(path: string): string {
  if (path.length <= PATH_MAX) return path;
  const half = PATH_MAX / 2;
  return `${path.slice(0, half)}…${path.slice(-half)}`;
}
