/**
 * @file Changing the user's configuration file: `heddle config set`. Comments and order of the file
 * are kept.
 */
import { existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Node, Pair } from "yaml";
import { HeddleError } from "../core/errors.ts";
import { findKey, isGroup, resolveKey } from "./keys.ts";
import { makeFolder } from "./make-folder.ts";
import { CONFIG_KEYS, type Definition, SCHEMA } from "./schema.ts";
import { isMap, parseYaml, readValue, type Surroundings, userFolder } from "./sources.ts";

/** The user's own file. */
export function userFile(around: Surroundings = {}): string {
  return join(userFolder(around), "heddle.yaml");
}

/** Makes the file with every key commented out, unless it exists; returns its path. */
export function ensureFile(path: string = userFile()): string {
  if (existsSync(path)) return path;
  makeFolder(dirname(path));
  if (path.endsWith(".json")) {
    writeFileSync(path, "{}\n");
    return path;
  }
  const keys = CONFIG_KEYS.map((key) => {
    const definition = SCHEMA[key] as Definition<unknown>;
    return `# ${definition.about}\n# ${key}: ${JSON.stringify(definition.default)}\n`;
  });
  const head = "# Configuration of Heddle. Remove the # before a key to change it.\n";
  writeFileSync(path, `${head}\n${keys.join("\n")}`);
  return path;
}

/**
 * Writes one value into a YAML or JSON file, which is made when missing; returns the value as it
 * will be read.
 *
 * Errors: `ConfigUnknownKey`, `ConfigInvalid`; `NotSupported` for a configuration module.
 */
export function writeValue(name: string, raw: string, path: string = userFile()): unknown {
  if (path.endsWith(".mjs")) {
    throw new HeddleError("NotSupported", `${path} is a program: change it by hand`);
  }
  const key = resolveKey(name);
  const value = readValue(key, raw, "");
  const { document } = parseYaml(ensureFile(path));
  const place = existingPath(document.contents as Node | null, "", key) ?? [key];
  if (isGroup(key) && isMap(document.getIn(place, true) as Node | null)) {
    const advice = `write its members with dots ("${key}.…: value") first`;
    throw new HeddleError("NotSupported", `${path} uses ${key} as a group of keys: ${advice}`);
  }
  // What the user wrote stays readable: "128 MiB" rather than 134217728.
  const written = typeof value === "number" ? plain(raw) : value;
  const old = document.getIn(place, true);
  if (old instanceof Object && "value" in old && typeof written !== "object") old.value = written;
  else document.setIn(place, document.createNode(written));
  const isJson = path.endsWith(".json");
  const text = isJson
    ? `${JSON.stringify(document.toJS(), null, 2)}\n`
    : document.toString({ lineWidth: 0 });
  writeFileSync(path, text);
  return value;
}

function plain(raw: string): string | number {
  return raw.trim() !== "" && Number.isFinite(Number(raw)) ? Number(raw) : raw;
}

/** The names by which the file already holds the key, whether dotted, nested or in camelCase. */
function existingPath(map: Node | null, prefix: string, key: string): string[] | undefined {
  if (!isMap(map)) return undefined;
  for (const pair of map.items as Pair<unknown, Node | null>[]) {
    const part = String(pair.key);
    if (findKey(prefix + part) === key) return [part];
    const rest = existingPath(pair.value, `${prefix}${part}.`, key);
    if (rest !== undefined) return [part, ...rest];
  }
  return undefined;
}
