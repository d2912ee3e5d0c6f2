/**
 * @file What may be taught to the value format: codecs for kinds of values (local arrays, tables),
 * named classes for instances, and the one port through which functions enter (`functions/`
 * installs it). Codecs are asked in the order of their registration.
 */
import { HeddleError } from "../core/errors.ts";
import { registerInstanceToken } from "../core/token.ts";
import type { GraphReader } from "./reader.ts";
import type { GraphWriter } from "./writer.ts";

/** What JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** An object that JSON can hold. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** A kind of value: how it is told apart, taken to pieces and put together again. */
export interface Codec<T = unknown> {
  /** Name in the value's description: the same on every machine, never changed once used. */
  readonly kind: string;
  /**
   * Whether this codec is for `value`; asked for class instances only, never for plain objects and
   * arrays.
   */
  test(value: object): boolean;
  /**
   * Plain JSON for what is small, buffers (not copied before they are written) for what is large.
   */
  encode(value: T): { readonly meta: unknown; readonly buffers: readonly Uint8Array[] };
  /** Gets the buffers as views over the memory in which the value rests, without a copy. */
  decode(meta: unknown, buffers: readonly Uint8Array[]): T;
}

/**
 * How instances of a class travel; without `encode` and `decode` their own enumerable fields do.
 */
export interface ClassCodec<T = unknown, S = unknown> {
  /** Any value that itself can be encoded. */
  encode?(instance: T): S;
  decode?(state: S): T;
}

/** A registered class. */
export interface RegisteredClass {
  readonly name: string;
  readonly make: AnyFunction;
  readonly codec: ClassCodec;
}

// biome-ignore lint/complexity/noBannedTypes: anything callable, classes included.
export type AnyFunction = Function;

/**
 * How functions and classes take part in a graph of values; installed by `functions/`, which knows
 * their source, captured variables and modules.
 */
export interface FunctionPort {
  /** The node that stands for `fn`; throws `NotSerializable` by `graph.refuse`. */
  encode(fn: AnyFunction, graph: GraphWriter): Json;
  /** The tables that the nodes of `graph` refer to, written once beside it. */
  finish(graph: GraphWriter): Json;
  /** Loads the modules of these tables; undefined when nothing has to be waited for. */
  prepare(tables: Json): Promise<void> | undefined;
  /**
   * `slot` is the number of what is read; whoever reads parts that may refer back to it fills it
   * first.
   */
  decode(node: JsonObject, graph: GraphReader, slot: number): AnyFunction | object;
  /**
   * A node for a value that is best named by where it is found (a module's namespace), or
   * undefined.
   */
  place(value: object, graph: GraphWriter): Json | undefined;
  /** Why instances of this class cannot travel by their fields, or undefined when they can. */
  whyNotByFields(make: AnyFunction): Refusal | undefined;
}

/** Why a value cannot travel, and what to do instead. */
export interface Refusal {
  readonly type: string;
  readonly advice: string;
}

const codecs: Codec[] = [];
const byKind = new Map<string, Codec>();
const classesByName = new Map<string, RegisteredClass>();
const classesByMake = new Map<AnyFunction, RegisteredClass>();
let functionPort: FunctionPort | undefined;

/**
 * Teaches the value format a kind of value. Registering a kind again replaces it. The module that
 * calls this must be loaded wherever such values are decoded.
 */
export function registerCodec<T>(codec: Codec<T>): void {
  const entry = codec as Codec;
  const before = byKind.get(codec.kind);
  if (before === undefined) codecs.push(entry);
  else codecs[codecs.indexOf(before)] = entry;
  byKind.set(codec.kind, entry);
}

/**
 * Names a class, so that its instances and its errors come back as instances of the same class.
 * Give `encode` and `decode` when fields are private or not enumerable: what `encode` gives is also
 * the instance's content in tokens, so that equal calls with equal instances are run once. Throws
 * `InvalidArgument` when the name belongs to another class.
 *
 * @example
 * import { registerClass } from "heddle";
 * class Money {
 *   #cents: number;
 *   constructor(cents: number) { this.#cents = cents; }
 *   get cents(): number { return this.#cents; }
 * }
 * registerClass("Money", Money, {
 *   encode: (money) => money.cents,
 *   decode: (cents: number) => new Money(cents),
 * });
 */
export function registerClass<T extends object, S>(
  name: string,
  make: abstract new (...args: never[]) => T,
  codec: ClassCodec<T, S> = {},
): void {
  const before = classesByName.get(name);
  if (before !== undefined && before.make !== make && before.make.toString() !== make.toString()) {
    throw new HeddleError(
      "InvalidArgument",
      `The class name "${name}" is taken by another class. Names are chosen once for each class; ` +
        "put your package's name in front, as in `my-package/Money`.",
      { fields: { name } },
    );
  }
  const entry: RegisteredClass = { name, make, codec: codec as ClassCodec };
  classesByName.set(name, entry);
  classesByMake.set(make, entry);
}

const refusals = new Map<AnyFunction, Refusal>();

/** Says what to do instead with instances of a class, and of those derived, that never travel. */
export function refuseClass(make: AnyFunction, refusal: Refusal): void {
  refusals.set(make, refusal);
}

/** Why instances of the class cannot travel, where that has been said. */
export function refusalOfClass(make: unknown): Refusal | undefined {
  for (let up = make; typeof up === "function"; up = Object.getPrototypeOf(up)) {
    const refusal = refusals.get(up);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** Lets functions and classes be part of values. */
export function registerFunctionPort(port: FunctionPort): void {
  functionPort = port;
}

/** The installed port, if functions may be part of values here. */
export function currentFunctionPort(): FunctionPort | undefined {
  return functionPort;
}

/** The first codec that takes `value`. */
export function codecFor(value: object): Codec | undefined {
  for (const codec of codecs) if (codec.test(value)) return codec;
  return undefined;
}

/** The codec of this name. */
export function codecOf(kind: string): Codec | undefined {
  return byKind.get(kind);
}

/** Names of all codecs, for messages. */
export function codecKinds(): IterableIterator<string> {
  return byKind.keys();
}

/** The registration of exactly this class. */
export function registeredClass(make: unknown): RegisteredClass | undefined {
  return typeof make === "function" ? classesByMake.get(make) : undefined;
}

registerInstanceToken((value) => {
  const registered = registeredClass(value.constructor);
  if (registered?.codec.encode === undefined) return undefined;
  return { name: registered.name, state: registered.codec.encode(value) };
});

/** The class registered under this name. */
export function classNamed(name: string): RegisteredClass | undefined {
  return classesByName.get(name);
}
