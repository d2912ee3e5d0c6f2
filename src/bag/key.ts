/**
 * @file Keys by value. Grouping compares keys by what they hold, as Python does with tuples:
 * `["SFO", 1]` equals another `["SFO", 1]`. `canonicalKey` writes a value as text that is equal
 * exactly for equal values; `hashKey` is a stable hash of that text, so that a key goes to the same
 * partition in every process and version.
 */
import { HeddleError } from "../core/errors.ts";

/**
 * Changes when {@link canonicalKey} or {@link hashKey} do: partitions of different versions must
 * not be mixed.
 */
export const KEY_HASH_VERSION = 1;

const MAX_DEPTH = 200;

/**
 * Text that is equal exactly for keys that are equal. 0 and -0 are one key and so are all NaN; 1,
 * 1n, "1" and true are four. Objects and maps do not depend on the order of their entries, nor sets
 * on theirs. Throws `InvalidArgument` for what has no value to compare: functions, symbols,
 * instances of classes, cycles.
 */
export function canonicalKey(value: unknown): string {
  return write(value, 0);
}

function write(value: unknown, depth: number): string {
  switch (typeof value) {
    case "string":
      return `s${value.length}:${value}`;
    case "number":
      // The shortest text that reads back as the same double is unique; it writes -0 as 0.
      return `n${value};`;
    case "boolean":
      return value ? "t" : "f";
    case "undefined":
      return "u";
    case "bigint":
      return `b${value};`;
    case "object":
      return value === null ? "0" : writeObject(value, depth + 1);
    default:
      throw notAKey(`a ${typeof value}`);
  }
}

function writeObject(value: object, depth: number): string {
  if (depth > MAX_DEPTH)
    throw notAKey(`nested deeper than ${MAX_DEPTH} levels, or contains itself`);
  const inner = (item: unknown): string => write(item, depth);
  if (Array.isArray(value)) return `[${Array.from(value, inner).join("")}]`;
  if (value instanceof Date) return `d${value.getTime()};`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    const record = value as Record<string, unknown>;
    const keys = Object.keys(record).sort();
    return `{${keys.map((key) => inner(key) + inner(record[key])).join("")}}`;
  }
  if (value instanceof Map) {
    const entries = Array.from(value, ([key, item]) => inner(key) + inner(item)).sort();
    return `m${entries.length}:${entries.join("")}`;
  }
  if (value instanceof Set) return `S${value.size}:${Array.from(value, inner).sort().join("")}`;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    const items = Array.from(value as unknown as ArrayLike<number | bigint>, String);
    return `v${value.constructor.name}${items.length}:${items.join(",")};`;
  }
  throw notAKey(`an instance of ${value.constructor?.name ?? "an unknown class"}`);
}

function notAKey(what: string): HeddleError<"InvalidArgument"> {
  return new HeddleError(
    "InvalidArgument",
    `a key is ${what}; keys are compared by value, so they may be numbers, strings, booleans, dates, null, ` +
      "and arrays, plain objects, maps and sets of those",
  );
}

/**
 * A 32-bit hash of a key's value (version {@link KEY_HASH_VERSION}): FNV-1a over UTF-16 units, with
 * Murmur3's mix.
 */
export function hashKey(value: unknown): number {
  const text = canonicalKey(value);
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** One entry of a {@link KeyMap}. */
export interface KeyEntry<K, V> {
  readonly key: K;
  value: V;
}

/**
 * A map by value, in the order in which keys first came. The first of several equal keys is the one
 * kept.
 */
export class KeyMap<K, V> {
  /**
   * Primitive keys as they are: `Map` compares them as {@link canonicalKey} does, and much faster.
   */
  readonly #simple = new Map<K, KeyEntry<K, V>>();
  readonly #structured = new Map<string, KeyEntry<K, V>>();
  readonly #entries: KeyEntry<K, V>[] = [];

  get size(): number {
    return this.#entries.length;
  }

  /** The entry of `key`, or undefined. */
  entry(key: K): KeyEntry<K, V> | undefined {
    return isStructured(key) ? this.#structured.get(canonicalKey(key)) : this.#simple.get(key);
  }

  /** The entry of `key`, made with `initial()` when there is none. */
  entryOr(key: K, initial: () => V): KeyEntry<K, V> {
    if (!isStructured(key)) {
      const known = this.#simple.get(key);
      if (known !== undefined) return known;
      const made = this.#add(key, initial());
      this.#simple.set(key, made);
      return made;
    }
    const text = canonicalKey(key);
    const known = this.#structured.get(text);
    if (known !== undefined) return known;
    const made = this.#add(key, initial());
    this.#structured.set(text, made);
    return made;
  }

  /** All entries, in the order in which their keys first came. */
  entries(): readonly KeyEntry<K, V>[] {
    return this.#entries;
  }

  /** All entries as pairs. */
  pairs(): [K, V][] {
    return this.#entries.map(({ key, value }) => [key, value]);
  }

  #add(key: K, value: V): KeyEntry<K, V> {
    const entry = { key, value };
    this.#entries.push(entry);
    return entry;
  }
}

function isStructured(key: unknown): boolean {
  switch (typeof key) {
    case "object":
      return key !== null;
    case "function":
    case "symbol":
      return true;
    default:
      return false;
  }
}

/** How users name a key: a function of the item, or the name or position of one of its parts. */
export type KeyOf<T> = ((item: T) => unknown) | PropertyKey;

/** The function that a key name stands for. */
export function keyFunction<T>(key: KeyOf<T>): (item: T) => unknown {
  if (typeof key === "function") return key;
  return (item) => (item as Record<PropertyKey, unknown>)[key];
}
