/**
 * @file Functions to plain data. A function that a module exports is sent by name; any other by its
 * source and the present values of its captured variables, which are written into the same graph of
 * values, so that recursion and shared objects keep their identity. What is written depends on the
 * content only: equal functions have equal tokens.
 */
import { types } from "node:util";
import { hostRefusal } from "../codec/refusals.ts";
import type { AnyFunction, FunctionPort, Json, JsonObject, Refusal } from "../codec/registry.ts";
import { GraphWriter } from "../codec/writer.ts";
import { sourceOf } from "../core/builtins.ts";
import { isCollection } from "../core/collection.ts";
import { HeddleError } from "../core/errors.ts";
import { writeCapture } from "./captures.ts";
import { nodeCrypto } from "./crypto.ts";
import {
  type FunctionTables,
  type GraphState,
  isConstant,
  placeNode,
  type Site,
  stateOf,
} from "./graph-state.ts";
import { isFresh, type ModulePlace, placeOfUrl } from "./modules.ts";
import type { Place } from "./origins.ts";
import { placeInBuiltins, placeOfExport, placeOfFunction, placeOfObject } from "./places.ts";
import { lookAt, type Sight, scriptUrl } from "./probe.ts";
import { type Capture, type Shape, SUPER, shapeAt } from "./script.ts";

/** A function as plain, structured-clonable data. */
export interface FunctionImage {
  /** Content token: equal for the same code with the same captured values. */
  readonly token: string;
  readonly name: string;
  /** The function and what it captures, as the JSON of a graph of values. */
  readonly body: string;
  readonly buffers: readonly Uint8Array[];
  readonly tables: FunctionTables;
}

const images = new WeakMap<AnyFunction, FunctionImage>();
/** Exports found by looking. */
const exports = new WeakMap<AnyFunction, Place>();
/**
 * Variables of functions all of whose captured bindings are constant: V8 need not be asked twice.
 */
const constants = new WeakMap<AnyFunction, { shape: Shape; values: Map<string, unknown> }>();
/**
 * Functions that refer to nothing outside of themselves, by their text: one is as good as another,
 * and a loop that makes a function each time around need not ask V8 about each.
 */
const selfContained = new Map<string, Shape>();
const SELF_CONTAINED_MAX = 1000;
const NOTHING: ReadonlyMap<string, unknown> = new Map();
const classIds = new WeakMap<AnyFunction, string>();
const homes = new Map<string, WeakRef<AnyFunction>>();
/** Tells the classes of this process from those of others. */
const HERE = Math.floor(Math.random() * 2 ** 32).toString(16);
let classesSeen = 0;

/**
 * Takes the picture of a function as it is now. Nearly free when asked again for a function without
 * captured variables that can change. Throws `NotSerializable`, naming the variable, its type and
 * the way out, for what cannot travel.
 */
export function encodeFunction(fn: AnyFunction): FunctionImage {
  if (typeof fn !== "function") {
    throw new HeddleError(
      "InvalidArgument",
      `A task needs a function, and this is ${fn === null ? "null" : `of type ${typeof fn}`}. Pass the ` +
        "function itself, not the result of calling it.",
    );
  }
  const known = images.get(fn);
  if (known?.tables.modules.every(isFresh) === true) return known;
  const graph = new GraphWriter(`function "${fn.name || "anonymous"}"`);
  const root = graph.write(fn);
  const state = stateOf(graph);
  const body = JSON.stringify(graph.later.length === 0 ? { v: root } : { v: root, l: graph.later });
  const image: FunctionImage = {
    token: tokenOf(body, graph.buffers, state.modules),
    name: fn.name,
    body,
    buffers: graph.buffers.map((bytes) => new Uint8Array(bytes)),
    tables: tablesOf(state),
  };
  if (state.isStable) images.set(fn, image);
  return image;
}

/** Whether the function, read before, captures nothing that can change. */
export function isFixed(fn: AnyFunction): boolean {
  return images.has(fn);
}

/** The class of this id, if it was made in this process and still lives. */
export function classAtHome(id: string | undefined): AnyFunction | undefined {
  return id === undefined ? undefined : homes.get(id)?.deref();
}

/** Gives a class that was decoded here the id it came with, without its version. */
export function rememberClass(make: AnyFunction, id: string): void {
  classIds.set(make, id.replace(/@.*/, ""));
}

/** How functions enter graphs of values: the writing half of the port. */
export const writingPort: Pick<FunctionPort, "encode" | "finish" | "place" | "whyNotByFields"> = {
  encode: writeFunction,
  finish: (graph) => tablesOf(stateOf(graph)) as unknown as Json,
  place(value, graph) {
    if (isCollection(value)) {
      throw graph.refuse({
        type: "lazy collection",
        advice: "Pass it as an argument of the task, or compute it first.",
      });
    }
    const place = placeOfObject(value);
    return place === undefined ? undefined : placeNode(place, graph);
  },
  whyNotByFields,
};

function tokenOf(
  body: string,
  buffers: readonly Uint8Array[],
  modules: readonly ModulePlace[],
): string {
  const digest = nodeCrypto().createHash("sha256").update(body);
  for (const { id } of modules) digest.update(`\0${id}`);
  for (const bytes of buffers) digest.update(`\0${bytes.length}\0`).update(bytes);
  return digest.digest("hex").slice(0, 32);
}

/** A class whose captured values can change is another class when they have changed. */
function tablesOf({ isStable, sites, modules, classes }: GraphState): FunctionTables {
  if (isStable || classes.size === 0) return { sites, modules };
  const versioned = [...sites];
  for (const [index, make] of classes) {
    const { id, ...site } = sites[index] as Site;
    versioned[index] = { ...site, id: `${id}@${contentToken(make)}` };
  }
  return { sites: versioned, modules };
}

/** Token of a class on its own, whatever graph it is part of. */
function contentToken(make: AnyFunction): string {
  const graph = new GraphWriter();
  const root = graph.write(make);
  const body = JSON.stringify([root, graph.later]);
  return tokenOf(body, graph.buffers, stateOf(graph).modules);
}

function writeFunction(fn: AnyFunction, graph: GraphWriter): Json {
  graph.namesPlaces = true;
  if (types.isProxy(fn)) {
    throw graph.refuse({ type: "Proxy", advice: "Pass the function behind it." });
  }
  const place = placeOfFunction(fn);
  if (place !== undefined) return placeNode(place, graph);
  const exported = exportedPlace(fn);
  if (exported !== undefined) return placeNode(exported, graph);
  const constant = constants.get(fn);
  if (constant !== undefined) {
    return writeSource(fn, constant.shape, constant.values, graph);
  }
  const known = selfContained.get(textOf(fn));
  if (known !== undefined) return writeSource(fn, known, NOTHING, graph);
  const write = lookAt(fn, (sight) => writerOf(fn, sight));
  return write(graph);
}

/** How to write the function; its variables are read now, while it is looked at. */
function writerOf(fn: AnyFunction, sight: Sight): (graph: GraphWriter) => Json {
  const { bound } = sight;
  if (bound !== undefined) return (graph) => writeBound(fn, bound, graph);
  const shape = shapeOf(sight);
  if (typeof shape !== "object") return (graph) => writeHost(fn, shape, graph);
  const place = placeOfExport(fn, shape);
  if (place !== undefined) {
    exports.set(fn, place);
    return (graph) => placeNode(place, graph);
  }
  const values = readCaptures(fn, shape, sight);
  if (shape.captures.length === 0 && !shape.isClass) {
    if (selfContained.size >= SELF_CONTAINED_MAX) selfContained.clear();
    selfContained.set(textOf(fn), shape);
  }
  return (graph) => writeSource(fn, shape, values, graph);
}

function textOf(fn: AnyFunction): string {
  return Function.prototype.toString.call(fn);
}

/** The place found before; its module is named anew when a file of it was edited. */
function exportedPlace(fn: AnyFunction): Place | undefined {
  const known = exports.get(fn);
  if (known === undefined || !("module" in known) || isFresh(known.module)) return known;
  const module = placeOfUrl(known.module.specifier, known.module.how);
  const place = module && { module, name: known.name };
  if (place === undefined) exports.delete(fn);
  else exports.set(fn, place);
  return place;
}

/**
 * The shape of a user's function; for Node's own the URL of the script, for native ones nothing.
 */
function shapeOf({ location }: Sight): Shape | string | undefined {
  if (location === undefined) return undefined;
  const url = scriptUrl(location.scriptId);
  return url.startsWith("node:") ? url : shapeAt(location);
}

/** Present values of the captured variables, kept for the next time if none can be assigned. */
function readCaptures(fn: AnyFunction, shape: Shape, sight: Sight): Map<string, unknown> {
  const values = sight.read(shape.captures.map(({ name }) => name));
  const parent: unknown = Object.getPrototypeOf(fn);
  if (shape.isClass && typeof parent === "function") values.set(SUPER, parent);
  const constant = shape.captures.every(
    ({ name, binding }) =>
      name === SUPER ||
      binding?.kind === "import" ||
      (binding === undefined
        ? !values.has(name)
        : isConstant(binding) && values.get(name) !== undefined),
  );
  if (constant) constants.set(fn, { shape, values });
  return values;
}

function writeHost(fn: AnyFunction, url: string | undefined, graph: GraphWriter): Json {
  const place = placeInBuiltins(fn, url);
  if (place !== undefined) return placeNode(place, graph);
  throw graph.refuse({
    type: sourceOf(fn).native ? "native function that no global name leads to" : "function of Node",
    advice: "Call it through the object it belongs to, inside a function of your own.",
  });
}

/**
 * `y` says that what it is bound to leads back to it, as where an object keeps its method bound.
 */
function writeBound(fn: AnyFunction, bound: NonNullable<Sight["bound"]>, graph: GraphWriter): Json {
  stateOf(graph).isStable = false;
  let isCircle = false;
  const write = (): JsonObject => ({
    $: "B",
    t: graph.part(bound.target, { text: ", bound function" }),
    o: graph.part(bound.boundThis, { text: ", bound this" }),
    a: graph.part(bound.boundArgs, { text: ", bound arguments" }),
  });
  const node = graph.before(fn, write, () => {
    isCircle = true;
  });
  return isCircle ? { ...node, y: 1 } : node;
}

/**
 * A function by its source, its captured variables and the properties put on it. A class that needs
 * its captures to be evaluated (`extends`, static fields) is made after them; what they capture of
 * the class itself then has to wait until it is there (`r` names it, `l` is where it follows).
 */
function writeSource(
  fn: AnyFunction,
  shape: Shape,
  values: ReadonlyMap<string, unknown>,
  graph: GraphWriter,
): JsonObject {
  refuseLexical(shape, graph);
  const { open } = stateOf(graph);
  const write = (captures: readonly Capture[]): Json =>
    captures.flatMap((capture) => {
      const pair = writeCapture(capture, values, shape, graph);
      return pair === undefined ? [] : [pair];
    });
  const s = siteOf(fn, shape, graph);
  const back = shape.captures.filter(({ name }) => open.has(values.get(name)));
  if (shape.isEager) open.add(fn);
  const first = shape.captures.filter((capture) => !back.includes(capture));
  let c: Json;
  try {
    c = write(first);
  } finally {
    open.delete(fn);
  }
  const own = ownOf(fn, shape, graph);
  const waiting =
    back.length === 0
      ? {}
      : { r: back.map(({ name }) => name), l: graph.postpone(() => write(back)) };
  return { $: "f", s, x: shape.text, N: fn.name, k: flagsOf(shape), c, ...own, ...waiting };
}

/** Bits: 1 strict, 2 class, 4 has `import()`, 8 evaluated only when its captures are there. */
function flagsOf(shape: Shape): number {
  const { strict, isClass, usesImport, isEager } = shape;
  return (strict ? 1 : 0) | (isClass ? 2 : 0) | (usesImport ? 4 : 0) | (isEager ? 8 : 0);
}

function siteOf(fn: AnyFunction, shape: Shape, graph: GraphWriter): number {
  const { line, column, module } = shape;
  const { sites, classes } = stateOf(graph);
  const site = { url: module.url, line, column, ...(module.isMapped ? { isMapped: true } : {}) };
  if (!shape.isClass) return sites.push(site) - 1;
  const index = sites.push({ ...site, id: idOf(fn) }) - 1;
  classes.set(index, fn);
  return index;
}

function idOf(make: AnyFunction): string {
  let id = classIds.get(make);
  if (id === undefined) {
    id = `${HERE}-${classesSeen++}`;
    if (classesSeen % 1024 === 0) forgetDeadClasses();
    classIds.set(make, id);
    homes.set(id, new WeakRef(make));
  }
  return id;
}

function forgetDeadClasses(): void {
  for (const [id, home] of homes) if (home.deref() === undefined) homes.delete(id);
}

/**
 * Properties that were put on a function, on its prototype, or on a class beside its declared
 * fields.
 */
function ownOf(fn: AnyFunction, shape: Shape, graph: GraphWriter): JsonObject {
  const own = Object.keys(fn).filter((key) => !shape.statics.has(key));
  const declared = [...shape.statics].filter((key) => Object.hasOwn(fn, key));
  const prototype = fn.prototype as object | undefined;
  const added = typeof prototype === "object" && prototype !== null ? Object.keys(prototype) : [];
  if (own.length + declared.length + added.length === 0) return {};
  stateOf(graph).isStable = false;
  const pairs = own.map((key): Json => [key, graph.part(fn[key as keyof AnyFunction], key)]);
  for (const key of declared) {
    // The source makes it again; its present value matters only if it can travel.
    const value: unknown = fn[key as keyof AnyFunction];
    if (typeof value === "function") continue;
    const node = graph.attempt(() => graph.part(value, key));
    if (node !== undefined) pairs.push([key, node]);
  }
  const on = added.length === 0 ? {} : { q: graph.fields(prototype as object) };
  return { ...(pairs.length === 0 ? {} : { p: pairs }), ...on };
}

const LEXICAL_ADVICE =
  "An arrow function has none of its own, and the surrounding function does not travel. Put what is " +
  "needed into a variable first (const self = this; then use self), or write an ordinary function.";

function refuseLexical({ lexical, isMethod }: Shape, graph: GraphWriter): void {
  if (lexical === undefined) return;
  if (lexical === "super" && isMethod) {
    throw graph.refuse({
      type: "method that uses super",
      advice: "Send its class or an instance, or call the parent's method by name.",
    });
  }
  throw graph.refuse({
    type: `function that uses \`${lexical}\` of the function around it`,
    advice: LEXICAL_ADVICE,
  });
}

/** Built-in classes whose instances carry all their state in ordinary fields. */
const FIELD_CLASSES: ReadonlySet<string> = new Set(["EventEmitter"]);

/** Classes from which a user's class may inherit: the value format knows their inner state. */
const BASES: ReadonlySet<unknown> = new Set([Object, Map, Set, Error, TypeError, RangeError]);

const whyNot = new WeakMap<AnyFunction, Refusal | null>();

function whyNotByFields(make: AnyFunction): Refusal | undefined {
  let answer = whyNot.get(make);
  if (answer === undefined) {
    answer = findHiddenState(make) ?? null;
    whyNot.set(make, answer);
  }
  return answer ?? undefined;
}

/** Looks through a class and its parents for state that is not in ordinary fields. */
function findHiddenState(make: AnyFunction): Refusal | undefined {
  for (let up: unknown = make; typeof up === "function"; up = Object.getPrototypeOf(up)) {
    if (up === Function.prototype || BASES.has(up)) return undefined;
    const shape = lookAt(up, shapeOf);
    if (typeof shape !== "object") {
      if (up.prototype instanceof Error) continue;
      const isKnown = up !== make && FIELD_CLASSES.has(up.name);
      if (isKnown) return undefined;
      const refusal = hostRefusal(up.name);
      return up === make ? refusal : { ...refusal, type: `${make.name}, a kind of ${up.name}` };
    }
    if (shape.hasPrivate) {
      return {
        type: `${make.name || "class instance"} with #private members`,
        advice:
          "Nobody can read those from outside. Give the class a codec: " +
          `registerClass("${make.name}", ${make.name}, { encode, decode }).`,
      };
    }
  }
  return undefined;
}
