/**
 * @file Bags from values: sequences, numbers, delayed parts.
 */
import { identity } from "../cluster/run-collections.ts";
import { type Collection, isCollection } from "../core/collection.ts";
import { HeddleError } from "../core/errors.ts";
import { checkOptionNames } from "../core/options.ts";
import { referToAll } from "../functions/index.ts";
import { Bag } from "./bag.ts";
import * as self from "./create.ts";
import { onlyOutput } from "./item.ts";
import { columnEntry, dependency, makeParts, Node, sourceParts } from "./parts.ts";
import { toArray } from "./steps.ts";

/** How a sequence is cut. Give one of the two, or neither for about 100 partitions. */
export interface PartitionOptions {
  /** Number of partitions; fewer when there are fewer items. Default: one per item up to 100. */
  readonly npartitions?: number;
  /** Number of items in each partition but the last. */
  readonly partitionSize?: number;
}

/**
 * A bag of the items of an iterable, cut into partitions of nearly equal length.
 *
 * @example
 * import { fromSequence } from "heddle/bag";
 * const numbers = fromSequence([1, 2, 3], { npartitions: 2 });
 * console.log(await numbers.map((x) => x * x).compute()); // [ 1, 4, 9 ]
 */
export function fromSequence<T>(items: Iterable<T>, options: PartitionOptions = {}): Bag<T> {
  if (items === null || typeof Object(items)[Symbol.iterator] !== "function") {
    throw new HeddleError(
      "InvalidArgument",
      `fromSequence takes an array or another iterable, not ${items === null ? "null" : typeof items}` +
        "; for the integers up to a number use range",
    );
  }
  const all = Array.from(items);
  const starts = partitionStarts(all.length, options);
  const parts = starts.map((start, i) => all.slice(start, starts[i + 1]));
  return new Bag<T>(
    new Node(parts.length, () =>
      sourceParts(parts.length, {
        word: "sequence",
        kind: "data",
        fn: identity,
        args: [columnEntry(0)],
        columns: [{ kind: "value", data: parts }],
      }),
    ),
  );
}

/**
 * The integers 0..count-1, made where they are used. Default: 100 partitions, or `count` if that is
 * less.
 */
export function range(count: number, options: PartitionOptions = {}): Bag<number> {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new HeddleError(
      "InvalidArgument",
      `range was given ${count}; it takes the number of integers, 0 or more`,
    );
  }
  const starts = Float64Array.from(partitionStarts(count, options));
  const ends = Float64Array.from([...starts.slice(1), count]);
  return new Bag<number>(
    new Node(starts.length, () =>
      sourceParts(starts.length, {
        word: "range",
        fn: integersBetween,
        fused: streamIntegers,
        args: [columnEntry(0), columnEntry(1)],
        columns: [
          { kind: "number", data: starts },
          { kind: "number", data: ends },
        ],
      }),
    ),
  );
}

/** Task: integers from `start` up to `end`. */
export function integersBetween(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i);
}

/** The same, one by one. */
export function* streamIntegers(start: number, end: number): Generator<number> {
  for (let i = start; i < end; i++) yield i;
}

/**
 * A bag whose partitions are the values of delayed calls, each an array or another iterable of
 * items.
 *
 * @example
 * import { delayed } from "heddle";
 * import { fromDelayed } from "heddle/bag";
 * const load = delayed((n: number) => [n, n + 1]);
 * console.log(await fromDelayed([load(1), load(5)]).compute()); // [ 1, 2, 5, 6 ]
 */
export function fromDelayed<T>(
  values: Collection<Iterable<T>> | readonly Collection<Iterable<T>>[],
): Bag<T> {
  const list = isCollection(values) ? [values] : [...values];
  for (const value of list) {
    if (!isCollection(value)) {
      throw new HeddleError(
        "InvalidArgument",
        `fromDelayed takes delayed values, but was given ${typeof value}; for plain values use fromSequence`,
      );
    }
  }
  if (list.length === 0) return fromSequence<T>([]);
  return new Bag<T>(
    new Node(list.length, () =>
      makeParts({
        word: "from-delayed",
        kind: "blockwise",
        fn: toArray,
        args: [dependency(0)],
        deps: list.map((value) => [onlyOutput(value)]),
      }),
    ),
  );
}

/** A bag of the lines of web pages, one partition per address, fetched by the tasks. */
export function fromUrl(urls: string | URL | readonly (string | URL)[]): Bag<string> {
  const list = (Array.isArray(urls) ? (urls as (string | URL)[]) : [urls as string | URL]).map(
    String,
  );
  for (const url of list) {
    if (/^https?:/.test(url)) continue;
    throw new HeddleError(
      "InvalidArgument",
      `fromUrl was given ${JSON.stringify(shownUrl(url))}; it takes http: and https: addresses. For files use readText`,
    );
  }
  if (list.length === 0) return fromSequence<string>([]);
  return new Bag<string>(
    new Node(list.length, () =>
      sourceParts(list.length, {
        word: "from-url",
        fn: fetchLines,
        args: [columnEntry(0)],
        columns: [{ kind: "value", data: list }],
        pure: false,
      }),
    ),
  );
}

/** Task: the lines of one page. */
export async function fetchLines(url: string): Promise<string[]> {
  const shown = shownUrl(url);
  const response = await request(url).catch((cause: unknown) => {
    const { message, cause: reason } = cause as Error;
    const why = reason instanceof Error ? reason.message : message;
    throw new HeddleError("ConnectFailed", `${shown} could not be fetched: ${why}`, {
      fields: { url: shown },
    });
  });
  if (!response.ok) {
    const status = `${response.status} ${response.statusText}`;
    throw new HeddleError("FileInvalid", `${shown} answered ${status}`, {
      fields: { url: shown, status: response.status },
    });
  }
  const lines = (await response.text()).split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** The page of an address; name and password go into a header, as `fetch` wants them. */
async function request(url: string): Promise<Response> {
  const bare = new URL(url);
  const { username, password } = bare;
  if (username === "" && password === "") return await fetch(bare);
  bare.username = "";
  bare.password = "";
  const secret = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const authorization = `Basic ${Buffer.from(secret).toString("base64")}`;
  return await fetch(bare, { headers: { authorization } });
}

/** An address as messages may show it: without names, passwords and what follows "?". */
function shownUrl(url: string): string {
  return url.replace(/^([a-z][a-z\d+.-]*:\/\/)[^/?#]*@/i, "$1").replace(/[?#].*$/s, "");
}

/** First index of each partition. */
function partitionStarts(length: number, options: PartitionOptions): number[] {
  checkOptionNames("a bag's source", options, ["npartitions", "partitionSize"]);
  const { npartitions, partitionSize } = options;
  if (npartitions !== undefined && partitionSize !== undefined) {
    throw new HeddleError(
      "InvalidArgument",
      "both npartitions and partitionSize are given; the one follows from the other, so give one",
    );
  }
  if (partitionSize !== undefined) {
    const size = positive("partitionSize", partitionSize);
    return Array.from({ length: Math.max(1, Math.ceil(length / size)) }, (_, i) => i * size);
  }
  const wanted = npartitions === undefined ? 100 : positive("npartitions", npartitions);
  const count = Math.max(1, Math.min(wanted, length));
  return Array.from({ length: count }, (_, i) => Math.floor((length * i) / count));
}

/** Checks a count that must be a whole number of at least 1. */
export function positive(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new HeddleError(
    "InvalidArgument",
    `${name} is ${String(value)}; it may be any whole number from 1 on`,
  );
}

referToAll(import.meta.url, self);
