/**
 * @file Plain data to functions: loads the modules that are named, compiles each source once
 * (closures from the same place share the compiled code), then sets the captured variables.
 * Compiled code keeps the file name and line of the original, so that stack traces point into the
 * user's file.
 */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import vm from "node:vm";
import { corrupt } from "../codec/frame.ts";
import type { GraphReader } from "../codec/reader.ts";
import type { AnyFunction, FunctionPort, Json, JsonObject } from "../codec/registry.ts";
import { graphReader } from "../codec/values.ts";
import { HeddleError } from "../core/errors.ts";
import { classAtHome, type FunctionImage, rememberClass } from "./encode.ts";
import type { FunctionTables, Site } from "./graph-state.ts";
import { allowImports, importFrom, isLoaded, loadedModule, loadModule } from "./load.ts";
import type { ModulePlace } from "./modules.ts";
import { rememberOrigin } from "./origins.ts";
import { followPath } from "./places.ts";
import { MAPPED } from "./script.ts";

/** Most functions, classes and compiled sources that one thread keeps of each. */
const MAX_KEPT = 1024;

const decoded = new Map<string, Promise<AnyFunction>>();
const classes = new Map<string, AnyFunction>();
const factories = new Map<string, Factory>();
/**
 * Readers of function images: classes among them are made here even if this process knows the
 * original.
 */
const fresh = new WeakSet<GraphReader>();

/** Makes one function: sets its variables, evaluates its source. */
type Instance = readonly [set: (values: readonly unknown[]) => void, make: () => AnyFunction];
type Factory = () => Instance;

/**
 * The function of an image, made once per token and thread: what it keeps in captured variables
 * stays between tasks.
 *
 * Errors: `NotSupported` when a module it needs cannot be loaded here.
 */
export function decodeFunction(image: FunctionImage): Promise<AnyFunction> {
  const { token } = image;
  let promise = decoded.get(token);
  if (promise === undefined) {
    promise = make(image);
    promise.catch(() => decoded.delete(token));
  }
  keep(decoded, token, promise);
  return promise;
}

/** Puts an entry in as the one used last; the one used longest ago goes when there are too many. */
function keep<V>(cache: Map<string, V>, key: string, value: V): void {
  cache.delete(key);
  cache.set(key, value);
  if (cache.size > MAX_KEPT) cache.delete(cache.keys().next().value as string);
}

async function make({ body, buffers, tables }: FunctionImage): Promise<AnyFunction> {
  await prepareTables(tables);
  const meta = JSON.parse(body) as JsonObject;
  const reader = graphReader({ ...meta, f: tables as unknown as Json }, buffers);
  fresh.add(reader);
  return reader.read(meta["v"] as Json) as AnyFunction;
}

/** The reading half of the port. */
export const readingPort: Pick<FunctionPort, "prepare" | "decode"> = {
  prepare: (tables) => prepareTables(tables as unknown as FunctionTables),
  decode(node, graph, slot) {
    switch (node["$"]) {
      case "g":
        return globalAt(String(node["p"]));
      case "I":
      case "R":
      case "M":
      case "D":
        return specialOf(node, graph) as AnyFunction;
      case "B":
        return node["y"] === undefined ? boundOf(node, graph) : boundInCircle(node, graph, slot);
      default:
        return functionOf(node, graph, slot);
    }
  },
};

function boundOf(node: JsonObject, graph: GraphReader): AnyFunction {
  const target = graph.node(node["t"] as Json) as AnyFunction;
  const boundThis = graph.node(node["o"] as Json);
  const args = graph.node(node["a"] as Json) as unknown[];
  return Function.prototype.bind.call(target, boundThis, ...args) as AnyFunction;
}

/** What it is bound to refers to it, so one that calls it stands in its place from the first. */
function boundInCircle(node: JsonObject, graph: GraphReader, slot: number): AnyFunction {
  let bound: AnyFunction | undefined;
  const call = (...args: unknown[]): unknown => (bound as AnyFunction)(...args);
  graph.fill(slot, call);
  bound = boundOf(node, graph);
  Object.defineProperty(call, "name", { value: bound.name, configurable: true });
  return call;
}

function prepareTables({ modules }: FunctionTables): Promise<void> | undefined {
  const missing = modules.filter((place) => !isLoaded(place));
  if (missing.length === 0) return undefined;
  return Promise.all(missing.map(loadModule)).then(() => {});
}

function tablesOf(graph: GraphReader): FunctionTables {
  return graph.functionTables as unknown as FunctionTables;
}

function globalAt(path: string): AnyFunction {
  const value = followPath(path);
  if (value !== undefined) return value as AnyFunction;
  throw new HeddleError("NotSupported", `A function needs ${path}, which this host does not have.`);
}

function exportOf(node: JsonObject, graph: GraphReader): unknown {
  const place = tablesOf(graph).modules[Number(node["m"])] as ModulePlace;
  const exports = loadedModule(place);
  const name = String(node["n"]);
  if (name === "*" || name === "module.exports") {
    return rememberOrigin(exports, { module: place, name });
  }
  if (name in exports) return rememberOrigin(exports[name], { module: place, name });
  throw new HeddleError(
    "NotSupported",
    `A function needs "${name}" of ${place.specifier}, which does not export it here. Are the versions ` +
      "the same on both sides?",
    { fields: { module: place.specifier, name } },
  );
}

function functionOf(node: JsonObject, graph: GraphReader, slot: number): AnyFunction {
  const { id } = tablesOf(graph).sites[Number(node["s"])] as Site;
  const known = knownClass(id, fresh.has(graph));
  if (known !== undefined) {
    graph.fill(slot, known);
    skip(node, graph);
    return known;
  }
  const fn = construct(node, graph, slot);
  if (id !== undefined) {
    keep(classes, id, fn);
    rememberClass(fn, id);
  }
  return fn;
}

/** The original of a class, or the copy that was made here before. */
function knownClass(id: string | undefined, isFresh: boolean): AnyFunction | undefined {
  if (id === undefined) return undefined;
  return (isFresh ? undefined : classAtHome(id.replace(/@.*/, ""))) ?? classes.get(id);
}

/**
 * Reads what belongs to a class that is already there, so that the numbers of later parts stay
 * right.
 */
function skip(node: JsonObject, graph: GraphReader): void {
  const read = (pairs: Json | undefined): void => {
    for (const pair of pairsOf(pairs)) capturedOf(pair, graph);
  };
  read(node["c"]);
  setOwn({}, {}, node, graph);
  if (node["l"] !== undefined) graph.whenLater(Number(node["l"]), read);
}

function construct(node: JsonObject, graph: GraphReader, slot: number): AnyFunction {
  const site = tablesOf(graph).sites[Number(node["s"])] as Site;
  const first = pairsOf(node["c"]);
  const waiting = (node["r"] ?? []) as readonly string[];
  const names = [...first.map(([name]) => name), ...waiting];
  const [set, makeFunction] = factoryOf(node, names, site)();
  const values: unknown[] = [];
  const bind = (pairs: readonly Pair[]): void => {
    for (const pair of pairs) values.push(capturedOf(pair, graph));
    set(values);
  };
  const isEager = (Number(node["k"]) & 8) !== 0;
  if (isEager) bind(first);
  const fn = graph.fill(slot, makeFunction());
  if (!isEager) bind(first);
  const name = node["N"];
  if (fn.name !== name) Object.defineProperty(fn, "name", { value: name, configurable: true });
  setOwn(fn, fn.prototype as object, node, graph);
  if (node["l"] !== undefined) {
    graph.whenLater(Number(node["l"]), (later) => bind(pairsOf(later)));
  }
  return fn;
}

/** Properties that were put on a function and on its prototype. */
function setOwn(fn: object, prototype: object, node: JsonObject, graph: GraphReader): void {
  if (node["p"] !== undefined) graph.fields(fn, node["p"]);
  if (node["q"] !== undefined) graph.fields(prototype, node["q"]);
}

/**
 * Name and node of a captured variable, and whether the node is one of those that only captures can
 * be.
 */
type Pair = readonly [name: string, node: Json, special?: 1];

function pairsOf(node: Json | undefined): readonly Pair[] {
  return (node ?? []) as unknown as readonly Pair[];
}

function capturedOf([, node, special]: Pair, graph: GraphReader): unknown {
  return special === undefined ? graph.node(node) : specialOf(node as JsonObject, graph);
}

/** What only captured variables can be; see `captures.ts`. */
function specialOf(node: JsonObject, graph: GraphReader): unknown {
  const url = String(node["u"]);
  switch (node["$"]) {
    case "I":
      return exportOf(node, graph);
    case "R":
      return rememberOrigin(createRequire(url), { special: "R", url });
    case "M":
      return rememberOrigin(metaOf(url), { special: "M", url });
    case "P":
      return Object.fromEntries(
        pairsOf(node["p"]).map((pair) => [pair[0], capturedOf(pair, graph)]),
      );
    case "D":
      return rememberOrigin((specifier: string) => importFrom(url, specifier), {
        special: "D",
        url,
      });
    default:
      throw corrupt(`a captured variable in it is of the unknown kind ${String(node["$"])}`);
  }
}

function metaOf(url: string): object {
  const isFile = url.startsWith("file:");
  const filename = isFile ? fileURLToPath(url) : undefined;
  return {
    url,
    ...(isFile
      ? { filename, dirname: fileURLToPath(new URL("./", url)).replace(/(.)[/\\]$/, "$1") }
      : {}),
    resolve: (specifier: string) => new URL(specifier, url).href,
  };
}

function factoryOf(node: JsonObject, names: readonly string[], site: Site): Factory {
  const text = String(node["x"]);
  const flags = Number(node["k"]);
  const name = labelOf(node["N"]);
  const key = `${flags} ${site.url}:${site.line}:${site.column} ${name} ${names.join()} ${text}`;
  let factory = factories.get(key);
  if (factory === undefined) {
    factory = compile(text, flags, names, site, name);
    keep(factories, key, factory);
  }
  return factory;
}

/** The function's name, where source can give it: stacks and profiles show no other. */
function labelOf(name: unknown): string {
  return typeof name === "string" && name !== "__proto__" ? name : "";
}

/** One line in front, then the source where it stood in its file. */
function compile(
  text: string,
  flags: number,
  names: readonly string[],
  site: Site,
  name: string,
): Factory {
  const property = JSON.stringify(name);
  const sets = names.map((name, i) => `${name} = $heddle[${i}];`).join(" ");
  const head = [
    (flags & 1) === 0 ? "" : '"use strict";',
    names.length === 0 ? "" : `let ${names.join(", ")};`,
    // A function without a name of its own has that of its property.
    `return [($heddle) => { ${sets} }, () => ({ ${property}:`,
  ].join(" ");
  const usesImport = (flags & 4) !== 0;
  if (usesImport) allowImports();
  return vm.compileFunction(`${head}\n${" ".repeat(site.column)}${text}\n})[${property}]];`, [], {
    filename: site.isMapped === true ? `${site.url}${MAPPED}` : site.url,
    lineOffset: site.line - 1,
    ...(usesImport
      ? { importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER }
      : {}),
  }) as unknown as Factory;
}
