/**
 * @file Looks into live functions through V8's own inspector, in-process: where a function's source
 * stands, which scopes it closes over with their present values, and what a bound function is made
 * of. Nothing is paused; the debugger domain is on only while a script's text is fetched, because
 * V8 drops optimised WebAssembly code as long as it is on.
 */
import inspector from "node:inspector";
import { HeddleError } from "../core/errors.ts";
import { isDenied } from "../core/permissions.ts";

type AnyFunction = CallableFunction;

/**
 * Where a function's source begins (for classes at `class`, for methods at the parameters), counted
 * from 0.
 */
export interface Location {
  readonly scriptId: string;
  readonly line: number;
  readonly column: number;
}

/** The target, `this` and leading arguments of a bound function. */
export interface Bound {
  readonly target: unknown;
  readonly boundThis: unknown;
  readonly boundArgs: readonly unknown[];
}

/** What V8 knows of a script. */
export interface Script {
  readonly id: string;
  readonly url: string;
  readonly isModule: boolean;
  readonly startLine: number;
  readonly startColumn: number;
  readonly sourceMapUrl: string;
  readonly source: string;
}

/** What can be seen of a function; scopes are read only when asked for. */
export interface Sight {
  readonly location: Location | undefined;
  readonly bound: Bound | undefined;
  /**
   * Present values of these variables, the innermost scope first; names that no scope has are left
   * out.
   */
  read(names: readonly string[]): Map<string, unknown>;
}

const SLOT: symbol = Symbol.for("heddle.probe");
const GROUP = "heddle";

/**
 * How the inspector's world and ours meet: a place that both reach. Not `globalThis`, which a test
 * runner may have replaced by its own.
 */
const place = inspector.Session as unknown as Record<symbol, unknown>;
const PLACE = `process.getBuiltinModule("node:inspector").Session[Symbol.for("heddle.probe")]`;

let session: inspector.Session | undefined;
const scripts = new Map<string, Omit<Script, "source">>();
const urls = new Map<string, string>();
const fetched = new Map<string, Script>();

/** Looks at `fn`, and lets go of everything afterwards. `use` must be synchronous. */
export function lookAt<T>(fn: AnyFunction, use: (sight: Sight) => T): T {
  try {
    return use(sightOf(fn));
  } finally {
    post("Runtime.releaseObjectGroup", { objectGroup: GROUP });
  }
}

/** The URL of the script of this id; scripts of Node itself have `node:` URLs. */
export function scriptUrl(id: string): string {
  const known = urls.get(id);
  if (known !== undefined) return known;
  const script = fetchScript(id);
  if (!script.url.startsWith("node:")) fetched.set(id, script);
  return script.url;
}

/** The script of this id, with its text, which callers keep if they need it again. */
export function scriptOf(id: string): Script {
  const script = fetched.get(id) ?? fetchScript(id);
  fetched.delete(id);
  return script;
}

/** Slow (V8 tells about every script that there is), so URLs are kept of all. */
function fetchScript(id: string): Script {
  scripts.clear();
  post("Debugger.enable", {});
  try {
    const info = scripts.get(id);
    if (info === undefined) throw unavailable(`its script ${id} is not known to V8`);
    for (const { id: each, url } of scripts.values()) urls.set(each, url);
    const answer = post("Debugger.getScriptSource", { scriptId: id });
    return { ...info, source: (answer as { scriptSource: string }).scriptSource };
  } finally {
    post("Debugger.disable", {});
    scripts.clear();
  }
}

interface Remote {
  readonly objectId?: string;
  readonly description?: string;
  readonly value?: unknown;
}

interface Property {
  readonly name: string;
  readonly value?: Remote;
}

function sightOf(fn: AnyFunction): Sight {
  const target = remoteOf(fn);
  const internal = internalsOf(target);
  const at = internal.get("[[FunctionLocation]]")?.value as
    | { scriptId: string; lineNumber: number; columnNumber: number }
    | undefined;
  const scopes = internal.get("[[Scopes]]");
  return {
    location: at && { scriptId: at.scriptId, line: at.lineNumber, column: at.columnNumber },
    bound: internal.has("[[TargetFunction]]") ? boundOf(internal) : undefined,
    read: (names) => (scopes === undefined ? new Map() : readScopes(scopes, names)),
  };
}

function boundOf(internal: ReadonlyMap<string, Remote>): Bound {
  const parts = ["[[TargetFunction]]", "[[BoundThis]]", "[[BoundArgs]]"].map(
    (name) => internal.get(name) ?? {},
  );
  const [target, boundThis, boundArgs] = localOf(parts);
  return { target, boundThis, boundArgs: boundArgs as readonly unknown[] };
}

/** Scopes arrive as `{ description, object }`, the object holding a copy of the present values. */
function readScopes(scopes: Remote, names: readonly string[]): Map<string, unknown> {
  const entries = (
    post("Runtime.getProperties", { objectId: scopes.objectId, ownProperties: true }) as {
      result: Property[];
    }
  ).result;
  const own = entries.flatMap(({ value }) =>
    value === undefined || value.description === "Global" ? [] : [value],
  );
  const found = new Map<string, unknown>();
  if (own.length === 0) return found;
  const values = (localOf(own) as { object: Record<string, unknown> }[]).map(
    ({ object }) => object,
  );
  for (const name of names) {
    const scope = values.find((object) => Object.hasOwn(object, name));
    if (scope !== undefined) found.set(name, scope[name]);
  }
  return found;
}

/** A handle by which the inspector knows a value of ours. */
function remoteOf(value: unknown): Remote {
  place[SLOT] = value;
  try {
    const { result } = post("Runtime.evaluate", { expression: PLACE, objectGroup: GROUP }) as {
      result: Remote;
    };
    return result;
  } finally {
    delete place[SLOT];
  }
}

/** The values behind handles of the inspector. */
function localOf(remotes: readonly Remote[]): readonly unknown[] {
  let found: readonly unknown[] = [];
  const sink = remoteOf((...values: unknown[]) => {
    found = values;
  });
  post("Runtime.callFunctionOn", {
    objectId: sink.objectId,
    functionDeclaration: "function (...values) { this(...values); }",
    arguments: remotes.map(argumentOf),
    objectGroup: GROUP,
  });
  return found;
}

function argumentOf(remote: Remote): object {
  if (remote.objectId !== undefined) return { objectId: remote.objectId };
  const unserializable = (remote as { unserializableValue?: string }).unserializableValue;
  if (unserializable !== undefined) return { unserializableValue: unserializable };
  return "value" in remote ? { value: remote.value } : {};
}

function internalsOf(target: Remote): Map<string, Remote> {
  const { internalProperties } = post("Runtime.getProperties", {
    objectId: target.objectId,
    ownProperties: true,
  }) as { internalProperties?: Property[] };
  return new Map((internalProperties ?? []).map(({ name, value }) => [name, value ?? {}]));
}

function post(method: string, params: object): unknown {
  session ??= connect();
  let result: unknown;
  let failure: Error | null = null;
  // In-process, the answer comes before `post` returns.
  session.post(method, params, (error: Error | null, answer?: object) => {
    failure = error;
    result = answer;
  });
  if (failure !== null) throw unavailable(`the inspector refused ${method}`, failure);
  return result;
}

function connect(): inspector.Session {
  const fresh = new inspector.Session();
  fresh.on("Debugger.scriptParsed", ({ params }) => {
    scripts.set(params.scriptId, {
      id: params.scriptId,
      url: params.url,
      isModule: params.isModule ?? false,
      startLine: params.startLine,
      startColumn: params.startColumn,
      sourceMapUrl: params.sourceMapURL ?? "",
    });
  });
  try {
    fresh.connect();
  } catch (cause) {
    if (!isDenied(cause)) throw cause;
    throw unavailable("Node's permission model (node --permission) refuses the inspector", cause);
  }
  return fresh;
}

function unavailable(why: string, cause?: unknown): HeddleError<"NotSupported"> {
  return new HeddleError(
    "NotSupported",
    `The captured variables of a function could not be read: ${why}. Export the function from a ` +
      "module of its own; exported functions travel by reference.",
    { cause },
  );
}
