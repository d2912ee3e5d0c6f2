/**
 * @file Values to JSON and buffers. Plain data stands for itself (the very same object is handed to
 * `JSON.stringify`, no copy is made); everything else becomes a tagged object `{ $: tag, … }`.
 * Objects are numbered in the order in which they are met, so that a second meeting, cycles
 * included, is written as a reference to the number. A part that
 * has to wait for another one is written after the rest (`later`).
 */
import { HeddleError, isHeddleError, shortPath } from "../core/errors.ts";
import { builtinName, isPlainPrototype, userClassOver } from "./builtin-kinds.ts";
import { writeError } from "./errors.ts";
import { refusalOf } from "./refusals.ts";
import {
  type AnyFunction,
  codecFor,
  currentFunctionPort,
  type FunctionPort,
  type Json,
  type JsonObject,
  type Refusal,
  type RegisteredClass,
  refusalOfClass,
  registeredClass,
} from "./registry.ts";

/** How to get from a value to a part of it: an index, a property, or text that says it. */
export type Step = number | string | { readonly text: string };

/**
 * One graph of values on its way to JSON. Used once: `write`, then read `later`, `buffers` and the
 * flags.
 */
export class GraphWriter {
  /** Not copied: written where they are when the value's bytes are written. */
  readonly buffers: Uint8Array[] = [];
  /** Nodes that belong to earlier ones by index. */
  readonly later: Json[] = [];
  /** Whether any node is tagged: if not, the JSON is the value. */
  tagged = false;
  /** Whether there is more than plain data and simple tags. */
  rich = false;
  /** Whether the function port has written anything. */
  hasFunctions = false;
  /** Whether objects may be named by where they are found, as in what functions capture. */
  namesPlaces = false;
  readonly #slots = new Map<object, number>();
  /** Objects that are made only once all their parts are, with what a way back to one does. */
  readonly #unmade = new Map<object, () => void>();
  readonly #postponed: (() => Json)[] = [];
  readonly #path: Step[];

  /** `name` is what messages call the root. */
  constructor(name = "value") {
    this.#path = [{ text: name }];
  }

  /**
   * Writes the root and everything postponed. Throws `NotSerializable` with the path of what cannot
   * be written.
   */
  write(root: unknown): Json {
    try {
      const node = this.node(root);
      for (let i = 0; i < this.#postponed.length; i++) {
        this.later[i] = (this.#postponed[i] as () => Json)();
      }
      return node;
    } catch (cause) {
      if (!isStackOverflow(cause)) throw cause;
      throw this.refuse({
        type: "value nested too deeply",
        advice: "Keep long chains as arrays instead of objects inside objects.",
      });
    }
  }

  /**
   * Writes `make()` after what is being written now; returns the index in `later` under which it
   * will be found.
   */
  postpone(make: () => Json): number {
    const path = [...this.#path];
    this.#postponed.push(() => {
      this.#path.splice(0, this.#path.length, ...path);
      return make();
    });
    return this.#postponed.length - 1;
  }

  /** Writes a part of the current value; `step` leads from the one to the other in messages. */
  part(value: unknown, step: Step): Json {
    this.#path.push(step);
    const node = this.node(value);
    this.#path.pop();
    return node;
  }

  /**
   * Writes parts of `value` without which it cannot be made; calls `back`, which may refuse, when
   * one of them leads back to it.
   */
  before<T>(value: object, write: () => T, back: () => void): T {
    this.#unmade.set(value, back);
    try {
      return write();
    } finally {
      this.#unmade.delete(value);
    }
  }

  /** Writes any value. */
  node(value: unknown): Json {
    switch (typeof value) {
      case "string":
      case "boolean":
        return value;
      case "number":
        if (Number.isFinite(value) && (value !== 0 || 1 / value > 0)) return value;
        return this.tag("n", { v: Object.is(value, -0) ? "-0" : String(value) });
      case "undefined":
        return this.tag("u", {});
      case "bigint":
        return this.tag("b", { v: value.toString() });
      case "symbol":
        return this.#symbol(value);
      case "function":
        return this.#reference(value) ?? this.#function(value);
      case "object":
        if (value === null) return null;
        return this.#reference(value) ?? this.#object(value);
    }
  }

  /** A tagged node. */
  tag(tag: string, fields: JsonObject): JsonObject {
    this.tagged = true;
    return { $: tag, ...fields };
  }

  /** A tagged node for more than plain data. */
  richTag(tag: string, fields: JsonObject): JsonObject {
    this.rich = true;
    return this.tag(tag, fields);
  }

  /** Runs `write`; if it meets what cannot travel, undoes what it did and returns undefined. */
  attempt<T>(write: () => T): T | undefined {
    const { length: depth } = this.#path;
    const slots = this.#slots.size;
    const buffers = this.buffers.length;
    const postponed = this.#postponed.length;
    try {
      return write();
    } catch (error) {
      if (!isHeddleError(error, "NotSerializable")) throw error;
      this.#path.length = depth;
      for (const [value, slot] of this.#slots) if (slot >= slots) this.#slots.delete(value);
      this.buffers.length = buffers;
      this.#postponed.length = postponed;
      return undefined;
    }
  }

  /** Adds bytes that travel beside the JSON; returns their index. */
  buffer(bytes: Uint8Array): number {
    this.rich = true;
    return this.buffers.push(bytes) - 1;
  }

  /** Where the value being written stands, e.g. `value.rows[3]`. */
  get path(): string {
    return this.#path.map(textOf).join("");
  }

  /** The error for the value being written. */
  refuse(refusal: Refusal): HeddleError<"NotSerializable"> {
    const path = shortPath(this.path);
    return new HeddleError(
      "NotSerializable",
      `${path} is ${withArticle(refusal.type)}, which cannot be sent to other threads. ${refusal.advice}`,
      { fields: { path, type: refusal.type } },
    );
  }

  /**
   * Own enumerable properties as pairs; keys are strings, and symbols that mean the same
   * everywhere.
   */
  fields(value: object): Json {
    const pairs = Object.keys(value).map((key): Json => [key, this.#property(value, key)]);
    for (const key of symbolKeys(value))
      pairs.push([this.#symbol(key), this.#property(value, key)]);
    return pairs;
  }

  #property(value: object, key: string | symbol): Json {
    return this.part(
      Reflect.get(value, key),
      typeof key === "string" ? key : { text: `[${String(key)}]` },
    );
  }

  /** The number of an object met before; otherwise numbers it. */
  #reference(value: object): Json | undefined {
    const slot = this.#slots.get(value);
    if (slot === undefined) {
      this.#slots.set(value, this.#slots.size);
      return undefined;
    }
    this.#unmade.get(value)?.();
    return this.richTag("r", { i: slot });
  }

  #function(fn: AnyFunction): Json {
    const registered = registeredClass(fn);
    const port = currentFunctionPort();
    if (registered !== undefined) return this.#registeredClass(registered, port);
    if (port === undefined) throw this.refuse(refusalOf(fn));
    return this.#byPort(port, fn);
  }

  #byPort(port: FunctionPort, fn: AnyFunction): Json {
    this.hasFunctions = true;
    this.rich = true;
    this.tagged = true;
    return port.encode(fn, this);
  }

  /**
   * By its name, and where that may be unknown by what it is, so that the receiver can register it.
   */
  #registeredClass({ name, make, codec }: RegisteredClass, port: FunctionPort | undefined): Json {
    const parts =
      port === undefined
        ? undefined
        : this.attempt(() => ({
            d: this.#byPort(port, make),
            e: this.part(codec, { text: ", codec" }),
          }));
    return this.richTag("k", { c: name, ...parts });
  }

  #object(value: object): Json {
    if (Array.isArray(value)) return this.#anyArray(value);
    const prototype: object | null = Object.getPrototypeOf(value);
    if (prototype === null || isPlainPrototype(prototype)) {
      return (
        this.#place(value) ?? this.#plain(value as Record<string, unknown>, prototype === null)
      );
    }
    const codec = codecFor(value);
    if (codec !== undefined) {
      const { meta, buffers } = codec.encode(value);
      const at = buffers.map((bytes) => this.buffer(bytes));
      return this.richTag("c", { k: codec.kind, m: meta as Json, b: at });
    }
    const refusal = refusalOfClass(value.constructor);
    if (refusal !== undefined) throw this.refuse(refusal);
    const registered = registeredClass(value.constructor);
    if (registered?.codec.encode !== undefined) {
      const c = this.part(registered.make, "constructor");
      const state = registered.codec.encode(value);
      const v = this.before(
        value,
        () => this.part(state, { text: ".encode()" }),
        () => {
          throw this.refuse(circle(registered.name));
        },
      );
      return this.richTag("K", { c, v });
    }
    return this.#place(value) ?? this.#builtin(value) ?? this.#instance(value);
  }

  #place(value: object): Json | undefined {
    if (!this.namesPlaces) return undefined;
    const node = currentFunctionPort()?.place(value, this);
    if (node === undefined) return undefined;
    this.hasFunctions = true;
    this.rich = true;
    this.tagged = true;
    return node;
  }

  /** One of a user's subclass carries its class and fields as well. */
  #anyArray(value: readonly unknown[]): Json {
    const make: unknown = value.constructor;
    if (typeof make !== "function" || make === Array || make.name === "Array")
      return this.#array(value);
    const c = this.#instanceClass(make, value);
    return this.richTag("a", { c, n: value.length, p: this.fields(value) });
  }

  /** The array itself as long as every item stands for itself, else a copy with the nodes. */
  #array(value: readonly unknown[]): Json {
    if (hasHoles(value)) return this.#sparse(value);
    let copy: Json[] | undefined;
    for (let i = 0; i < value.length; i++) {
      const item = value[i];
      if (isSimple(item)) {
        copy?.push(item);
        continue;
      }
      const node = this.part(item, i);
      if (node !== item && copy === undefined) copy = value.slice(0, i) as Json[];
      copy?.push(node);
    }
    return copy ?? (value as readonly Json[]);
  }

  #sparse(value: readonly unknown[]): Json {
    const items = Object.keys(value)
      .filter((key) => /^\d+$/.test(key))
      .map((key) => [Number(key), this.part(value[Number(key)], Number(key))]);
    return this.richTag("h", { n: value.length, v: items });
  }

  #plain(value: Record<string, unknown>, bare: boolean): Json {
    const keys = Object.keys(value);
    if (bare || keys.includes("$") || keys.includes("__proto__") || symbolKeys(value).length > 0) {
      return this.tag("o", { p: this.fields(value), z: bare ? 1 : 0 });
    }
    let copy: Record<string, Json> | undefined;
    for (const key of keys) {
      const item = value[key];
      const node = isSimple(item) ? item : this.part(item, key);
      if (node !== item && copy === undefined) {
        copy = {};
        for (const before of keys) {
          if (before === key) break;
          copy[before] = value[before] as Json;
        }
      }
      if (copy !== undefined) copy[key] = node;
    }
    return copy ?? (value as JsonObject);
  }

  #builtin(value: object): Json | undefined {
    if (ArrayBuffer.isView(value)) return this.#view(value);
    const name = builtinName(value);
    if (name !== undefined && !EXTENSIBLE.has(name)) this.#checkBase(value, name);
    switch (name) {
      case "Map":
        return this.#derived(value, this.richTag("m", {}), () =>
          Array.from(value as Map<unknown, unknown>, ([key, item], i) => [
            this.part(key, { text: `.keys()[${i}]` }),
            this.part(item, { text: `.get(${nameOf(key)})` }),
          ]),
        );
      case "Set":
        return this.#derived(value, this.richTag("s", {}), () =>
          Array.from(value as Set<unknown>, (item, i) =>
            this.part(item, { text: `.values()[${i}]` }),
          ),
        );
      case "Date": {
        const time = Number(value);
        return this.tag("d", { v: Number.isNaN(time) ? null : time, ...this.#own(value) });
      }
      case "RegExp": {
        const { source, flags, lastIndex } = value as RegExp;
        return this.richTag("x", { s: source, f: flags, i: lastIndex, ...this.#own(value) });
      }
      case "ArrayBuffer":
        return this.richTag("t", {
          c: "ArrayBuffer",
          b: this.buffer(new Uint8Array(value as ArrayBuffer)),
        });
      case "URL":
        return this.richTag("U", { v: (value as { href: string }).href });
      case "Number":
      case "String":
      case "Boolean":
      case "BigInt":
        return this.richTag("w", {
          v: this.part((value as { valueOf(): unknown }).valueOf(), { text: "" }),
        });
      case "Error":
        this.rich = true;
        return writeError(value as Error, this);
      default:
        return undefined;
    }
  }

  #view(value: ArrayBufferView): Json {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    const name = builtinName(value) ?? "Uint8Array";
    const isBuffer = value.constructor.name === "Buffer";
    if (!isBuffer) this.#checkBase(value, name);
    return this.richTag("t", { c: isBuffer ? "Buffer" : name, b: this.buffer(bytes) });
  }

  /** Refuses an instance of a user's subclass: without its class it would be another value. */
  #checkBase(value: object, base: string): void {
    const name = userClassOver(value, base);
    if (name === undefined) return;
    throw this.refuse({
      type: `${name}, a kind of ${base}`,
      advice:
        `Give the class a codec, registerClass("${name}", ${name}, { encode, decode }), ` +
        `or pass a ${base}.`,
    });
  }

  /** Properties that a value of a built-in class has been given. */
  #own(value: object): JsonObject {
    const fields = this.fields(value) as readonly Json[];
    return fields.length === 0 ? {} : { p: fields };
  }

  /** A Map or Set: one of a user's subclass carries its class and fields as well. */
  #derived(value: object, node: JsonObject, items: () => Json): Json {
    const make = value.constructor;
    if (make.name === builtinName(value)) return { ...node, v: items(), ...this.#own(value) };
    const c = this.#instanceClass(make, value);
    return { ...node, c, v: items(), p: this.fields(value) };
  }

  #instance(value: object): Json {
    const refusal = refusalOf(value);
    const make: unknown = value.constructor;
    if (refusal.certain || typeof make !== "function") throw this.refuse(refusal);
    const c = this.#instanceClass(make, value);
    return this.richTag("i", { c, p: this.fields(value) });
  }

  /**
   * The node of the class of the value being written, if its instances may travel by their fields.
   */
  #instanceClass(make: AnyFunction, value: object): Json {
    if (registeredClass(make) === undefined) {
      const port = currentFunctionPort();
      if (port === undefined) throw this.refuse(refusalOf(value));
      const refusal = port.whyNotByFields(make);
      if (refusal !== undefined) throw this.refuse(refusal);
    }
    return this.part(make, "constructor");
  }

  #symbol(symbol: symbol): Json {
    const key = Symbol.keyFor(symbol);
    if (key !== undefined) return this.richTag("y", { f: key });
    const name = wellKnownName(symbol);
    if (name !== undefined) return this.richTag("y", { w: name });
    throw this.refuse({
      type: "symbol of its own",
      advice: "Make it by Symbol.for(name), which gives the same symbol everywhere.",
    });
  }
}

/** Built-in classes whose subclasses travel, with their fields. */
const EXTENSIBLE: ReadonlySet<string> = new Set(["Map", "Set", "Error"]);

function circle(name: string): Refusal {
  return {
    type: `${name} to which its own encode() leads back`,
    advice: "What decode() is given must be there before the instance is: leave the way back out.",
  };
}

/** `iterator` for `Symbol.iterator`. */
function wellKnownName(symbol: symbol): string | undefined {
  const name = symbol.description?.replace(/^Symbol\./, "") ?? "";
  return Reflect.get(Symbol, name) === symbol ? name : undefined;
}

/**
 * Enumerable keys that are registered or well-known symbols; others (mostly a host's secrets) mean
 * nothing elsewhere.
 */
function symbolKeys(value: object): symbol[] {
  const symbols = Object.getOwnPropertySymbols(value);
  if (symbols.length === 0) return symbols;
  return symbols.filter(
    (symbol) =>
      Object.prototype.propertyIsEnumerable.call(value, symbol) &&
      (Symbol.keyFor(symbol) !== undefined || wellKnownName(symbol) !== undefined),
  );
}

/** Whether V8 ran out of stack, which for data means that it is nested too deeply. */
export function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && error.message.includes("call stack");
}

function withArticle(type: string): string {
  return `${/^[aeiou]/i.test(type) ? "an" : "a"} ${type}`;
}

/** Text and ordinary numbers, nearly all there is in data: they stand for themselves. */
function isSimple(item: unknown): item is string | number {
  return typeof item === "string" || (typeof item === "number" && item !== 0 && item - item === 0);
}

function hasHoles(value: readonly unknown[]): boolean {
  for (let i = 0; i < value.length; i++) if (value[i] === undefined && !(i in value)) return true;
  return false;
}

function textOf(step: Step): string {
  if (typeof step === "number") return `[${step}]`;
  if (typeof step === "object") return step.text;
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(step)
    ? `.${step}`
    : `[${JSON.stringify(step)}]`;
}

function nameOf(key: unknown): string {
  return typeof key === "string"
    ? JSON.stringify(key)
    : String(typeof key === "object" ? "…" : key);
}
