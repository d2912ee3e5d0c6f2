/**
 * @file Values that may hold futures, as payloads: the value's bytes with a place for each future,
 * and the tasks behind these places. Futures and collections are found in arrays and plain objects
 * at any depth.
 */
import { decodeValue, encodeValue, prepareValue } from "../../codec/index.ts";
import { registerClass } from "../../codec/registry.ts";
import { type Collection, isCollection } from "../../core/collection.ts";
import { HeddleError } from "../../core/errors.ts";
import { isPlain } from "../../core/lazy-values.ts";
import type { Payload } from "../../machine/coordination/events.ts";
import { Future, FutureList, isFuture, type Submission } from "../future.ts";
import { loadArrays } from "../link-values.ts";
import { type Asker, submissionOf } from "./asker.ts";
import { withoutStandIns, withStandIns } from "./collections.ts";

/** Stands for a future, or for a list of them, in the bytes of a payload. */
class FuturePlace {
  readonly first: number;
  /** Undefined for a future. */
  readonly count: number | undefined;
  /** The key of each future. */
  readonly keys: readonly string[];

  constructor(first: number, count: number | undefined, keys: readonly string[]) {
    this.first = first;
    this.count = count;
    this.keys = keys;
  }
}
registerClass("heddle/FuturePlace", FuturePlace);

/**
 * The payload of a value, which keeps other futures, too. Waits until the engine knows the futures,
 * which must be this client's. Throws `NotSerializable` for what cannot travel.
 */
export async function payloadOf(
  asker: Asker,
  value: unknown,
  others: readonly Future[] = [],
): Promise<Payload> {
  const tasks: (Promise<Int32Array> | Int32Array)[] = [];
  let count = 0;
  const place = (futures: Future | FutureList): FuturePlace => {
    checkOwner(asker, futures.submission);
    tasks.push(futures.ids());
    const first = count;
    if (isFuture(futures)) {
      count += 1;
      return new FuturePlace(first, undefined, [futures.key]);
    }
    count += futures.length;
    return new FuturePlace(
      first,
      futures.length,
      futures.map(({ key }) => key),
    );
  };
  const placeHeld = (ids: Int32Array): number => {
    tasks.push(ids);
    count += ids.length;
    return count - ids.length;
  };
  const collections = (value: Collection): Collection => {
    return withStandIns(asker.link, value, placeHeld);
  };
  const lifted = holdsLazy(value) ? lift(value, place, collections) : value;
  for (const other of others) tasks.push(other.ids());
  await loadArrays();
  const encoded = encodeValue(lifted);
  const bytes = new Uint8Array(encoded.bytes);
  encoded.writeTo(bytes);
  const ids = await Promise.all(tasks);
  return { bytes, tasks: Int32Array.from(ids.flatMap((some) => [...some])) };
}

/** The value of a payload; its futures are this client's. */
export async function contentOf(asker: Asker, { bytes, tasks }: Payload): Promise<unknown> {
  const { isNDArray } = await loadArrays();
  await prepareValue(bytes);
  const value = decodeValue(bytes);
  if (isNDArray(value)) return value.copy();
  if (tasks.length === 0) return value;
  const submission = submissionOf(asker.link, tasks);
  const futures = ({ first, count, keys }: FuturePlace): unknown => {
    if (count === undefined) return new Future(submission, first, keys[0] as string);
    return new FutureList(submission, first, count, (i) => keys[i] as string);
  };
  return lower(value, futures, (part) => withoutStandIns(asker.link, part, tasks));
}

function holdsItself(): HeddleError<"NotSerializable"> {
  return new HeddleError(
    "NotSerializable",
    "a value that holds itself may hold no futures or collections: give them beside it, as in " +
      "[value, future]",
  );
}

function checkOwner({ link }: Asker, submission: Submission): void {
  if (submission.link === link) return;
  throw new HeddleError("InvalidArgument", "the value holds a future of another client");
}

/** Whether there is a future or collection in the value, which may hold itself. */
function holdsLazy(value: unknown): boolean {
  const seen = new Set<unknown>();
  const left = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next !== "object" || next === null || seen.has(next)) continue;
    if (isFuture(next) || next instanceof FutureList || isCollection(next)) return true;
    seen.add(next);
    if (!Array.isArray(next) && !isPlain(next)) continue;
    const parts: readonly unknown[] = Array.isArray(next) ? next : Object.values(next);
    for (const part of parts) if (typeof part === "object") left.push(part);
  }
  return false;
}

/** A value with places instead of futures; shares whatever holds none. `open`: what it is in. */
function lift(
  value: unknown,
  place: (futures: Future | FutureList) => FuturePlace,
  collection: (value: Collection) => Collection,
  open: ReadonlySet<object> = new Set(),
): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (isFuture(value) || value instanceof FutureList) return place(value);
  if (isCollection(value)) return collection(value);
  if (open.has(value)) throw holdsItself();
  const within = new Set(open).add(value);
  return eachPart(value, (part) => lift(part, place, collection, within));
}

function lower(
  value: unknown,
  futures: (place: FuturePlace) => unknown,
  collection: (value: Collection) => Collection,
): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof FuturePlace) return futures(value);
  if (isCollection(value)) return collection(value);
  return eachPart(value, (part) => lower(part, futures, collection));
}

/** An array or plain object with its parts changed; itself where none is. */
function eachPart(value: object, change: (part: unknown) => unknown): unknown {
  if (Array.isArray(value)) {
    const parts = value.map(change);
    return parts.every((part, i) => part === value[i]) ? value : parts;
  }
  if (!isPlain(value)) return value;
  const entries = Object.entries(value).map(([key, part]) => [key, change(part)] as const);
  return entries.every(([key, part]) => part === value[key]) ? value : Object.fromEntries(entries);
}
