/**
 * @file Where configuration comes from outside the program: files and environment variables. Each
 * source becomes one layer of values with their origins; later layers win. Unknown keys and bad
 * values are errors that name the place.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Document, LineCounter, Node, Pair, YAMLMap } from "yaml";
import { HeddleError } from "../core/errors.ts";
import { canonicalName, findKey, isGroup, nearestKey, resolveKey } from "./keys.ts";
import { type ConfigKey, definitionOf } from "./schema.ts";

/** Where a value comes from. */
export interface Origin {
  readonly source: "default" | "file" | "environment" | "set" | "with" | "received";
  /** `file:line`, the name of the variable, or empty. */
  readonly where: string;
}

/** A value with its origin. */
export interface Entry {
  readonly value: unknown;
  readonly origin: Origin;
}

/** Values from one source. */
export type ConfigLayer = ReadonlyMap<ConfigKey, Entry>;

/** What collecting looks at; defaults are those of this process. */
export interface Surroundings {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly home?: string;
  readonly platform?: string;
}

/**
 * The typed value of a key. Errors: `ConfigInvalid`, saying what is allowed and where the value
 * stands.
 */
export function readValue(key: ConfigKey, raw: unknown, where: string): unknown {
  const definition = definitionOf(key);
  const value = definition.kind.parse(raw);
  if (value !== undefined) return value;
  const place = where === "" ? "" : ` (${where})`;
  const given = JSON.stringify(raw) ?? String(raw);
  throw new HeddleError(
    "ConfigInvalid",
    `${key} is ${given}${place}; it must be ${definition.kind.expects}`,
    { fields: { key, given, where } },
  );
}

function fileFault(path: string, problem: string): HeddleError {
  return new HeddleError("ConfigInvalid", `${path}: ${problem}`, { fields: { where: path } });
}

/** Replaces `$NAME` and `${NAME}` by environment variables; unknown ones stay as they are. */
export function expandEnvironmentVariables(
  text: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  return text.replace(
    /\$(?:\{(\w+)\}|(\w+))/g,
    (whole, braced, bare) => env[braced ?? bare] ?? whole,
  );
}

// Loading the YAML parser takes 40 ms: only a process that has a configuration file pays for it.
const load = createRequire(import.meta.url);

/** A parsed YAML or JSON file, with what is needed to tell lines. */
export function parseYaml(path: string): { document: Document; lines: LineCounter } {
  const yaml = load("yaml") as typeof import("yaml");
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(readText(path), { lineCounter: lines });
  const fault = document.errors[0];
  if (fault !== undefined) {
    const line = lines.linePos(fault.pos[0]).line;
    throw fileFault(`${path}:${line}`, fault.message.split("\n")[0] ?? "not valid YAML");
  }
  return { document, lines };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    const problem = isFolder
      ? "it is a folder, but the name of a configuration file: rename or remove it"
      : `it cannot be read: ${String(cause)}`;
    throw new HeddleError("ConfigInvalid", `${path}: ${problem}`, {
      cause,
      fields: { where: path },
    });
  }
}

/** Values of one YAML or JSON file. */
export function collectYaml(path: string, env: Surroundings["env"] = process.env): ConfigLayer {
  const { document, lines } = parseYaml(path);
  const layer = new Map<ConfigKey, Entry>();
  const visit = (map: YAMLMap, prefix: string): void => {
    for (const pair of map.items as Pair<Node, Node | null>[]) {
      const name = prefix + String(pair.key);
      const where = `${path}:${lines.linePos(pair.key.range?.[0] ?? 0).line}`;
      const raw: unknown = pair.value?.toJS(document) ?? null;
      if (isMap(pair.value) && (findKey(name) === undefined || isGroup(name))) {
        visit(pair.value, `${name}.`);
      } else if (raw !== null || !isGroup(name)) {
        addEntry(layer, name, raw, where, env);
      }
    }
  };
  const top = document.contents as Node | null;
  if (top !== null && !isMap(top)) throw fileFault(path, "it must hold keys");
  if (top !== null) visit(top, "");
  return layer;
}

/** Whether a node is a map: its items are pairs, those of a sequence are nodes. */
export function isMap(node: Node | null | undefined): node is YAMLMap {
  const { isMap: test } = load("yaml") as typeof import("yaml");
  return test(node);
}

function addEntry(
  layer: Map<ConfigKey, Entry>,
  name: string,
  raw: unknown,
  where: string,
  env: Surroundings["env"],
): void {
  const key = resolveKey(name, where);
  const expanded = typeof raw === "string" ? expandEnvironmentVariables(raw, env) : raw;
  layer.set(key, { value: readValue(key, expanded, where), origin: { source: "file", where } });
}

/** Values of one module: its default export is an object of keys. */
export function collectModule(path: string): ConfigLayer {
  let exported: unknown;
  try {
    exported = (load(path) as { default?: unknown }).default;
  } catch (cause) {
    throw new HeddleError("ConfigInvalid", `${path}: it cannot be loaded: ${String(cause)}`, {
      cause,
      fields: { where: path },
    });
  }
  if (typeof exported !== "object" || exported === null) {
    throw fileFault(path, "its default export must be an object of configuration keys");
  }
  const layer = new Map<ConfigKey, Entry>();
  const visit = (values: object, prefix: string): void => {
    for (const [part, value] of Object.entries(values)) {
      const name = prefix + part;
      const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
      if (isObject && (findKey(name) === undefined || isGroup(name))) visit(value, `${name}.`);
      else addEntry(layer, name, value, path, {});
    }
  };
  visit(exported, "");
  return layer;
}

function collectFile(path: string, env: Surroundings["env"]): ConfigLayer {
  return path.endsWith(".mjs") ? collectModule(path) : collectYaml(path, env);
}

/**
 * Values of `HEDDLE_A__B_C` variables: `__` parts levels, `_` is `-`. A name with levels must be a
 * key; a name without may belong to somebody else, unless it is nearly a key.
 */
export function collectEnv(env: Surroundings["env"] = process.env): ConfigLayer {
  const layer = new Map<ConfigKey, Entry>();
  for (const [variable, raw] of Object.entries(env)) {
    if (!variable.startsWith("HEDDLE_") || raw === undefined || isReserved(variable)) continue;
    const name = variable.slice("HEDDLE_".length).toLowerCase().replaceAll("__", ".");
    const canonical = canonicalName(name);
    if (findKey(name) === undefined && !name.includes(".") && nearestKey(canonical) === undefined) {
      continue;
    }
    const key = resolveKey(canonical, `environment variable ${variable}`);
    const value = readValue(key, raw, `environment variable ${variable}`);
    layer.set(key, { value, origin: { source: "environment", where: variable } });
  }
  return layer;
}

function isReserved(variable: string): boolean {
  return /^HEDDLE_(CONFIG|ROOT_CONFIG|NODE|TOKEN|JOB_ID|INTERNAL_.*)$/.test(variable);
}

/** Folder of the user's own configuration files. */
export function userFolder(around: Surroundings = {}): string {
  const env = around.env ?? process.env;
  const home = around.home ?? homedir();
  const isWindows = (around.platform ?? process.platform) === "win32";
  const base = env["XDG_CONFIG_HOME"] || (isWindows && env["APPDATA"]) || join(home, ".config");
  return join(base, "heddle");
}

function systemFolder(around: Surroundings): string {
  const env = around.env ?? process.env;
  if (env["HEDDLE_ROOT_CONFIG"]) return env["HEDDLE_ROOT_CONFIG"];
  const isWindows = (around.platform ?? process.platform) === "win32";
  return isWindows ? join(env["ProgramData"] || "C:\\ProgramData", "heddle") : "/etc/heddle";
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  if (statSync(folder).isFile()) return [folder];
  const names = readdirSync(folder).filter((name) => /\.(ya?ml|json|mjs)$/.test(name));
  return names.sort().map((name) => join(folder, name));
}

/**
 * The project's file: the first of heddle.yaml, .yml, .json and .mjs in the nearest folder that has
 * one.
 */
function nearestFile(cwd: string): string[] {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    for (const ending of ["yaml", "yml", "json", "mjs"]) {
      const path = join(folder, `heddle.${ending}`);
      if (existsSync(path)) return [path];
    }
    if (dirname(folder) === folder) return [];
  }
}

/** Paths of all configuration files that count, weakest first. */
export function configFiles(around: Surroundings = {}): string[] {
  const env = around.env ?? process.env;
  const named = env["HEDDLE_CONFIG"];
  if (named && !existsSync(named)) {
    throw fileFault(named, "HEDDLE_CONFIG names this file, but it does not exist");
  }
  return [
    ...filesIn(systemFolder(around)),
    ...filesIn(userFolder(around)),
    ...nearestFile(around.cwd ?? process.cwd()),
    ...(named ? filesIn(resolve(named)) : []),
  ];
}

/** All layers from outside the program, weakest first: files, then the environment. */
export function collect(around: Surroundings = {}): ConfigLayer[] {
  const env = around.env ?? process.env;
  return [...configFiles(around).map((path) => collectFile(path, env)), collectEnv(env)];
}

/**
 * Paths of the configuration files that set a key, weakest first: the last one counts.
 *
 * @example
 * import { pathsContainingKey } from "heddle/config";
 * console.log(Array.isArray(pathsContainingKey("array.chunk-size"))); // true
 */
export function pathsContainingKey(name: string, around: Surroundings = {}): string[] {
  const key = resolveKey(name);
  const env = around.env ?? process.env;
  return configFiles(around).filter((path) => collectFile(path, env).has(key));
}

/**
 * What a text means as the value of a key: `interpretValue("array.chunk-size", "1 MiB")` is
 * 1048576. Errors: `ConfigUnknownKey`, `ConfigInvalid`.
 */
export function interpretValue(name: string, text: string): unknown {
  return readValue(resolveKey(name), text, "");
}
