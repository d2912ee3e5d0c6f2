/**
 * @file Spellings of keys: `array.chunk-size` as in files, `array.chunkSize` as in code, and what
 * to say about a name that is no key at all.
 */
import { HeddleError, nearestName } from "../core/errors.ts";
import { ownSectionKey } from "./jobqueue-keys.ts";
import { CONFIG_KEYS, type ConfigKey, type ConfigValues, SCHEMA } from "./schema.ts";

type Camel<S extends string> = S extends `${infer Head}-${infer Rest}`
  ? `${Head}${Capitalize<Camel<Rest>>}`
  : S;

type CamelKeys = { [K in ConfigKey as Camel<K>]: K };

/** A key in either spelling: `"array.chunk-size"` or `"array.chunkSize"`. */
export type AnyKey = ConfigKey | keyof CamelKeys;

/** The type of a key's value, whichever way the key is spelt. */
export type ValueOf<K extends AnyKey> = K extends ConfigKey
  ? ConfigValues[K]
  : K extends keyof CamelKeys
    ? ConfigValues[CamelKeys[K]]
    : never;

type InputOf<T> = [Extract<T, number>] extends [never] ? T : T | string;

/**
 * What `config.set` and `config.with` take: values by key; sizes and spans may be texts.
 */
export type ConfigInput = { readonly [K in AnyKey]?: InputOf<ValueOf<K>> };

/**
 * The spelling used in files: `array.chunkSize` and `array.chunk_size` become `array.chunk-size`.
 */
export function canonicalName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replaceAll("_", "-");
}

/** The key that `name` means, or undefined. */
export function findKey(name: string): ConfigKey | undefined {
  const canonical = canonicalName(name);
  const isKey = Object.hasOwn(SCHEMA, canonical) || ownSectionKey(canonical) !== undefined;
  return isKey ? (canonical as ConfigKey) : undefined;
}

/** Whether `name` stands for several keys. `scheduler` is both a key and a group, as in Dask. */
export function isGroup(name: string): boolean {
  const prefix = `${canonicalName(name)}.`;
  return CONFIG_KEYS.some((key) => key.startsWith(prefix));
}

/**
 * The key that `name` means. `where` says where the name stands, for the message.
 *
 * Errors: `ConfigUnknownKey`, naming the nearest key.
 */
export function resolveKey(name: string, where = ""): ConfigKey {
  const key = findKey(name);
  if (key !== undefined) return key;
  const place = where === "" ? "" : ` (${where})`;
  throw new HeddleError(
    "ConfigUnknownKey",
    `There is no configuration key "${name}"${place}. ${advice(name)}`,
    { fields: { key: name, where } },
  );
}

function advice(name: string): string {
  const canonical = canonicalName(name);
  const inGroup = CONFIG_KEYS.filter((key) => key.startsWith(`${canonical}.`));
  if (inGroup.length > 0) return `It is a group of keys: ${inGroup.join(", ")}.`;
  const nearest = nearestKey(canonical);
  if (nearest !== undefined) return `Did you mean "${nearest}"?`;
  return "`heddle config list` shows all keys.";
}

/**
 * The key nearest to a canonical name; Dask's `distributed.` prefix and missing group names are
 * forgiven.
 */
export function nearestKey(canonical: string): ConfigKey | undefined {
  const name = canonical.replace(/^(distributed|dask)\./, "");
  const asTail = CONFIG_KEYS.filter((key) => key === name || key.endsWith(`.${name}`));
  const nearest = asTail.length === 1 ? asTail[0] : nearestName(name, CONFIG_KEYS);
  return nearest as ConfigKey | undefined;
}
