/**
 * @file Errors as values: class, message, stack, cause, errors of an aggregate and own fields.
 * Built-in classes come back as the same class, Heddle's as `HeddleError`, the user's by registered
 * name or by source (`functions/`), any other as `Error` that keeps the name. An error is rebuilt
 * without running its constructor, whose arguments nobody knows.
 */
import { HeddleError, isHeddleError } from "../core/errors.ts";
import type { GraphReader } from "./reader.ts";
import {
  type AnyFunction,
  currentFunctionPort,
  type Json,
  type JsonObject,
  registeredClass,
} from "./registry.ts";
import type { GraphWriter } from "./writer.ts";

const BUILTIN: Readonly<Record<string, ErrorConstructor>> = {
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
  AggregateError: AggregateError as unknown as ErrorConstructor,
};

/** Written apart from the other own properties, because they are not enumerable. */
const APART: ReadonlySet<string> = new Set(["message", "stack", "cause", "errors"]);

/** What is known of an error's class: its name, and the class itself when it travels too. */
interface ErrorClass {
  readonly name: string;
  readonly make?: AnyFunction;
}

/**
 * Writes an error that was met in a graph of values; a field that cannot travel is left out, and
 * named in `q`.
 */
export function writeError(error: Error, graph: GraphWriter): Json {
  const { name, make } = classOf(error);
  const c = make === undefined ? null : graph.part(make, "constructor");
  const fields: Json[] = [];
  const leftOut: string[] = [];
  for (const key of Object.keys(error)) {
    if (APART.has(key)) continue;
    const node = partOrNothing(graph, (error as unknown as Record<string, unknown>)[key], key);
    if (node === undefined) leftOut.push(key);
    else fields.push([key, node]);
  }
  const { errors } = error as { errors?: unknown };
  const shown = make === undefined && Object.hasOwn(BUILTIN, error.name) ? name : error.name;
  return graph.tag("e", {
    c,
    n: name,
    m: String(error.message),
    s: typeof error.stack === "string" ? error.stack : null,
    p: fields,
    ...(leftOut.length === 0 ? {} : { q: leftOut }),
    ...("cause" in error ? { x: partOrNothing(graph, error.cause, "cause") ?? null } : {}),
    ...(Array.isArray(errors) ? { a: partOrNothing(graph, errors, "errors") ?? [] } : {}),
    ...(shown === name ? {} : { N: String(shown) }),
  });
}

/**
 * Rebuilds an error; `slot` is its number, filled at once because its cause may refer back to it.
 */
export function readError(node: JsonObject, graph: GraphReader, slot: number): Error {
  const name = String(node["n"]);
  const shown = typeof node["N"] === "string" ? node["N"] : name;
  const error = makeError(name, String(node["m"]), shown);
  graph.fill(slot, error);
  const make = node["c"] == null ? undefined : graph.node(node["c"]);
  if (typeof make === "function") Object.setPrototypeOf(error, make.prototype as object);
  if (typeof node["s"] === "string") setHidden(error, "stack", node["s"]);
  graph.fields(error, node["p"]);
  if (node["x"] !== undefined) setHidden(error, "cause", graph.node(node["x"]));
  if (node["a"] !== undefined) setHidden(error, "errors", graph.node(node["a"]));
  if (error.name !== shown) setHidden(error, "name", shown);
  return error;
}

function makeError(name: string, message: string, shown: string): Error {
  // Its code and fields are own properties, and follow with the others.
  if (name === "HeddleError") return new HeddleError("InvariantViolated", message);
  if (name === "DOMException") {
    const { DOMException: make } = globalThis as {
      DOMException?: new (message: string, name: string) => Error;
    };
    return make === undefined ? new Error(message) : new make(message, shown);
  }
  const error = new Error(message);
  const make = BUILTIN[name];
  if (make !== undefined) Object.setPrototypeOf(error, make.prototype as object);
  return error;
}

/** The nearest class up the chain that can be found again on the other side. */
function classOf(error: Error): ErrorClass {
  let first: string | undefined;
  for (let up: object | null = error; up !== null; up = Object.getPrototypeOf(up)) {
    const make: unknown = Object.hasOwn(up, "constructor") ? up.constructor : undefined;
    if (typeof make !== "function") continue;
    if (make.name === "HeddleError" && isHeddleError(error)) return { name: "HeddleError" };
    const registered = registeredClass(make);
    if (registered !== undefined) return { name: registered.name, make };
    const native = isNative(make);
    if (make.name === "DOMException" && native === false) return { name: "DOMException" };
    if (native) return { name: first ?? make.name };
    const port = currentFunctionPort();
    if (port === undefined) first ??= make.name;
    else if (port.whyNotByFields(make) === undefined) return { name: make.name, make };
  }
  return { name: first ?? "Error" };
}

function isNative(make: AnyFunction): boolean {
  return Function.prototype.toString.call(make).endsWith("{ [native code] }");
}

/** An error must arrive, even when one of its fields cannot. */
function partOrNothing(graph: GraphWriter, value: unknown, step: string): Json | undefined {
  return graph.attempt(() => graph.part(value, step));
}

function setHidden(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, configurable: true });
}
