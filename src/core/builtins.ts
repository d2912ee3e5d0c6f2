/**
 * @file What can be told about functions without running them: the path of a built-in one from the
 * global object (`Math.max`), and the source text of any other, digested once per function object.
 */
import { Hash128 } from "./hash.ts";

/** What the source text of a function or class says. */
export interface Source {
  /** Token of the text. */
  readonly digest: string;
  /** There is no text: native and bound functions. */
  readonly native: boolean;
  /** A class that declares `#private` names, which nobody can read from outside. */
  readonly hidesFields: boolean;
}

/**
 * A private name at the place of a declaration in a class body: `#x;`, `#x = 1`, `static #x`, `get
 * #x(`.
 */
const PRIVATE_FIELD = /[{};\s*]#[\p{ID_Start}$_][\p{ID_Continue}$]*\s*[=;(}\n]/u;

const sources = new WeakMap<object, Source>();

/** The digest of a function's text; computed once, since the text of a function never changes. */
export function sourceOf(fn: object): Source {
  let source = sources.get(fn);
  if (source === undefined) {
    const text = Function.prototype.toString.call(fn);
    const hash = new Hash128();
    hash.text(text);
    source = {
      digest: hash.digest(),
      native: /\{\s*\[native code\]\s*\}\s*$/.test(text),
      hidesFields: text.startsWith("class") && PRIVATE_FIELD.test(text),
    };
    sources.set(fn, source);
  }
  return source;
}

/**
 * Global names whose members are standard on every host; host objects such as `process` are left
 * out on purpose.
 */
const ROOTS = [
  ...["Object", "Function", "Array", "Number", "Boolean", "String", "Symbol", "Date", "RegExp"],
  ...["Error", "TypeError", "RangeError", "SyntaxError", "EvalError", "ReferenceError", "URIError"],
  ...["AggregateError", "Promise", "Map", "Set", "WeakMap", "WeakSet", "WeakRef", "Proxy"],
  ...["ArrayBuffer", "SharedArrayBuffer", "DataView", "Atomics", "JSON", "Math", "Reflect", "Intl"],
  ...["BigInt", "BigInt64Array", "BigUint64Array", "Int8Array", "Uint8Array", "Uint8ClampedArray"],
  ...["Int16Array", "Uint16Array", "Int32Array", "Uint32Array", "Float32Array", "Float64Array"],
  ...["FinalizationRegistry", "parseInt", "parseFloat", "isNaN", "isFinite", "encodeURI"],
  ...["encodeURIComponent", "decodeURI", "decodeURIComponent", "structuredClone", "WebAssembly"],
];

let paths: Map<unknown, string> | undefined;

/**
 * Where a built-in function or well-known symbol stands, e.g. "Math.max" or "Array.prototype.at".
 */
export function builtinPath(value: unknown): string | undefined {
  paths ??= readBuiltins();
  return paths.get(value);
}

function readBuiltins(): Map<unknown, string> {
  const found = new Map<unknown, string>();
  const visit = (value: unknown, path: string, depth: number): void => {
    if (typeof value === "symbol" && !found.has(value)) found.set(value, path);
    const isFunction = typeof value === "function";
    if (!isFunction && (typeof value !== "object" || value === null)) return;
    if (found.has(value)) return;
    if (isFunction && !sourceOf(value).native) return;
    found.set(value, path);
    if (depth === 3) return;
    for (const name of Object.getOwnPropertyNames(value)) {
      const property = Object.getOwnPropertyDescriptor(value, name);
      if (property !== undefined && "value" in property && name !== "constructor") {
        visit(property.value, `${path}.${name}`, depth + 1);
      }
    }
  };
  for (const name of ROOTS) visit((globalThis as Record<string, unknown>)[name], name, 0);
  return found;
}
