/**
 * @file JSON and buffers back to values: the mirror of `writer.ts`. Objects are numbered in the
 * order in which the writer met them; an object that can hold others is filled into its number
 * before its parts are read, so that cycles close.
 */
import { HeddleError, nearestName } from "../core/errors.ts";
import { DateValue, viewOver } from "./builtin-kinds.ts";
import { readError } from "./errors.ts";
import { corrupt } from "./frame.ts";
import {
  type AnyFunction,
  type ClassCodec,
  classNamed,
  codecKinds,
  codecOf,
  currentFunctionPort,
  type FunctionPort,
  type Json,
  type JsonObject,
  type RegisteredClass,
  registerClass,
  registeredClass,
} from "./registry.ts";

/** One graph of values on its way from JSON. */
export class GraphReader {
  /** The tables that the function port wrote beside the graph. */
  readonly functionTables: Json | undefined;
  readonly #buffers: readonly Uint8Array[];
  readonly #later: readonly Json[];
  readonly #onLater = new Map<number, (value: Json) => void>();
  readonly #slots: unknown[] = [];

  constructor(
    buffers: readonly Uint8Array[],
    later: readonly Json[] = [],
    functionTables: Json | undefined = undefined,
  ) {
    this.#buffers = buffers;
    this.#later = later;
    this.functionTables = functionTables;
  }

  /** Reads the root, then what the writer postponed, in the same order. */
  read(root: Json): unknown {
    const value = this.node(root);
    for (let i = 0; i < this.#later.length; i++) this.#onLater.get(i)?.(this.#later[i] as Json);
    return value;
  }

  /** Has `then` called with the postponed node of this index, once everything before it is read. */
  whenLater(index: number, then: (node: Json) => void): void {
    this.#onLater.set(index, then);
  }

  /** Reads any node. */
  node(node: Json): unknown {
    if (typeof node !== "object" || node === null) return node;
    if (Array.isArray(node)) return this.#array(node);
    const object = node as JsonObject;
    const tag = object["$"];
    return typeof tag === "string" ? this.#tagged(tag, object) : this.#plain(object);
  }

  /** The next number, for an object about to be made. */
  reserve(): number {
    return this.#slots.push(undefined) - 1;
  }

  /** Gives the object its number. */
  fill<T>(slot: number, value: T): T {
    this.#slots[slot] = value;
    return value;
  }

  /** Sets own properties from the pairs that `GraphWriter.fields` wrote. */
  fields(target: object, pairs: Json | undefined): void {
    for (const [key, node] of listOf(pairs) as [Json, Json][]) {
      const name = typeof key === "string" ? key : (this.node(key) as symbol);
      const value = this.node(node);
      Object.defineProperty(target, name, {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
  }

  #array(nodes: readonly Json[]): unknown[] {
    const items: unknown[] = this.fill(this.reserve(), new Array(nodes.length));
    for (let i = 0; i < nodes.length; i++) items[i] = this.node(nodes[i] as Json);
    return items;
  }

  #plain(node: JsonObject): object {
    const value: Record<string, unknown> = this.fill(this.reserve(), {});
    for (const key in node) value[key] = this.node(node[key] as Json);
    return value;
  }

  #tagged(tag: string, node: JsonObject): unknown {
    switch (tag) {
      case "u":
        return undefined;
      case "n":
        return Number(node["v"]);
      case "b":
        return BigInt(String(node["v"]));
      case "y":
        return typeof node["f"] === "string"
          ? Symbol.for(node["f"])
          : (Symbol as unknown as Record<string, unknown>)[String(node["w"])];
      case "r":
        return this.#reference(Number(node["i"]));
      default:
        return this.#numbered(tag, node, this.reserve());
    }
  }

  #reference(slot: number): unknown {
    const value = this.#slots[slot];
    if (value === undefined) throw corrupt(`it refers to a part (${slot}) that is not there`);
    return value;
  }

  #numbered(tag: string, node: JsonObject, slot: number): unknown {
    switch (tag) {
      case "d":
        return this.#withOwn(
          this.fill(slot, new DateValue(node["v"] === null ? Number.NaN : Number(node["v"]))),
          node,
        );
      case "o":
        return this.#entries(node, slot);
      case "h":
        return this.#sparse(node, slot);
      case "a": {
        const items: unknown[] = this.fill(slot, []);
        this.#adopt(items, node);
        items.length = Number(node["n"]);
        this.fields(items, node["p"]);
        return items;
      }
      case "m":
        return this.#map(node, slot);
      case "s":
        return this.#set(node, slot);
      case "x": {
        const value = new RegExp(String(node["s"]), String(node["f"]));
        value.lastIndex = Number(node["i"]);
        return this.#withOwn(this.fill(slot, value), node);
      }
      case "t":
        return this.fill(slot, this.#view(node));
      case "U":
        return this.fill(slot, this.#url(String(node["v"])));
      case "w":
        return this.fill(slot, Object(this.node(node["v"] as Json)));
      case "e":
        return readError(node, this, slot);
      case "i":
        return this.#instance(node, slot);
      default:
        return this.#registered(tag, node, slot);
    }
  }

  #registered(tag: string, node: JsonObject, slot: number): unknown {
    if (tag === "c") return this.fill(slot, this.#byCodec(node));
    const port = currentFunctionPort();
    if (tag === "k") return this.#namedClass(node, slot, port);
    if (tag === "K") {
      const make = this.node(node["c"] as Json);
      const state = this.node(node["v"] as Json);
      const registered = registeredClass(make);
      if (registered?.codec.decode === undefined) throw corrupt("a class in it has no codec");
      return this.fill(slot, registered.codec.decode(state));
    }
    if (port === undefined) throw notHere("kind of node", tag, []);
    return this.fill(slot, port.decode(node, this, slot));
  }

  /**
   * The class of this name here; the one that came along is used, and registered, if there is none.
   * Either has its number before the codec is read, whose functions mostly capture the class.
   */
  #namedClass(node: JsonObject, slot: number, port: FunctionPort | undefined): AnyFunction {
    const name = String(node["c"]);
    const sent = node["d"] as JsonObject | undefined;
    if (sent !== undefined && port !== undefined) {
      // Read in any case: later parts are numbered after these.
      const make = port.decode(sent, this, slot) as RegisteredClass["make"];
      this.fill(slot, classNamed(name)?.make ?? make);
      const codec = this.node(node["e"] as Json) as RegisteredClass["codec"];
      if (classNamed(name) === undefined)
        registerClass(name, make as never, codec as ClassCodec<object>);
    }
    return this.fill(slot, knownClass(name).make);
  }

  #byCodec(node: JsonObject): unknown {
    const kind = String(node["k"]);
    const codec = codecOf(kind);
    if (codec === undefined) throw notHere("kind of value", kind, codecKinds());
    const buffers = listOf(node["b"]).map((index) => this.#buffer(index));
    return codec.decode(node["m"], buffers);
  }

  #buffer(index: Json | undefined): Uint8Array {
    const buffer = this.#buffers[Number(index)];
    if (buffer === undefined) throw corrupt("it names a buffer that is not there");
    return buffer;
  }

  #view(node: JsonObject): object {
    const view = viewOver(String(node["c"]), this.#buffer(node["b"]));
    if (view === undefined) throw notHere("buffer class", String(node["c"]), []);
    return view;
  }

  #url(href: string): unknown {
    const { URL: make } = globalThis as { URL?: new (text: string) => unknown };
    return make === undefined ? href : new make(href);
  }

  #entries(node: JsonObject, slot: number): object {
    const value: object = this.fill(slot, node["z"] === 1 ? Object.create(null) : {});
    this.fields(value, node["p"]);
    return value;
  }

  #sparse(node: JsonObject, slot: number): unknown[] {
    const length = Number(node["n"]);
    if (!Number.isInteger(length) || length < 0 || length > 2 ** 32 - 1) {
      throw corrupt("an array in it has an invalid length");
    }
    const items: unknown[] = this.fill(slot, new Array(length));
    for (const [index, item] of listOf(node["v"]) as [number, Json][])
      items[index] = this.node(item);
    return items;
  }

  #map(node: JsonObject, slot: number): unknown {
    const map = this.fill(slot, new Map<unknown, unknown>());
    this.#adopt(map, node);
    for (const [key, item] of listOf(node["v"]) as [Json, Json][]) {
      Map.prototype.set.call(map, this.node(key), this.node(item));
    }
    return this.#withOwn(map, node);
  }

  #set(node: JsonObject, slot: number): unknown {
    const set = this.fill(slot, new Set<unknown>());
    this.#adopt(set, node);
    for (const item of listOf(node["v"])) Set.prototype.add.call(set, this.node(item));
    return this.#withOwn(set, node);
  }

  #withOwn(value: object, node: JsonObject): object {
    if (node["p"] !== undefined) this.fields(value, node["p"]);
    return value;
  }

  #instance(node: JsonObject, slot: number): object {
    const value: object = this.fill(slot, {});
    this.#adopt(value, node);
    this.fields(value, node["p"]);
    return value;
  }

  /**
   * Makes `value` an instance of the class that the node names, without running the constructor.
   */
  #adopt(value: object, node: JsonObject): void {
    if (node["c"] === undefined) return;
    const make = this.node(node["c"]);
    if (typeof make !== "function") throw corrupt("a class in it is not a class");
    Object.setPrototypeOf(value, make.prototype as object);
  }
}

function listOf(node: Json | undefined): readonly Json[] {
  if (!Array.isArray(node)) throw corrupt("a list in it is missing");
  return node;
}

function knownClass(name: string): NonNullable<ReturnType<typeof classNamed>> {
  const found = classNamed(name);
  if (found === undefined) throw notHere("class", name, []);
  return found;
}

function notHere(what: string, name: string, known: Iterable<string>): HeddleError {
  const near = nearestName(name, known);
  return new HeddleError(
    "NotSupported",
    `A value names the ${what} "${name}", which is not registered here` +
      `${near === undefined ? "" : ` (near: "${near}")`}. Import the module that registers it ` +
      "in every process that handles such values.",
    { fields: { what, name } },
  );
}
