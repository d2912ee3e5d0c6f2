/**
 * @file Configuration that goes with a cluster to other hosts. A worker there has files and
 * variables of its own, and both count: the stronger kind of source wins wherever it is (files,
 * environment, what a program sets), and of two of the same kind that of the worker's own host.
 */
import { HeddleError } from "../core/errors.ts";
import { resolveKey } from "./keys.ts";
import type { ConfigKey } from "./schema.ts";
import { type ConfigLayer, type Entry, type Origin, readValue } from "./sources.ts";

/** The variable by which a program that is started is given the configuration of its cluster. */
export const CONFIGURATION_VARIABLE = "HEDDLE_INTERNAL_CONFIGURATION";

/** Paths and programs of one host, and what only those need that start jobs. */
const STAYS = /^(temporary-directory|worker\.node|blas\.library|scheduler\.journal|jobqueue\..*)$/;

/** Whether workers on other hosts are told of the key. */
export function travels(key: ConfigKey): boolean {
  return !STAYS.test(key);
}

/** Values as text for another process. */
export function serializeEntries(entries: Iterable<readonly [ConfigKey, Entry]>): string {
  return JSON.stringify([...entries].map(([key, { value, origin }]) => [key, { value, origin }]));
}

/** Values that another process has serialised, with the kind of source that they had there. */
export interface Received {
  readonly entries: ConfigLayer;
  readonly kinds: ReadonlyMap<ConfigKey, Origin["source"]>;
}

/** Reads what `serializeEntries` gave. Errors: `ConfigInvalid`, `ConfigUnknownKey`. */
export function parseReceived(serialized: string): Received {
  let given: unknown;
  try {
    given = JSON.parse(serialized);
  } catch (cause) {
    throw notSerialized(cause);
  }
  if (!Array.isArray(given)) throw notSerialized();
  const entries = new Map<ConfigKey, Entry>();
  const kinds = new Map<ConfigKey, Origin["source"]>();
  for (const [name, entry] of given as [string, Entry][]) {
    const key = resolveKey(name, "received configuration");
    const where = `${entry.origin.source} ${entry.origin.where}`.trim();
    const value = readValue(key, entry.value, where);
    entries.set(key, { value, origin: { source: "received", where } });
    kinds.set(key, entry.origin.source);
  }
  return { entries, kinds };
}

function notSerialized(cause?: unknown): HeddleError<"ConfigInvalid"> {
  return new HeddleError(
    "ConfigInvalid",
    "received configuration is not what config.serialize() gave",
    { cause },
  );
}

/** The process's own layers (files, then environment) with what was received in its places. */
export function interleave(own: readonly ConfigLayer[], received: Received): ConfigLayer[] {
  const { entries, kinds } = received;
  const of = (...sources: readonly Origin["source"][]): ConfigLayer =>
    new Map([...entries].filter(([key]) => sources.includes(kinds.get(key) ?? "file")));
  const files = own.slice(0, -1);
  const environment = own.slice(-1);
  return [
    of("default", "file", "received"),
    ...files,
    of("environment"),
    ...environment,
    of("set", "with"),
  ];
}
