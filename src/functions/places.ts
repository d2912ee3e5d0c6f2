/**
 * @file Values that are named by where they are found instead of being taken to pieces: globals
 * (`Math.max`), Node's own modules and their exports, exports of the user's modules and packages,
 * and what was declared by `referTo`.
 */
import { isBuiltin } from "node:module";
import { pathToFileURL } from "node:url";
import { builtinPath } from "../core/builtins.ts";
import { isOwn, placeOfUrl } from "./modules.ts";
import { nodeRequire } from "./node-require.ts";
import { originOf, type Place } from "./origins.ts";
import type { Shape } from "./script.ts";

type AnyFunction = CallableFunction;

const declared = new WeakMap<AnyFunction, { readonly url: string; readonly name: string }>();

/**
 * Names of the global object before the program added any: a host's own, which need not be sent.
 * Read when Heddle is loaded, which in ES modules is before the program's first statement.
 */
const HOST_GLOBALS: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(globalThis));

/**
 * Declares that `fn` is what the module at `moduleUrl` (its `import.meta.url`) exports as
 * `exportName`, so that it is sent by name without being looked at. Returns `fn`.
 */
export function referTo<F extends AnyFunction>(moduleUrl: string, exportName: string, fn: F): F {
  declared.set(fn, { url: moduleUrl, name: exportName });
  return fn;
}

/**
 * {@link referTo} for all functions that a module exports: `import * as self from "./tasks.ts"` in
 * `tasks.ts` itself, and `referToAll(import.meta.url, self)` at its end.
 */
export function referToAll(moduleUrl: string, exports: object): void {
  for (const [name, value] of Object.entries(exports)) {
    if (typeof value === "function") referTo(moduleUrl, name, value);
  }
}

/** Whether every host has a global of this name. */
export function isHostGlobal(name: string): boolean {
  return HOST_GLOBALS.has(name);
}

/** The place of a function that needs no look at its source, if it has one. */
export function placeOfFunction(fn: AnyFunction): Place | undefined {
  const origin = originOf(fn);
  if (origin !== undefined) return origin;
  const reference = declared.get(fn);
  if (reference !== undefined) {
    const module = placeOfUrl(reference.url, "import");
    if (module !== undefined) return { module, name: reference.name };
  }
  const { name } = fn;
  if (HOST_GLOBALS.has(name) && Reflect.get(globalThis, name) === fn) return { path: name };
  if (!NATIVE.test(Function.prototype.toString.call(fn))) return undefined;
  const path = builtinPath(fn) ?? hostValues().get(fn);
  return path === undefined ? undefined : { path };
}

/** What functions without a source say, bound ones (`console.log`) included. */
const NATIVE = /\{\s*\[native code\]\s*\}\s*$/;

/**
 * The place of a function of a script that is a Node module (`node:fs`), or undefined when it
 * exports no such.
 */
export function placeInBuiltins(fn: AnyFunction, scriptUrl: string | undefined): Place | undefined {
  const path = hostValues().get(fn);
  if (path !== undefined) return { path };
  const first = scriptUrl?.startsWith("node:") === true ? scriptUrl.slice(5) : "";
  const all = [...builtinExports()].map(([exports, name]) => ({ exports, name }));
  // The module of the same name as the script is asked first.
  all.sort((a, b) => Number(b.name === first) - Number(a.name === first));
  for (const { exports, name } of all) {
    if (exports === fn) return builtin(name, "default");
    const key = dataKeyOf(exports, fn);
    if (key !== undefined) return builtin(name, key);
  }
  return undefined;
}

/** The place of a function that its module exports, if that module may be loaded again. */
export function placeOfExport(fn: AnyFunction, shape: Shape): Place | undefined {
  const { kind, url } = shape.module;
  if (kind === "commonjs") return placeInCommonJs(fn, url);
  if (shape.exported === undefined) return undefined;
  // What a test runner transformed can be loaded again only if it was plain JavaScript before,
  // which is known of Heddle's own files alone.
  if (kind === "vite" && !(isOwn(url) && url.endsWith(".js"))) return undefined;
  const module = placeOfUrl(url, "import");
  return module === undefined ? undefined : { module, name: shape.exported };
}

/** The place of an object that is a global, a Node module, or all exports of a module. */
export function placeOfObject(value: object): Place | undefined {
  const origin = originOf(value);
  if (origin !== undefined) return origin;
  if (value === process.env) return { path: "process.env" };
  const path = globalPath(value);
  if (path !== undefined) return { path };
  const name = hasMethods(value) ? builtinExports().get(value) : undefined;
  if (name !== undefined) return builtin(name, "default");
  const file = commonJsFiles().get(value);
  const module = file === undefined ? undefined : placeOfUrl(pathToFileURL(file).href, "require");
  return module === undefined ? undefined : { module, name: "*" };
}

function builtin(name: string, key: string): Place {
  return { module: { id: `node:${name}`, how: "import", specifier: `node:${name}` }, name: key };
}

/**
 * Global objects say by their tag what they are (`Math`, `console`); the user's rarely have one.
 */
function globalPath(value: object): string | undefined {
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (tag === "Object" || tag === "Array") return undefined;
  for (const name of tag === "global" ? ["globalThis"] : [tag, tag.toLowerCase()]) {
    if (HOST_GLOBALS.has(name) && Reflect.get(globalThis, name) === value) return name;
  }
  return builtinPath(value);
}

/**
 * Whether it may be what a module exports: looking those up costs a few milliseconds, once. Of
 * arrays no key is asked for, since all would be made before the first is looked at.
 */
function hasMethods(value: object): boolean {
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return false;
  for (const key in value) {
    const property = Object.getOwnPropertyDescriptor(value, key);
    return property?.get !== undefined || typeof property?.value === "function";
  }
  return false;
}

let hosts: Map<unknown, string> | undefined;

/** Functions on global objects of the host, read once. */
function hostValues(): ReadonlyMap<unknown, string> {
  if (hosts !== undefined) return hosts;
  hosts = new Map();
  for (const path of ["console", "process", "Buffer"]) {
    const members = Object.getOwnPropertyDescriptors(followPath(path));
    for (const [key, { value }] of Object.entries(members)) {
      if (typeof value === "function") hosts.set(value, `${path}.${key}`);
    }
  }
  return hosts;
}

/** The value at a path from the global object. */
export function followPath(path: string): unknown {
  let value: unknown = globalThis;
  for (const key of path.split(".")) {
    value = (value as Record<string, unknown> | undefined)?.[key];
  }
  return value;
}

/**
 * Key of an own data property with this value; accessors are left alone, since reading them may
 * load things.
 */
function dataKeyOf(object: unknown, value: unknown): string | undefined {
  if (object === null || (typeof object !== "object" && typeof object !== "function")) {
    return undefined;
  }
  for (const [key, { value: held }] of Object.entries(Object.getOwnPropertyDescriptors(object))) {
    if (held === value) return key;
  }
  return undefined;
}

let builtinsSeen = -1;
let builtins = new Map<unknown, string>();

/**
 * Exports of those public modules of Node that this process has loaded already: reading them costs
 * nothing.
 */
function builtinExports(): ReadonlyMap<unknown, string> {
  const { moduleLoadList = [] } = process as { moduleLoadList?: readonly string[] };
  if (moduleLoadList.length === builtinsSeen) return builtins;
  builtins = new Map();
  for (const entry of moduleLoadList) {
    const name = /^NativeModule (?!internal\/)(.+)$/.exec(entry)?.[1];
    if (name !== undefined && isBuiltin(name)) builtins.set(nodeRequire(name), name);
  }
  builtinsSeen = moduleLoadList.length;
  return builtins;
}

function placeInCommonJs(fn: AnyFunction, url: string): Place | undefined {
  const entry = Object.entries(nodeRequire.cache).find(
    ([file]) => pathToFileURL(file).href === url.replace(/\?.*$/, ""),
  );
  const exports: unknown = entry?.[1]?.exports;
  if (exports === undefined) return undefined;
  const name = exports === fn ? "module.exports" : keyOf(exports, fn);
  const module = name === undefined ? undefined : placeOfUrl(url, "require");
  return module === undefined || name === undefined ? undefined : { module, name };
}

/** Compilers write exports as accessors, so here they are read. */
function keyOf(exports: unknown, fn: AnyFunction): string | undefined {
  if (typeof exports !== "object" && typeof exports !== "function") return undefined;
  return Object.keys(exports as object).find(
    (key) => (exports as Record<string, unknown>)[key] === fn,
  );
}

let cjsSeen = -1;
let cjsFiles = new Map<unknown, string>();

function commonJsFiles(): Map<unknown, string> {
  const entries = Object.entries(nodeRequire.cache);
  if (entries.length !== cjsSeen) {
    cjsSeen = entries.length;
    cjsFiles = new Map();
    for (const [file, module] of entries) {
      const exports: unknown = module?.exports;
      if (typeof exports === "object" && exports !== null) cjsFiles.set(exports, file);
    }
  }
  return cjsFiles;
}
