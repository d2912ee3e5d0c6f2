/**
 * @file Content tokens: equal values give equal 128-bit names, in every process and on every
 * machine. A value is written as a canonical stream of words, each kind behind its own tag, and
 * hashed (`hash.ts`). In `tokenize`, plain objects, maps and sets do not depend on insertion order,
 * as in `dask.tokenize`. In `tokenizeCall`, which names calls by what their functions are given,
 * everything counts that a function can see: `Object.keys` gives another result for another order.
 * What cannot be named by its content (a promise, a weak map, hidden private fields) is refused by
 * its path instead of being guessed; Dask falls back to random names there.
 */
import { builtinPath, sourceOf } from "./builtins.ts";
import { isCollection } from "./collection.ts";
import { HeddleError, isHeddleError, shortPath } from "./errors.ts";
import { keyOf, type TaskRef } from "./graph.ts";
import { Hash128 } from "./hash.ts";
import { isSingleTask, TASK } from "./single-task.ts";

/** Method by which a class says what its content is: its result is tokenized in its place. */
export const TOKEN: unique symbol = Symbol.for("heddle.token") as never;

/** Longest chain of nested values; a longer one is refused rather than overflowing the stack. */
const MAX_DEPTH = 1000;

/** Tags are part of the format: never renumber, only append. */
const TAG = {
  undefined: 1,
  null: 2,
  false: 3,
  true: 4,
  number: 5,
  bigint: 6,
  string: 7,
  symbol: 8,
  array: 9,
  hole: 10,
  object: 11,
  map: 12,
  set: 13,
  date: 14,
  regexp: 15,
  error: 16,
  view: 17,
  buffer: 18,
  sharedBuffer: 19,
  instance: 20,
  custom: 21,
  function: 22,
  builtin: 23,
  collection: 24,
  cycle: 25,
  boxed: 26,
  url: 27,
  sparse: 28,
  end: 29,
  registered: 30,
  reference: 31,
  bare: 32,
  derived: 33,
} as const;

type AnyFunction = (...args: never[]) => unknown;
type FunctionToken = (fn: AnyFunction) => unknown;
let functionToken: FunctionToken | undefined;

/**
 * Installs what stands for a function in tokens, so that captured variables count (`functions/`
 * does so). The result is tokenized; `undefined` means the source text alone, which is what is used
 * as long as nothing is installed.
 */
export function registerFunctionToken(token: FunctionToken | undefined): void {
  functionToken = token;
}

/** What stands for an instance whose class says how it travels. */
export interface InstanceContent {
  /** Name under which the class is known. */
  readonly name: string;
  /** What the class makes of the instance. */
  readonly state: unknown;
}

type InstanceToken = (value: object) => InstanceContent | undefined;
let instanceToken: InstanceToken | undefined;

/**
 * Installs what stands for instances of classes that have a codec (`codec/` does so); `undefined`
 * means their own fields.
 */
export function registerInstanceToken(token: InstanceToken): void {
  instanceToken = token;
}

const pool: Hash128[] = [];

/**
 * The content token of the values, 32 hex digits: the same for equal values in every process and on
 * every machine. In what order plain objects, maps and sets were filled does not count here; it
 * does in the keys of calls (`tokenizeCall`), whose functions can see it. Throws `TokenizeFailed`,
 * naming the path, for what has no content that can be read.
 *
 * @example
 * import { tokenize } from "heddle";
 * console.log(tokenize({ a: 1, b: [2] }) === tokenize({ b: [2], a: 1 })); // true
 */
export function tokenize(...values: readonly unknown[]): string {
  return digestOf((hash) => {
    const writer = new Writer(hash, false);
    for (const value of values) writer.write(value);
  });
}

/**
 * The token of what a call is made of, each value as the task will get it: as `tokenize`, but the
 * order of keys and entries, classes and prototypes, and which objects are the same object within
 * one value, count too.
 */
export function tokenizeCall(...values: readonly unknown[]): string {
  return digestOf((hash) => {
    const writer = new Writer(hash, true);
    for (const value of values) writer.writeAlone(value);
  });
}

function digestOf(fill: (hash: Hash128) => void): string {
  const hash = pool.pop() ?? new Hash128();
  try {
    fill(hash);
    return hash.digest();
  } finally {
    hash.reset();
    pool.push(hash);
  }
}

class Writer {
  readonly #hash: Hash128;
  /** Whether everything counts that a function can see; if not, order does not. */
  readonly #exact: boolean;
  /**
   * Objects being written, outermost first: a repeated one is a cycle, written as the number of
   * steps up.
   */
  readonly #open: object[];
  /** Exact: the objects met so far, numbered; another meeting is written as the number. */
  #met: Map<object, number> | undefined;
  /** Where the current value is, for messages. */
  readonly #path: string[];

  constructor(hash: Hash128, exact: boolean, ancestors?: Writer) {
    this.#hash = hash;
    this.#exact = exact;
    this.#open = ancestors === undefined ? [] : ancestors.#open;
    this.#path = ancestors === undefined ? [] : ancestors.#path;
  }

  write(value: unknown): void {
    const hash = this.#hash;
    switch (typeof value) {
      case "undefined":
        hash.word(TAG.undefined);
        break;
      case "boolean":
        hash.word(value ? TAG.true : TAG.false);
        break;
      case "number":
        hash.word(TAG.number);
        hash.double(value);
        break;
      case "string":
        this.#tagged(TAG.string, value);
        break;
      case "bigint":
        this.#tagged(TAG.bigint, value.toString(16));
        break;
      case "symbol":
        this.#symbol(value);
        break;
      case "function":
        this.#function(value as AnyFunction);
        break;
      case "object":
        if (value === null) hash.word(TAG.null);
        else this.#nested(value);
    }
  }

  /** Writes a value that travels alone: an object in two such values becomes two. */
  writeAlone(value: unknown): void {
    this.#met = undefined;
    this.write(value);
  }

  #tagged(tag: number, text: string): void {
    this.#hash.word(tag);
    this.#hash.text(text);
  }

  #at(step: string, value: unknown): void {
    this.#path.push(step);
    this.write(value);
    this.#path.pop();
  }

  #nested(value: object): void {
    const open = this.#open;
    if (this.#exact ? this.#isMet(value) : this.#isOpen(value)) return;
    if (open.length >= MAX_DEPTH) throw this.#refuse(`is nested deeper than ${MAX_DEPTH} levels`);
    open.push(value);
    this.#object(value);
    open.pop();
  }

  /** Writes how many steps above an object is that is being written. */
  #isOpen(value: object): boolean {
    const above = this.#open.lastIndexOf(value);
    if (above < 0) return false;
    this.#hash.word(TAG.cycle);
    this.#hash.word(this.#open.length - above);
    return true;
  }

  /** Writes the number of an object met before; otherwise numbers it. */
  #isMet(value: object): boolean {
    this.#met ??= new Map();
    const number = this.#met.get(value);
    if (number === undefined) {
      this.#met.set(value, this.#met.size);
      return false;
    }
    this.#hash.word(TAG.reference);
    this.#hash.word(number);
    return true;
  }

  #object(value: object): void {
    const custom = (value as { [TOKEN]?: unknown })[TOKEN];
    if (typeof custom === "function") {
      this.#hash.word(TAG.custom);
      this.write(custom.call(value));
    } else if (Array.isArray(value)) {
      if (value.constructor !== Array) this.#derived(value, "Array");
      this.#array(value);
    } else if (isPlain(value)) {
      const bare = this.#exact && Object.getPrototypeOf(value) === null;
      this.#hash.word(bare ? TAG.bare : TAG.object);
      this.#fields(value);
    } else if (ArrayBuffer.isView(value)) this.#view(value);
    else if (isSingleTask(value)) this.#tasks([value[TASK]()]);
    else if (isCollection(value)) this.#tasks(value.lower().outputs);
    else this.#classed(value);
  }

  /** Lazy values: their keys name what they will be. */
  #tasks(tasks: readonly TaskRef[]): void {
    this.#hash.word(TAG.collection);
    for (const { layer, index } of tasks) this.#hash.text(keyOf(layer, index));
    this.#hash.word(TAG.end);
  }

  #array(value: readonly unknown[]): void {
    this.#hash.word(TAG.array);
    this.#hash.double(value.length);
    for (let i = 0; i < value.length; i++) {
      const item = value[i];
      if (item === undefined && !(i in value)) {
        this.#sparse(value, i);
        return;
      }
      if (typeof item === "number") {
        this.#hash.word(TAG.number);
        this.#hash.double(item);
      } else this.#at(`[${i}]`, item);
    }
  }

  /** The rest of an array from its first hole on: index and value of what is there. */
  #sparse(value: readonly unknown[], from: number): void {
    this.#hash.word(TAG.hole);
    for (const key of Object.keys(value)) {
      if (!(Number(key) > from)) continue;
      this.#hash.text(key);
      this.#at(`[${key}]`, value[Number(key)]);
    }
    this.#hash.word(TAG.end);
  }

  #fields(value: object): void {
    const keys = Object.keys(value);
    for (const key of this.#exact ? keys : keys.sort()) {
      this.#tagged(TAG.string, key);
      this.#at(`.${key}`, (value as Record<string, unknown>)[key]);
    }
    for (const symbol of Object.getOwnPropertySymbols(value)) {
      if (!Object.prototype.propertyIsEnumerable.call(value, symbol)) continue;
      this.#symbol(symbol);
      this.#at(`[${String(symbol)}]`, (value as Record<symbol, unknown>)[symbol]);
    }
    this.#hash.word(TAG.end);
  }

  #view(value: ArrayBufferView): void {
    const kind = (value as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] ?? "DataView";
    const isBuffer = this.#exact && kind === "Uint8Array" && value.constructor.name === "Buffer";
    this.#tagged(TAG.view, isBuffer ? "Buffer" : kind);
    this.#hash.bytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }

  /** Everything with a class: built-in ones by their content, others by class and fields. */
  #classed(value: object): void {
    const hash = this.#hash;
    const content = instanceToken?.(value);
    if (content !== undefined) this.#registered(value.constructor, content);
    else if (value instanceof Map) this.#entries(TAG.map, value);
    else if (value instanceof Set) this.#entries(TAG.set, value);
    else if (isDate(value)) {
      hash.word(TAG.date);
      hash.double(value.getTime());
      this.#derived(value, "Date");
    } else if (value instanceof RegExp) {
      this.#tagged(TAG.regexp, value.source);
      hash.text(value.flags);
      hash.double(value.lastIndex);
      this.#derived(value, "RegExp");
    } else if (value instanceof ArrayBuffer) {
      hash.word(TAG.buffer);
      hash.bytes(new Uint8Array(value));
    } else if (isSharedBuffer(value)) {
      hash.word(TAG.sharedBuffer);
      hash.bytes(new Uint8Array(value));
    } else if (value instanceof Error) this.#error(value);
    else if (isUrl(value)) this.#tagged(TAG.url, value.href);
    else if (value instanceof Number || value instanceof String || value instanceof Boolean) {
      hash.word(TAG.boxed);
      this.write(value.valueOf());
    } else this.#instance(value);
  }

  /** By what its codec makes of it. */
  #registered(make: object, { name, state }: InstanceContent): void {
    this.#tagged(TAG.registered, name);
    this.#class(make);
    this.#at(".encode()", state);
  }

  /** A class by its text, another text is another class; exact: by what it captures as well. */
  #class(make: object): void {
    const token = this.#exact ? tokenOfClass(make as AnyFunction) : undefined;
    this.#hash.text(token ?? sourceOf(make).digest);
  }

  /** Exact: what a value of a built-in class has beside its content: a user's class, fields. */
  #derived(value: object, base: string): void {
    if (!this.#exact) return;
    const make: unknown = value.constructor;
    const isDerived = typeof make === "function" && make.name !== base;
    if (!isDerived && Object.keys(value).length === 0) return;
    this.#hash.word(TAG.derived);
    if (isDerived) this.#class(make);
    this.#fields(value);
  }

  /** Exact: one after the other. If not, by their own digests, so that order does not count. */
  #entries(tag: number, entries: ReadonlyMap<unknown, unknown> | Set<unknown>): void {
    const hash = this.#hash;
    this.#derived(entries, tag === TAG.map ? "Map" : "Set");
    hash.word(tag);
    hash.double(entries.size);
    if (this.#exact) {
      Array.from(entries as Iterable<unknown>, (entry, i) => this.#entry(tag, entry, i));
      return;
    }
    const digests = Array.from(entries as Iterable<unknown>, (entry, i) =>
      digestOf((inner) => new Writer(inner, false, this).#entry(tag, entry, i)),
    );
    for (const digest of digests.sort()) hash.text(digest);
  }

  #entry(tag: number, entry: unknown, index: number): void {
    if (tag === TAG.set) return this.#at(`.values()[${index}]`, entry);
    const [key, value] = entry as readonly [unknown, unknown];
    this.#at(`.keys()[${index}]`, key);
    this.#at(typeof key === "string" ? `.get("${key}")` : `.values()[${index}]`, value);
  }

  /** Without the stack: it holds file names, which differ between machines. */
  #error(error: Error): void {
    this.#tagged(TAG.error, error.name);
    const make: unknown = error.constructor;
    if (this.#exact && typeof make === "function" && !sourceOf(make).native) this.#class(make);
    this.#hash.text(error.message);
    this.#at(".cause", error.cause);
    this.#fields(error);
  }

  #instance(value: object): void {
    const make: unknown = value.constructor;
    if (typeof make !== "function") throw this.#refuse("has a prototype without a constructor");
    for (let up: unknown = make; typeof up === "function"; up = Object.getPrototypeOf(up)) {
      if (up === Function.prototype) break;
      const source = sourceOf(up);
      if (up === Promise) throw this.#refuse("is a Promise: await it first");
      if (source.native) throw this.#refuse(`is a ${up.name || "built-in object"}`);
      if (source.hidesFields) {
        throw this.#refuse(`is a ${make.name}, whose #private fields cannot be read from outside`);
      }
    }
    this.#tagged(TAG.instance, make.name);
    this.#class(make);
    this.#fields(value);
  }

  #function(fn: AnyFunction): void {
    const path = builtinPath(fn);
    const token = path === undefined ? functionToken?.(fn) : undefined;
    if (path !== undefined) this.#tagged(TAG.builtin, path);
    else if (token !== undefined) {
      this.#hash.word(TAG.function);
      this.#at("()", token);
    } else {
      const source = sourceOf(fn);
      if (source.native) throw this.#refuse(`is the native or bound function ${fn.name}`);
      this.#tagged(TAG.function, source.digest);
    }
  }

  #symbol(symbol: symbol): void {
    const key = Symbol.keyFor(symbol) ?? builtinPath(symbol);
    if (key === undefined) throw this.#refuse(`is ${String(symbol)}, which is not in a registry`);
    this.#tagged(TAG.symbol, key);
  }

  #refuse(why: string): HeddleError<"TokenizeFailed"> {
    const path = shortPath(`value${this.#path.join("")}`);
    return new HeddleError(
      "TokenizeFailed",
      `No content token: ${path} ${why}. Allowed are plain values, arrays, objects, maps, sets, ` +
        "dates, buffers, functions and instances of classes with readable fields; give the class " +
        "a codec, registerClass(name, Class, { encode, decode }), or a method " +
        '[Symbol.for("heddle.token")]() that returns its content, or use { pure: false }.',
      { fields: { path } },
    );
  }
}

/** Undefined for a class that cannot travel: sending its instance says why. */
function tokenOfClass(make: AnyFunction): string | undefined {
  try {
    const token = functionToken?.(make);
    return typeof token === "string" ? token : undefined;
  } catch (error) {
    if (isHeddleError(error, "NotSerializable")) return undefined;
    throw error;
  }
}

function isUrl(value: object): value is { href: string } {
  const make = (globalThis as { URL?: new (text: string) => { href: string } }).URL;
  return make !== undefined && value instanceof make;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** By its class name: pure layers do not mention the global that also tells the time. */
function isDate(value: object): value is { getTime(): number } {
  return Object.prototype.toString.call(value) === "[object Date]" && "getTime" in value;
}

function isSharedBuffer(value: object): value is SharedArrayBuffer {
  return typeof SharedArrayBuffer !== "undefined" && value instanceof SharedArrayBuffer;
}
